import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { AckRules } from './ack-policy.ts'
import { type LateAnswer, Needs, PendingSends, type PendingSendsLimits, type SendAnswerer } from './pending-sends.ts'

/** The positions of the log that acknowledgements depend on. */
export interface LogProgress {
  readonly writtenOffset: number
  readonly flushedOffset: number
  /** Asks for a flush of all that is written; cheap when one is under way. */
  flush(): void
}

/**
 * All sends that wait for their answer: those that only need to be written leave at the end of the turn, the others as
 * the flush and the slaves get on.
 */
export class Acknowledgements {
  /** Limit of sends waiting at once reached: refuse. */
  readonly written: PendingSends
  readonly durable: PendingSends
  readonly #policy: AckRules
  readonly #log: LogProgress
  readonly #answerer: SendAnswerer
  readonly #monotonic: () => number
  /** One reading of the clock serves a turn. */
  #nowMs = 0
  #codeOfTurn = -1
  #onIdle: (() => void) | undefined

  constructor(
    policy: AckRules,
    log: LogProgress,
    answerer: SendAnswerer,
    limits: PendingSendsLimits,
    monotonic: () => number,
  ) {
    this.#policy = policy
    this.#log = log
    this.#answerer = answerer
    this.#monotonic = monotonic
    this.written = new PendingSends(limits)
    this.durable = new PendingSends(limits)
  }

  get isFull(): boolean {
    return this.written.isFull || this.durable.isFull
  }

  get count(): number {
    return this.written.count + this.durable.count
  }

  /** To be called before a message is appended. @throws RequestError when one that `waits` is not taken at present */
  check(waits: boolean): void {
    const { refusal } = this.#policy
    // Official brokers know it as IN_SYNC_REPLICAS_NOT_ENOUGH, which has no code of its own.
    if (waits && refusal !== undefined) throw new RequestError(ResponseCode.SYSTEM_ERROR, refusal)
  }

  /** The ring in which a message that `waits` (the default) or does not (property WAIT=false) is kept. */
  ringFor(waits: boolean): PendingSends {
    return waits && this.#policy.needs !== 0 ? this.durable : this.written
  }

  /** Notes an appended message that ends at `endOffset`; the caller fills in the slot of `ring`. */
  add(ring: PendingSends, endOffset: number, channel: Channel): number {
    if (ring === this.written) return ring.add(endOffset, 0, ResponseCode.SUCCESS, 0, channel)
    return ring.add(endOffset, this.#needsNow(), this.#code(), this.#now(), channel)
  }

  addLate(ring: PendingSends, endOffset: number, late: LateAnswer): void {
    if (ring === this.written) ring.addLate(endOffset, 0, ResponseCode.SUCCESS, 0, late)
    else ring.addLate(endOffset, this.#needsNow(), this.#code(), this.#now(), late)
  }

  /** After the turn's batch was written. */
  endOfTurn(): void {
    this.#codeOfTurn = -1
    this.#nowMs = 0
    const written = this.#log.writtenOffset
    if (this.written.count > 0) this.written.release(written, 0, 0, this.#answerer)
    if (this.durable.count === 0) {
      this.#tellIdle()
      return
    }
    this.progressed()
    if (this.durable.count > 0 && (this.#policy.needs & Needs.flushed) !== 0) this.#log.flush()
  }

  /** Calls `done` once, as soon as no send waits for its answer. */
  onceIdle(done: () => void): void {
    this.#onIdle = done
    this.#tellIdle()
  }

  /** Whatever still waits is answered now, as when its time is over: the broker stops. */
  giveUp(): void {
    const { writtenOffset, flushedOffset } = this.#log
    const replicated = this.#policy.replicatedOffset
    this.durable.expire(writtenOffset, flushedOffset, replicated, Number.POSITIVE_INFINITY, this.#answerer)
  }

  /** This broker is not the master any more: of what still waits nobody knows whether it stays. */
  failWaiting(code: number, remark: string): void {
    this.progressed()
    this.written.fail(-1, code, remark, this.#answerer)
    this.durable.fail(-1, code, remark, this.#answerer)
    this.#tellIdle()
  }

  /** A flush ended or a slave acknowledged. */
  progressed(): void {
    if (this.durable.count === 0) return
    const { writtenOffset, flushedOffset } = this.#log
    this.durable.release(writtenOffset, flushedOffset, this.#policy.replicatedOffset, this.#answerer)
    this.#tellIdle()
  }

  /** Called by the broker's coarse timer. */
  expire(): void {
    if (this.durable.count === 0) return
    const { writtenOffset, flushedOffset } = this.#log
    const replicated = this.#policy.replicatedOffset
    this.durable.expire(writtenOffset, flushedOffset, replicated, this.#monotonic(), this.#answerer)
    this.#tellIdle()
  }

  /** The batch beyond the written offset was lost. */
  failBatch(code: number, remark: string): void {
    const written = this.#log.writtenOffset
    this.written.fail(written, code, remark, this.#answerer)
    this.durable.fail(written, code, remark, this.#answerer)
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#onIdle === undefined || this.count > 0) return
    const done = this.#onIdle
    this.#onIdle = undefined
    done()
  }

  #needsNow(): number {
    // Without a slave there is nothing to wait for: the code says so at once.
    return this.#code() === ResponseCode.SUCCESS ? this.#policy.needs : this.#policy.needs & 1
  }

  #code(): number {
    if (this.#codeOfTurn < 0) this.#codeOfTurn = this.#policy.codeAt(this.#log.writtenOffset)
    return this.#codeOfTurn
  }

  #now(): number {
    if (this.#nowMs === 0) this.#nowMs = this.#monotonic()
    return this.#nowMs
  }
}
