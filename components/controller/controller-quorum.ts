import * as pulumi from '@pulumi/pulumi'
import { partConfig } from '../cluster/part-config.ts'
import { type RenderedConf, renderedConf } from '../cluster/rendered-conf.ts'
import type { ClusterNode, PlacedArgs } from '../cluster/shared-args.ts'
import { checkPorts } from '../plan/checks/check-ports.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { planControllers } from '../plan/plan-controllers.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import { nodePlatformOf } from '../platform/node-platforms.ts'

/** Arguments of a ControllerQuorum. All plain: they decide which nodes there are. */
export interface ControllerQuorumArgs extends PlacedArgs {
  /** How many controllers, spread over the hosts: odd, for an even one more brings no more safety. Default: 3. */
  replicas?: number
  /** Names of the hosts to run one controller each, instead of replicas. */
  placement?: string[]
  /** Further keys of controller.conf. Default: none. */
  config?: { [key: string]: string }
  /** Whether to start them; false renders their conf files only. Default: true. */
  run?: boolean
}

function planQuorum(args: ControllerQuorumArgs, run: boolean) {
  const { replicas, placement, config } = args
  const wanted = placement ?? replicas
  const controllers = {
    mode: 'standalone' as const,
    ...(wanted === undefined ? {} : { replicas: wanted }),
    ...(config === undefined ? {} : { config }),
  }
  const checked = partConfig(args, { controllers }, { toRun: run })
  const planned = planControllers(checked, { localDataDir: localDataDirOf(args.platform) })
  const problems = checkPorts(planned.nodes, checked.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  return { checked, ...planned }
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
    const { checked, controllerAddr, nodes: planned, warnings } = planQuorum(args, run)
    super('gantry:index:ControllerQuorum', name, args, opts)
    for (const warning of warnings) void pulumi.log.warn(warning, this)
    const platform = nodePlatformOf(checked, args.platform, { component: this, name, parent: opts?.parent })
    const made = run
      ? planned.map((node, index) =>
          platform.addNode({ name: `${name}-${index}`, node, place: node, nameServers: [] }, { parent: this }),
        )
      : []
    const addresses = pulumi.all(made.map((node) => node.address))
    const outputs = {
      controllerAddr: addresses.apply(() => controllerAddr),
      nodes: addresses.apply((list) =>
        list.map((address, index) => ({
          id: planned[index]?.id ?? '',
          role: 'CONTROLLER',
          address,
          host: planned[index]?.host ?? '',
        })),
      ),
      confFiles: pulumi.output(planned.map(renderedConf)),
      warnings: pulumi.output([...warnings]),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}
