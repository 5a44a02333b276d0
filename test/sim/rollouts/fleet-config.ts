import { type Plan, planCluster } from '../../../components/plan/plan.ts'
import { parseClusterConfig } from '../../../components/plan/schema/parse-cluster-config.ts'

const CONTROLLER_PORT = 9878

/** A broker group by the machines of its replicas. */
export interface FleetGroup {
  readonly name: string
  readonly hosts: readonly string[]
  readonly replication: 'async' | 'sync'
  readonly flush: 'async' | 'sync'
  readonly settings: Readonly<Record<string, number | boolean | string>>
}

/** What a stack config says of a simulated cluster. Every node has a machine of its own. */
export interface FleetConfig {
  readonly nameServers: readonly string[]
  /** Embedded: in the first NameServers, so many of them. */
  readonly controllers:
    | { readonly mode: 'standalone'; readonly hosts: readonly string[] }
    | { readonly mode: 'embedded'; readonly count: number }
    | undefined
  readonly groups: readonly FleetGroup[]
  readonly settings: Readonly<Record<string, number | boolean | string>>
}

/** `ns-2`, `ct-0`, `b0-1`: what kind of node the machine is for, or which group, and a number. */
export function addressOfHost(host: string): string {
  const [kind, number] = host.split('-') as [string, string]
  const nets: Readonly<Record<string, number>> = { ns: 1, ct: 2, b0: 3, b1: 4, b2: 5 }
  const net = nets[kind]
  if (net === undefined) throw new Error(`machine ${host} is of no known kind`)
  return `10.0.${net}.${Number(number) + 1}`
}

/** The plan that users of such a config get. */
export function planOf(config: FleetConfig): Plan {
  const { nameServers, controllers, groups, settings } = config
  const controllerHosts = controllers?.mode === 'standalone' ? controllers.hosts : []
  const hosts = [...new Set([...nameServers, ...controllerHosts, ...groups.flatMap((group) => group.hosts)])]
  const input = {
    name: 'c',
    hosts: hosts.map((name) => ({ name, address: addressOfHost(name) })),
    nameServers: [...nameServers],
    ...(controllers === undefined
      ? {}
      : {
          controllers: {
            mode: controllers.mode,
            replicas: controllers.mode === 'embedded' ? controllers.count : [...controllers.hosts],
          },
        }),
    groups: groups.map(({ name, hosts: pinned, replication, flush, settings: own }) => ({
      name,
      replicas: pinned.length,
      hosts: [...pinned],
      replication,
      flush,
      config: { ...own },
    })),
    // As many queues as the topics that are made have: a send may come first, and an operator may not take queues away.
    brokerConfig: { defaultTopicQueueNums: 2, ...settings },
    ports: { controller: CONTROLLER_PORT },
  }
  return planCluster(parseClusterConfig(input), { localDataDir: '/data' })
}
