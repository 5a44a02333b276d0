import type { Timer } from '../../io/clock.ts'
import type { Address } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import type { LinkOptions } from '../link/link-options.ts'
import { SlaveServer } from '../link/slave-server.ts'
import type { AutoSwitchConfig, AutoSwitchLog } from './auto-switch-log.ts'
import type { EpochHistory } from './epoch-history.ts'
import type { SlaveHandshake } from './frames.ts'
import { ReplicaLink, type ReplicaLinkOwner } from './replica-link.ts'
import { isSame, SyncStateSet } from './sync-state-set.ts'

/** A confirmed offset that no transfer carries goes out by itself so long after the last one. */
const TELL_CONFIRMED_AFTER_MS = 5
/** A wish for another SyncStateSet is repeated so often while it is not granted. */
const ASK_AGAIN_MS = 1_000

/** What changes while this broker is master. */
export interface MasterEvents {
  /** Acknowledged offsets advanced, or replicas came or went. */
  progressed(): void
  /** The SyncStateSet, which is the one of `setEpoch`, should be another one. */
  setWanted(wanted: ReadonlySet<number>, setEpoch: number): void
}

/** The master's side: serves replicas, and knows what they hold (official: AutoSwitchHAService). */
export class AutoSwitchMaster implements ReplicaLinkOwner {
  epochs: EpochHistory
  readonly #context: NetContext
  readonly #log: AutoSwitchLog
  readonly #config: AutoSwitchConfig & LinkOptions
  readonly #events: MasterEvents
  readonly #server: SlaveServer<ReplicaLink>
  /** Undefined while this broker is no master. */
  #set: SyncStateSet | undefined
  #isTellDue = false
  #tellTimer: Timer | undefined
  #askedSet: ReadonlySet<number> | undefined
  #askedMs = 0

  constructor(
    context: NetContext,
    log: AutoSwitchLog,
    config: AutoSwitchConfig & LinkOptions,
    epochs: EpochHistory,
    events: MasterEvents,
  ) {
    this.#context = context
    this.#log = log
    this.#config = config
    this.epochs = epochs
    this.#events = events
    const serve = (connection: ConstructorParameters<typeof ReplicaLink>[0]) =>
      new ReplicaLink(connection, context, log, config, this)
    this.#server = new SlaveServer(context, serve, (nowMs) => this.#keepHouse(nowMs))
  }

  get links(): ReadonlySet<ReplicaLink> {
    return this.#server.slaves
  }

  get syncStateSet(): SyncStateSet | undefined {
    return this.#set
  }

  /** As they are sent: what readers of this broker are shown. */
  get confirmOffset(): number {
    return this.#log.confirmOffset
  }

  listen(address: Address): Promise<Address> {
    return this.#server.listen(address)
  }

  close(): void {
    this.#set = undefined
    this.#tellTimer?.cancel()
    this.#server.close()
  }

  /** A term begins. Replicas that are connected already (this broker was master before) stay. */
  begin(selfId: number, epochs: EpochHistory, members: ReadonlySet<number>, setEpoch: number): void {
    const now = this.#context.clock.monotonic()
    const { confirmOffset } = this.#log
    this.epochs = epochs
    this.#askedSet = undefined
    this.#set = new SyncStateSet(
      selfId,
      members,
      setEpoch,
      confirmOffset,
      now,
      () => this.#config.haMaxTimeSlaveNotCatchup,
    )
    for (const link of this.links) {
      if (link.brokerId !== undefined) this.#count(link)
    }
    this.advance()
    // They learn the epoch at once.
    for (const link of this.links) if (link.isFed) link.tellConfirmed()
  }

  /** The term is over: nobody is served any more. */
  end(epochs: EpochHistory): void {
    this.epochs = epochs
    this.#set = undefined
    this.#isTellDue = false
    this.#tellTimer?.cancel()
    this.#server.disconnectAll(new Error('this broker is not the master any more'))
  }

  /** Called after each batch was written: every replica gets it in this turn. */
  pushAll(): void {
    this.advance()
    for (const link of this.links) link.push()
  }

  /** How far this broker itself holds the log as safely as its configuration wants it. */
  get safeOffset(): number {
    return this.#config.flushDiskType === 'SYNC_FLUSH' ? this.#log.flushedOffset : this.#log.writtenOffset
  }

  /** Confirms what all that count hold. */
  advance(): void {
    if (this.#set === undefined) return
    const before = this.#log.confirmOffset
    this.#log.confirm(this.#set.advance(this.safeOffset))
    if (this.#log.confirmOffset === before) return
    this.#isTellDue = true
    // Whoever waits for messages is served at the turn's end.
    this.#context.turn.touch()
  }

  /** At the end of the turn: replicas that got no transfer with it are told what is confirmed. */
  tellConfirmed(): void {
    if (!this.#isTellDue) return
    this.#isTellDue = false
    const now = this.#context.clock.monotonic()
    const { confirmOffset } = this.#log
    for (const link of this.links) {
      if (!link.isFed || link.toldOffset >= confirmOffset) continue
      if (now - link.lastSentMs >= TELL_CONFIRMED_AFTER_MS) link.tellConfirmed()
      else this.#tellLater()
    }
  }

  #tellLater(): void {
    this.#tellTimer ??= this.#context.clock.after(TELL_CONFIRMED_AFTER_MS, () => {
      this.#tellTimer = undefined
      this.#isTellDue = true
      this.tellConfirmed()
    })
  }

  /** What the controllers agreed to. */
  agreed(members: ReadonlySet<number>, setEpoch: number): void {
    const now = this.#context.clock.monotonic()
    if (this.#set?.agreed(members, setEpoch, now) !== true) return
    this.#context.logger.info({ syncStateSet: [...members], setEpoch }, 'SyncStateSet')
    this.#askedSet = undefined
    this.#setChanged()
  }

  refused(setEpoch: number): void {
    if (this.#set?.refused(setEpoch) === true) this.#setChanged()
  }

  greet(link: ReplicaLink, { brokerId, asyncLearner }: SlaveHandshake): string | undefined {
    const set = this.#set
    if (set === undefined) return 'this broker is not the master of its group'
    if (brokerId === set.selfId) return `the slave has the broker id of this master, ${brokerId}: one store was copied`
    for (const other of this.links) {
      if (other !== link && other.brokerId === brokerId) other.destroy(new Error(`broker ${brokerId} connected anew`))
    }
    set.connected(brokerId, asyncLearner, this.#context.clock.monotonic())
    return undefined
  }

  onAck(link: ReplicaLink): void {
    if (this.#set === undefined || link.brokerId === undefined) return
    this.#acked(link)
    this.advance()
    this.#events.progressed()
    if (this.#set.hasJoining) this.#askIfWanted()
  }

  onClosed(link: ReplicaLink, error: Error | undefined): void {
    this.#server.slaves.delete(link)
    const { brokerId } = link
    this.#context.logger.info({ slave: link.remoteText, brokerId, reason: error?.message }, 'slave disconnected')
    if (this.#set === undefined || brokerId === undefined) return
    if ([...this.links].some((other) => other.brokerId === brokerId)) return
    this.#set.disconnected(brokerId)
    this.#setChanged()
  }

  #count(link: ReplicaLink): void {
    this.#set!.connected(link.brokerId!, link.isLearner, this.#context.clock.monotonic())
    if (link.ackOffset >= 0) this.#acked(link)
  }

  #acked(link: ReplicaLink): void {
    const { writtenOffset } = this.#log
    const startOffset = this.epochs.last?.startOffset ?? 0
    this.#set!.acked(link.brokerId!, link.ackOffset, writtenOffset, startOffset, this.#context.clock.monotonic())
  }

  #setChanged(): void {
    this.advance()
    this.#events.progressed()
    this.#askIfWanted()
  }

  #keepHouse(nowMs: number): void {
    if (this.#set === undefined) return
    this.#set.keepHouse(nowMs)
    this.#setChanged()
  }

  #askIfWanted(): void {
    const set = this.#set!
    const now = this.#context.clock.monotonic()
    const wanted = set.wanted(this.#log.writtenOffset, now)
    if (wanted === undefined) return
    if (this.#askedSet !== undefined && isSame(wanted, this.#askedSet) && now - this.#askedMs < ASK_AGAIN_MS) return
    this.#askedSet = wanted
    this.#askedMs = now
    set.asked(wanted)
    this.#events.setWanted(wanted, set.epoch)
  }
}
