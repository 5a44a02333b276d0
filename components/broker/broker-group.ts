import * as pulumi from '@pulumi/pulumi'
import type { Flush, Replication } from '../cluster/cluster-enums.ts'
import type { ClusterNode, PlacedArgs } from '../cluster/shared-args.ts'
import { checkPorts } from '../plan/checks/check-ports.ts'
import { problemAt } from '../plan/checks/problem-at.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { planBrokers } from '../plan/plan.ts'
import type { BrokerNode } from '../plan/plan-node.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import type { NodeResource } from '../platform/node-platform.ts'
import { ProcessPlatform } from '../platform/process/provider/process-platform.ts'

/** Arguments of a BrokerGroup. All plain but namesrvAddr: they decide which resources there are. */
export interface BrokerGroupArgs extends PlacedArgs {
  /** The name master and slaves share. */
  brokerName: string
  /** NameServers to register with, as brokers reach them: `internalNamesrvAddr` of a NameServerFleet. */
  namesrvAddr: pulumi.Input<string>
  /** Brokers in the group: one master, the rest slaves. Default: 1. */
  replicas?: number
  /** When a send is acknowledged. Default: async. */
  replication?: Replication
  /** When a broker takes a message as stored. Default: async. */
  flush?: Flush
  /** Names of the hosts, one per replica, the master first. Default: the planner spreads them. */
  placement?: string[]
  /** listenPort of each replica, the master first. Default: by the rule of ports. */
  listenPorts?: number[]
  /** Further keys of broker.conf. Default: none. */
  config?: { [key: string]: string }
}

/** @returns the nodes for the NameServers given; whatever these are, the same nodes in the same places. */
function planGroup(args: BrokerGroupArgs): (namesrvAddr: string) => BrokerNode[] {
  const { brokerName, replicas, replication, flush, placement, listenPorts, config, clusterName, ...rest } = args
  const { namesrvAddr: _, platform = {}, ...same } = rest
  const checked = parseClusterConfig({
    ...same,
    ...(clusterName === undefined ? {} : { name: clusterName }),
    groups: [
      {
        name: brokerName,
        ...(replicas === undefined ? {} : { replicas }),
        ...(replication === undefined ? {} : { replication }),
        ...(flush === undefined ? {} : { flush }),
        ...(placement === undefined ? {} : { hosts: placement }),
        ...(config === undefined ? {} : { config }),
      },
    ],
  })
  const options = { localDataDir: localDataDirOf(platform) }
  const count = checked.groups[0]?.replicas ?? 0
  if (listenPorts !== undefined && listenPorts.length !== count) {
    const problem = `listenPorts has ${listenPorts.length} ports for ${count} replicas`
    throw new ConfigError([problemAt(['ports', 'broker'], listenPorts, problem, 'Give one port per replica.')])
  }
  const plan = (namesrvAddr: string) => planBrokers(checked, { namesrvAddr, nodeIds: [] }, options, listenPorts)
  const problems = checkPorts(plan(''), checked.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  return plan
}

/** A master and its slaves: replicas of the same queues. The master starts first; slaves wait until they are in sync. */
export class BrokerGroup extends pulumi.ComponentResource {
  /** The nodes, the master first. */
  declare readonly nodes: pulumi.Output<ClusterNode[]>
  /** brokerName, known once every broker of the group is healthy. */
  declare readonly brokerName: pulumi.Output<string>

  constructor(name: string, args: BrokerGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = planGroup(args)
    super('gantry:index:BrokerGroup', name, args, opts)
    const platform = new ProcessPlatform(args.platform ?? {})
    const namesrvAddr = pulumi.output(args.namesrvAddr)
    const places = plan('')
    const made: NodeResource[] = []
    for (const [index, place] of places.entries()) {
      const node = namesrvAddr.apply((address) => plan(address)[index] ?? place)
      const nameServers = namesrvAddr.apply((address) => address.split(';'))
      const [master] = made
      const request = { name: `${name}-${place.brokerId}`, node, place, nameServers, ...(master ? { master } : {}) }
      made.push(platform.addNode(request, { parent: this }))
    }
    const addresses = pulumi.all(made.map((node) => node.advertisedAddress))
    const outputs = {
      nodes: addresses.apply((list) => list.map((address, index) => nodeOutput(places[index], address))),
      brokerName: addresses.apply(() => args.brokerName),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}

function nodeOutput(place: BrokerNode | undefined, address: string): ClusterNode {
  if (place === undefined) throw new RangeError('more addresses than planned brokers')
  const { id, role, host, group, brokerId } = place
  return { id, role, address, host, group, brokerId }
}
