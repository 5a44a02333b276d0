import assert from 'node:assert/strict'
import type { SerializeType } from '../../codec/remoting/frame.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'

/** What must be true of a message before its sender is told. Bits. */
export const Needs = {
  /** It is written: true of everything once the batch is committed. */
  written: 0,
  flushed: 1,
  /** Enough slaves hold it. */
  replicated: 2,
} as const

/** An unanswered request that is not a plain send: gets its code instead of a laid out answer. */
export interface LateAnswer {
  /** `remark` is undefined when the message was stored. */
  complete(code: number, remark: string | undefined): void
}

/** Lays out the answer of a send that is kept at `slot`. */
export interface SendAnswerer {
  answer(sends: PendingSends, slot: number, code: number): void
  refuse(channel: Channel, opaque: number, serializeType: SerializeType, code: number, remark: string): void
}

export interface PendingSendsLimits {
  /** Entries at most: sendThreadPoolQueueCapacity. */
  readonly max: number
  /** syncFlushTimeout */
  readonly flushTimeoutMs: number
  /** slaveTimeout */
  readonly replicaTimeoutMs: number
}

/** A client's unique key is 32 or 56 characters; what is longer is answered the slow way. */
export const UNIQUE_KEY_MAX = 64

const INITIAL_CAPACITY = 256
/** Set in `needs` of an entry that was answered ahead of its turn. */
const DONE = 0x80

/**
 * Sends that were appended and not answered yet, in the order of their positions in the log. An entry is released when
 * the log is written, flushed and replicated far enough for it; since positions only grow, that is a walk from the
 * oldest entry. Entries that wait for different things may stand in each other's way, until the next {@link expire}
 * at most. Nothing is allocated per message.
 */
export class PendingSends {
  // Parallel arrays, one slot per entry. Public for the answerer only.
  endOffset: Float64Array
  phyOffset: Float64Array
  queueOffset: Float64Array
  queueId: Int32Array
  opaque: Int32Array
  serializeType: Uint8Array
  uniqueKey: Uint8Array
  uniqueKeyLength: Uint8Array
  /** When a message that waits for its time is due; read only where {@link recallStart} is set. */
  recallMs: Float64Array
  /** How the handle begins that the message can be recalled with; unset for those that cannot. */
  readonly recallStart: (Buffer | undefined)[] = []
  readonly channel: (Channel | undefined)[] = []
  #needs: Uint8Array
  #code: Uint8Array
  #addedMs: Float64Array
  readonly #late: (LateAnswer | undefined)[] = []
  readonly #limits: PendingSendsLimits
  #capacity = INITIAL_CAPACITY
  #head = 0
  #tail = 0

  constructor(limits: PendingSendsLimits) {
    this.#limits = limits
    const size = this.#capacity
    this.endOffset = new Float64Array(size)
    this.phyOffset = new Float64Array(size)
    this.queueOffset = new Float64Array(size)
    this.queueId = new Int32Array(size)
    this.opaque = new Int32Array(size)
    this.serializeType = new Uint8Array(size)
    this.uniqueKey = new Uint8Array(size * UNIQUE_KEY_MAX)
    this.uniqueKeyLength = new Uint8Array(size)
    this.recallMs = new Float64Array(size)
    this.#needs = new Uint8Array(size)
    this.#code = new Uint8Array(size)
    this.#addedMs = new Float64Array(size)
  }

  get count(): number {
    return this.#tail - this.#head
  }

  get isFull(): boolean {
    return this.#tail - this.#head >= this.#limits.max
  }

  /**
   * Notes an appended message; the caller fills the public arrays at the returned slot. `code` is what is answered
   * when nothing goes wrong from here on (SLAVE_NOT_AVAILABLE may be known already).
   */
  add(endOffset: number, needs: number, code: number, nowMs: number, channel: Channel | undefined): number {
    const slot = this.#nextSlot()
    this.endOffset[slot] = endOffset
    this.#needs[slot] = needs
    this.#code[slot] = code
    this.#addedMs[slot] = nowMs
    this.channel[slot] = channel
    this.uniqueKeyLength[slot] = 0
    return slot
  }

  addLate(endOffset: number, needs: number, code: number, nowMs: number, late: LateAnswer): void {
    this.#late[this.add(endOffset, needs, code, nowMs, undefined)] = late
  }

  /** Answers the oldest entries as far as their positions are reached. */
  release(written: number, flushed: number, replicated: number, answerer: SendAnswerer): void {
    while (this.#head < this.#tail) {
      const slot = this.#head & (this.#capacity - 1)
      if ((this.#needs[slot]! & DONE) === 0) {
        if (!this.#isReached(slot, written, flushed, replicated)) return
        this.#answer(slot, answerer)
      }
      this.#head++
    }
  }

  /** Looks at every entry: gives up what waited too long and answers whatever has nothing left to wait for. */
  expire(written: number, flushed: number, replicated: number, nowMs: number, answerer: SendAnswerer): void {
    for (let at = this.#head; at < this.#tail; at++) {
      const slot = at & (this.#capacity - 1)
      if ((this.#needs[slot]! & DONE) !== 0) continue
      this.#isReached(slot, written, flushed, replicated)
      this.#giveUp(slot, nowMs - this.#addedMs[slot]!)
      if (this.#isReached(slot, written, flushed, replicated)) this.#answer(slot, answerer)
    }
    this.release(written, flushed, replicated, answerer)
  }

  /** The batch that holds everything beyond `written` could not be written: those senders are told why. */
  fail(written: number, code: number, remark: string, answerer: SendAnswerer): void {
    while (this.#tail > this.#head) {
      const slot = (this.#tail - 1) & (this.#capacity - 1)
      if (this.endOffset[slot]! <= written) return
      this.#tail--
      const late = this.#late[slot]
      const channel = this.channel[slot]
      this.#clear(slot)
      if (late) late.complete(code, remark)
      else if (channel)
        answerer.refuse(channel, this.opaque[slot]!, this.serializeType[slot] as SerializeType, code, remark)
    }
  }

  /** Clears the needs that are met; true when none is left. */
  #isReached(slot: number, written: number, flushed: number, replicated: number): boolean {
    const end = this.endOffset[slot]!
    if (end > written) return false
    let needs = this.#needs[slot]!
    if (needs === 0) return true
    if (end <= flushed) needs &= ~Needs.flushed
    if (end <= replicated) needs &= ~Needs.replicated
    this.#needs[slot] = needs
    return needs === 0
  }

  /** As official brokers combine the two: what the slaves did counts more than the flush. */
  #giveUp(slot: number, waitedMs: number): void {
    const needs = this.#needs[slot]!
    if ((needs & Needs.flushed) !== 0 && waitedMs >= this.#limits.flushTimeoutMs) {
      this.#needs[slot] = this.#needs[slot]! & ~Needs.flushed
      if (this.#code[slot] === ResponseCode.SUCCESS) this.#code[slot] = ResponseCode.FLUSH_DISK_TIMEOUT
    }
    if ((needs & Needs.replicated) !== 0 && waitedMs >= this.#limits.replicaTimeoutMs) {
      this.#needs[slot] = this.#needs[slot]! & ~Needs.replicated
      this.#code[slot] = ResponseCode.FLUSH_SLAVE_TIMEOUT
    }
  }

  #answer(slot: number, answerer: SendAnswerer): void {
    const code = this.#code[slot]!
    const late = this.#late[slot]
    if (late) {
      this.#clear(slot)
      this.#needs[slot] = DONE
      late.complete(code, undefined)
      return
    }
    if (this.channel[slot]?.isOpen) answerer.answer(this, slot, code)
    this.#clear(slot)
    this.#needs[slot] = DONE
  }

  #clear(slot: number): void {
    this.channel[slot] = undefined
    this.recallStart[slot] = undefined
    this.#late[slot] = undefined
  }

  #nextSlot(): number {
    assert(!this.isFull, 'callers look at isFull first')
    if (this.#tail - this.#head === this.#capacity) this.#grow()
    return this.#tail++ & (this.#capacity - 1)
  }

  #grow(): void {
    const from = this.#capacity
    const to = from * 2
    // Positions count on, so an entry's slot in the larger ring follows from its position again.
    const move = <A extends Float64Array | Int32Array | Uint8Array>(old: A, fresh: A, width: number): A => {
      for (let at = this.#head; at < this.#tail; at++) {
        const slot = (at & (from - 1)) * width
        fresh.set(old.subarray(slot, slot + width) as never, (at & (to - 1)) * width)
      }
      return fresh
    }
    this.endOffset = move(this.endOffset, new Float64Array(to), 1)
    this.phyOffset = move(this.phyOffset, new Float64Array(to), 1)
    this.queueOffset = move(this.queueOffset, new Float64Array(to), 1)
    this.queueId = move(this.queueId, new Int32Array(to), 1)
    this.opaque = move(this.opaque, new Int32Array(to), 1)
    this.serializeType = move(this.serializeType, new Uint8Array(to), 1)
    this.uniqueKey = move(this.uniqueKey, new Uint8Array(to * UNIQUE_KEY_MAX), UNIQUE_KEY_MAX)
    this.uniqueKeyLength = move(this.uniqueKeyLength, new Uint8Array(to), 1)
    this.recallMs = move(this.recallMs, new Float64Array(to), 1)
    this.#needs = move(this.#needs, new Uint8Array(to), 1)
    this.#code = move(this.#code, new Uint8Array(to), 1)
    this.#addedMs = move(this.#addedMs, new Float64Array(to), 1)
    this.#moveObjects(this.channel, from, to)
    this.#moveObjects(this.recallStart, from, to)
    this.#moveObjects(this.#late, from, to)
    this.#capacity = to
  }

  #moveObjects<T>(slots: (T | undefined)[], from: number, to: number): void {
    const old = slots.slice()
    slots.fill(undefined)
    for (let at = this.#head; at < this.#tail; at++) slots[at & (to - 1)] = old[at & (from - 1)]
  }
}
