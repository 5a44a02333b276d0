import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { BrokerParts } from './broker-parts.ts'

/** A master registers within this time after its election, unless its machine is very busy. */
const SUCCESSOR_FIRST_MS = 300

type RoleParts = Pick<
  BrokerParts,
  | 'acks'
  | 'delay'
  | 'environment'
  | 'isStopping'
  | 'lite'
  | 'pop'
  | 'pulls'
  | 'registration'
  | 'timers'
  | 'transactions'
>

/** What the parts of a broker do when it begins to be master, and when it ceases to be. */
export class RoleChanges {
  readonly #parts: RoleParts
  #isRegistering = false

  /** `parts`: may still be in the making. */
  constructor(parts: RoleParts) {
    this.#parts = parts
  }

  /** What was known of messages that wait, from an earlier time as master, does not count. */
  begin(isMaster: boolean): void {
    const { delay, transactions, timers, pop, lite, environment } = this.#parts
    delay.reset()
    transactions.reset()
    timers?.reset(environment.clock.now())
    pop.reset(isMaster)
    lite.reset()
  }

  becameMaster(): void {
    this.begin(true)
    this.#register()
  }

  becameSlave(wasMaster: boolean): void {
    const { acks, pulls, pop, lite, transactions, timers } = this.#parts
    // What was stored may be cut off again: whoever waits for it is to send it again.
    acks.failWaiting(ResponseCode.SERVICE_NOT_AVAILABLE, 'this broker is not the master of its group any more')
    pulls.held.releaseAll()
    pop.releaseAll()
    lite.releaseAll()
    transactions.reset()
    pop.reset(false)
    lite.reset()
    if (wasMaster) timers?.demoted()
    else timers?.hasNewMaster()
    if (wasMaster) this.#registerAfterSuccessor()
    else this.#register()
  }

  /**
   * A name server that hears from this broker first has no master for the group until it hears from the next one, and a client
   * that asks for the route meanwhile does without the group until it asks again, half a minute later.
   */
  #registerAfterSuccessor(): void {
    this.#parts.environment.clock.after(SUCCESSOR_FIRST_MS, () => {
      if (!this.#parts.isStopping) this.#register()
    })
  }

  /** Tells the name servers of the role; the first one of all is the beginning. */
  #register(): void {
    const { registration } = this.#parts
    if (this.#isRegistering) void registration.refresh()
    else void registration.start()
    this.#isRegistering = true
  }
}
