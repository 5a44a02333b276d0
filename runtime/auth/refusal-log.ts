import type { Clock } from '../io/clock.ts'
import type { Logger } from '../observe/logger.ts'
import type { Refusal } from './remoting/request-access.ts'

/** Lines in a second; a client that tries again and again must not fill the disk. */
const LINES_MAX = 10
const PERIOD_MS = 1_000

/** A line for each request that was refused, and their number when there were too many. */
export class RefusalLog {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #logger: Logger
  #periodStartMs = Number.NEGATIVE_INFINITY
  #lines = 0
  #unsaid = 0

  constructor(clock: Pick<Clock, 'monotonic'>, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** `request`: its name. */
  refused(refusal: Refusal, request: string, peer: string): void {
    const now = this.#clock.monotonic()
    if (now - this.#periodStartMs >= PERIOD_MS) {
      if (this.#unsaid > 0) this.#logger.warn({ refused: this.#unsaid }, 'more requests were refused than are listed')
      this.#periodStartMs = now
      this.#lines = 0
      this.#unsaid = 0
    }
    if (this.#lines >= LINES_MAX) {
      this.#unsaid++
      return
    }
    this.#lines++
    const { username, reason } = refusal
    this.#logger.warn({ user: username, request, peer, reason }, 'request refused')
  }
}
