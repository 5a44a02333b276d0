import { Bulkhead } from '../io/bulkhead.ts'
import type { Clock, Timer } from '../io/clock.ts'
import type { Network } from '../io/network.ts'
import type { Logger } from '../observe/logger.ts'

/** A controller, as far as its host is concerned. */
interface Guest {
  start(): Promise<unknown>
  stop(): Promise<void>
}

interface EmbeddedControllerOptions {
  readonly clock: Clock
  readonly network: Network
  readonly logger: Logger
  /** Makes a controller that uses this clock and this network and no others, and says when it does nothing any more. */
  readonly create: (clock: Clock, network: Network, onFailed: (error: Error) => void) => Guest
  /** It has started, also after it broke. */
  readonly onStarted: () => void
}

const RETRY_MS = 5000

/**
 * The controller in the process of a name server. Whatever happens to it, the name server goes on: one that cannot start
 * (its port is taken, its disk is damaged) or breaks is tried again, and the log says why.
 */
export class EmbeddedController {
  readonly #options: EmbeddedControllerOptions
  #bulkhead: Bulkhead | undefined
  #guest: Guest | undefined
  #retry: Timer | undefined
  #isStopped = false
  #lastProblem = ''

  constructor(options: EmbeddedControllerOptions) {
    this.#options = options
  }

  /** Resolves when it has started or will be tried again. */
  async start(): Promise<void> {
    const { clock, network, create, onStarted } = this.#options
    const bulkhead = new Bulkhead(clock, network, (error) => this.#failed(bulkhead, 'the controller broke', error))
    this.#bulkhead = bulkhead
    try {
      const guest = create(bulkhead.clock, bulkhead.network, (error) =>
        this.#failed(bulkhead, 'the controller failed', error),
      )
      this.#guest = guest
      await guest.start()
    } catch (error) {
      this.#failed(bulkhead, 'the controller cannot start', error)
      return
    }
    if (this.#isStopped || this.#bulkhead !== bulkhead) return
    this.#lastProblem = ''
    onStarted()
  }

  /** Waits until the controller has given its lead away, if it leads. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#retry?.cancel()
    try {
      await this.#guest?.stop()
    } catch (error) {
      this.#options.logger.error({ err: error }, 'the controller did not stop in an orderly way')
    }
    this.#bulkhead?.close()
  }

  /** The same problem is told once. */
  #failed(bulkhead: Bulkhead, what: string, error: unknown): void {
    bulkhead.close()
    if (this.#isStopped || this.#bulkhead !== bulkhead) return
    this.#bulkhead = undefined
    this.#guest = undefined
    const problem = `${what}: ${error instanceof Error ? error.message : String(error)}`
    if (problem !== this.#lastProblem) {
      this.#options.logger.error({ err: error }, `${what}; the name server goes on, the controller is tried again`)
    }
    this.#lastProblem = problem
    this.#retry = this.#options.clock.after(RETRY_MS, () => void this.start())
  }
}
