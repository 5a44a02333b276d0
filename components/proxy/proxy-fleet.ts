import * as pulumi from '@pulumi/pulumi'
import { claimPlaces } from '../cluster/claims.ts'
import { type ConfParts, confParts } from '../cluster/conf-args.ts'
import { logWarnings } from '../cluster/log-warnings.ts'
import { partConfig } from '../cluster/part-config.ts'
import { type RenderedConf, renderedConf } from '../cluster/rendered-conf.ts'
import type { ClusterNode, PlacedArgs } from '../cluster/shared-args.ts'
import { joinHostPort } from '../plan/address.ts'
import { checkPorts } from '../plan/checks/check-ports.ts'
import { proxyJson } from '../plan/checks/conf-files.ts'
import { ConfigError } from '../plan/config-problem.ts'
import type { ProxyNode } from '../plan/plan-node.ts'
import { planProxies } from '../plan/plan-proxies.ts'
import { localDataDirOf } from '../platform/local-data-dir.ts'
import { nodePlatformOf } from '../platform/node-platforms.ts'

/** Arguments of a ProxyFleet. All plain but namesrvAddr: they decide which nodes there are. */
export interface ProxyFleetArgs extends PlacedArgs {
  /** NameServers of the cluster as proxies reach them: `internalNamesrvAddr` of a NameServerFleet. */
  namesrvAddr: pulumi.Input<string>
  /** How many proxies, spread over the hosts. Default: 1. */
  replicas?: number
  /** Names of the hosts to run one proxy each, instead of replicas. */
  placement?: string[]
  /** Further keys of rmq-proxy.json; secrets as outputs. Default: none. */
  config?: { [key: string]: pulumi.Input<string> }
  /** Whether to start them; false renders their conf files only. Default: true. */
  run?: boolean
}

/** `plan` gives the nodes for NameServers; whatever these are, the same nodes in the same places. */
function planFleet(args: ProxyFleetArgs, run: boolean) {
  const { replicas, placement } = args
  const wanted = placement ?? replicas
  const conf = confParts(args.config, ['proxies', 'config'], proxyJson)
  const checkedWith = (config: ConfParts['plain'], secretsKept = false) => {
    const proxies = { config, ...(wanted === undefined ? {} : { replicas: wanted }) }
    return partConfig(args, { proxies }, { toRun: run, secretsKept })
  }
  const checked = checkedWith(conf.plain)
  const options = { localDataDir: localDataDirOf(args.platform) }
  const plan = (namesrvAddr: string, whole?: ConfParts['plain']): ProxyNode[] => {
    const config = whole === undefined ? checked : checkedWith(whole, true)
    return planProxies(config, { namesrvAddr, brokerIds: [] }, options)
  }
  const problems = checkPorts(plan(''), checked.ports)
  if (problems.length > 0) throw new ConfigError(problems)
  return { checked, conf, plan }
}

/** Proxies in cluster mode: they speak gRPC with clients and keep nothing themselves. */
export class ProxyFleet extends pulumi.ComponentResource {
  /** What gRPC clients set as endpoints: `host:port;host:port`. */
  declare readonly endpoints: pulumi.Output<string>
  /** The nodes; none with run: false. */
  declare readonly nodes: pulumi.Output<ClusterNode[]>
  /** A conf file per proxy. */
  declare readonly confFiles: pulumi.Output<RenderedConf[]>

  constructor(name: string, args: ProxyFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    const { run = true } = args
    const { checked, conf, plan } = planFleet(args, run)
    const places = plan('')
    if (run) claimPlaces({ name, parent: opts?.parent }, checked, places)
    super('gantry:index:ProxyFleet', name, args, opts)
    logWarnings(this, checked, opts?.parent)
    const platform = nodePlatformOf(checked, args.platform, { component: this, name, parent: opts?.parent })
    const nodes = pulumi
      .all([args.namesrvAddr, conf.whole ?? pulumi.output(undefined)])
      .apply(([namesrvAddr, whole]) => plan(namesrvAddr, whole))
    const made = !run
      ? []
      : places.map((place, index) => {
          const node = nodes.apply((list) => list[index] ?? place)
          const isConfPrivate = conf.whole !== undefined
          const request = { name: `${name}-${index}`, node, place, isConfPrivate, nameServers: [] }
          return platform.addNode(request, { parent: this })
        })
    const addresses = pulumi.all(made.map((node) => node.advertisedAddress))
    const outputs = {
      endpoints:
        platform.proxyEndpoint?.() ??
        addresses.apply(() =>
          places.map(({ advertisedAddress, port }) => joinHostPort(advertisedAddress, port)).join(';'),
        ),
      nodes: addresses.apply((list) =>
        list.map((address, index) => ({
          id: places[index]?.id ?? '',
          role: 'PROXY',
          address,
          host: places[index]?.host ?? '',
        })),
      ),
      confFiles: nodes.apply((list) => list.map(renderedConf)),
    }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }
}
