import assert from 'node:assert/strict'
import type { Message, MessageOf } from './message.ts'
import type { NodeState } from './node-state.ts'
import type { Role, RoleChanges } from './role.ts'
import { SnapshotIntake } from './snapshot-intake.ts'

/** Takes what the leader sends; stands for election when it hears nothing for too long. */
export class Follower implements Role {
  readonly name = 'follower'
  readonly #state: NodeState
  readonly #roles: RoleChanges
  readonly #intake: SnapshotIntake
  #deadlineMs: number
  /** Up to here the log is known to be that of this term's leader: so far its word on what is committed holds here. */
  #checkedTo: number

  constructor(state: NodeState, roles: RoleChanges) {
    this.#state = state
    this.#roles = roles
    this.#intake = new SnapshotIntake(state)
    this.#checkedTo = state.log.commit
    this.#deadlineMs = state.nowMs + (state.isOnlyVoter ? 0 : state.randomElectionMs())
  }

  /** It has just voted for somebody, who needs time to win. */
  deferElection(): void {
    this.#deadlineMs = this.#state.nowMs + this.#state.randomElectionMs()
  }

  tick(): void {
    if (this.#state.nowMs < this.#deadlineMs) return
    this.deferElection()
    if (this.#state.isPromotable) this.#roles.askForVotes()
  }

  /** The leader's process ended, or the connection to it did. */
  lostLeader(): void {
    const state = this.#state
    state.trace(`lost ${state.leaderId}, the leader`)
    state.leaderId = undefined
    // A lease may still be relied upon: what was promised is kept, to the millisecond.
    this.#deadlineMs = Math.max(state.nowMs, state.promisedUntilMs)
    this.tick()
  }

  step(message: Message): void {
    switch (message.kind) {
      case 'append':
        this.#heard(message)
        this.#append(message)
        return
      case 'heartbeat':
        this.#heard(message)
        this.#state.log.commitTo(Math.min(message.commit, this.#checkedTo))
        this.#state.send({
          kind: 'heartbeatAnswer',
          to: message.from,
          term: this.#state.term,
          round: message.round,
        })
        return
      case 'snapshotPiece':
        this.#heard(message)
        this.#snapshotPiece(message)
        return
      case 'takeOver':
        if (message.from === this.#state.leaderId && this.#state.isPromotable) this.#roles.stand(true)
    }
  }

  durable(): void {}

  endTurn(): void {}

  #heard({ from }: Message): void {
    const { leaderId, term } = this.#state
    assert(leaderId === undefined || leaderId === from, `term ${term} has two leaders: ${leaderId} and ${from}`)
    this.#state.heardLeader(from)
    this.deferElection()
  }

  #append({ from, previous, entries, commit }: MessageOf<'append'>): void {
    const { log, term } = this.#state
    if (previous.index < log.commit) {
      this.#accept(from, log.commit)
      return
    }
    const match = log.merge(previous, entries)
    if (match === undefined) {
      const hint = log.lastNotAfter(previous.index, previous.term)
      this.#state.sendDurable({ kind: 'appendRefusal', to: from, term, refused: previous.index, hint })
      return
    }
    log.commitTo(Math.min(commit, match))
    this.#accept(from, match)
  }

  #accept(to: string, match: number): void {
    this.#checkedTo = Math.max(this.#checkedTo, match)
    this.#state.sendDurable({ kind: 'appendAnswer', to, term: this.#state.term, match })
  }

  #snapshotPiece(message: MessageOf<'snapshotPiece'>): void {
    const { log } = this.#state
    const { info, from } = message
    if (info.index <= log.commit) {
      this.#accept(from, log.commit)
      return
    }
    if (log.has(info)) {
      log.commitTo(info.index)
      this.#accept(from, info.index)
      return
    }
    if (this.#intake.take(message)) this.#accept(from, info.index)
  }
}
