import { isLoopback } from '../address.ts'
import type { Plan, Programs } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { liveSettings } from './node-settings.ts'

/** What becomes of a node between two plans. */
export type NodeChange =
  | { readonly kind: 'none'; readonly node: PlanNode; readonly from: PlanNode }
  /** Every setting that changes takes effect without a restart. */
  | {
      readonly kind: 'live'
      readonly node: PlanNode
      readonly from: PlanNode
      readonly settings: Record<string, string>
    }
  /** Same machine and folder; `why` names what is different. */
  | { readonly kind: 'restart'; readonly node: PlanNode; readonly from: PlanNode; readonly why: string }
  /** Another machine or folder, where its data is not. */
  | { readonly kind: 'move'; readonly node: PlanNode; readonly from: PlanNode }
  | { readonly kind: 'add'; readonly node: PlanNode }
  | { readonly kind: 'remove'; readonly from: PlanNode }

/** Loopback addresses are all of one machine. */
const isSameMachine = (from: PlanNode, to: PlanNode): boolean =>
  from.host === to.host || (isLoopback(from.address) && isLoopback(to.address))

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)

/** The program of a node, as far as the plan says which one it is. */
const programOf = ({ engine }: PlanNode, { runtimeBin, apacheHome, apacheHeap }: Programs): readonly unknown[] =>
  engine === 'apache' ? [apacheHome, apacheHeap] : [runtimeBin]

/** Why a node cannot go on as the process that it is; undefined when it can, but for its conf file. */
const whyRestart = (from: PlanNode, to: PlanNode, before: Plan, after: Plan): string | undefined => {
  if (from.engine !== to.engine) return `engine ${from.engine} -> ${to.engine}`
  if (!isSame(programOf(from, before.programs), programOf(to, after.programs))) return 'other program'
  if (from.port !== to.port) return `port ${from.port} -> ${to.port}`
  if (!isSame([from.nodeOptions, from.javaOptions], [to.nodeOptions, to.javaOptions])) return 'flags of its program'
  if (from.confFile.path !== to.confFile.path) return 'path of its conf file'
  if (from.address !== to.address) return `address ${from.address} -> ${to.address}`
  return undefined
}

const changeOf = (from: PlanNode, node: PlanNode, before: Plan, after: Plan): NodeChange => {
  if (!isSameMachine(from, node) || from.dataDir !== node.dataDir) return { kind: 'move', node, from }
  const why = whyRestart(from, node, before, after)
  if (why !== undefined) return { kind: 'restart', node, from, why }
  if (from.confFile.text === node.confFile.text) return { kind: 'none', node, from }
  const settings = liveSettings(from, node)
  return settings === undefined
    ? { kind: 'restart', node, from, why: 'settings of its conf file' }
    : { kind: 'live', node, from, settings }
}

/** Every node of both plans by id: those that stay or come in the order of the wanted plan, then those that go. */
export const nodeChanges = (before: Plan, after: Plan): Map<string, NodeChange> => {
  const old = new Map(before.nodes.map((node) => [node.id, node]))
  const kept = after.nodes.map((node): [string, NodeChange] => {
    const from = old.get(node.id)
    return [node.id, from === undefined ? { kind: 'add', node } : changeOf(from, node, before, after)]
  })
  const wanted = new Set(after.nodes.map(({ id }) => id))
  const gone = before.nodes
    .filter(({ id }) => !wanted.has(id))
    .map((from): [string, NodeChange] => [from.id, { kind: 'remove', from }])
  return new Map([...kept, ...gone])
}
