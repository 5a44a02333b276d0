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
    const { isSyncFlush } = this.#cluster.shape
    for (const node of this.#cluster.brokers) {
      if (node.group !== name || node.broker === undefined) continue
      const { brokerId } = node
      if (!group.syncStateSet.includes(brokerId)) {
        node.mayLackEnd = false
        continue
      }
      const { flushedOffset, writtenOffset } = node.broker.store
      const held = isSyncFlush ? flushedOffset : writtenOffset
      if (held >= confirmed || node.mayLackEnd) continue
      // One whose disk was emptied is another replica, of another id.
      if (group.replicas.find((replica) => replica.brokerId === brokerId)?.address !== node.address) continue
      throw new Error(
        `SyncStateSet: ${node.machine.name} (${brokerId}) is in {${group.syncStateSet}} of ${name}, epoch ` +
          `${group.masterEpoch}/${group.syncStateSetEpoch}, and holds ${held} of what is confirmed up to ${confirmed}`,
      )
    }
  }
}
