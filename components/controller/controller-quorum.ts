import * as pulumi from '@pulumi/pulumi'
import type { PlacedArgs } from '../cluster/shared-args.ts'
import { problemAt } from '../plan/checks/problem-at.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { planControllers } from '../plan/plan-controllers.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'

/** Arguments of a ControllerQuorum. All plain: they decide which nodes there are. */
export interface ControllerQuorumArgs extends PlacedArgs {
  /** How many controllers, spread over the hosts: odd, for an even one more brings no more safety. Default: 3. */
  replicas?: number
  /** Names of the hosts to run one controller each, instead of replicas. */
  placement?: string[]
  /** First port of a host, for brokers and other controllers alike; further ones there follow. Default: 9877. */
  listenPort?: number
  /** Further keys of controller.conf. Default: none. */
  config?: { [key: string]: string }
  /** Whether to start them. The engine has no controller yet, so true is refused. Default: false. */
  run?: boolean
}

/** A conf file as a node would be started with. */
export interface RenderedConf {
  /** Id of the node. */
  node: string
  /** Name of the host it is planned on. */
  host: string
  /** Absolute path of the file there. */
  path: string
  /** Its text. */
  text: string
}

function planQuorum(args: ControllerQuorumArgs) {
  const { clusterName, replicas = 3, placement, listenPort = 9877, config = {}, run = false, ...rest } = args
  const { platform = {}, ...same } = rest
  if (run) {
    const fix = 'Leave run out: the conf files are rendered, to be used with another controller.'
    throw new ConfigError([problemAt(['controllers', 'run'], run, 'cannot be: the engine has no controller yet', fix)])
  }
  const checked = parseClusterConfig({
    ...same,
    ...(clusterName === undefined ? {} : { name: clusterName }),
    nameServers: placement ?? replicas,
    groups: [{ name: 'broker-a' }],
  })
  return planControllers(checked, { listenPort, config, localDataDir: localDataDirOf(platform) })
}

/** Controllers, which elect masters. So far they are planned and their conf files rendered; none is started. */
export class ControllerQuorum extends pulumi.ComponentResource {
  /** What brokers set as controllerAddr: `host:port;host:port`. */
  declare readonly controllerAddr: pulumi.Output<string>
  /** A conf file per controller. */
  declare readonly confFiles: pulumi.Output<RenderedConf[]>
  /** What is worth a second thought in the arguments. */
  declare readonly warnings: pulumi.Output<string[]>

  constructor(name: string, args: ControllerQuorumArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const { controllerAddr, confFiles, warnings } = planQuorum(args)
    super('gantry:index:ControllerQuorum', name, args, opts)
    for (const warning of warnings) void pulumi.log.warn(warning, this)
    const outputs = {
      controllerAddr: pulumi.output(controllerAddr),
      confFiles: pulumi.output(confFiles),
      warnings: pulumi.output(warnings),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}
