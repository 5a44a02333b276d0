import { isLoopback } from '../address.ts'
import { type Plan, programsFor } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { changedKeys, liveSettings } from './node-settings.ts'

/** What becomes of a node that is in both plans. */
export type NodeChange<N extends PlanNode = PlanNode> =
  | { readonly kind: 'none'; readonly node: N; readonly from: N }
  /** Every setting that changes takes effect without a restart. */
  | { readonly kind: 'live'; readonly node: N; readonly from: N; readonly settings: Record<string, string> }
  /** Same machine and folder; `why` says what is different. */
  | { readonly kind: 'restart'; readonly node: N; readonly from: N; readonly why: string }
  /** Another machine or folder, where its data is not. */
  | { readonly kind: 'move'; readonly node: N; readonly from: N; readonly why: string }

/** Loopback addresses are all of one machine. */
const isSameMachine = (from: PlanNode, to: PlanNode): boolean =>
  from.host === to.host || (isLoopback(from.address) && isLoopback(to.address))

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right)

/** The program of a node, as far as the plan says which one it is. */
const programOf = (node: PlanNode, plan: Plan): readonly unknown[] => {
  const { runtimeBin, image, apacheHome, apacheImage, apacheHeap } = programsFor(plan, node.id)
  return node.engine === 'apache' ? [apacheHome, apacheImage, apacheHeap] : [runtimeBin, image]
}

/** Why a node cannot go on as the process that it is; undefined when it can, but for its conf file. */
const whyRestart = (from: PlanNode, to: PlanNode, before: Plan, after: Plan): string | undefined => {
  if (from.engine !== to.engine) return `engine ${from.engine} -> ${to.engine}`
  if (!isSame(programOf(from, before), programOf(to, after))) return 'another version of its program'
  if (from.port !== to.port) return `port ${from.port} -> ${to.port}`
  if (from.address !== to.address) return `address ${from.address} -> ${to.address}`
  if (!isSame([from.nodeOptions, from.javaOptions], [to.nodeOptions, to.javaOptions])) return 'flags of its program'
  if (!isSame(from.tls, to.tls)) return 'how it speaks TLS'
  return from.confFile.path === to.confFile.path ? undefined : 'the path of its conf file'
}

const whyMove = (from: PlanNode, to: PlanNode): string | undefined => {
  if (!isSameMachine(from, to)) return `host ${from.host} -> ${to.host}`
  return from.dataDir === to.dataDir ? undefined : `folder ${from.dataDir} -> ${to.dataDir}`
}

const shownKeysMax = 4

const keysInWords = (keys: readonly string[]): string => {
  if (keys.length === 0) return 'its conf file'
  const more = keys.length > shownKeysMax ? ` and ${keys.length - shownKeysMax} more` : ''
  return `${keys.slice(0, shownKeysMax).join(', ')}${more}`
}

/** @param before the plan `from` is of; `after` the one of `node` */
export const nodeChange = <N extends PlanNode>(from: N, node: N, before: Plan, after: Plan): NodeChange<N> => {
  const moved = whyMove(from, node)
  if (moved !== undefined) return { kind: 'move', node, from, why: moved }
  const why = whyRestart(from, node, before, after)
  if (why !== undefined) return { kind: 'restart', node, from, why }
  if (from.confFile.text === node.confFile.text) return { kind: 'none', node, from }
  const settings = liveSettings(from, node)
  return settings === undefined
    ? { kind: 'restart', node, from, why: keysInWords(changedKeys(from, node)) }
    : { kind: 'live', node, from, settings }
}
