import { memberOf } from './membership.ts'
import type { NodeState } from './node-state.ts'
import type { Progress } from './progress.ts'
import type { Refusal } from './refusal.ts'

/** A leader's handing over to a follower of its choice: nothing new is accepted, the follower gets the rest and takes over. */
export class Handover {
  readonly #state: NodeState
  #to: string | undefined
  #deadlineMs = 0
  #isAsked = false
  /** From then on somebody may be elected at any time, without asking whether this leader is still there. */
  #wasAsked = false

  constructor(state: NodeState) {
    this.#state = state
  }

  /** Who is to lead, while the handover is under way. */
  get to(): string | undefined {
    return this.#to
  }

  /** Whether a follower was ever asked to take over in this term: the request may still be on its way. */
  get wasAsked(): boolean {
    return this.#wasAsked
  }

  begin(to: string, progress: Progress | undefined): Refusal | undefined {
    const { membership, selfId, nowMs, settings } = this.#state
    if (to === selfId) return undefined
    const voter = memberOf(membership, to)
    if (!voter?.isVoter || progress === undefined) {
      const voters = this.#state.voters.map(({ id }) => id).join(', ')
      return { code: 'REJECTED', text: `${to} is not a voter of the group; voters are ${voters}` }
    }
    if (progress.store !== voter.store) {
      return { code: 'REJECTED', text: `${to} has not been heard of, or its store was replaced` }
    }
    if (this.#to !== undefined && this.#to !== to) {
      return { code: 'REJECTED', text: `leadership is already being handed over to ${this.#to}` }
    }
    this.#to = to
    this.#isAsked = false
    this.#deadlineMs = nowMs + settings.electionMinMs
    return undefined
  }

  /** Asks the follower once it has everything. */
  proceed(progress: Progress | undefined): void {
    const { log, term, membership } = this.#state
    if (this.#to === undefined || this.#isAsked) return
    if (progress === undefined || !memberOf(membership, this.#to)?.isVoter) {
      this.#to = undefined
      return
    }
    if (progress.match < log.lastIndex) return
    this.#isAsked = true
    this.#wasAsked = true
    this.#state.send({ kind: 'takeOver', to: this.#to, term })
  }

  /** A follower that does not take over within an election timeout will not: this leader goes on. */
  tick(): void {
    if (this.#to === undefined || this.#state.nowMs < this.#deadlineMs) return
    this.#state.trace(`${this.#to} did not take over`)
    this.#to = undefined
  }
}
