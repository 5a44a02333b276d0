import * as pulumi from '@pulumi/pulumi'
import type { PlacedArgs } from '../cluster/shared-args.ts'
import type { RenderedConf } from '../controller/controller-quorum.ts'
import { joinHostPort } from '../plan/address.ts'
import { problemAt } from '../plan/checks/problem-at.ts'
import { ConfigError } from '../plan/config-problem.ts'
import { placeNameServers } from '../plan/placement.ts'
import { hostFolder } from '../plan/plan.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'

/** Arguments of a ProxyFleet. All plain but namesrvAddr: they decide which nodes there are. */
export interface ProxyFleetArgs extends PlacedArgs {
  /** NameServers of the cluster: `host:port;host:port`. */
  namesrvAddr: pulumi.Input<string>
  /** How many proxies, spread over the hosts. Default: 1. */
  replicas?: number
  /** Names of the hosts to run one proxy each, instead of replicas. */
  placement?: string[]
  /** First gRPC port of a host; further proxies there follow ten by ten. Default: 8081. */
  grpcPort?: number
  /** First remoting port of a host; further proxies there follow ten by ten. Default: 8080. */
  remotingPort?: number
  /** Further keys of rmq-proxy.json. Default: none. */
  config?: { [key: string]: string }
  /** Whether to start them. The engine has no proxy yet, so true is refused. Default: false. */
  run?: boolean
}

const portStep = 10

interface PlannedProxy {
  readonly id: string
  readonly host: string
  readonly endpoint: string
  readonly path: string
  readonly settings: Readonly<Record<string, string | number>>
}

function planProxies(args: ProxyFleetArgs): PlannedProxy[] {
  const { clusterName, replicas = 1, placement, grpcPort = 8081, remotingPort = 8080, config = {}, ...rest } = args
  const { run = false, namesrvAddr: _, platform = {}, ...same } = rest
  if (run) {
    const fix = 'Leave run out: the conf files are rendered, to be used with another proxy.'
    throw new ConfigError([problemAt(['proxies', 'run'], run, 'cannot be: the engine has no proxy yet', fix)])
  }
  const checked = parseClusterConfig({
    ...same,
    ...(clusterName === undefined ? {} : { name: clusterName }),
    nameServers: placement ?? replicas,
    groups: [{ name: 'broker-a' }],
  })
  const onHost = new Map<string, number>()
  return placeNameServers(checked).map((name, index) => {
    const id = `proxy-${index}`
    const rank = onHost.get(name) ?? 0
    onHost.set(name, rank + 1)
    const { host, folder } = hostFolder(checked, name, localDataDirOf(platform))
    const grpcServerPort = grpcPort + rank * portStep
    return {
      id,
      host: name,
      endpoint: joinHostPort(host.advertisedAddress ?? host.address, grpcServerPort),
      path: `${folder}/${id}/rmq-proxy.json`,
      settings: {
        rocketMQClusterName: checked.name,
        proxyMode: 'CLUSTER',
        grpcServerPort,
        remotingListenPort: remotingPort + rank * portStep,
        ...config,
      },
    }
  })
}

/** Proxies, which speak gRPC with clients. So far they are planned and their conf files rendered; none is started. */
export class ProxyFleet extends pulumi.ComponentResource {
  /** What gRPC clients set as endpoints: `host:port;host:port`. */
  declare readonly endpoints: pulumi.Output<string>
  /** A conf file per proxy. */
  declare readonly confFiles: pulumi.Output<RenderedConf[]>

  constructor(name: string, args: ProxyFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    const proxies = planProxies(args)
    super('gantry:index:ProxyFleet', name, args, opts)
    const confFiles = pulumi.output(args.namesrvAddr).apply((namesrvAddr) =>
      proxies.map(({ id, host, path, settings }) => ({
        node: id,
        host,
        path,
        text: `${JSON.stringify({ ...settings, namesrvAddr }, null, 2)}\n`,
      })),
    )
    const outputs = { endpoints: pulumi.output(proxies.map(({ endpoint }) => endpoint).join(';')), confFiles }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}
