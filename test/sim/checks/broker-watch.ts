import type { BrokerNode, BrokerWatcher } from '../nodes/broker-node.ts'
import { type Cluster, TOPIC } from '../scenarios/cluster.ts'
import type { CrashKind } from '../sim-disk.ts'
import { idsIn } from './store-contents.ts'
import { SyncStateCheck } from './sync-state-check.ts'

/** An emptied slave is started again after this. */
const REPLACED_MS = 200

/** Smaller is no message of a topic. */
const RECORD_BYTES_MIN = 92

/** What was seen of one life of a broker. */
interface Seen {
  confirmOffset: number
  epoch: number
}

/** Watches every broker after everything that happens in it. */
export class BrokerWatch implements BrokerWatcher {
  readonly #cluster: Cluster
  readonly #seen = new Map<BrokerNode, Seen>()
  /** Who was master in an epoch, by group and epoch. */
  readonly #masters = new Map<string, string>()
  /** End of a classic master's log when its power was cut. */
  readonly #endAtCut = new Map<string, number>()
  /** What of a classic master's log was durable when its process ended last. */
  readonly #flushedAtEnd = new Map<string, number>()

  /** The most that any slave of a classic master held at any time. */
  readonly #heldBySlaves = new Map<string, number>()
  readonly syncStateSets: SyncStateCheck

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.syncStateSets = new SyncStateCheck(cluster)
  }

  started(node: BrokerNode): void {
    this.#seen.set(node, { confirmOffset: 0, epoch: 0 })
    if (this.#isClassicMaster(node)) this.#masterIsBack(node)
  }

  ending(node: BrokerNode, kind: CrashKind): void {
    if (!this.#isClassicMaster(node)) return
    const { group, broker } = node
    const { ledger, shape } = this.#cluster
    // A start that ends before the log was opened has made nothing durable.
    const flushedOffset = broker?.store.flushedOffset ?? this.#flushedAtEnd.get(group) ?? 0
    this.#flushedAtEnd.set(group, flushedOffset)
    if (kind === 'process') return
    this.#endAtCut.set(group, broker?.store.writtenOffset ?? this.#endAtCut.get(group) ?? Number.POSITIVE_INFINITY)
    ledger.mayLose(group, flushedOffset, shape.isSyncFlush)
    // It may stand behind the end of what the log will be: what is stored there then is not for it alone to skip.
    this.#cluster.startConsumersAnew()
  }

  acted(node: BrokerNode): void {
    const broker = node.broker!
    const seen = this.#seen.get(node)!
    const { confirmOffset } = broker.store
    if (this.#cluster.shape.controllers === 0) {
      const held = this.#heldBySlaves.get(node.group) ?? 0
      if (!broker.isMaster) this.#heldBySlaves.set(node.group, Math.max(held, broker.store.writtenOffset))
      return
    }
    // The beginning of a blank at the end of a file may be taken back, but no message.
    if (confirmOffset <= seen.confirmOffset - RECORD_BYTES_MIN) {
      throw new Error(`${node.machine.name}: confirmOffset went back from ${seen.confirmOffset} to ${confirmOffset}`)
    }
    seen.confirmOffset = confirmOffset
    const epoch = broker.masterEpoch ?? 0
    if (epoch < seen.epoch) throw new Error(`${node.machine.name}: epoch went back from ${seen.epoch} to ${epoch}`)
    seen.epoch = epoch
    if (broker.isMaster) this.#checkMaster(node, epoch)
    this.syncStateSets.check(node)
  }

  /** A SYNC_MASTER has told a client that a message is safe. */
  acknowledged(group: string, id: number, phyOffset: number): void {
    if (this.#cluster.shape.scenario !== 'master-slave-sync') return
    const held = this.#heldBySlaves.get(group) ?? 0
    if (held <= phyOffset)
      throw new Error(`message ${id} at ${phyOffset} is acknowledged, and no slave has more than ${held}`)
  }

  #checkMaster({ group, machine }: BrokerNode, epoch: number): void {
    const key = `${group}@${epoch}`
    const known = this.#masters.get(key)
    if (known === undefined) {
      this.#masters.set(key, machine.name)
      this.#cluster.world.trace.line(`${machine.name}: is master of ${group}, epoch ${epoch}`)
    } else if (known !== machine.name) {
      throw new Error(`two masters: ${known} and ${machine.name} are masters of ${group} in epoch ${epoch}`)
    }
  }

  #isClassicMaster({ conf }: BrokerNode): boolean {
    return !conf.enableControllerMode && conf.brokerRole !== 'SLAVE'
  }

  /** What it has lost its slaves may have, and what it stores now will stand in its place: they are emptied. */
  #masterIsBack(node: BrokerNode): void {
    const { ledger, world } = this.#cluster
    const { store } = node.broker!
    ledger.recovered(node.group, (queueId) => idsIn(store, TOPIC, queueId, ledger.sentCount, node.machine.name))
    const endBefore = this.#endAtCut.get(node.group)
    this.#endAtCut.delete(node.group)
    if (endBefore === undefined || store.writtenOffset >= endBefore) return
    // What a slave has told the consumer, and is still on its way, speaks of what is gone.
    this.#cluster.startConsumersAnew()
    for (const slave of this.#cluster.groupOf(node.group)) {
      if (slave === node) continue
      slave.kill('process')
      slave.machine.wipe()
      world.queue.after(REPLACED_MS, () => slave.start())
    }
  }
}
