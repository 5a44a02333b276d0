import type { Timer } from '../io/clock.ts'
import type { BrokerParts } from './broker-parts.ts'
import { forgetExpired } from './offsets/expired-offsets.ts'

const TICK_MS = 100
const SWEEP_EVERY_TICKS = 5
const SECOND_EVERY_TICKS = 10
const CLIENTS_EVERY_TICKS = 100
const OFFSETS_EVERY_TICKS = 6_000

/** What a broker does now and then, all by one timer. */
export class BrokerUpkeep {
  readonly #parts: BrokerParts
  #timer: Timer | undefined
  #ticks = 0

  constructor(parts: BrokerParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = this.#parts.environment.clock.every(TICK_MS, () => this.#tick())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #tick(): void {
    const { environment, store, acks, tables, pulls, stats, consumers, producers, locks, notifier, conf } = this.#parts
    const { clock } = environment
    const now = clock.now()
    // Of several timers that are due in one turn an earlier one may have staged messages.
    this.#parts.commit()
    store.tick(now)
    acks.expire()
    tables.tick(now, store)
    this.#deliverDelayed()
    this.#parts.escaping?.tick()
    this.#checkTransactions()
    this.#ticks++
    if (this.#ticks % SWEEP_EVERY_TICKS === 0) pulls.held.sweep(clock.monotonic())
    if (this.#ticks % SECOND_EVERY_TICKS === 0) stats.tick(now)
    if (this.#ticks % CLIENTS_EVERY_TICKS !== 0) return
    consumers.expire()
    producers.expire()
    locks.expire()
    notifier.notifyGathered()
    tables.saveFilters(now)
    if (this.#ticks % OFFSETS_EVERY_TICKS === 0 && conf.current.enableCleanExpiredOffset) this.#forgetOffsets()
  }

  #forgetOffsets(): void {
    const { store, tables, consumers } = this.#parts
    const minOffset = (topic: string, queueId: number) => store.findQueue(topic, queueId)?.minOffset ?? 0
    forgetExpired(tables.offsets, consumers, minOffset)
  }

  /** What a master alone does. */
  get #isActive(): boolean {
    const { isMaster, isOnline, isStopping, controllerMode } = this.#parts
    return (controllerMode?.takesMessages ?? (isMaster && isOnline)) && !isStopping
  }

  #deliverDelayed(): void {
    if (!this.#isActive) return
    const { delay, environment } = this.#parts
    const { clock } = environment
    // Requests are served between two rounds.
    if (delay.tick(clock.now())) clock.endOfTurn(() => this.#deliverDelayed())
  }

  #checkTransactions(): void {
    if (!this.#isActive) return
    const { transactions, environment } = this.#parts
    const { clock } = environment
    if (transactions.tick(clock.now())) clock.endOfTurn(() => this.#checkTransactions())
  }
}
