import * as pulumi from '@pulumi/pulumi'
import type { AwsObjectArgs } from '../../../cluster/aws-platform-args.ts'
import type { ControllerMode, Engine } from '../../../cluster/cluster-enums.ts'
import { partConfig } from '../../../cluster/part-config.ts'
import type { PlacedArgs } from '../../../cluster/shared-args.ts'
import { type Architecture, architectures } from '../../../plan/architecture.ts'
import { architectureOf } from '../../../plan/aws/instance-type.ts'
import { planSubnets } from '../../../plan/aws/subnets.ts'
import { regionOfZone } from '../../../plan/aws/zone.ts'
import { problemAt } from '../../../plan/checks/problem-at.ts'
import { ConfigError } from '../../../plan/config-problem.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { proxyPorts } from '../../../plan/proxy-ports.ts'
import type { AwsConfig } from '../../../plan/schema/aws-config.ts'
import { awsSdk } from '../aws-sdk.ts'
import { type ArtifactBucket, artifactBucket } from './artifact-bucket.ts'
import { type ArtifactFile, apacheArtifact, engineArtifact } from './artifact-file.ts'
import { type FoundationContext, tagsOf } from './foundation-context.ts'
import { imageIds } from './images.ts'
import { instanceProfile } from './instance-role.ts'
import { type FoundationNetwork, foundationNetwork, serviceEndpoints, servicesOf } from './network.ts'
import { SecurityGroups } from './security-groups.ts'

/** Arguments of an AwsFoundation. All plain: they decide which resources there are. */
export interface AwsFoundationArgs extends Pick<PlacedArgs, 'clusterName' | 'ports' | 'platform'> {
  /** Who runs the nodes that will stand on it. Default: gantry. */
  engines?: Engine[]
  /** Where controllers run, if there will be any. Default: none. */
  controllers?: ControllerMode
  /** Whether proxies will stand on it. Default: false. */
  proxies?: boolean
  /** Names of the parameters that hold the secrets of nodes begin with it; below it each kind of node reads its own. Default: none. */
  secretsPrefix?: string
  /** Names of further parameters that conf files take values from. Default: none. */
  parameters?: string[]
  /** Processors of the instances: arm64, x64. Default: those of the instance types in platform.aws. */
  architectures?: string[]
}

function configOf({ clusterName, ports, platform }: AwsFoundationArgs): {
  clusterName: string
  aws: AwsConfig
  ports: Ports
} {
  const given = Object.entries({ clusterName, ports, platform }).filter(([, value]) => value !== undefined)
  const config = partConfig(Object.fromEntries(given), {}, { toRun: false })
  const { aws } = config.platform
  if (aws === undefined) {
    throw new ConfigError([problemAt(['platform', 'aws'], undefined, 'is missing', 'Say which network to use.')])
  }
  return { clusterName: config.name, aws, ports: config.ports }
}

type Ports = ReturnType<typeof partConfig>['ports']

const isArchitecture = (name: string): name is Architecture => architectures.some((known) => known === name)

function architecturesOf(args: AwsFoundationArgs, { nameServers, controllers, brokers, proxies }: AwsConfig) {
  const unknown = args.architectures?.find((name) => !isArchitecture(name))
  if (unknown !== undefined)
    throw new RangeError(`there is no architecture ${unknown}: give ${architectures.join(' or ')}`)
  const named = args.architectures?.filter(isArchitecture)
  const inUse = [nameServers, controllers, brokers, proxies].map(({ instanceType }) => architectureOf(instanceType))
  return [...new Set(named ?? inUse)].sort()
}

function filesOf(
  aws: AwsConfig,
  engines: readonly Engine[],
  of: readonly Architecture[],
): Record<string, ArtifactFile> {
  const gantry = engines.includes('gantry')
    ? of.map((each) => [`gantry-${each}`, engineArtifact(aws, each)] as const)
    : []
  return {
    ...Object.fromEntries(gantry),
    ...(engines.includes('apache') ? { apache: apacheArtifact(aws) } : {}),
  }
}

/**
 * What the nodes of a cluster share on AWS: network, security groups, what instances may do, what they are given to run,
 * and a private zone for names. A RocketCluster makes one by itself; parts on their own are given its outputs as
 * `platform.aws.foundation`.
 */
export class AwsFoundation extends pulumi.ComponentResource {
  /** Id of the VPC. */
  declare readonly vpcId: pulumi.Output<string>
  /** Ids of the subnets by zone. */
  declare readonly subnetIds: pulumi.Output<{ [zone: string]: string }>
  /** Security groups by kind of node: nameServer, broker; controller, proxy and balancer if there are such. */
  declare readonly securityGroupIds: pulumi.Output<{ [kind: string]: string }>
  /** Name of the instance profile; '' where each kind of node has its own. */
  declare readonly instanceProfile: pulumi.Output<string>
  /** Names of instance profiles by kind of node, with secretsPrefix; else none. */
  declare readonly instanceProfiles: pulumi.Output<{ [kind: string]: string }>
  /** The argument; '' without. */
  declare readonly secretsPrefix: pulumi.Output<string>
  /** Id of the private zone. */
  declare readonly zoneId: pulumi.Output<string>
  /** Images to boot by architecture. */
  declare readonly imageIds: pulumi.Output<{ [architecture: string]: string }>
  /** Artifacts by name: gantry-arm64, gantry-x64, apache. */
  declare readonly objects: pulumi.Output<{ [artifact: string]: AwsObjectArgs }>
  /** Route table of the VPC that was made, for peering; '' for an existing one. */
  declare readonly routeTableId: pulumi.Output<string>

  constructor(name: string, args: AwsFoundationArgs, opts?: pulumi.ComponentResourceOptions) {
    const { clusterName, aws, ports } = configOf(args)
    const processors = architecturesOf(args, aws)
    const engines = args.engines ?? ['gantry']
    const files = filesOf(aws, engines, processors)
    super('gantry:index:AwsFoundation', name, args, opts)
    const [{ zone = '' } = {}] = planSubnets(aws.network)
    const context = { name, clusterName, aws, region: regionOfZone(zone), options: { parent: this } }
    const network = foundationNetwork(context)
    const hasProxies = args.proxies ?? false
    const facts = {
      ...{ ports, controllers: args.controllers, hasProxies, hasBalancer: aws.proxyLoadBalancer },
      proxyPorts: Object.values(proxyPorts({ ports })),
    }
    const groups = new SecurityGroups(context, network, facts)
    groups.allowS3(network.s3PrefixListId)
    const { secretsPrefix, parameters = [] } = args
    this.#openServices(context, network, groups, secretsPrefix !== undefined || parameters.length > 0)
    const bucket = artifactBucket(context, files)
    const outputs = {
      vpcId: pulumi.output(network.vpcId),
      subnetIds: pulumi.output(network.subnetIds),
      securityGroupIds: pulumi.output(groups.ids),
      ...profiles(context, bucket, groups.nodeKinds, { secretsPrefix, parameters }),
      secretsPrefix: pulumi.output(secretsPrefix ?? ''),
      zoneId: privateZone(context, network.vpcId),
      imageIds: pulumi.output(imageIds(context, processors)),
      objects: pulumi.output(bucket.objects),
      routeTableId: pulumi.output(network.routeTableId ?? ''),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }

  /** The ways to services other than S3. */
  #openServices(context: FoundationContext, network: FoundationNetwork, groups: SecurityGroups, reads: boolean): void {
    const { ssmSecurityGroupId } = context.aws.network
    if (ssmSecurityGroupId !== undefined) groups.letHttpsOut(ssmSecurityGroupId)
    const services = network.routeTableId === undefined ? [] : servicesOf(context.aws.network, reads)
    if (services.length > 0) groups.allowHttpsTo(serviceEndpoints(context, network, services))
  }
}

/** One role for all nodes; where they have secrets one for each kind, which reads those of that kind. */
function profiles(
  context: FoundationContext,
  bucket: ArtifactBucket,
  kinds: readonly PlanNode['kind'][],
  { secretsPrefix, parameters }: { readonly secretsPrefix: string | undefined; readonly parameters: readonly string[] },
) {
  if (secretsPrefix === undefined) {
    return { instanceProfile: instanceProfile(context, bucket), instanceProfiles: pulumi.output({}) }
  }
  const made = kinds.map((kind) => {
    const readable = { kind, names: [`${secretsPrefix}/${kind}/*`, ...parameters] }
    return [kind, instanceProfile(context, bucket, readable)] as const
  })
  return { instanceProfile: pulumi.output(''), instanceProfiles: pulumi.output(Object.fromEntries(made)) }
}

/** Names that mean something inside the VPC only. */
function privateZone(context: FoundationContext, vpcId: pulumi.Input<string>): pulumi.Output<string> {
  const { name, aws, clusterName, options } = context
  const { route53 } = awsSdk()
  const comment = `NameServers and controllers of ${clusterName}`
  const args = { name: aws.domain, comment, vpcs: [{ vpcId }], tags: tagsOf(context, `${name}-zone`) }
  return new route53.Zone(`${name}-zone`, args, options).zoneId
}
