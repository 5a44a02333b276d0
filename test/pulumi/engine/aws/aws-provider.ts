import { isSameValue } from '../../../../components/dynamic/same-value.ts'
import { argumentProblems } from '../../../../components/testing/argument-problems.ts'
import type { Difference, ResourceProvider } from '../resource-provider.ts'
import type { Properties } from '../values.ts'
import type { AwsKind } from './aws-kind.ts'
import {
  egressRuleKind,
  ingressRuleKind,
  instanceKind,
  networkInterfaceKind,
  placementGroupKind,
  securityGroupKind,
  volumeAttachmentKind,
  volumeKind,
} from './ec2-kinds.ts'
import { motoCloud } from './moto-bridge.ts'
import {
  bucketKind,
  encryptionKind,
  instanceProfileKind,
  objectKind,
  parameterKind,
  policyAttachmentKind,
  publicAccessKind,
  recordKind,
  roleKind,
  rolePolicyKind,
  versioningKind,
  zoneKind,
} from './service-kinds.ts'

const kinds: Readonly<Record<string, AwsKind>> = {
  'aws:ec2/securityGroup:SecurityGroup': securityGroupKind,
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': ingressRuleKind,
  'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': egressRuleKind,
  'aws:ec2/placementGroup:PlacementGroup': placementGroupKind,
  'aws:ec2/networkInterface:NetworkInterface': networkInterfaceKind,
  'aws:ebs/volume:Volume': volumeKind,
  'aws:ec2/instance:Instance': instanceKind,
  'aws:ec2/volumeAttachment:VolumeAttachment': volumeAttachmentKind,
  'aws:s3/bucket:Bucket': bucketKind,
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': publicAccessKind,
  'aws:s3/bucketVersioning:BucketVersioning': versioningKind,
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': encryptionKind,
  'aws:s3/bucketObjectv2:BucketObjectv2': objectKind,
  'aws:iam/role:Role': roleKind,
  'aws:iam/rolePolicy:RolePolicy': rolePolicyKind,
  'aws:iam/rolePolicyAttachment:RolePolicyAttachment': policyAttachmentKind,
  'aws:iam/instanceProfile:InstanceProfile': instanceProfileKind,
  'aws:ssm/parameter:Parameter': parameterKind,
  'aws:route53/zone:Zone': zoneKind,
  'aws:route53/record:Record': recordKind,
}

const typeOf = (urn: string): string => urn.split('::')[2]?.split('$').at(-1) ?? ''

function kindOf(urn: string): AwsKind {
  const kind = kinds[typeOf(urn)]
  if (kind === undefined) throw new Error(`this engine has no ${typeOf(urn)}`)
  return kind
}

/** Inputs that say how a resource is handled, not what it is. */
const handling = new Set(['userDataReplaceOnChange', 'stopInstanceBeforeDetaching', 'source'])

/** Stands for Pulumi's aws provider, with moto for AWS. */
export const awsProvider: ResourceProvider = {
  async check(urn, _, news) {
    kindOf(urn)
    const problems = argumentProblems(typeOf(urn), news)
    if (problems.length > 0) throw new Error(`${urn}: ${problems.join('; ')}`)
    return news
  },
  async diff(urn, _, olds, news): Promise<Difference> {
    const { replaces } = kindOf(urn)
    const keys = Object.keys(news).filter((key) => !handling.has(key) && !isSameValue(olds[key], news[key]))
    return {
      changes: keys.length > 0,
      replaces: keys.filter((key) => replaces.includes(key)),
      deleteBeforeReplace: false,
    }
  },
  async create(urn, news) {
    const { id, found } = await kindOf(urn).create(motoCloud(), news)
    return { id, outputs: { ...news, id, ...found } }
  },
  async update(urn, id, olds, news) {
    const { update } = kindOf(urn)
    if (update === undefined) throw new Error(`${urn}: this engine does not update a ${typeOf(urn)}`)
    await update(motoCloud(), id, olds, news)
    return { ...olds, ...news }
  },
  async read(urn, id, known): Promise<Properties | undefined> {
    try {
      await kindOf(urn).look(motoCloud(), id, known)
      return known
    } catch (error) {
      if (/not exist|NotFound|NoSuch|does not run|is not attached|404/.test((error as Error).message)) return undefined
      throw error
    }
  },
  async delete(urn, id, known) {
    await kindOf(urn).delete(motoCloud(), id, known)
  },
}

/** What a program asks without making anything. */
export async function awsInvoke(token: string, { name }: Properties): Promise<Properties> {
  if (token !== 'aws:ssm/getParameter:getParameter') throw new Error(`this engine does not answer ${token}`)
  type Found = { Parameter: { Value: string } }
  const { Parameter } = await motoCloud().ask<Found>('ssm', 'get_parameter', { Name: name })
  return { name, value: Parameter.Value }
}
