import type { Implementation } from '../dynamic/implementation.ts'
import { isSameValue } from '../dynamic/same-value.ts'
import type { PlanNode } from '../plan/plan-node.ts'
import { makeWay } from './make-way.ts'

export interface NodeGateInputs {
  readonly node: PlanNode
  /** `host:port` each, as they are reached from here. */
  readonly nameServers: readonly string[]
  /** Changes when the node's machine is about to be replaced. */
  readonly spec: string
  readonly readyTimeoutMs: number
  readonly staleRouteMs?: number
}

/** Stands before what somebody else's provider replaces: by then the node that runs there has made way. */
export const nodeGateImplementation: Implementation<NodeGateInputs, NodeGateInputs> = {
  async diff(olds, news) {
    return { changes: !isSameValue(olds, news) }
  },
  async create(news) {
    return { id: news.node.id, outs: news }
  },
  async read(_, known) {
    return known
  },
  async update(olds, news) {
    if (olds.spec === news.spec) return news
    const { nameServers, readyTimeoutMs: timeoutMs, staleRouteMs } = news
    // NameServers that are new do not know the node yet, and those that have gone know nothing any more.
    const lasting = nameServers.filter((address) => olds.nameServers.includes(address))
    await makeWay({ node: olds.node, nameServers: lasting, timeoutMs, staleRouteMs })
    return news
  },
  async delete() {
    // There is nothing but the moment.
  },
}
