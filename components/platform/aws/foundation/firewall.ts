import type { PlanNode } from '../../../plan/plan-node.ts'
import type { ClusterConfig } from '../../../plan/schema/cluster-config.ts'

/** Who has a security group. The balancer stands before the proxies, if there is one. */
export type Guarded = PlanNode['kind'] | 'balancer'
/** Who may open connections. */
export type Caller = Guarded | 'clients' | 'operators'

/** Connections that are let through; all others are not. */
export interface Flow {
  readonly from: Caller
  readonly to: Guarded
  readonly port: number
  /** What for, in a few words. */
  readonly purpose: string
}

export interface FirewallFacts {
  readonly ports: ClusterConfig['ports']
  /** Where controllers run, if there are any. */
  readonly controllers: 'embedded' | 'standalone' | undefined
  readonly hasProxies: boolean
  /** Of the proxies: that of gRPC, and the remoting port where their engine has one. */
  readonly proxyPorts: readonly number[]
  /** Counts only where there are proxies. */
  readonly hasBalancer: boolean
}

/** What there is to guard: nothing is opened for what the cluster does not have. */
export function guardedKinds({ controllers, hasProxies, hasBalancer }: FirewallFacts): Guarded[] {
  return [
    'nameServer',
    ...(controllers === 'standalone' ? (['controller'] as const) : []),
    'broker',
    ...(hasProxies ? (['proxy'] as const) : []),
    ...(hasProxies && hasBalancer ? (['balancer'] as const) : []),
  ]
}

const flowsTo = (to: Guarded, ports: readonly number[], callers: readonly Caller[], purpose: string): Flow[] =>
  ports.flatMap((port) => callers.map((from) => ({ from, to, port, purpose })))

/** On an instance of its own the first replica of a group has the first port and every other one the next. */
const brokerPorts = ({ broker, brokerStep }: ClusterConfig['ports']): number[] => [broker, broker + brokerStep]

function controllerFlows({ ports, controllers }: FirewallFacts): Flow[] {
  if (controllers === undefined) return []
  const home = controllers === 'embedded' ? 'nameServer' : 'controller'
  return [
    ...flowsTo(home, [ports.controller], ['broker', 'operators'], 'controller'),
    ...flowsTo(home, [ports.controller], [home], 'controllers among themselves'),
    // A new master is told so on the port that clients use.
    ...flowsTo('broker', brokerPorts(ports), [home], 'change of roles'),
  ]
}

function proxyFlows({ proxyPorts, hasBalancer }: FirewallFacts): Flow[] {
  const callers: Caller[] = ['clients', 'operators']
  if (!hasBalancer) return flowsTo('proxy', proxyPorts, callers, 'clients of the proxy')
  return [
    ...flowsTo('balancer', proxyPorts, callers, 'clients of the proxies'),
    ...flowsTo('proxy', proxyPorts, ['balancer', 'operators'], 'clients of the proxy'),
  ]
}

/** Everything that has to be let through for a cluster to work, and nothing else. */
export function flowsOf(facts: FirewallFacts): Flow[] {
  const { ports } = facts
  const listen = brokerPorts(ports)
  const there: readonly Caller[] = [...guardedKinds(facts), 'clients', 'operators']
  const all = [
    ...flowsTo('nameServer', [ports.nameServer], ['clients', 'operators', 'broker', 'proxy'], 'NameServer'),
    ...flowsTo('broker', listen, ['clients', 'operators', 'proxy', 'broker'], 'requests'),
    // listenPort - 2: what clients with vipChannelEnabled use.
    ...flowsTo(
      'broker',
      listen.map((port) => port - 2),
      ['clients', 'operators', 'proxy'],
      'requests on the second port',
    ),
    ...flowsTo(
      'broker',
      listen.map((port) => port + 1),
      ['broker'],
      'replication',
    ),
    ...controllerFlows(facts),
    ...proxyFlows(facts),
  ]
  return all.filter(({ from, to }) => there.includes(from) && there.includes(to))
}
