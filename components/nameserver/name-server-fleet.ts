import * as pulumi from '@pulumi/pulumi'
import type { ClusterNode, PlacedArgs } from '../cluster/shared-args.ts'
import { checkPorts } from '../plan/checks/check-ports.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { planNameServers } from '../plan/plan.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import { ProcessPlatform } from '../platform/process/provider/process-platform.ts'

/** Arguments of a NameServerFleet. All plain: they decide which resources there are. */
export interface NameServerFleetArgs extends PlacedArgs {
  /** How many NameServers, spread over the hosts. Default: 1. */
  replicas?: number
  /** Names of the hosts to run one NameServer each, instead of replicas. */
  placement?: string[]
  /** Further keys of namesrv.conf. Default: none. */
  config?: { [key: string]: string }
}

/** A group has to be there for a config to be one; it is not planned. */
const someGroup = { name: 'broker-a' }

function planFleet(args: NameServerFleetArgs) {
  const { clusterName, replicas, placement, config, platform = {}, ...same } = args
  const checked = parseClusterConfig({
    ...same,
    ...(clusterName === undefined ? {} : { name: clusterName }),
    ...(replicas === undefined ? {} : { nameServers: replicas }),
    ...(placement === undefined ? {} : { nameServers: placement }),
    ...(config === undefined ? {} : { nameServerConfig: config }),
    groups: [someGroup],
  })
  const nodes = planNameServers(checked, { localDataDir: localDataDirOf(platform) })
  const problems = checkPorts(nodes, checked.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  return nodes
}

/** NameServers: where brokers register and clients ask for routes. They know nothing of one another. */
export class NameServerFleet extends pulumi.ComponentResource {
  /** What clients set as NAMESRV_ADDR: `host:port;host:port`. */
  declare readonly namesrvAddr: pulumi.Output<string>
  /** The same as the brokers reach them, for BrokerGroup. */
  declare readonly internalNamesrvAddr: pulumi.Output<string>
  /** The nodes. */
  declare readonly nodes: pulumi.Output<ClusterNode[]>

  constructor(name: string, args: NameServerFleetArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const planned = planFleet(args)
    super('gantry:index:NameServerFleet', name, args, opts)
    const platform = new ProcessPlatform(args.platform ?? {})
    const made = planned.map((node, index) => {
      const request = { name: `${name}-${index}`, node, place: node, nameServers: [] }
      return platform.addNode(request, { parent: this })
    })
    const outputs = {
      namesrvAddr: pulumi.all(made.map((node) => node.advertisedAddress)).apply((list) => list.join(';')),
      internalNamesrvAddr: pulumi.all(made.map((node) => node.address)).apply((list) => list.join(';')),
      nodes: pulumi.all(made.map((node) => node.advertisedAddress)).apply((list) =>
        list.map((address, index) => ({
          id: planned[index]?.id ?? '',
          role: 'NAMESRV',
          address,
          host: planned[index]?.host ?? '',
        })),
      ),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}
