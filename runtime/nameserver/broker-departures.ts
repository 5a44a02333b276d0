import type { Turn } from '../net/turn.ts'
import type { Logger } from '../observe/logger.ts'
import type { MinBrokerIdChange, RouteTable, Unregistration } from './route-table/route-table.ts'

export interface DepartureOptions {
  /** unRegisterBrokerQueueCapacity: requests that may wait for the end of the turn. */
  readonly capacity: number
  readonly onMinBrokerIdChange: (change: MinBrokerIdChange) => void
}

/**
 * Brokers that leave, gathered during a turn and taken out together at its end, before the answers are sent: when a rack
 * loses power, the topics are walked once and not once per broker.
 */
export class BrokerDepartures {
  readonly #table: RouteTable
  readonly #turn: Turn
  readonly #logger: Logger
  readonly #options: DepartureOptions
  #waiting: Unregistration[] = []

  constructor(table: RouteTable, turn: Turn, logger: Logger, options: DepartureOptions) {
    this.#table = table
    this.#turn = turn
    this.#logger = logger
    this.#options = options
    turn.onEnd(() => this.#drain())
  }

  /** False when too many wait already. */
  offer(request: Unregistration): boolean {
    if (this.#waiting.length >= this.#options.capacity) return false
    this.#waiting.push(request)
    this.#turn.touch()
    return true
  }

  /** Brokers that are gone whether there is room or not. */
  lost(requests: readonly Unregistration[], reason: string): void {
    for (const request of requests) {
      const { cluster, brokerName, brokerId, address } = request
      this.#logger.warn({ cluster, brokerName, brokerId, address, reason }, 'broker lost')
      if (this.offer(request)) continue
      this.#drain()
      this.offer(request)
    }
  }

  #drain(): void {
    if (this.#waiting.length === 0) return
    const requests = this.#waiting
    this.#waiting = []
    const { gone, minBrokerIdChanges } = this.#table.unregister(requests)
    for (const broker of gone) this.#logger.info(broker, 'broker unregistered')
    for (const change of minBrokerIdChanges) this.#options.onMinBrokerIdChange(change)
  }
}
