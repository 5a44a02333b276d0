import { BATCH_UNIT_BYTES, type QueueUnits, setBatchUnit } from './queue-unit.ts'
import { CHUNK_BATCH_UNIT_BYTES, CHUNK_BATCH_UNITS, type TailPool } from './tail-pool.ts'

/** What {@link UnitChain} is for a queue with a unit for every message, for a batch consume queue. */
export class BatchUnitChain {
  /** Number of the first unit; where there is none, of the one that comes next. */
  start = 0
  readonly #pool: TailPool
  #head = -1
  #tail = -1
  #tailUnits = CHUNK_BATCH_UNITS

  constructor(pool: TailPool) {
    this.#pool = pool
  }

  get isEmpty(): boolean {
    return this.#head < 0
  }

  /** Whether another chunk is needed before the next push. */
  get isFull(): boolean {
    return this.#tailUnits === CHUNK_BATCH_UNITS
  }

  add(chunk: number): void {
    if (this.#tail < 0) this.#head = chunk
    else this.#pool.next[this.#tail] = chunk
    this.#tail = chunk
    this.#tailUnits = 0
  }

  push(
    phyOffset: number,
    sizeBytes: number,
    tagsCode: number,
    storeTimestampMs: number,
    baseOffset: number,
    messageCount: number,
  ): void {
    const pool = this.#pool
    const at = pool.start(this.#tail) + this.#tailUnits * BATCH_UNIT_BYTES
    const view = pool.view(this.#tail)
    setBatchUnit(view, at, phyOffset, sizeBytes, tagsCode, storeTimestampMs, baseOffset, messageCount)
    this.#tailUnits++
  }

  /** Adds the units from..end to `out`; they must be there. */
  read(from: number, end: number, out: QueueUnits): void {
    const pool = this.#pool
    let index = from - this.start
    let chunk = this.#head
    for (; index >= CHUNK_BATCH_UNITS; index -= CHUNK_BATCH_UNITS) chunk = pool.next[chunk]!
    for (let at = from; at < end; ) {
      const count = Math.min(CHUNK_BATCH_UNITS - index, end - at)
      out.takeBatches(pool.view(chunk), pool.start(chunk) + index * BATCH_UNIT_BYTES, count)
      at += count
      index = 0
      chunk = pool.next[chunk]!
    }
  }

  /** Gathers the units up to `end` in `scratch`, as many at a time as fit, the oldest first. They stay in the chain. */
  forEachPiece(end: number, scratch: Uint8Array, use: (from: number, count: number) => void): void {
    const pool = this.#pool
    const fitting = Math.floor(scratch.length / BATCH_UNIT_BYTES)
    // Whole chunks, so that the next piece begins with one.
    const pieceUnits = fitting - (fitting % CHUNK_BATCH_UNITS)
    let chunk = this.#head
    for (let from = this.start; from < end; ) {
      const count = Math.min(end - from, pieceUnits)
      pool.gather(chunk, count * BATCH_UNIT_BYTES, CHUNK_BATCH_UNIT_BYTES, scratch)
      use(from, count)
      from += count
      if (from < end) for (let i = 0; i < count / CHUNK_BATCH_UNITS; i++) chunk = pool.next[chunk]!
    }
  }

  /** Drops all units; those that come next begin at `start`. */
  clear(start: number): void {
    if (this.#head >= 0) this.#pool.release(this.#head)
    this.#head = -1
    this.#tail = -1
    this.#tailUnits = CHUNK_BATCH_UNITS
    this.start = start
  }
}
