import * as pulumi from '@pulumi/pulumi'
import { claimPlaces } from '../cluster/claims.ts'
import { type ConfParts, confParts, plannedNodes } from '../cluster/conf-args.ts'
import { logWarnings } from '../cluster/log-warnings.ts'
import { partConfig } from '../cluster/part-config.ts'
import { type RenderedConf, renderedConf } from '../cluster/rendered-conf.ts'
import type { ClusterNode, PlacedArgs } from '../cluster/shared-args.ts'
import { checkPorts } from '../plan/checks/check-ports.ts'
import { controllerConf } from '../plan/checks/conf-files.ts'
import { configWarnings } from '../plan/checks/config-warnings.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { planControllers } from '../plan/plan-controllers.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import type { NodeResource } from '../platform/node-platform.ts'
import { nodePlatformOf } from '../platform/node-platforms.ts'
import { addMembers } from './controller-members.ts'

/** Arguments of a ControllerQuorum. All plain: they decide which nodes there are. */
export interface ControllerQuorumArgs extends PlacedArgs {
  /** How many controllers, spread over the hosts: odd, for an even one more brings no more safety. Default: 3. */
  replicas?: number
  /** Names of the hosts to run one controller each, instead of replicas. */
  placement?: string[]
  /** Further keys of controller.conf; secrets as outputs. Default: none. */
  config?: { [key: string]: pulumi.Input<string> }
  /** Whether to start them; false renders their conf files only. Default: true. */
  run?: boolean
}

function planQuorum(args: ControllerQuorumArgs, run: boolean) {
  const { replicas, placement } = args
  const wanted = placement ?? replicas
  const conf = confParts(args.config, ['controllers', 'config'], controllerConf)
  const plan = (config: ConfParts['plain'], secretsKept = false) => {
    const controllers = { mode: 'standalone' as const, config, ...(wanted === undefined ? {} : { replicas: wanted }) }
    const checked = partConfig(args, { controllers }, { toRun: run, secretsKept })
    return { checked, ...planControllers(checked, { localDataDir: localDataDirOf(args.platform) }) }
  }
  const { checked, controllerAddr, nodes: places } = plan(conf.plain)
  const problems = checkPorts(places, checked.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  const nodes = plannedNodes(conf, places, (config) => plan(config, true).nodes)
  return { checked, controllerAddr, places, nodes }
}

/** Controllers with processes of their own: they agree among themselves and elect the masters of broker groups. */
export class ControllerQuorum extends pulumi.ComponentResource {
  /** What brokers set as controllerAddr: `host:port;host:port`. */
  declare readonly controllerAddr: pulumi.Output<string>
  /** The nodes; none with run: false. */
  declare readonly nodes: pulumi.Output<ClusterNode[]>
  /** A conf file per controller. */
  declare readonly confFiles: pulumi.Output<RenderedConf[]>
  /** What is worth a second thought in the arguments. */
  declare readonly warnings: pulumi.Output<string[]>

  constructor(name: string, args: ControllerQuorumArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const { run = true } = args
    const { checked, controllerAddr, places, nodes } = planQuorum(args, run)
    if (run) claimPlaces({ name, parent: opts?.parent }, checked, places)
    super('gantry:index:ControllerQuorum', name, args, opts)
    logWarnings(this, checked, opts?.parent)
    const platform = nodePlatformOf(checked, args.platform, { component: this, name, parent: opts?.parent })
    const made: NodeResource[] = []
    for (const [index, place] of run ? places.entries() : []) {
      const after = made.at(-1)
      const node = nodes[index] ?? place
      const request = { name: `${name}-${index}`, node, place, isConfPrivate: node !== place, nameServers: [] }
      // One after the other, so that a change never costs the majority.
      made.push(platform.addNode({ ...request, ...(after === undefined ? {} : { after }) }, { parent: this }))
    }
    addMembers(made, places, { component: this, name, parent: opts?.parent, config: checked })
    const addresses = pulumi.all(made.map((node) => node.address))
    const outputs = {
      controllerAddr: addresses.apply(() => controllerAddr),
      nodes: addresses.apply((list) =>
        list.map((address, index) => ({
          id: places[index]?.id ?? '',
          role: 'CONTROLLER',
          address,
          host: places[index]?.host ?? '',
        })),
      ),
      confFiles: pulumi.all([...nodes]).apply((list) => list.map(renderedConf)),
      warnings: pulumi.output(configWarnings(checked)),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}
