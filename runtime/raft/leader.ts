import assert from 'node:assert/strict'
import type { MembershipChange } from './consensus.ts'
import { type Entry, EntryKind, entryBytes } from './entry.ts'
import { Handover } from './handover.ts'
import { changedMembership, neededMembership } from './member-keeper.ts'
import { foundingMembership, type Member, type Membership, memberOf, writeMembership } from './membership.ts'
import type { Message } from './message.ts'
import type { NodeState } from './node-state.ts'
import { Progress } from './progress.ts'
import { majorityOf, reachedByMajority } from './quorum.ts'
import { ReadIndex } from './read-index.ts'
import type { Refusal } from './refusal.ts'
import { Replicator } from './replicator.ts'
import type { Role, RoleChanges } from './role.ts'
import { ByteWriter } from './wire/byte-writer.ts'

const NOTHING = new Uint8Array(0)
const CLUSTER_BOUND = 2 ** 31

interface Follower {
  readonly progress: Progress
  readonly replicator: Replicator
}

/** Appends, replicates, commits; proves that it leads; keeps the membership. */
export class Leader implements Role {
  readonly name = 'leader'
  readonly handover: Handover
  readonly #state: NodeState
  readonly #roles: RoleChanges
  readonly #followers = new Map<string, Follower>()
  readonly #reads = new ReadIndex()
  /** Asked before anything of this term was committed: until then the leader does not know how far its log is committed. */
  #earlyReads: number[] = []
  #heartbeatDueMs: number
  #quorumDueMs: number

  constructor(state: NodeState, roles: RoleChanges) {
    this.#state = state
    this.#roles = roles
    this.handover = new Handover(state)
    this.#heartbeatDueMs = state.nowMs
    this.#quorumDueMs = state.nowMs + state.settings.electionMinMs
  }

  /** The first entry of the term. The first of all founds the group: it says who belongs to it. */
  begin(): void {
    const { log, membership, random } = this.#state
    this.#matchFollowers()
    if (log.lastIndex > 0) this.#appendNew(EntryKind.EMPTY, NOTHING)
    else this.#appendMembership(foundingMembership(membership.members, 1 + random.below(CLUSTER_BOUND)))
  }

  progressOf(id: string): Progress | undefined {
    return this.#followers.get(id)?.progress
  }

  propose(data: Uint8Array): Entry | Refusal {
    const { log, settings } = this.#state
    const { pendingMaxEntries, pendingMaxBytes, logMaxBytes, entryMaxBytes } = settings
    if (data.length > entryMaxBytes) {
      return { code: 'TOO_LARGE', text: `the command has ${data.length} bytes; ${entryMaxBytes} are possible` }
    }
    if (this.handover.to !== undefined) {
      return { code: 'BUSY', text: `leadership is being handed over to ${this.handover.to}; try again` }
    }
    if (log.lastIndex - log.applied >= pendingMaxEntries || log.unappliedBytes + data.length > pendingMaxBytes) {
      const waiting = `${log.lastIndex - log.applied} commands with ${log.unappliedBytes} bytes wait to be committed`
      return { code: 'BUSY', text: `${waiting}; try again` }
    }
    if (log.bytes + data.length > logMaxBytes) {
      return { code: 'BUSY', text: `the log has ${log.bytes} bytes that no snapshot covers yet; try again` }
    }
    return this.#appendNew(EntryKind.COMMAND, data)
  }

  read(id: number): Refusal | undefined {
    const { log, settings, confirmedReads } = this.#state
    if (this.#reads.waitingCount + this.#earlyReads.length >= settings.readsMax) {
      return { code: 'BUSY', text: `${settings.readsMax} reads wait already; try again` }
    }
    if (!this.#hasCommittedInTerm) this.#earlyReads.push(id)
    else if (this.#hasLease) confirmedReads.push({ id, index: log.commit })
    else this.#reads.ask(id, log.commit)
    return undefined
  }

  handOver(to: string): Refusal | undefined {
    return this.handover.begin(to, this.progressOf(to))
  }

  changeMembers(change: MembershipChange): Refusal | undefined {
    const wanted = changedMembership(this.#state.membership, change)
    if (wanted === undefined) return undefined
    if ('refusal' in wanted) return { code: 'REJECTED', text: wanted.refusal }
    if (!this.#hasCommittedInTerm) {
      return {
        code: 'BUSY',
        text: 'this leader was elected just now and does not know yet what is committed; try again',
      }
    }
    if (!this.#mayChangeMembers) {
      return { code: 'REJECTED', text: 'another change of the members is not finished; try again when it is' }
    }
    this.#appendMembership(wanted.membership)
    return undefined
  }

  tick(): void {
    const { nowMs, settings } = this.#state
    this.handover.tick()
    if (nowMs >= this.#quorumDueMs) {
      this.#quorumDueMs = nowMs + settings.electionMinMs
      if (!this.#hearsQuorum()) return
    }
    if (nowMs >= this.#heartbeatDueMs) this.#beginRound()
  }

  step(message: Message): void {
    const follower = this.#followers.get(message.from)
    if (follower === undefined) return
    const { progress, replicator } = follower
    assert(message.kind !== 'append' && message.kind !== 'heartbeat', `term ${message.term} has two leaders`)
    if (progress.isPast(message.store)) return
    if (progress.store !== message.store) this.#heardOfStore(message)
    progress.heardFrom(message.store)
    switch (message.kind) {
      case 'appendAnswer':
        assert(message.match <= this.#state.log.lastIndex, `${message.from} has what its leader does not have`)
        if (progress.accepted(message.match)) this.#advanceCommit()
        return
      case 'appendRefusal':
        this.#refused(progress, message.refused, message.hint)
        return
      case 'heartbeatAnswer':
        progress.round = Math.max(progress.round, message.round)
        progress.resume(this.#state.log.lastIndex)
        this.#confirmReads()
        return
      case 'snapshotAnswer':
        replicator.answered(message)
    }
  }

  durable(): void {
    this.#advanceCommit()
  }

  endTurn(): void {
    if (this.#reads.wantsRound) this.#beginRound()
    if (this.#mayChangeMembers) {
      const { membership, selfId, log } = this.#state
      const needed = neededMembership(membership, selfId, (id) => this.progressOf(id), log.lastIndex)
      if (needed !== undefined) this.#appendMembership(needed)
    }
    for (const { replicator } of this.#followers.values()) replicator.flush()
    const { to } = this.handover
    if (to !== undefined) this.handover.proceed(this.progressOf(to))
  }

  get #hasCommittedInTerm(): boolean {
    const { log, term } = this.#state
    return log.termAt(log.commit) === term
  }

  /** Whether every voter that could elect another leader has promised not to, yet. */
  get #hasLease(): boolean {
    const { isOnlyVoter, settings, nowMs } = this.#state
    if (isOnlyVoter) return true
    const { clockDrift, electionMinMs } = settings
    if (clockDrift === undefined || this.handover.wasAsked) return false
    return nowMs < this.#reads.confirmedMs + electionMinMs * (1 - clockDrift)
  }

  /** One change after the other, and none before this leader knows what is committed. */
  get #mayChangeMembers(): boolean {
    const { log } = this.#state
    return this.#hasCommittedInTerm && log.membershipIndex <= log.commit && this.handover.to === undefined
  }

  #appendNew(kind: EntryKind, data: Uint8Array): Entry {
    const { log, term } = this.#state
    const entry = { index: log.lastIndex + 1, term, kind, data }
    log.append([entry])
    return entry
  }

  #appendMembership(membership: Membership): void {
    const writer = new ByteWriter()
    writeMembership(writer, membership)
    const entry = this.#appendNew(EntryKind.MEMBERSHIP, writer.finish())
    const text = membership.members.map(({ id, isVoter }) => (isVoter ? id : `${id} (learner)`)).join(', ')
    this.#state.trace(`proposes as members: ${text} (${entry.index}, ${entryBytes(entry)} bytes)`)
    this.#matchFollowers()
  }

  #matchFollowers(): void {
    const { membership, selfId, settings, log } = this.#state
    for (const id of this.#followers.keys()) if (!memberOf(membership, id)) this.#followers.delete(id)
    for (const { id } of membership.members) {
      if (id === selfId || this.#followers.has(id)) continue
      const progress = new Progress(settings, log.lastIndex + 1)
      this.#followers.set(id, { progress, replicator: new Replicator(this.#state, id, progress) })
    }
  }

  /** What a voter has reached, 0 while it speaks for a store that the membership does not name. */
  #reached({ id, store }: Member, own: number, of: (progress: Progress) => number): number {
    if (id === this.#state.selfId) return store === this.#state.store ? own : 0
    const progress = this.progressOf(id)!
    return progress.store === store ? of(progress) : 0
  }

  #advanceCommit(): void {
    const { log, voters, term } = this.#state
    const reached = reachedByMajority(voters.map((voter) => this.#reached(voter, log.stable, ({ match }) => match)))
    // Entries of earlier terms are committed only together with one of this term (Raft, figure 8).
    if (reached <= log.commit || log.termAt(reached) !== term) return
    log.commitTo(reached)
    for (const id of this.#earlyReads.splice(0)) this.read(id)
    if (log.membershipIndex <= log.commit && !memberOf(this.#state.membership, this.#state.selfId)?.isVoter) {
      this.#leave()
    }
  }

  /** The membership without this node is committed. Whoever has most of the log takes over. */
  #leave(): void {
    const { voters, term } = this.#state
    const matchOf = ({ id }: Member) => this.progressOf(id)!.match
    const best = voters.reduce((one, other) => (matchOf(other) > matchOf(one) ? other : one))
    this.#state.trace('is no voter any more and steps down')
    for (const { replicator } of this.#followers.values()) replicator.flush()
    this.#state.send({ kind: 'takeOver', to: best.id, term })
    this.#roles.becomeFollower(term, undefined)
  }

  #beginRound(): void {
    const { nowMs, settings, term, log } = this.#state
    this.#heartbeatDueMs = nowMs + settings.heartbeatMs
    const round = this.#reads.beginRound(nowMs)
    for (const [id, { progress }] of this.#followers) {
      const commit = Math.min(progress.match, log.commit)
      this.#state.send({ kind: 'heartbeat', to: id, term, commit, round })
    }
    this.#confirmReads()
  }

  #confirmReads(): void {
    const own = Number.MAX_SAFE_INTEGER
    const rounds = this.#state.voters.map((voter) => this.#reached(voter, own, ({ round }) => round))
    const round = reachedByMajority(rounds)
    this.#state.confirmedReads.push(...this.#reads.confirm(Math.min(round, this.#reads.round)))
  }

  #hearsQuorum(): boolean {
    const { voters, term } = this.#state
    const heard = voters.filter((voter) => this.#reached(voter, 1, ({ isActive }) => Number(isActive)) > 0).length
    for (const { progress } of this.#followers.values()) progress.isActive = false
    if (heard >= majorityOf(voters.length)) return true
    this.#state.trace(`hears only ${heard} of ${voters.length} voters and steps down`)
    this.#roles.becomeFollower(term, undefined)
    return false
  }

  #heardOfStore({ from, store }: Message): void {
    const member = memberOf(this.#state.membership, from)
    if (member?.isVoter && member.store !== store) {
      this.#state.trace(`${from} has another store (${store}) than the one that promised (${member.store})`)
    }
  }

  #refused(progress: Progress, refused: number, hint: { index: number; term: number }): void {
    // What this log says of the follower's term there may lie further back still.
    const best = hint.term > 0 ? this.#state.log.lastNotAfter(hint.index, hint.term) : hint
    progress.refused(refused, best)
  }
}
