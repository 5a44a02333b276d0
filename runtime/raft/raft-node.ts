import assert from 'node:assert/strict'
import type { Random } from '../io/random.ts'
import { Candidate } from './candidate.ts'
import type { MembershipChange, Peer } from './consensus.ts'
import { type Entry, type EntryId, NO_ENTRY } from './entry.ts'
import { Follower } from './follower.ts'
import type { HardState } from './hard-state.ts'
import { Leader } from './leader.ts'
import { foundingMembership, type Membership, UNFOUNDED } from './membership.ts'
import type { Message } from './message.ts'
import { NodeState, type ReceivedSnapshot, type SnapshotSource } from './node-state.ts'
import type { Progress } from './progress.ts'
import { RaftLog } from './raft-log.ts'
import type { RaftSettings } from './raft-settings.ts'
import type { ConfirmedRead } from './read-index.ts'
import type { Refusal } from './refusal.ts'
import type { RoleChanges, RoleName } from './role.ts'
import { answerPreVote, answerVote } from './voting.ts'

/** What storage found, all of it durable. */
export interface RestoredState {
  readonly hard: HardState
  /** What the log begins behind; undefined: the beginning. */
  readonly snapshot: (EntryId & { readonly membership: Membership }) | undefined
  readonly entries: readonly Entry[]
  readonly commit: number
}

export interface RaftNodeOptions {
  readonly selfId: string
  /** Members of a group that is not founded yet, this node among them; afterwards the log says who belongs to it. */
  readonly peers: readonly Peer[]
  readonly settings: RaftSettings
  readonly random: Random
  readonly snapshots: SnapshotSource
  readonly restored: RestoredState
  readonly nowMs: number
  /** Told in words what happens, for logs and transcripts. */
  readonly trace?: (line: string) => void
}

/** To be made durable, in this order; then `durable(number)` is to be called. Writes are numbered one by one. */
export interface Write {
  readonly number: number
  readonly hard: HardState | undefined
  /** Replaces the log. */
  readonly snapshot: ReceivedSnapshot | undefined
  /** The first one may replace what stands at its index and behind it. */
  readonly entries: readonly Entry[]
  /** Of the entry before the first of them. */
  readonly previousTerm: number
  /** Known to be committed. */
  readonly commit: number
}

/** What is to be done now. */
export interface Ready {
  readonly write: Write | undefined
  /** To be sent at once. */
  readonly messages: readonly Message[]
  /** The state machine begins anew with this, before anything is applied. */
  readonly restore: ReceivedSnapshot | undefined
  /** To be applied; then `applied(index)` is to be called. */
  readonly committed: readonly Entry[]
  readonly reads: readonly ConfirmedRead[]
  /** A new snapshot is to be taken: a follower found the latest one damaged. */
  readonly isSnapshotDamaged: boolean
}

/**
 * One member of a Raft group as a pure state machine: messages, requests and time go in, `ready()` says what is to be
 * written, sent and applied. It has no clock, does no I/O, and takes chance from outside, so the same inputs give the
 * same outputs. Time is passed in as milliseconds of a clock that never goes back, not as ticks: a lease must know of the
 * time that passed while the process was stopped.
 *
 * After D. Ongaro's dissertation and the architecture of etcd-io/raft. What differs: a vote is asked for only when term and
 * log are durable; votes and acknowledgements name the store they stand for (membership.ts); a store that lost entries
 * neither leads nor votes for who lacks them (docs/decisions/0008-damaged-raft-log.md).
 */
export class RaftNode {
  readonly #state: NodeState
  readonly #roles: RoleChanges
  #role: Follower | Candidate | Leader
  /** The write with the snapshot that was received. */
  #restoring: { readonly number: number; readonly snapshot: ReceivedSnapshot } | undefined
  #restored: ReceivedSnapshot | undefined

  constructor({ selfId, peers, settings, random, snapshots, restored, nowMs, trace = () => {} }: RaftNodeOptions) {
    const { hard, snapshot, entries, commit } = restored
    const membership = snapshot?.membership ?? foundingMembership(peers, UNFOUNDED)
    const log = new RaftLog(snapshot ?? NO_ENTRY, membership, entries, commit)
    this.#state = new NodeState(selfId, settings, random, log, snapshots, hard, nowMs, trace)
    // An entry may have become durable without the term it brought.
    if (log.last.term > hard.term) this.#state.change({ term: log.last.term, vote: undefined })
    this.#roles = {
      becomeFollower: (term, leaderId) => this.#becomeFollower(term, leaderId),
      askForVotes: () => this.#askForVotes(),
      stand: (isHandover) => this.#stand(isHandover),
      lead: () => this.#lead(),
      step: (message) => this.#role.step(message),
    }
    this.#role = new Follower(this.#state, this.#roles)
  }

  get role(): RoleName {
    return this.#role.name
  }

  get term(): number {
    return this.#state.term
  }

  get leaderId(): string | undefined {
    return this.#state.leaderId
  }

  get membership(): Membership {
    return this.#state.membership
  }

  /** Members count from the moment they are in the log, and may be others again until that entry is committed. */
  get isMembershipCommitted(): boolean {
    const { log } = this.#state
    return log.membershipIndex <= log.commit
  }

  get cluster(): number {
    return this.#state.cluster
  }

  get hard(): HardState {
    return this.#state.hard
  }

  /** For reading only. */
  get log(): RaftLog {
    return this.#state.log
  }

  /** Whom this leader hands over to at the moment. */
  get handoverTo(): string | undefined {
    return this.#role.name === 'leader' ? this.#role.handover.to : undefined
  }

  progressOf(id: string): Progress | undefined {
    return this.#role.name === 'leader' ? this.#role.progressOf(id) : undefined
  }

  tick(nowMs: number): void {
    this.#state.passTo(nowMs)
    this.#role.tick()
  }

  step(message: Message, nowMs: number): void {
    const state = this.#state
    state.passTo(nowMs)
    assert(message.to === state.selfId, `a message for ${message.to} came to ${state.selfId}`)
    if (message.cluster !== UNFOUNDED) {
      if (state.cluster !== UNFOUNDED && state.cluster !== message.cluster) return
      if (state.isUnfounded) state.mayFound = false
    } else if (this.#isOfAnotherFounding(message)) return
    const isQuestion = message.kind === 'preVote' || (message.kind === 'vote' && !message.isHandover)
    // A leader that asks has stepped down: what was promised to it stands in nobody's way but its own.
    if (isQuestion && message.term > state.term && state.hearsLeader && message.from !== state.leaderId) return
    if (message.term > state.term) this.#followTerm(message)
    if (message.kind === 'preVote') this.#answerPreVote(message)
    else if (message.term < state.term) this.#answerEarlier(message)
    else if (message.kind === 'vote') this.#answerVote(message)
    else this.#role.step(message)
  }

  /** In one group a term has one leader: whoever claims it too, and has founded nothing yet, is about to found another one. */
  #isOfAnotherFounding({ kind, term, from }: Message): boolean {
    const state = this.#state
    const isLeaders = kind === 'append' || kind === 'heartbeat' || kind === 'snapshotPiece'
    if (!isLeaders || state.cluster === UNFOUNDED || term !== state.term) return false
    return state.leaderId !== undefined && state.leaderId !== from
  }

  /** A connection to or from a member ended. If it led, its followers do not wait for the election timeout. */
  peerGone(id: string, nowMs: number): void {
    this.#state.passTo(nowMs)
    if (this.#role.name === 'follower' && this.#state.leaderId === id) this.#role.lostLeader()
  }

  propose(data: Uint8Array): EntryId | Refusal {
    return this.#asLeader((leader) => leader.propose(data))
  }

  /** The answer comes as a confirmed read with this id; none comes when leadership is lost. */
  read(id: number, nowMs: number): Refusal | undefined {
    this.#state.passTo(nowMs)
    return this.#asLeader((leader) => leader.read(id))
  }

  handOver(to: string, nowMs: number): Refusal | undefined {
    this.#state.passTo(nowMs)
    return this.#asLeader((leader) => leader.handOver(to))
  }

  changeMembers(change: MembershipChange): Refusal | undefined {
    return this.#asLeader((leader) => leader.changeMembers(change))
  }

  /** At the end of a turn. Undefined when there is nothing to do. */
  ready(): Ready | undefined {
    const state = this.#state
    this.#role.endTurn()
    const write = this.#nextWrite()
    const messages = state.outbox.take()
    const restore = this.#restored
    this.#restored = undefined
    const committed = state.log.unapplied()
    const reads = state.confirmedReads
    const { isSnapshotDamaged } = state
    if (reads.length > 0) state.confirmedReads = []
    state.isSnapshotDamaged = false
    const isIdle = !write && !restore && messages.length + committed.length + reads.length === 0 && !isSnapshotDamaged
    return isIdle ? undefined : { write, messages, restore, committed, reads, isSnapshotDamaged }
  }

  durable(number: number): void {
    const state = this.#state
    state.outbox.durable(number)
    state.log.durable(number)
    if (this.#restoring !== undefined && this.#restoring.number <= number) {
      this.#restored = this.#restoring.snapshot
      if (state.received === this.#restored) state.received = undefined
      this.#restoring = undefined
    }
    state.checkRepaired()
    // A candidate's vote for itself goes the way of all votes, and counts when it comes out.
    for (const own of state.outbox.takeTo(state.selfId)) if (own.term === state.term) this.#role.step(own)
    this.#role.durable()
  }

  applied(index: number): void {
    this.#state.log.appliedTo(index)
  }

  /** Entries up to `index` are covered by a durable snapshot and may be forgotten. */
  compact(index: number): void {
    this.#state.log.compact(index)
  }

  #nextWrite(): Write | undefined {
    const { log, outbox, received } = this.#state
    const hard = this.#state.takeHard()
    const isNew = received !== undefined && received !== this.#restoring?.snapshot
    if (hard === undefined && !isNew && !log.hasUnissued) return undefined
    const number = outbox.beginWrite()
    if (isNew) this.#restoring = { number, snapshot: received }
    const entries = log.issue(number)
    const previousTerm = entries.length > 0 ? log.termAt(entries[0]!.index - 1)! : log.last.term
    return { number, hard, snapshot: isNew ? received : undefined, entries, previousTerm, commit: log.commit }
  }

  #followTerm(message: Message): void {
    if (message.kind === 'preVote') return
    if (message.kind === 'preVoteAnswer' && message.isGranted) return
    const wasDeposed = this.#role.name === 'leader' && message.kind === 'newerTerm'
    this.#becomeFollower(message.term, undefined)
    // Nobody else leads as far as is known, so the group need not wait for a timeout.
    if (wasDeposed && this.#state.isPromotable) this.#askForVotes()
  }

  #answerEarlier(message: Message): void {
    const { term } = this.#state
    const to = message.from
    switch (message.kind) {
      case 'append':
      case 'heartbeat':
      case 'snapshotPiece':
        this.#state.sendDurable({ kind: 'newerTerm', to, term })
        return
      case 'vote':
        this.#state.sendDurable({ kind: 'voteAnswer', to, term, isGranted: false })
    }
  }

  #answerVote(message: Extract<Message, { kind: 'vote' }>): void {
    if (answerVote(message, this.#state) && this.#role.name === 'follower') this.#role.deferElection()
  }

  #answerPreVote(message: Extract<Message, { kind: 'preVote' }>): void {
    const asking = this.#role.name === 'preCandidate' ? this.#role : undefined
    const answer = answerPreVote(message, this.#state, asking !== undefined)
    if (asking === undefined) return
    // Whoever asks hears no leader (any more): it may not have been so when it was asked.
    if (answer === 'outranked') asking.askAgain(message.from)
    if (answer === 'granted') this.#becomeFollower(this.#state.term, undefined)
  }

  #becomeFollower(term: number, leaderId: string | undefined): void {
    const state = this.#state
    const wasFollower = this.#role.name === 'follower'
    if (term > state.term) state.change({ term, vote: undefined })
    else if (wasFollower && state.leaderId === leaderId) return
    state.leaderId = leaderId
    state.confirmedReads = []
    this.#role = new Follower(state, this.#roles)
    state.trace(`follows in term ${state.term}`)
  }

  #askForVotes(): void {
    const state = this.#state
    state.leaderId = undefined
    if (state.isOnlyVoter) {
      this.#stand(false)
      return
    }
    state.trace(`asks for votes in term ${state.term + 1}`)
    const candidate = new Candidate('preCandidate', state, this.#roles)
    this.#role = candidate
    candidate.ask()
  }

  #stand(isHandover: boolean): void {
    this.#state.leaderId = undefined
    const candidate = new Candidate('candidate', this.#state, this.#roles)
    this.#role = candidate
    candidate.stand(isHandover)
    this.#state.trace(`stands in term ${this.#state.term}`)
  }

  #lead(): void {
    const state = this.#state
    assert(state.isPromotable, `${state.selfId} may not lead`)
    state.leaderId = state.selfId
    const leader = new Leader(state, this.#roles)
    this.#role = leader
    state.trace(`leads in term ${state.term}`)
    leader.begin()
  }

  #asLeader<Result>(run: (leader: Leader) => Result): Result | Refusal {
    if (this.#role.name === 'leader') return run(this.#role)
    const { leaderId, selfId, term } = this.#state
    const who = leaderId === undefined ? 'no leader is known' : `${leaderId} does`
    return { code: 'NOT_LEADER', text: `${selfId} does not lead in term ${term}: ${who}` }
  }
}
