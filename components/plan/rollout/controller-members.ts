import { parsePeers } from '../../../runtime/config/controller-peers.ts'
import type { Plan } from '../plan.ts'
import type { PlanNode } from '../plan-node.ts'
import { settingsOf } from './node-settings.ts'

/** A controller of the group, and the node whose process it is in. */
export interface ControllerMember {
  /** controllerDLegerSelfId, e.g. `n0`. */
  readonly id: string
  /** `host:port` */
  readonly address: string
  readonly node: PlanNode
}

/** The controller that a node runs; undefined for a node without. */
export const controllerMember = (node: PlanNode): ControllerMember | undefined => {
  if (node.kind !== 'controller' && node.kind !== 'nameServer') return undefined
  const settings = settingsOf(node)
  const id = settings.get('controllerDLegerSelfId')
  const { peers } = parsePeers(settings.get('controllerDLegerPeers') ?? '')
  const address = peers.find((peer) => peer.id === id)?.address
  return id === undefined || address === undefined ? undefined : { id, address, node }
}

/** The controllers of a plan by their id. */
export const controllersOf = ({ nodes }: Pick<Plan, 'nodes'>): Map<string, ControllerMember> =>
  new Map(nodes.flatMap((node) => controllerMember(node) ?? []).map((member) => [member.id, member]))
