import assert from 'node:assert/strict'
import type { Random } from '../io/random.ts'
import { type EntryId, isAsUpToDate } from './entry.ts'
import type { HardState, Lost } from './hard-state.ts'
import { FOUNDER_STORE, type Member, type Membership, memberOf, UNFOUNDED, votersOf } from './membership.ts'
import type { Message, MessageDraft, SnapshotInfo } from './message.ts'
import { Outbox } from './outbox.ts'
import type { RaftLog } from './raft-log.ts'
import type { RaftSettings } from './raft-settings.ts'
import type { ConfirmedRead } from './read-index.ts'

/** A snapshot that came from the leader, whole. */
export interface ReceivedSnapshot {
  readonly info: SnapshotInfo
  readonly bytes: Uint8Array
}

/** Where the leader reads the snapshot it sends to a follower that is too far behind. */
export interface SnapshotSource {
  /** The latest one, undefined when there is none. */
  latest(): SnapshotInfo | undefined
  /** Undefined when the snapshot at `index` has been replaced meanwhile. */
  read(index: number, offset: number, length: number): Uint8Array | undefined
}

/** What a node is whatever its role. */
export class NodeState {
  readonly selfId: string
  readonly settings: RaftSettings
  readonly random: Random
  readonly log: RaftLog
  readonly snapshots: SnapshotSource
  readonly outbox = new Outbox()
  readonly trace: (line: string) => void
  leaderId: string | undefined
  /** A snapshot that is to be written. */
  received: ReceivedSnapshot | undefined
  /** A follower got other bytes than the snapshot's: the one on disk cannot be trusted. */
  isSnapshotDamaged = false
  /** May be answered once they are applied. */
  confirmedReads: ConfirmedRead[] = []
  /** The node has heard of a group that is founded: it waits to be let in. */
  mayFound = true
  #hard: HardState
  #isHardDirty = false
  #nowMs: number
  #heardLeaderMs = Number.NEGATIVE_INFINITY
  /** Kept whatever happens in between: a leader may answer reads by its lease until then. */
  #promisedUntilMs: number

  constructor(
    selfId: string,
    settings: RaftSettings,
    random: Random,
    log: RaftLog,
    snapshots: SnapshotSource,
    hard: HardState,
    nowMs: number,
    trace: (line: string) => void,
  ) {
    this.selfId = selfId
    this.settings = settings
    this.random = random
    this.log = log
    this.snapshots = snapshots
    this.trace = trace
    this.#hard = hard
    this.#nowMs = nowMs
    // What was promised before a restart is not known any more.
    const hasPromised = settings.clockDrift !== undefined && hard.term > 0
    this.#promisedUntilMs = hasPromised ? nowMs + settings.electionMinMs : Number.NEGATIVE_INFINITY
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Time never goes back, whatever the caller's clock does. */
  passTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs)
  }

  get term(): number {
    return this.#hard.term
  }

  get vote(): string | undefined {
    return this.#hard.vote
  }

  get store(): number {
    return this.#hard.store
  }

  get lost(): Lost | undefined {
    return this.#hard.lost
  }

  get hard(): HardState {
    return this.#hard
  }

  get promisedUntilMs(): number {
    return this.#promisedUntilMs
  }

  change(change: Partial<HardState>): void {
    const hard = { ...this.#hard, ...change }
    assert(hard.term >= this.#hard.term, 'the term never falls')
    assert(
      hard.term > this.#hard.term || this.#hard.vote === undefined || hard.vote === this.#hard.vote,
      'one vote in a term',
    )
    this.#hard = hard
    this.#isHardDirty = true
  }

  /** The hard state if it is to be written. */
  takeHard(): HardState | undefined {
    if (!this.#isHardDirty) return undefined
    this.#isHardDirty = false
    return this.#hard
  }

  get membership(): Membership {
    return this.log.membership
  }

  get voters(): readonly Member[] {
    return votersOf(this.membership)
  }

  /** 0 until the first membership is committed. */
  get cluster(): number {
    return this.log.commit === 0 ? UNFOUNDED : this.log.membershipAt(this.log.commit).cluster
  }

  /** Nothing has ever been agreed on, as far as this node knows. */
  get isUnfounded(): boolean {
    return this.log.lastIndex === 0
  }

  /** The membership counts on what this store promises. */
  get isCounted(): boolean {
    return this.#isCountedIn(this.membership)
  }

  #isCountedIn(membership: Membership): boolean {
    const self = memberOf(membership, this.selfId)
    return self?.isVoter === true && self.store === this.store
  }

  /**
   * The membership that leaves this node out may be known to nobody else: as long as it is not committed the others may need
   * this node's vote, which they do not get, for this node has the longer log. So it stands itself, and brings it to them
   * (Ongaro's dissertation on Raft, 4.2.2).
   */
  get #isLeaving(): boolean {
    const { log } = this
    return log.commit > 0 && log.membershipIndex > log.commit && this.#isCountedIn(log.membershipAt(log.commit))
  }

  /** Whether this node may stand for election. */
  get isPromotable(): boolean {
    if (this.lost !== undefined || this.received !== undefined) return false
    if (this.isCounted || this.#isLeaving) return true
    return this.isUnfounded && this.mayFound && memberOf(this.membership, this.selfId) !== undefined
  }

  get isOnlyVoter(): boolean {
    const { voters } = this
    return voters.length === 1 && voters[0]!.id === this.selfId
  }

  /** From a founding on, the store is one of the founders. */
  becomeFounder(): void {
    if (this.isUnfounded && this.store !== FOUNDER_STORE) this.change({ store: FOUNDER_STORE })
  }

  heardLeader(id: string): void {
    this.leaderId = id
    this.#heardLeaderMs = this.#nowMs
    if (this.settings.clockDrift !== undefined) this.#promisedUntilMs = this.#nowMs + this.settings.electionMinMs
  }

  /** The leader is alive as far as can be told, so nobody else is elected meanwhile. */
  get hearsLeader(): boolean {
    if (this.leaderId === this.selfId || this.#nowMs < this.#promisedUntilMs) return true
    return this.leaderId !== undefined && this.#nowMs - this.#heardLeaderMs < this.settings.electionMinMs
  }

  /** Whether a candidate has everything that this node has, or had and lost. */
  isBehind(last: EntryId): boolean {
    if (!isAsUpToDate(last, this.log.last)) return false
    const { lost } = this
    return lost === undefined || (lost.end !== undefined && isAsUpToDate(last, lost.end))
  }

  randomElectionMs(): number {
    const { electionMinMs, electionMaxMs } = this.settings
    return electionMinMs + this.random.below(electionMaxMs - electionMinMs + 1)
  }

  send(draft: MessageDraft): void {
    this.outbox.send(this.#stamped(draft))
  }

  /** Leaves once everything that is to be written now is durable. */
  sendDurable(draft: MessageDraft): void {
    this.outbox.sendDurable(this.#stamped(draft))
  }

  /**
   * Damage is repaired once the log durably has everything again that the node may have promised: it is as far as it was,
   * or, when that is not known, an entry is committed of a leader that was elected without this node's promises.
   */
  checkRepaired(): void {
    const { lost, log } = this
    if (lost === undefined || this.received !== undefined) return
    const index = lost.end === undefined ? Math.min(log.commit, log.stable) : log.stable
    const whole = { index, term: log.termAt(index)! }
    if (lost.end === undefined ? whole.term < lost.term : !isAsUpToDate(whole, lost.end)) return
    this.trace('has everything again that damage took')
    this.change({ lost: undefined })
  }

  #stamped(draft: MessageDraft): Message {
    return { ...draft, from: this.selfId, store: this.store, cluster: this.cluster }
  }
}
