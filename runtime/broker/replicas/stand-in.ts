import type { Clock, Timer } from '../../io/clock.ts'

/** Longest time that one request asks for; whoever needs more asks again. */
const STAND_IN_MAX_MS = 120_000
/** The master registers within this (registerNameServerPeriod is 60 s at most) and has its routes back. */
const GIVEN_BACK_WITHIN_MS = 65_000

/** What name servers are told meanwhile: the master's id, and a state version that others have to reach. */
export interface StandInClaim {
  readonly stateVersion: number | undefined
}

/**
 * A replica in the routes of its master, before it becomes master itself. A master of Apache's passes nothing on when its role
 * has gone to another replica, and official clients look at routes every 30 s; so they are first led to the replica, which
 * passes on to the master what only that one may serve, and only then is it elected (STAND_IN_FOR_MASTER, a request of our own).
 *
 *   begin ──> claims the id of the master, with a state version above that of its term: the master's own registrations are
 *             refused as those of a former one
 *   over  ──> registers once more with a usual version, then keeps silent until the master has taken its id back: so the
 *             group has a master in the routes all the time
 *   own   ──> registers with its own id again
 *
 * Any change of the role ends it at once.
 */
export class StandIn {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>
  readonly #register: () => Promise<void>
  #phase: 'own' | 'claims' | 'over' = 'own'
  #masterEpoch = 0
  #timer: Timer | undefined

  /** @param register tells every name server anew */
  constructor(clock: Pick<Clock, 'monotonic' | 'after'>, register: () => Promise<void>) {
    this.#clock = clock
    this.#register = register
  }

  /** Clients may come here that look for the master. */
  get isOn(): boolean {
    return this.#phase !== 'own'
  }

  /** Name servers are told nothing by themselves: the master is to be the next that they hear from. */
  get isSilent(): boolean {
    return this.#phase === 'over'
  }

  /** Undefined: the replica registers as what it is. */
  get claim(): StandInClaim | undefined {
    if (this.#phase === 'own') return undefined
    return { stateVersion: this.#phase === 'claims' ? this.#masterEpoch + 1 : undefined }
  }

  /** From now on for so long; 0 ms: not any more. Resolves when the name servers have been told. */
  async begin(masterEpoch: number, forMs: number): Promise<void> {
    if (forMs <= 0) return this.#phase === 'claims' ? this.#over() : undefined
    const isNew = this.#phase !== 'claims' || this.#masterEpoch !== masterEpoch
    this.#phase = 'claims'
    this.#masterEpoch = masterEpoch
    this.#later(Math.min(forMs, STAND_IN_MAX_MS), () => void this.#over())
    if (isNew) await this.#register()
  }

  /** The role has changed, or is about to be told anew: whoever does so registers. */
  end(): void {
    this.#timer?.cancel()
    this.#phase = 'own'
  }

  #over(): Promise<void> {
    this.#phase = 'over'
    this.#later(GIVEN_BACK_WITHIN_MS, () => {
      this.end()
      void this.#register()
    })
    return this.#register()
  }

  #later(ms: number, run: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.after(ms, run)
  }
}
