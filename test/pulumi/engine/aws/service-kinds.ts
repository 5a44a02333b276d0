import { readFileSync } from 'node:fs'
import type { Properties } from '../values.ts'
import { type AwsKind, tagList, text } from './aws-kind.ts'

/* S3, IAM, Parameter Store and Route 53. */

const s3 = 's3'
const iam = 'iam'
const route53 = 'route53'
const ssm = 'ssm'

/** Names that Pulumi makes up end in seven digits. */
const madeUp = (tags: unknown): string => `${text((tags as Properties)['Name']).toLowerCase()}-0a1b2c3`

export const bucketKind: AwsKind = {
  replaces: ['bucket'],
  async create(cloud, { tags }) {
    const bucket = madeUp(tags)
    const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' }
    await cloud.ask(s3, 'create_bucket', { Bucket: bucket, CreateBucketConfiguration })
    return { id: bucket, found: { bucket, arn: `arn:aws:s3:::${bucket}` } }
  },
  look: (cloud, id) => cloud.ask(s3, 'head_bucket', { Bucket: id }),
  async delete(cloud, id) {
    // Versions of deleted objects keep a bucket from going; the provider asks for forceDestroy then, moto does not mind.
    await cloud.ask(s3, 'delete_bucket', { Bucket: id })
  },
}

const bucketSetting = (noun: string, argsOf: (inputs: Properties) => object, canBeDeleted = true): AwsKind => ({
  replaces: ['bucket'],
  async create(cloud, inputs) {
    await cloud.ask(s3, `put_${noun}`, { Bucket: inputs['bucket'], ...argsOf(inputs) })
    return { id: text(inputs['bucket']) }
  },
  look: (cloud, id) => cloud.ask(s3, `get_${noun}`, { Bucket: id }),
  async delete(cloud, id) {
    if (canBeDeleted) await cloud.ask(s3, `delete_${noun}`, { Bucket: id })
  },
})

export const publicAccessKind = bucketSetting('public_access_block', (inputs) => ({
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: inputs['blockPublicAcls'],
    IgnorePublicAcls: inputs['ignorePublicAcls'],
    BlockPublicPolicy: inputs['blockPublicPolicy'],
    RestrictPublicBuckets: inputs['restrictPublicBuckets'],
  },
}))

export const versioningKind = bucketSetting(
  'bucket_versioning',
  ({ versioningConfiguration }) => ({
    VersioningConfiguration: { Status: (versioningConfiguration as Properties)['status'] },
  }),
  false,
)

export const encryptionKind = bucketSetting('bucket_encryption', ({ rules }) => {
  const [rule] = rules as Properties[]
  const { sseAlgorithm } = (rule?.['applyServerSideEncryptionByDefault'] ?? {}) as Properties
  const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: sseAlgorithm } }]
  return { ServerSideEncryptionConfiguration: { Rules } }
})

export const objectKind: AwsKind = {
  replaces: ['bucket', 'key'],
  async create(cloud, { bucket, key, source }) {
    const body = readFileSync(text((source as Properties)['path']), 'latin1')
    await cloud.ask(s3, 'put_object', { Bucket: bucket, Key: key, Body: body })
    return { id: text(key) }
  },
  look: (cloud, id, { bucket }) => cloud.ask(s3, 'head_object', { Bucket: bucket, Key: id }),
  async delete(cloud, id, { bucket }) {
    type Found = { Versions?: { VersionId: string; Key: string }[] }
    const { Versions = [] } = await cloud.ask<Found>(s3, 'list_object_versions', { Bucket: bucket, Prefix: id })
    for (const { VersionId, Key } of Versions) await cloud.ask(s3, 'delete_object', { Bucket: bucket, Key, VersionId })
  },
}

export const roleKind: AwsKind = {
  replaces: ['name'],
  async create(cloud, { assumeRolePolicy, description, tags }) {
    const name = madeUp(tags)
    const args = { RoleName: name, AssumeRolePolicyDocument: assumeRolePolicy, Description: description }
    await cloud.ask(iam, 'create_role', { ...args, Tags: tagList(tags) })
    return { id: name, found: { name } }
  },
  look: (cloud, id) => cloud.ask(iam, 'get_role', { RoleName: id }),
  async delete(cloud, id) {
    await cloud.ask(iam, 'delete_role', { RoleName: id })
  },
}

const policyName = 'artifacts'

export const rolePolicyKind: AwsKind = {
  replaces: ['role'],
  async create(cloud, { role, policy }) {
    await cloud.ask(iam, 'put_role_policy', { RoleName: role, PolicyName: policyName, PolicyDocument: policy })
    return { id: `${text(role)}:${policyName}` }
  },
  async update(cloud, _, __, { role, policy }) {
    await cloud.ask(iam, 'put_role_policy', { RoleName: role, PolicyName: policyName, PolicyDocument: policy })
  },
  look: (cloud, _, { role }) => cloud.ask(iam, 'get_role_policy', { RoleName: role, PolicyName: policyName }),
  async delete(cloud, _, { role }) {
    await cloud.ask(iam, 'delete_role_policy', { RoleName: role, PolicyName: policyName })
  },
}

export const policyAttachmentKind: AwsKind = {
  replaces: ['role', 'policyArn'],
  async create(cloud, { role, policyArn }) {
    await cloud.ask(iam, 'attach_role_policy', { RoleName: role, PolicyArn: policyArn })
    return { id: `${text(role)}/${text(policyArn)}` }
  },
  look: (cloud, _, { role }) => cloud.ask(iam, 'list_attached_role_policies', { RoleName: role }),
  async delete(cloud, _, { role, policyArn }) {
    await cloud.ask(iam, 'detach_role_policy', { RoleName: role, PolicyArn: policyArn })
  },
}

export const instanceProfileKind: AwsKind = {
  replaces: ['name'],
  async create(cloud, { role, tags }) {
    const name = madeUp(tags)
    await cloud.ask(iam, 'create_instance_profile', { InstanceProfileName: name })
    await cloud.ask(iam, 'add_role_to_instance_profile', { InstanceProfileName: name, RoleName: role })
    return { id: name, found: { name } }
  },
  look: (cloud, id) => cloud.ask(iam, 'get_instance_profile', { InstanceProfileName: id }),
  async delete(cloud, id, { role }) {
    await cloud.ask(iam, 'remove_role_from_instance_profile', { InstanceProfileName: id, RoleName: role })
    await cloud.ask(iam, 'delete_instance_profile', { InstanceProfileName: id })
  },
}

export const parameterKind: AwsKind = {
  replaces: ['name'],
  async create(cloud, { name, type, value, tier, description, tags }) {
    const args = { Name: name, Type: type, Value: value, Tier: tier, Description: description }
    await cloud.ask(ssm, 'put_parameter', { ...args, Tags: tagList(tags) })
    return { id: text(name) }
  },
  async update(cloud, id, _, { type, value, tier, description }) {
    const args = { Name: id, Type: type, Value: value, Tier: tier, Description: description }
    await cloud.ask(ssm, 'put_parameter', { ...args, Overwrite: true })
  },
  look: (cloud, id) => cloud.ask(ssm, 'get_parameter', { Name: id }),
  async delete(cloud, id) {
    await cloud.ask(ssm, 'delete_parameter', { Name: id })
  },
}

export const zoneKind: AwsKind = {
  replaces: ['name', 'vpcs'],
  async create(cloud, { name, vpcs }) {
    const [vpc] = vpcs as Properties[]
    const VPC = { VPCRegion: 'eu-central-1', VPCId: vpc?.['vpcId'] }
    const HostedZoneConfig = { PrivateZone: true }
    type Made = { HostedZone: { Id: string } }
    const args = { Name: name, VPC, CallerReference: text(name), HostedZoneConfig }
    const { HostedZone } = await cloud.ask<Made>(route53, 'create_hosted_zone', args)
    const id = HostedZone.Id.replace('/hostedzone/', '')
    return { id, found: { zoneId: id } }
  },
  look: (cloud, id) => cloud.ask(route53, 'get_hosted_zone', { Id: id }),
  async delete(cloud, id) {
    await cloud.ask(route53, 'delete_hosted_zone', { Id: id })
  },
}

const recordChange = (action: string, { zoneId, name, type, ttl, records }: Properties) => ({
  HostedZoneId: zoneId,
  ChangeBatch: {
    Changes: [
      {
        Action: action,
        ResourceRecordSet: {
          Name: name,
          Type: type,
          TTL: ttl,
          ResourceRecords: (records as string[]).map((Value) => ({ Value })),
        },
      },
    ],
  },
})

export const recordKind: AwsKind = {
  replaces: ['zoneId', 'name', 'type'],
  async create(cloud, inputs) {
    await cloud.ask(route53, 'change_resource_record_sets', recordChange('CREATE', inputs))
    return { id: `${text(inputs['zoneId'])}_${text(inputs['name'])}` }
  },
  async update(cloud, _, __, news) {
    await cloud.ask(route53, 'change_resource_record_sets', recordChange('UPSERT', news))
  },
  look: (cloud, _, { zoneId }) => cloud.ask(route53, 'list_resource_record_sets', { HostedZoneId: zoneId }),
  async delete(cloud, _, known) {
    await cloud.ask(route53, 'change_resource_record_sets', recordChange('DELETE', known))
  },
}
