import * as pulumi from '@pulumi/pulumi'
import { BrokerGroup } from '../broker/broker-group.ts'
import { declares } from '../broker/group-surroundings.ts'
import { ConsumerGroup } from '../consumer-group/consumer-group.ts'
import { ControllerQuorum } from '../controller/controller-quorum.ts'
import { NameServerFleet } from '../nameserver/name-server-fleet.ts'
import { type Plan, planCluster } from '../plan/plan.ts'
import type { BrokerNode, PlanNode } from '../plan/plan-node.ts'
import type { ClusterConfig } from '../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { secretsTakenWithinMs } from '../platform/aws/user-data/secrets-unit.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import { nodePlatformOf } from '../platform/node-platforms.ts'
import { ProxyFleet } from '../proxy/proxy-fleet.ts'
import { accessForAll, ClusterSecurity } from '../security/cluster-security.ts'
import { Topic } from '../topic/topic.ts'
import { claimPlaces, hasClaimed } from './claims.ts'
import { argsOfConfig, configOfArgs } from './cluster-config-form.ts'
import { given } from './given.ts'
import { logWarnings } from './log-warnings.ts'
import type { RocketClusterArgs } from './rocket-cluster-args.ts'
import type { AdminCredentials, ClientCertificate } from './security-args.ts'
import type { ClusterNode, PlacedArgs } from './shared-args.ts'

/** The components a cluster is made of, for whoever needs one itself. */
export interface ClusterParts {
  readonly nameServers: NameServerFleet
  /** Controllers with processes of their own. */
  readonly controllers?: ControllerQuorum
  /** By brokerName. */
  readonly groups: ReadonlyMap<string, BrokerGroup>
  readonly proxies?: ProxyFleet
  /** By name of the topic. */
  readonly topics: ReadonlyMap<string, Topic>
  /** By name of the consumer group. */
  readonly consumerGroups: ReadonlyMap<string, ConsumerGroup>
}

/** Beside the classes: a property that holds a component cannot be described to other Pulumi languages. */
const partsOf = new WeakMap<RocketCluster, ClusterParts>()

/**
 * A whole cluster: NameServers, controllers, broker groups, proxies, topics and consumer groups, started in that order.
 * @throws ConfigError, before anything is registered, naming every mistake by its config path.
 */
export class RocketCluster extends pulumi.ComponentResource {
  /** What clients set as NAMESRV_ADDR: `host:port;host:port`. Known once the NameServers are healthy. */
  declare readonly namesrvAddr: pulumi.Output<string>
  /** What tools set as the address of the controllers: `host:port;host:port`; '' without any. */
  declare readonly controllerAddr: pulumi.Output<string>
  /** What gRPC clients set as endpoints: `host:port;host:port`; '' without proxies. */
  declare readonly endpoints: pulumi.Output<string>
  /** Every node: NameServers, controllers, then the groups with their masters ahead, then proxies. */
  declare readonly nodes: pulumi.Output<ClusterNode[]>

  /** Certificates that clients trust, in PEM format; '' without security.tls. */
  declare readonly caCertificates: pulumi.Output<string>
  /** What clients show, where security.tls requires them to. A secret. */
  declare readonly clientCertificate?: pulumi.Output<ClientCertificate | undefined>
  /** Keys of the administrator, with security.accessControl. A secret. */
  declare readonly adminCredentials?: pulumi.Output<AdminCredentials | undefined>

  constructor(name: string, args: RocketClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const config = parseClusterConfig(configOfArgs(args))
    const plan = planCluster(config, { localDataDir: localDataDirOf(args.platform) })
    claimPlaces({ name, parent: opts?.parent }, config, plan.nodes)
    const transformations = [...(opts?.transformations ?? []), accessForAll(() => this)]
    super('gantry:index:RocketCluster', name, args, config.security === undefined ? opts : { ...opts, transformations })
    const security = makeSecurity(this, name, config, plan)
    hasClaimed(this)
    nodePlatformOf(config, args.platform, { component: this, name, isCluster: true })
    logWarnings(this, config, opts?.parent)
    declares(this, plan)
    const context = { parent: this, name, args, config, plan, placed: placedArgs(config, args) }
    const nameServers = addNameServers(context)
    const controllers = addControllers(context)
    const controllerAddr = controllers?.controllerAddr ?? nameServers.controllerAddr
    const groups = addGroups(context, nameServers, controllerAddr)
    const brokers = [...groups.values()]
    const proxies = addProxies(context, nameServers, brokers)
    const { namesrvAddr } = nameServers
    const live = addTopicsAndGroups(context, namesrvAddr, brokers)
    const parts = given({ nameServers, controllers, groups, proxies, ...live })
    partsOf.set(this, parts as ClusterParts)
    const fleets = [nameServers, controllers, ...brokers, proxies].filter((part) => part !== undefined)
    const outputs = {
      namesrvAddr,
      controllerAddr,
      endpoints: proxies?.endpoints ?? pulumi.output(''),
      ...securityOutputs(security),
      nodes: pulumi.all(fleets.map((part) => part.nodes)).apply((lists) => lists.flat()),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }

  /** The components it is made of. */
  parts(): ClusterParts {
    const parts = partsOf.get(this)
    if (parts === undefined) throw new Error('a cluster has its parts when it has been constructed')
    return parts
  }
}

/** What clients need to know of a cluster's `security`. */
const securityOutputs = (security: ClusterSecurity | undefined) => ({
  caCertificates: security?.trusted ?? pulumi.output(''),
  ...(security === undefined ? {} : { clientCertificate: security.client, adminCredentials: security.admin }),
})

function makeSecurity(cluster: RocketCluster, name: string, config: ClusterConfig, plan: Plan) {
  const { name: of, security, platform } = config
  if (security === undefined) return undefined
  const [first] = plan.nodes
  // Instances look for new certificates by themselves, and may be out of reach from here.
  const settling = platform.aws === undefined ? {} : { takenWithinMs: secretsTakenWithinMs }
  const nameServer = { host: first?.advertisedAddress ?? '', port: first?.port ?? 0 }
  return new ClusterSecurity(cluster, name, { cluster: of, security, nameServer, ...settling })
}

function placedArgs(config: ClusterConfig, args: RocketClusterArgs): PlacedArgs {
  const { engine, hosts, antiAffinity, ports, dataDir, runtime } = argsOfConfig(config)
  // The platform is passed on as it came: it may hold what a config cannot, values of other resources among them.
  const { platform } = args
  return given({ clusterName: config.name, engine, hosts, antiAffinity, ports, dataDir, runtime, platform })
}

/** What all parts of one cluster are made from. Hosts and ports come from the plan of the whole: parts share hosts. */
interface ClusterContext {
  readonly parent: RocketCluster
  readonly name: string
  /** As they came: values of conf files may be outputs, which a config cannot hold. */
  readonly args: RocketClusterArgs
  readonly config: ClusterConfig
  readonly plan: Plan
  readonly placed: PlacedArgs
}

const hostsOf = (plan: Plan, kind: PlanNode['kind']): string[] =>
  plan.nodes.filter((node) => node.kind === kind).map((node) => node.host)

function addNameServers({ parent, name, args: all, config, plan, placed }: ClusterContext): NameServerFleet {
  const { controllers } = argsOfConfig(config)
  const embedded = controllers?.mode === 'embedded' ? controllers : undefined
  const args = {
    ...placed,
    placement: hostsOf(plan, 'nameServer'),
    config: all.nameServerConfig ?? {},
    ...(embedded === undefined
      ? {}
      : { controllers: given({ replicas: embedded.replicas, config: all.controllers?.config ?? {} }) }),
  }
  return new NameServerFleet(`${name}-namesrv`, args, { parent })
}

function addControllers({
  parent,
  name,
  args: all,
  config,
  plan,
  placed,
}: ClusterContext): ControllerQuorum | undefined {
  const { controllers } = argsOfConfig(config)
  if (controllers?.mode !== 'standalone') return undefined
  const args = { ...placed, placement: hostsOf(plan, 'controller'), config: all.controllers?.config ?? {} }
  return new ControllerQuorum(`${name}-controller`, args, { parent })
}

function addProxies(
  { parent, name, args: all, plan, placed }: ClusterContext,
  nameServers: NameServerFleet,
  brokers: BrokerGroup[],
): ProxyFleet | undefined {
  const { proxies } = all
  if (proxies === undefined) return undefined
  const args = { ...placed, placement: hostsOf(plan, 'proxy'), config: proxies.config ?? {} }
  const live = { ...args, namesrvAddr: nameServers.internalNamesrvAddr }
  return new ProxyFleet(`${name}-proxy`, live, { parent, dependsOn: brokers })
}

function addGroups(
  { parent, name, args: all, config, plan, placed }: ClusterContext,
  nameServers: NameServerFleet,
  controllerAddr: pulumi.Output<string>,
): Map<string, BrokerGroup> {
  const brokers = plan.nodes.filter((node): node is BrokerNode => node.kind === 'broker')
  const { groups } = argsOfConfig(config)
  return new Map(
    groups.map(({ name: brokerName, hosts: _, config: __, ...group }, index) => {
      const replicas = brokers.filter((node) => node.group === brokerName)
      const args = {
        ...placed,
        ...group,
        brokerName,
        namesrvAddr: nameServers.internalNamesrvAddr,
        ...(config.controllers === undefined ? {} : { controllerAddr }),
        placement: replicas.map((node) => node.host),
        listenPorts: replicas.map((node) => node.port),
        config: { ...all.brokerConfig, ...all.groups[index]?.config },
      }
      return [brokerName, new BrokerGroup(`${name}-${brokerName}`, args, { parent })]
    }),
  )
}

function addTopicsAndGroups(
  { parent, name, config }: ClusterContext,
  namesrvAddr: pulumi.Output<string>,
  brokers: BrokerGroup[],
): Pick<ClusterParts, 'topics' | 'consumerGroups'> {
  // Their brokers have to be up, and with the cluster goes what is on it: a data folder that stays keeps its topics.
  const options = { parent, dependsOn: brokers, deletedWith: parent }
  // A group that is about to leave keeps what it has until it is drained.
  const live = { namesrvAddr, clusterName: config.name, groups: config.groups.map((group) => group.name) }
  const { topics = [], consumerGroups = [] } = argsOfConfig(config)
  const madeTopics = topics.map(
    ({ name: topicName, ...topic }) =>
      [topicName, new Topic(`${name}-${topicName}`, { ...topic, topicName, ...live }, options)] as const,
  )
  const madeGroups = consumerGroups.map(
    ({ name: groupName, ...group }) =>
      [groupName, new ConsumerGroup(`${name}-${groupName}`, { ...group, groupName, ...live }, options)] as const,
  )
  return { topics: new Map(madeTopics), consumerGroups: new Map(madeGroups) }
}
