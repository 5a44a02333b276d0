import { MASTER_ID } from '../../../runtime/codec/route/route-data.ts'
import type { Plan } from '../../plan/plan.ts'
import { type BrokerNode, isFixedMaster, type PlanNode, roleName } from '../../plan/plan-node.ts'
import type { ClusterProbe } from '../health/cluster-probe.ts'
import { advertisedAddress, nodeAddress } from '../health/node-health.ts'
import type { NodePhase } from '../platform.ts'
import type { NodeState } from './cluster-state.ts'

/** One row of the cluster table: plain data, ready to be printed or given out as JSON. */
export interface NodeView {
  readonly cluster: string
  readonly node: string
  /** brokerName; brokers only. */
  readonly group?: string
  readonly brokerId?: number
  readonly role: string
  /** Where clients reach it. */
  readonly address: string
  readonly pid?: number
  readonly phase: NodePhase
  readonly restarts: number
  readonly trouble?: string
  /** Messages per second taken in, over the last ten seconds. */
  readonly inTps?: number
  /** Messages per second given out, over the last ten seconds. */
  readonly outTps?: number
  /** Bytes of commit log a slave has not got yet. */
  readonly lagBytes?: number
}

type RuntimeInfo = ReadonlyMap<string, string>

/** What the nodes themselves say. */
export interface LiveFigures {
  /** Runtime tables of the brokers that answered, by id of the node. */
  readonly infos: ReadonlyMap<string, RuntimeInfo>
  /** brokerIds of elected brokers as a NameServer has them, 0 for the master of now, by id of the node. */
  readonly brokerIds: ReadonlyMap<string, number>
}

/** The first of the three figures (10 s, 1 min, 10 min) of a TPS entry. */
function firstTps(info: RuntimeInfo | undefined, key: string): number | undefined {
  const text = info?.get(key)?.trim().split(' ')[0]
  const value = text === undefined || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : undefined
}

function offsetMax(info: RuntimeInfo | undefined): number | undefined {
  const text = info?.get('commitLogMaxOffset')
  return text === undefined ? undefined : Number(text)
}

/** Leaves out what is not known, as exactOptionalPropertyTypes demands. */
function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

function brokerFigures(node: BrokerNode, infos: LiveFigures['infos'], master: string | undefined) {
  const info = infos.get(node.id)
  const own = offsetMax(info)
  const masters = master === undefined || master === node.id ? undefined : offsetMax(infos.get(master))
  return known({
    inTps: firstTps(info, 'putTps'),
    outTps: firstTps(info, 'getTransferredTps'),
    lagBytes: own === undefined || masters === undefined ? undefined : Math.max(0, masters - own),
  })
}

/** The role that an elected broker has at the moment; REPLICA while it has none. */
function roleNow(node: BrokerNode, brokerId: number | undefined): string {
  if (node.role !== 'REPLICA' || brokerId === undefined) return roleName(node)
  return brokerId === MASTER_ID ? 'MASTER' : 'SLAVE'
}

/** Puts together what the plan says, what the supervisor knows and what the brokers answered. */
export function viewCluster(
  plan: Plan,
  states: ReadonlyMap<string, NodeState>,
  { infos, brokerIds }: LiveFigures,
): NodeView[] {
  const masterIds = new Map<string, string>()
  for (const node of plan.nodes) {
    if (node.kind !== 'broker') continue
    if (isFixedMaster(node) || brokerIds.get(node.id) === MASTER_ID) masterIds.set(node.group, node.id)
  }
  return plan.nodes.map((node: PlanNode): NodeView => {
    const state = states.get(node.id)
    const common = {
      cluster: plan.cluster,
      node: node.id,
      address: advertisedAddress(node),
      phase: state?.phase ?? 'stopped',
      restarts: state?.restarts ?? 0,
      ...known({ pid: state?.process?.pid, trouble: state?.trouble }),
    }
    if (node.kind !== 'broker') return { ...common, role: roleName(node) }
    const { group } = node
    const brokerId = node.brokerId ?? brokerIds.get(node.id)
    const figures = brokerFigures(node, infos, masterIds.get(group))
    return { ...common, group, role: roleNow(node, brokerId), ...known({ brokerId }), ...figures }
  })
}

/** Which brokerId each elected broker has, by the first NameServer that answers. */
async function askBrokerIds(
  probe: ClusterProbe,
  plan: Plan,
  states: ReadonlyMap<string, NodeState>,
): Promise<ReadonlyMap<string, number>> {
  const elected = plan.nodes.filter((node) => node.kind === 'broker' && node.role === 'REPLICA') as BrokerNode[]
  if (elected.length === 0) return new Map()
  const nameServers = plan.nodes.filter(({ id, kind }) => kind === 'nameServer' && states.get(id)?.phase === 'healthy')
  const answers = await Promise.allSettled(nameServers.map((node) => probe.brokerTable(nodeAddress(node))))
  const table = answers.find((answer) => answer.status === 'fulfilled')?.value
  const ids = new Map<string, number>()
  for (const node of elected) {
    // A dead broker may be known for a while.
    if (states.get(node.id)?.phase !== 'healthy') continue
    for (const [brokerId, address] of table?.get(node.group) ?? []) {
      if (address === advertisedAddress(node)) ids.set(node.id, brokerId)
    }
  }
  return ids
}

/** Asks the nodes that are healthy; what is not answered is left out. */
export async function askFigures(
  probe: ClusterProbe,
  plan: Plan,
  states: ReadonlyMap<string, NodeState>,
): Promise<LiveFigures> {
  const [infos, brokerIds] = await Promise.all([
    askRuntimeInfos(probe, plan, states),
    askBrokerIds(probe, plan, states),
  ])
  return { infos, brokerIds }
}

async function askRuntimeInfos(
  probe: ClusterProbe,
  plan: Plan,
  states: ReadonlyMap<string, NodeState>,
): Promise<ReadonlyMap<string, RuntimeInfo>> {
  const brokers = plan.nodes.filter((node) => node.kind === 'broker' && states.get(node.id)?.phase === 'healthy')
  const answers = await Promise.allSettled(brokers.map((node) => probe.runtimeInfo(nodeAddress(node))))
  const infos = new Map<string, RuntimeInfo>()
  for (const [index, node] of brokers.entries()) {
    const answer = answers[index]
    if (answer?.status === 'fulfilled') infos.set(node.id, answer.value)
  }
  return infos
}
