import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import { NoControllerError } from './controller-client.ts'

/** Controllers that start with their brokers have a leader well within this. */
const OFFLINE_ERROR_AFTER_MS = 5_000
const OFFLINE_ERROR_EVERY_MS = 60_000

const NO_CONTROLLER =
  'controllerAddr has to name controllers: mqcontroller processes, or NameServers with enableControllerInNamesrv=true, by ' +
  'the port of their controller (controllerDLegerPeers). To run without controllers set enableControllerMode=false, ' +
  'brokerRole and brokerId'

/** What an operator is told while the controllers do not do what a broker asks of them. */
export class ControllerComplaints {
  readonly #clock: Clock
  readonly #logger: Logger
  #problem = ''
  #sinceMs = 0
  #errorMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** The same problem again and again is one line; a broker that stays without a role says so now and then. */
  failed(error: unknown, isOnline: boolean): void {
    const now = this.#clock.monotonic()
    const problem = error instanceof Error ? error.message : String(error)
    if (this.#problem === '') this.#sinceMs = now
    if (problem !== this.#problem) {
      this.#logger.warn(
        { problem },
        isOnline ? 'the controllers cannot be asked' : 'this broker cannot come online yet',
      )
    }
    this.#problem = problem
    if (isOnline || now - this.#sinceMs < OFFLINE_ERROR_AFTER_MS || now - this.#errorMs < OFFLINE_ERROR_EVERY_MS) return
    this.#errorMs = now
    const advice = error instanceof NoControllerError ? `. ${NO_CONTROLLER}` : ''
    this.#logger.error({ problem }, `this broker is not online: the controllers gave it no role${advice}`)
  }

  recovered(controller: string): void {
    if (this.#problem === '') return
    this.#problem = ''
    this.#errorMs = Number.NEGATIVE_INFINITY
    this.#logger.info({ controller }, 'the controllers answer again')
  }
}
