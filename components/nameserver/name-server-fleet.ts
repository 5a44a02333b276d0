import * as pulumi from '@pulumi/pulumi'
import { claimPlaces } from '../cluster/claims.ts'
import { bothParts, type ConfParts, confParts, plannedNodes } from '../cluster/conf-args.ts'
import { logWarnings } from '../cluster/log-warnings.ts'
import { partConfig } from '../cluster/part-config.ts'
import type { ClusterNode, PlacedArgs } from '../cluster/shared-args.ts'
import { addMembers } from '../controller/controller-members.ts'
import { checkPorts } from '../plan/checks/check-ports.ts'
import { controllerConf, namesrvConf } from '../plan/checks/conf-files.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { planControllers } from '../plan/plan-controllers.ts'
import { planNameServers } from '../plan/plan-name-servers.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import type { NodeResource } from '../platform/node-platform.ts'
import { nodePlatformOf } from '../platform/node-platforms.ts'

/** Controllers in the processes of the first NameServers of a fleet. */
export interface EmbeddedControllersArgs {
  /** How many: odd, and no more than there are NameServers. Default: 3. */
  replicas?: number
  /** Further keys of controller.conf. Default: none. */
  config?: { [key: string]: pulumi.Input<string> }
}

/** Arguments of a NameServerFleet. All plain: they decide which resources there are. */
export interface NameServerFleetArgs extends PlacedArgs {
  /** How many NameServers, spread over the hosts. Default: 1. */
  replicas?: number
  /** Names of the hosts to run one NameServer each, instead of replicas. */
  placement?: string[]
  /** Further keys of namesrv.conf; secrets as outputs. Default: none. */
  config?: { [key: string]: pulumi.Input<string> }
  /** Controllers in their processes. Default: none. */
  controllers?: EmbeddedControllersArgs
}

function planFleet(args: NameServerFleetArgs) {
  const { replicas, placement, controllers } = args
  const nameServers = placement ?? replicas
  const own = confParts(args.config, ['nameServerConfig'], namesrvConf)
  const ofControllers = confParts(controllers?.config, ['controllers', 'config'], controllerConf)
  const options = { localDataDir: localDataDirOf(args.platform) }
  const plan = (nameServerConfig: ConfParts['plain'], config: ConfParts['plain'], secretsKept = false) => {
    const embedded =
      controllers === undefined ? {} : { controllers: { ...controllers, config, mode: 'embedded' as const } }
    const part = { nameServerConfig, ...embedded, ...(nameServers === undefined ? {} : { nameServers }) }
    const checked = partConfig(args, part, { secretsKept })
    const { embedded: within, controllerAddr } = planControllers(checked, options)
    return { checked, places: planNameServers(checked, options, within), controllerAddr }
  }
  const first = plan(own.plain, ofControllers.plain)
  const problems = checkPorts(first.places, first.checked.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  const nodes = plannedNodes(
    bothParts(own, ofControllers),
    first.places,
    ([nameServerConfig, config]) => plan(nameServerConfig, config, true).places,
  )
  return { ...first, nodes }
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
    const { checked, places, nodes, controllerAddr } = planFleet(args)
    claimPlaces({ name, parent: opts?.parent }, checked, places)
    super('gantry:index:NameServerFleet', name, args, opts)
    logWarnings(this, checked, opts?.parent)
    const platform = nodePlatformOf(checked, args.platform, { component: this, name, parent: opts?.parent })
    const made: NodeResource[] = []
    for (const [index, place] of places.entries()) {
      const after = made.at(-1)
      const node = nodes[index] ?? place
      const request = { name: `${name}-${index}`, node, place, isConfPrivate: node !== place, nameServers: [] }
      // One after the other, so that a change never touches two of them.
      made.push(platform.addNode({ ...request, ...(after === undefined ? {} : { after }) }, { parent: this }))
    }
    addMembers(made, places, { component: this, name, parent: opts?.parent, config: checked })
    const advertised = pulumi.all(made.map((node) => node.advertisedAddress))
    const outputs = {
      namesrvAddr: advertised.apply((list) => list.join(';')),
      internalNamesrvAddr: pulumi.all(made.map((node) => node.address)).apply((list) => list.join(';')),
      controllerAddr: advertised.apply(() => controllerAddr),
      nodes: advertised.apply((list) =>
        list.map((address, index) => ({
          id: places[index]?.id ?? '',
          role: 'NAMESRV',
          address,
          host: places[index]?.host ?? '',
        })),
      ),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}
