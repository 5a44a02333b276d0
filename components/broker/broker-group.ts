import * as pulumi from '@pulumi/pulumi'
import type { AwsGroupArgs } from '../cluster/aws-platform-args.ts'
import { claimPlaces } from '../cluster/claims.ts'
import type { Flush, Replication } from '../cluster/cluster-enums.ts'
import { type ConfParts, confParts } from '../cluster/conf-args.ts'
import { given } from '../cluster/given.ts'
import { logWarnings } from '../cluster/log-warnings.ts'
import { partConfig } from '../cluster/part-config.ts'
import type { ClusterNode, PlacedArgs } from '../cluster/shared-args.ts'
import { checkPorts } from '../plan/checks/check-ports.ts'
import { brokerConf } from '../plan/checks/conf-files.ts'
import { problemAt } from '../plan/checks/problem-at.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { planBrokers } from '../plan/plan-brokers.ts'
import type { BrokerNode } from '../plan/plan-node.ts'
import type { ParseOptions } from '../plan/schema/parse-cluster-config.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import type { NodeResource } from '../platform/node-platform.ts'
import { nodePlatformOf } from '../platform/node-platforms.ts'
import { GroupSurroundings, type Registries } from './group-surroundings.ts'

/** Arguments of a BrokerGroup. All plain but namesrvAddr: they decide which resources there are. */
export interface BrokerGroupArgs extends PlacedArgs {
  /** The name master and slaves share. */
  brokerName: string
  /** NameServers to register with, as brokers reach them: `internalNamesrvAddr` of a NameServerFleet. */
  namesrvAddr: pulumi.Input<string>
  /** Controllers that elect the master, as brokers reach them. Default: none, replica 0 is the master. */
  controllerAddr?: pulumi.Input<string>
  /** Brokers in the group: one master, the rest slaves. Default: 1. */
  replicas?: number
  /** When a send is acknowledged. Default: async. */
  replication?: Replication
  /** With controllers: sends are refused while fewer replicas are in sync. Default: 2 for sync groups from 3 on, else 1. */
  minInSyncReplicas?: number
  /** When a broker takes a message as stored. Default: async. */
  flush?: Flush
  /** Names of the hosts, one per replica, the master first. Default: the planner spreads them. */
  placement?: string[]
  /** listenPort of each replica, the master first. Default: by the rule of ports. */
  listenPorts?: number[]
  /** Further keys of broker.conf; secrets as outputs. Default: none. */
  config?: { [key: string]: pulumi.Input<string> }
  /** On AWS: what is different for the brokers of this group; groups that are not made together need a slot each. */
  aws?: AwsGroupArgs
}

/** Stands for controllers whose address is not known yet: that there are some is. */
const someController = 'controllers'

/** `plan` gives the nodes for addresses; whatever these are, the same nodes in the same places. */
function planGroup(args: BrokerGroupArgs) {
  const { brokerName, replicas, replication, minInSyncReplicas, flush, placement, listenPorts, aws } = args
  const conf = confParts(args.config, ['groups', 0, 'config'], brokerConf)
  const checkedWith = (config: ConfParts['plain'], options: ParseOptions = {}) => {
    const group = { name: brokerName, replicas, replication, minInSyncReplicas, flush, hosts: placement, config, aws }
    const controllers = { controllers: { mode: 'standalone' as const, replicas: 1 } }
    return partConfig(
      args,
      { ...(args.controllerAddr === undefined ? {} : controllers), groups: [given(group)] as [{ name: string }] },
      options,
    )
  }
  const checked = checkedWith(conf.plain)
  const options = { localDataDir: localDataDirOf(args.platform) }
  const count = checked.groups[0]?.replicas ?? 0
  if (listenPorts !== undefined && listenPorts.length !== count) {
    const problem = `listenPorts has ${listenPorts.length} ports for ${count} replicas`
    throw new ConfigError([problemAt(['ports', 'broker'], listenPorts, problem, 'Give one port per replica.')])
  }
  const plan = (registries: Registries, whole?: ConfParts['plain']): BrokerNode[] => {
    const config = whole === undefined ? checked : checkedWith(whole, { secretsKept: true })
    return planBrokers(config, { ...registries, nodeIds: [] }, options, listenPorts)
  }
  const problems = checkPorts(plan({ namesrvAddr: '', controllerAddr: '' }), checked.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  return { checked, conf, plan }
}

/**
 * Replicas of the same queues: a master and its slaves. They start, and change, one after the other, the master first; each
 * waits until it is in sync. With controllers the first replica starts first as well: in a group that becomes one of controllers it has
 * what was stored before, and an empty replica that came first would be elected. Replicas that the controllers know change before
 * the one that is master, see replicaOrder.
 */
export class BrokerGroup extends pulumi.ComponentResource {
  /** The nodes, the master first. */
  declare readonly nodes: pulumi.Output<ClusterNode[]>
  /** brokerName, known once every broker of the group is healthy. */
  declare readonly brokerName: pulumi.Output<string>

  constructor(name: string, args: BrokerGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { checked, conf, plan } = planGroup(args)
    const places = plan({ namesrvAddr: '', controllerAddr: args.controllerAddr === undefined ? '' : someController })
    claimPlaces({ name, parent: opts?.parent }, checked, places)
    super('gantry:index:BrokerGroup', name, args, opts)
    logWarnings(this, checked, opts?.parent)
    const platform = nodePlatformOf(checked, args.platform, { component: this, name, parent: opts?.parent })
    const isElected = args.controllerAddr !== undefined
    const namesrvAddr = pulumi.output(args.namesrvAddr)
    const registries = pulumi
      .all([namesrvAddr, args.controllerAddr ?? ''])
      .apply(([known, controllerAddr]): Registries => ({ namesrvAddr: known, controllerAddr }))
    const whole = conf.whole ?? pulumi.output(undefined)
    const made: NodeResource[] = []
    const { brokerName } = args
    const of = { component: this, name, brokerName, parent: opts?.parent, config: checked, registries, isElected }
    const around = new GroupSurroundings(of)
    const turns = around.turnsOf(places)
    for (const [index, place] of places.entries()) {
      const node = pulumi.all([registries, whole]).apply(([addresses, texts]) => plan(addresses, texts)[index] ?? place)
      const nameServers = namesrvAddr.apply((address) => address.split(';'))
      const [first] = made
      const last = made.at(-1)
      // One after the other, so that a change never touches two of them.
      const after = turns?.before(index) ?? last
      const order = {
        ...(after === undefined ? {} : { after }),
        ...(first === undefined || isElected ? {} : { master: first }),
      }
      const isConfPrivate = conf.whole !== undefined
      const request = { name: `${name}-${place.replica}`, node, place, isConfPrivate, nameServers, ...order }
      const replica = isElected ? around.addReplica(platform, request) : platform.addNode(request, { parent: this })
      made.push(replica)
      turns?.add(index, replica)
    }
    around.addTraffic(made)
    const addresses = pulumi.all(made.map((node) => node.advertisedAddress))
    const outputs = {
      nodes: addresses.apply((list) => list.map((address, index) => nodeOutput(places[index], address))),
      brokerName: addresses.apply(() => brokerName),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}

function nodeOutput(place: BrokerNode | undefined, address: string): ClusterNode {
  if (place === undefined) throw new RangeError('more addresses than planned brokers')
  const { id, role, host, group, brokerId } = place
  return { id, role, address, host, group, ...(brokerId === undefined ? {} : { brokerId }) }
}
