import type { BrokerGroup } from '../../../runtime/controller/state/broker-group.ts'
import type { BrokerNode } from '../nodes/broker-node.ts'
import type { Cluster } from '../scenarios/cluster.ts'

/** Every member of a SyncStateSet, any of which may be elected, holds everything that was confirmed. */
export class SyncStateCheck {
  readonly #cluster: Cluster
  /** By group, the furthest that any replica ever showed messages. */
  readonly #confirmed = new Map<string, number>()
  /** By group, the newest that any controller knew of. */
  readonly #agreed = new Map<string, BrokerGroup>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /**
   * What the controllers agreed on last about a group, as far as one of them that runs knows it or ever did: those that know
   * it may be down, and one that has just started may not have been told yet what was decided last.
   */
  agreed(name: string): BrokerGroup | undefined {
    let newest = this.#agreed.get(name)
    for (const { controller } of this.#cluster.runningControllers) {
      const group = controller.state.groups.get(name)
      if (group === undefined) continue
      const isNewer =
        newest === undefined ||
        group.masterEpoch > newest.masterEpoch ||
        (group.masterEpoch === newest.masterEpoch && group.syncStateSetEpoch > newest.syncStateSetEpoch)
      if (isNewer) newest = group
    }
    if (newest !== undefined) this.#agreed.set(name, newest)
    return newest
  }

  check(changed: BrokerNode): void {
    const name = changed.group
    const confirmed = Math.max(this.#confirmed.get(name) ?? 0, changed.broker!.store.confirmOffset)
    this.#confirmed.set(name, confirmed)
    const group = this.agreed(name)
    if (group === undefined) return
    for (const node of this.#cluster.groupOf(name)) {
      if (node.mayLackEnd && node.broker !== undefined && !group.syncStateSet.includes(node.brokerId))
        node.mayLackEnd = false
    }
    for (const brokerId of group.syncStateSet) {
      const address = group.replicas.find((replica) => replica.brokerId === brokerId)?.address
      const node = this.#cluster.brokers.find((one) => one.address === address)
      // One whose disk was emptied is another replica, of another id.
      if (node?.broker === undefined || node.brokerId !== brokerId || node.mayLackEnd) continue
      const { flushedOffset, writtenOffset } = node.broker.store
      const held = this.#cluster.shape.isSyncFlush ? flushedOffset : writtenOffset
      if (held >= confirmed) continue
      throw new Error(
        `SyncStateSet: ${node.machine.name} (${brokerId}) is in {${group.syncStateSet}} of ${name}, epoch ` +
          `${group.masterEpoch}/${group.syncStateSetEpoch}, and holds ${held} of what is confirmed up to ${confirmed}`,
      )
    }
  }
}
