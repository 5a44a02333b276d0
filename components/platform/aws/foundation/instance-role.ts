import type * as pulumi from '@pulumi/pulumi'
import { partitionOfRegion } from '../../../plan/aws/zone.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { awsSdk } from '../aws-sdk.ts'
import type { ArtifactBucket } from './artifact-bucket.ts'
import { type FoundationContext, tagsOf } from './foundation-context.ts'
import { suffixes, titles } from './security-groups.ts'

const policyVersion = '2012-10-17'

const assumeRolePolicy = JSON.stringify({
  Version: policyVersion,
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'ec2.amazonaws.com' } }],
})

/** The parameters that nodes of a kind may read. */
export interface ReadableParameters {
  readonly kind: PlanNode['kind']
  /** Names, which may end in `*`. */
  readonly names: readonly string[]
}

/** All that read parameters. */
const readActions = ['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParametersByPath', 'ssm:GetParameterHistory']

/**
 * These parameters, and no others: what Systems Manager asks for (AmazonSSMManagedInstanceCore) would let an instance read all of
 * the account.
 */
function parameterStatements(region: string, { names }: ReadableParameters): object[] {
  const arns = names.map((each) => `arn:${partitionOfRegion(region)}:ssm:${region}:*:parameter${each}`)
  return [
    { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: arns },
    { Effect: 'Deny', Action: readActions, NotResource: arns },
  ]
}

/** What is encrypted by a key of the account's own, as its services ask for it. That of AWS for Parameter Store needs no leave. */
function keyStatements(region: string, key: string | undefined, reads: boolean): object[] {
  if (key === undefined) return []
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
  const through = ['s3', 'ssm'].map((service) => `${service}.${region}.${domain}`)
  const condition = reads ? { Condition: { StringEquals: { 'kms:ViaService': through } } } : {}
  return [{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: key, ...condition }]
}

/**
 * What an instance may do: read exactly the artifacts, and be managed by Systems Manager.
 * @param readable makes it that of one kind of node, which has secrets
 * @returns the profile's name
 */
export function instanceProfile(
  context: FoundationContext,
  bucket: ArtifactBucket,
  readable?: ReadableParameters,
): pulumi.Output<string> {
  const { aws, region, clusterName, options } = context
  const name = readable === undefined ? context.name : `${context.name}-${suffixes[readable.kind]}`
  const { iam } = awsSdk()
  const tags = tagsOf(context, `${name}-node`)
  const who = readable === undefined ? 'Nodes' : titles[readable.kind]
  const description = `${who} of ${clusterName}`
  const role = new iam.Role(`${name}-node`, { assumeRolePolicy, description, tags }, options)
  const policy = bucket.arn.apply((arn) =>
    JSON.stringify({
      Version: policyVersion,
      Statement: [
        { Effect: 'Allow', Action: 's3:GetObject', Resource: bucket.keys.map((key) => `${arn}/${key}`) },
        ...keyStatements(region, aws.kmsKeyArn, readable !== undefined),
        ...(readable === undefined ? [] : parameterStatements(region, readable)),
      ],
    }),
  )
  const read = new iam.RolePolicy(`${name}-node-artifacts`, { role: role.name, policy }, options)
  const managed = `arn:${partitionOfRegion(region)}:iam::aws:policy/AmazonSSMManagedInstanceCore`
  const manage = new iam.RolePolicyAttachment(`${name}-node-ssm`, { role: role.name, policyArn: managed }, options)
  // An instance that starts with a role that may do nothing yet would find nothing to run.
  const profile = new iam.InstanceProfile(
    `${name}-node`,
    { role: role.name, tags },
    { ...options, dependsOn: [read, manage] },
  )
  return profile.name
}
