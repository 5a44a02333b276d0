import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { artifactFileName, checksumFileName, checksumLine } from '../../../artifact/artifact-name.ts'
import { architectures } from '../../../plan/architecture.ts'
import { madeSecrets } from '../../../testing/made-secrets.ts'
import type { MockAnswers } from '../../../testing/registered-resources.ts'
import { version } from '../../../version.ts'

const imageIds: Readonly<Record<string, string>> = { arm64: 'ami-0a000000000000000', x86_64: 'ami-0b000000000000000' }

/** What AWS makes up by itself, the same at every run. */
export const awsAnswers: MockAnswers = {
  outputsOf: (type, name) => {
    const named = { 's3/bucket:Bucket': { bucket: `${name}-0a1b2c3`, arn: `arn:aws:s3:::${name}-0a1b2c3` } }
    const made: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      ...named,
      'ec2/vpcEndpoint:VpcEndpoint': { prefixListId: 'pl-0123456789abcdef0' },
      'iam/role:Role': { name: `${name}-0a1b2c3` },
      'iam/instanceProfile:InstanceProfile': { name: `${name}-0a1b2c3` },
      'route53/zone:Zone': { zoneId: 'Z0123456789ABCDEFGHIJ' },
      'ec2/placementGroup:PlacementGroup': { name: `${name}-0a1b2c3` },
      'lb/loadBalancer:LoadBalancer': { arn: `arn:of:${name}`, dnsName: `${name}.elb.eu-central-1.amazonaws.com` },
      'lb/targetGroup:TargetGroup': { arn: `arn:of:${name}` },
    }
    return made[type.replace(/^aws:/, '')] ?? {}
  },
  call: (token, inputs) => {
    if (token !== 'aws:ssm/getParameter:getParameter') throw new Error(`${token} is asked nowhere else`)
    const architecture = String(inputs['name']).replace(/.*-/, '')
    return { ...inputs, value: imageIds[architecture] }
  },
}

const dynamic = (name: string): string => `pulumi-nodejs:dynamic/gantry:${name}`

/** What the resources of `security` make, besides. */
export const securedAnswers: MockAnswers = {
  ...awsAnswers,
  outputsOf(type, name) {
    if (type === dynamic('ClusterSecrets')) return { ...madeSecrets, client: null }
    if (type === dynamic('NodeCertificate')) return { key: `key of ${name}`, cert: `cert of ${name}` }
    return awsAnswers.outputsOf?.(type, name) ?? {}
  },
}

/** A folder that looks as after `gantry artifact build`, with a release of Apache RocketMQ in it; it goes with the process. */
export function artifactFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-artifacts-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const [index, architecture] of architectures.entries()) {
    const fileName = artifactFileName({ version, architecture })
    writeFileSync(join(folder, fileName), architecture)
    writeFileSync(join(folder, checksumFileName(fileName)), checksumLine(`${index + 1}`.repeat(64), fileName))
  }
  writeFileSync(join(folder, 'release.zip'), 'release')
  return folder
}
