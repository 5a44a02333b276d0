import * as pulumi from '@pulumi/pulumi'
import { partConfig } from '../cluster/part-config.ts'
import type { ClusterNode, PlacedArgs } from '../cluster/shared-args.ts'
import { checkPorts } from '../plan/checks/check-ports.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { planControllers } from '../plan/plan-controllers.ts'
import { planNameServers } from '../plan/plan-name-servers.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import { nodePlatformOf } from '../platform/node-platforms.ts'

/** Controllers in the processes of the first NameServers of a fleet. */
export interface EmbeddedControllersArgs {
  /** How many: odd, and no more than there are NameServers. Default: 3. */
  replicas?: number
  /** Further keys of controller.conf. Default: none. */
  config?: { [key: string]: string }
}

/** Arguments of a NameServerFleet. All plain: they decide which resources there are. */
export interface NameServerFleetArgs extends PlacedArgs {
  /** How many NameServers, spread over the hosts. Default: 1. */
  replicas?: number
  /** Names of the hosts to run one NameServer each, instead of replicas. */
  placement?: string[]
  /** Further keys of namesrv.conf. Default: none. */
  config?: { [key: string]: string }
  /** Controllers in their processes. Default: none. */
  controllers?: EmbeddedControllersArgs
}

function planFleet(args: NameServerFleetArgs) {
  const { replicas, placement, config, controllers } = args
  const nameServers = placement ?? replicas
  const checked = partConfig(args, {
    ...(nameServers === undefined ? {} : { nameServers }),
    ...(config === undefined ? {} : { nameServerConfig: config }),
    ...(controllers === undefined ? {} : { controllers: { ...controllers, mode: 'embedded' } }),
  })
  const options = { localDataDir: localDataDirOf(args.platform) }
  const { embedded, controllerAddr, warnings } = planControllers(checked, options)
  const nodes = planNameServers(checked, options, embedded)
  const problems = checkPorts(nodes, checked.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  return { checked, nodes, controllerAddr, warnings }
}

/** NameServers: where brokers register and clients ask for routes. They know nothing of one another. */
export class NameServerFleet extends pulumi.ComponentResource {
  /** What clients set as NAMESRV_ADDR: `host:port;host:port`. */
  declare readonly namesrvAddr: pulumi.Output<string>
  /** The same as the brokers reach them, for BrokerGroup. */
  declare readonly internalNamesrvAddr: pulumi.Output<string>
  /** What brokers set as controllerAddr; '' without controllers. */
  declare readonly controllerAddr: pulumi.Output<string>
  /** The nodes. */
  declare readonly nodes: pulumi.Output<ClusterNode[]>

  constructor(name: string, args: NameServerFleetArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const { checked, nodes: planned, controllerAddr, warnings } = planFleet(args)
    super('gantry:index:NameServerFleet', name, args, opts)
    for (const warning of warnings) void pulumi.log.warn(warning, this)
    const platform = nodePlatformOf(checked, args.platform, { component: this, name, parent: opts?.parent })
    const made = planned.map((node, index) => {
      const request = { name: `${name}-${index}`, node, place: node, nameServers: [] }
      return platform.addNode(request, { parent: this })
    })
    const advertised = pulumi.all(made.map((node) => node.advertisedAddress))
    const outputs = {
      namesrvAddr: advertised.apply((list) => list.join(';')),
      internalNamesrvAddr: pulumi.all(made.map((node) => node.address)).apply((list) => list.join(';')),
      controllerAddr: advertised.apply(() => controllerAddr),
      nodes: advertised.apply((list) =>
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
