import { memberOf } from './membership.ts'
import type { Message } from './message.ts'
import type { NodeState } from './node-state.ts'
import { voteResult } from './quorum.ts'
import type { Role, RoleChanges } from './role.ts'

/**
 * Stands for election. First as a pre-candidate, which only asks whether it would win and changes nothing at anybody's;
 * then as a candidate, in a term of its own.
 */
export class Candidate implements Role {
  readonly name: 'preCandidate' | 'candidate'
  readonly #state: NodeState
  readonly #roles: RoleChanges
  readonly #votes = new Map<string, boolean>()
  #deadlineMs: number

  constructor(name: 'preCandidate' | 'candidate', state: NodeState, roles: RoleChanges) {
    this.name = name
    this.#state = state
    this.#roles = roles
    this.#deadlineMs = state.nowMs + state.randomElectionMs()
  }

  /** As pre-candidate: asks the others. */
  ask(): void {
    const { selfId } = this.#state
    for (const { id } of this.#state.voters) if (id !== selfId) this.askAgain(id)
    this.#count(selfId, true)
  }

  askAgain(to: string): void {
    const { term, log } = this.#state
    this.#state.send({ kind: 'preVote', to, term: term + 1, last: log.last })
  }

  /**
   * As candidate: votes for itself and asks for votes. All of it leaves only once term, vote and log are durable: an answer
   * that comes after a crash of this node must not speak for a log that the crash cut.
   */
  stand(isHandover: boolean): void {
    const state = this.#state
    state.becomeFounder()
    state.change({ term: state.term + 1, vote: state.selfId })
    const { term, selfId } = state
    for (const { id } of state.voters) {
      if (id === selfId) state.sendDurable({ kind: 'voteAnswer', to: selfId, term, isGranted: true })
      else state.sendDurable({ kind: 'vote', to: id, term, last: state.log.last, isHandover })
    }
  }

  tick(): void {
    if (this.#state.nowMs < this.#deadlineMs) return
    const isWon = voteResult(this.#state.voters.map(({ id }) => this.#votes.get(id))) === 'won'
    if (this.name === 'preCandidate' && isWon) this.#standIfMay()
    else this.#roles.askForVotes()
  }

  /** Not when there is a group already, as one of those who were asked has said. */
  #standIfMay(): void {
    if (this.#state.isPromotable) this.#roles.stand(false)
    else this.#roles.becomeFollower(this.#state.term, undefined)
  }

  step(message: Message): void {
    switch (message.kind) {
      case 'preVoteAnswer':
        // A grant names the term that was asked for; a refusal the current one.
        if (this.name !== 'preCandidate') return
        if (message.isGranted && message.term !== this.#state.term + 1) return
        if (this.#counts(message)) this.#count(message.from, message.isGranted)
        return
      case 'voteAnswer':
        if (this.name === 'candidate' && this.#counts(message)) this.#count(message.from, message.isGranted)
        return
      case 'append':
      case 'heartbeat':
      case 'snapshotPiece':
        this.#roles.becomeFollower(message.term, message.from)
        this.#roles.step(message)
    }
  }

  durable(): void {}

  endTurn(): void {}

  /** A store that the membership does not name has forgotten what it promised. A pre-vote promises nothing. */
  #counts({ from, store }: Message): boolean {
    const voter = memberOf(this.#state.membership, from)
    if (voter?.isVoter !== true) return false
    return voter.store === store || (this.name === 'preCandidate' && this.#state.isUnfounded)
  }

  #count(id: string, isGranted: boolean): void {
    if (!this.#votes.has(id)) this.#votes.set(id, isGranted)
    const { term } = this.#state
    const votes = this.#state.voters.map((voter) => this.#votes.get(voter.id))
    switch (voteResult(votes)) {
      case 'won':
        if (this.name === 'candidate') this.#roles.lead()
        else if (!this.#state.isUnfounded || !votes.includes(undefined)) this.#standIfMay()
        // Else one that has not answered may belong to a group already, and say so: see tick().
        return
      case 'lost':
        this.#roles.becomeFollower(term, undefined)
    }
  }
}
