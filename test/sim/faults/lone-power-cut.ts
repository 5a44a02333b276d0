import type { BrokerNode } from '../nodes/broker-node.ts'
import type { FaultContext } from './fault.ts'

/** Other faults wait so long for the replica to be back in the SyncStateSet. */
const QUIET_MAX_MS = 6000
const LOOK_EVERY_MS = 50

/**
 * With ASYNC_FLUSH the power of one machine may be cut, and nothing is lost: another replica holds what that one had only in
 * memory. Of two misfortunes at a time that is not said, so nothing else happens until the replica is a member again.
 */
export class LonePowerCut {
  readonly #context: FaultContext
  isUnderWay = false

  constructor(context: FaultContext) {
    this.#context = context
  }

  begin(): void {
    const { cluster, count } = this.#context
    const { world } = cluster
    // A rollout would restart other replicas meanwhile.
    if (cluster.shape.scenario === 'rollout-controller') return
    const node = world.pick(cluster.brokers)!
    if (cluster.shape.controllers === 0 || cluster.shape.isSyncFlush || !this.#isAllWell(node)) return
    count('lone power cut')
    this.isUnderWay = true
    node.mayLackEnd = true
    node.kill(world.pick(['power', 'power-worst'] as const)!)
    world.queue.after(world.between(5, 1500), () => {
      node.start()
      this.#lookAfter(node, world.nowMs + QUIET_MAX_MS)
    })
  }

  #isAllWell(node: BrokerNode): boolean {
    const { cluster } = this.#context
    const { world } = cluster
    const isHeldUp = world.machines.some(({ pausedUntilMs }) => pausedUntilMs > world.nowMs)
    const areUp = cluster.nodes.every(({ isStaying }) => isStaying)
    return areUp && !isHeldUp && world.network.links.isWhole && this.#isMember(node)
  }

  /** Of a set of two at least. */
  #isMember(node: BrokerNode): boolean {
    const set = this.#context.cluster.watch.syncStateSets.agreed(node.group)?.syncStateSet ?? []
    return set.length > 1 && set.includes(node.brokerId)
  }

  #lookAfter(node: BrokerNode, limitMs: number): void {
    const { world } = this.#context.cluster
    this.isUnderWay = world.nowMs < limitMs && !(node.broker !== undefined && !node.mayLackEnd && this.#isMember(node))
    if (this.isUnderWay) world.queue.after(LOOK_EVERY_MS, () => this.#lookAfter(node, limitMs))
  }
}
