import type { Timer } from '../io/clock.ts'
import { hoursOf } from '../store/cleaning/cleaning-policy.ts'
import type { BrokerParts } from './broker-parts.ts'
import { ColdRounds } from './cold/cold-rounds.ts'
import { forgetExpired } from './offsets/expired-offsets.ts'
import { minOffsetIn } from './offsets/min-offset-in.ts'

const TICK_MS = 100
/** Messages that become due within so many ms are delivered together. */
const TIMER_BATCH_MS = 5
const SWEEP_EVERY_TICKS = 5
const SECOND_EVERY_TICKS = 10
const BROADCAST_EVERY_TICKS = 50
const CLIENTS_EVERY_TICKS = 100
const OFFSETS_EVERY_TICKS = 6_000
const MAPPINGS_EVERY_TICKS = 3_000

/** What a broker does now and then, all by one timer, and one more while reads of cold data are limited. */
export class BrokerUpkeep {
  readonly #parts: BrokerParts
  readonly #cold: ColdRounds
  #timer: Timer | undefined
  #dueTimer: Timer | undefined
  /** When {@link #dueTimer} fires; 0 when it does not. */
  #dueMs = 0
  #ticks = 0

  constructor(parts: BrokerParts) {
    this.#parts = parts
    const { conf, environment, coldAccounts, pulls } = parts
    this.#cold = new ColdRounds({
      ...{ settings: conf, clock: environment.clock, accounts: coldAccounts, held: pulls.coldHeld },
    })
  }

  start(): void {
    this.#cold.follow()
    this.#parts.conf.onChanged(() => this.#cold.follow())
    this.#timer = this.#parts.environment.clock.every(TICK_MS, () => this.#tick())
  }

  stop(): void {
    this.#cold.stop()
    this.#timer?.cancel()
    this.#dueTimer?.cancel()
  }

  #tick(): void {
    const { environment, store, acks, tables, pulls, stats, consumers, producers, locks, notifier, conf } = this.#parts
    const { clock } = environment
    const now = clock.now()
    // Of several timers that are due in one turn an earlier one may have staged messages.
    this.#parts.commit()
    store.tick(now)
    acks.expire()
    this.#parts.compaction.follow()
    this.#parts.keptMessages.tick(this.#parts.compaction.declared)
    tables.tick(now, store)
    this.#deliverDelayed()
    this.#parts.escaping?.tick()
    this.#parts.actingTimers?.tick()
    this.#checkTransactions()
    this.#upkeepTimers(now)
    this.#parts.pop.upkeep(now)
    this.#parts.lite.upkeep(now)
    this.#revive()
    this.#ticks++
    if (this.#ticks % SWEEP_EVERY_TICKS === 0) pulls.held.sweep(clock.monotonic())
    if (this.#ticks % SECOND_EVERY_TICKS === 0) stats.tick(now)
    if (this.#ticks % BROADCAST_EVERY_TICKS === 0) this.#parts.broadcast.sweep()
    if (this.#ticks % CLIENTS_EVERY_TICKS !== 0) return
    consumers.expire()
    producers.expire()
    locks.expire()
    notifier.notifyGathered()
    tables.saveFilters(now)
    if (this.#ticks % MAPPINGS_EVERY_TICKS === 0 && !tables.mappings.isEmpty) this.#cleanMappings(now)
    if (this.#ticks % OFFSETS_EVERY_TICKS === 0 && conf.current.enableCleanExpiredOffset) this.#forgetOffsets()
  }

  #forgetOffsets(): void {
    const { store, tables, consumers } = this.#parts
    forgetExpired(tables.offsets, consumers, minOffsetIn(store))
  }

  /** In the hours in which messages are deleted. */
  #cleanMappings(now: number): void {
    const { conf, mappingCleaner } = this.#parts
    const isTime = hoursOf(conf.current.deleteWhen).includes(new Date(now).getHours())
    if (isTime && this.#isActive) void mappingCleaner.clean()
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

  #upkeepTimers(now: number): void {
    const { timers } = this.#parts
    if (timers === undefined) return
    timers.upkeep(now)
    this.#runTimers()
  }

  /** Messages are delivered to the millisecond, but not each in a batch of its own. */
  #runTimers(): void {
    const { timers, actingTimers, environment, isMaster, isStopping } = this.#parts
    const { clock } = environment
    if (timers === undefined || isStopping) return
    const now = clock.now()
    const isActive = this.#isActive
    let hasMore = false
    if (isActive) hasMore = timers.tick(now)
    else if (!isMaster && actingTimers?.isActing !== true) hasMore = timers.follow(now)
    if (hasMore) clock.endOfTurn(() => this.#runTimers())
    else if (isActive) this.#awaitDue(timers.nextBefore(now + TICK_MS, now), now)
  }

  /** Of what is due in a later tick that one takes care. */
  #awaitDue(nextMs: number, now: number): void {
    const dueMs = Math.max(nextMs, now + TIMER_BATCH_MS)
    const isAwaited = this.#dueMs > now && this.#dueMs <= dueMs
    if (nextMs === Number.POSITIVE_INFINITY || isAwaited) return
    // What was placed since may be due earlier than what was awaited.
    this.#dueTimer?.cancel()
    this.#dueMs = dueMs
    this.#dueTimer = this.#parts.environment.clock.after(dueMs - now, () => {
      this.#dueMs = 0
      this.#runTimers()
    })
  }

  /** After the timers, through which check points and acks come. */
  #revive(): void {
    if (!this.#isActive) return
    const { pop, environment } = this.#parts
    if (pop.tick()) environment.clock.endOfTurn(() => this.#revive())
  }

  #checkTransactions(): void {
    if (!this.#isActive) return
    const { transactions, environment } = this.#parts
    const { clock } = environment
    if (transactions.tick(clock.now())) clock.endOfTurn(() => this.#checkTransactions())
  }
}
