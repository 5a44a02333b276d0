import { z } from 'zod'
import { parseCidr } from '../aws/cidr.ts'
import { instanceType, volumeIops, volumeSizeGiB, volumeThroughputMiBps, zone } from './aws-group-config.ts'

const cidr = z.string().refine((text) => parseCidr(text) !== undefined, {
  error: 'is no range of IPv4 addresses\nWrite the first address and the length of its prefix, e.g. 10.60.0.0/16.',
})

const idOf = (what: string, prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), {
    error: `is no id of ${what}\nWrite it as AWS shows it: ${prefix}- and hexadecimal digits.`,
  })

const arnOf = (what: string, service: string) =>
  z.string().regex(new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:.+$`), {
    error: `is no ARN of ${what}\nWrite it as AWS shows it: arn:aws:${service}:...`,
  })

const subnetSchema = z.strictObject({
  id: idOf('a subnet', 'subnet').describe('Id of the subnet.'),
  zone: zone.describe('Its availability zone.'),
  cidr: cidr.describe('Its addresses.'),
  addressOffset: z
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe('Nodes take addresses from this one on, when the first ones of the subnet are taken by others.'),
})

const networkSchema = z
  .strictObject({
    cidr: cidr.optional().describe('Addresses of the VPC to make. Left out: an existing one is used, see vpcId.'),
    zones: z.array(zone).min(1).max(6).optional().describe('Zones of the VPC to make: a subnet in each.'),
    subnetPrefix: z.int().min(16).max(28).default(22).describe('Length of the prefix of the subnets made.'),
    ssmEndpoints: z
      .boolean()
      .default(true)
      .describe(
        'Whether the VPC made gets endpoints for Session Manager: the way onto instances without SSH. That for ssm is there whenever nodes read Parameter Store.',
      ),
    vpcId: idOf('a VPC', 'vpc').optional().describe('An existing VPC to use instead.'),
    subnets: z.array(subnetSchema).min(1).max(6).optional().describe('Its subnets to use: one per zone.'),
    s3PrefixListId: idOf('a prefix list', 'pl')
      .optional()
      .describe(
        'Existing VPC: the prefix list of its gateway endpoint for S3. Left out: instances may open HTTPS connections to anywhere, as by a NAT gateway.',
      ),
    ssmSecurityGroupId: idOf('a security group', 'sg')
      .optional()
      .describe(
        'Existing VPC: the security group of its endpoints for Systems Manager, which nodes may reach besides S3; it has to let them in. Needed where s3PrefixListId is given and security is.',
      ),
  })
  .describe('The network: one to make (cidr, zones), or an existing one (vpcId, subnets).')

const peersSchema = z.strictObject({
  cidrs: z.array(cidr).default([]).describe('Ranges of addresses.'),
  securityGroupIds: z.array(idOf('a security group', 'sg')).default([]).describe('Security groups.'),
})

const machine = (type: string) =>
  z.strictObject({
    instanceType: instanceType.default(type).describe('EC2 instance type.'),
    rootVolumeSizeGiB: z.int().min(8).max(1024).default(12).describe('Size of the root volume, which keeps no data.'),
  })

const dataVolume = (sizeGiB: number) =>
  volumeSizeGiB.default(sizeGiB).describe('Size of each data volume. It may grow, never shrink.')

const imagesSchema = z
  .strictObject({
    arm64: idOf('an image', 'ami').optional().describe('For Graviton instances.'),
    x64: idOf('an image', 'ami').optional().describe('For Intel and AMD instances.'),
    followLatest: z
      .boolean()
      .default(false)
      .describe(
        'Whether a newer Amazon Linux 2023 replaces the instances. Otherwise each keeps the one it began with.',
      ),
  })
  .describe('Images to boot. Left out: the Amazon Linux 2023 that is newest when an instance is made.')

const artifactsSchema = z
  .strictObject({
    folder: z
      .string()
      .min(1)
      .default('.gantry/artifacts')
      .describe('Where `gantry artifact build` has put the engine, from the folder of Pulumi.yaml.'),
    apacheRelease: z
      .string()
      .min(1)
      .optional()
      .describe('The binary release of Apache RocketMQ 5 (a zip file), for nodes with engine: apache.'),
    apacheReleaseSha512: z
      .string()
      .regex(/^[0-9a-f]{128}$/, { error: 'is no SHA-512\nCopy the one that Apache publishes beside the release.' })
      .optional()
      .describe('Its checksum as Apache publishes it.'),
    apacheHeap: z
      .string()
      .regex(/^[1-9]\d*[mg]$/, { error: 'is no heap size\nWrite a number and m or g, e.g. 4g.' })
      .default('4g')
      .describe('Heap of each Apache broker: -Xms and -Xmx. NameServers, controllers and proxies get 512m.'),
  })
  .describe('What instances are given to run.')

/** What stands under `platform.aws`. */
export const awsSchema = z.strictObject({
  network: networkSchema,
  domain: z
    .string()
    .regex(/^(?=.{1,200}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, {
      error: 'is no domain name\nWrite one such as rocketmq.internal.',
    })
    .default('rocketmq.internal')
    .describe('Private zone with the names of NameServers and controllers. It must be new in the VPC.'),
  clients: peersSchema
    .prefault({})
    .describe('Who may use the cluster: reaches NameServers, brokers and proxies, nothing else.'),
  operators: peersSchema
    .prefault({})
    .describe('Who may run it, e.g. with mqadmin or from where Pulumi runs: reaches controllers as well.'),
  nameServers: machine('t4g.small')
    .extend({ volumeSizeGiB: dataVolume(8) })
    .prefault({}),
  controllers: machine('t4g.small')
    .extend({ volumeSizeGiB: dataVolume(8) })
    .prefault({}),
  brokers: machine('m7g.large')
    .extend({
      volumeSizeGiB: dataVolume(100),
      volumeIops: volumeIops.default(3000).describe('Operations a second of each data volume (gp3).'),
      volumeThroughputMiBps: volumeThroughputMiBps
        .default(125)
        .describe('Throughput of each data volume (gp3): every message is written to it once.'),
    })
    .prefault({}),
  proxies: machine('c7g.large').prefault({}),
  images: imagesSchema.prefault({}),
  artifacts: artifactsSchema.prefault({}),
  kmsKeyArn: arnOf('a KMS key', 'kms')
    .optional()
    .describe('Key that encrypts volumes, artifacts and secrets. Left out: the keys that AWS manages.'),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).default({}).describe('Tags for everything made.'),
  spread: z
    .boolean()
    .default(true)
    .describe('Whether instances of one part stand on different hardware within a zone (spread placement groups).'),
  alarmTopicArns: z
    .array(arnOf('an SNS topic', 'sns'))
    .default([])
    .describe('Topics to tell when an instance fails its status checks.'),
  proxyLoadBalancer: z
    .boolean()
    .default(false)
    .describe('Whether an internal load balancer stands before the proxies.'),
  waitUntilHealthy: z
    .boolean()
    .default(false)
    .describe(
      'Whether a node counts as made only when it answers, so that replacing goes one by one. For this Pulumi has to run where it reaches the nodes: inside the VPC, or by a VPN or peering.',
    ),
})

export type AwsConfig = z.output<typeof awsSchema>
export type AwsNetworkConfig = AwsConfig['network']
