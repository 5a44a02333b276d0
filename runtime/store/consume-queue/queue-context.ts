import { viewOf } from '../../codec/bytes.ts'
import type { StoreReporter } from '../store-options.ts'
import type { ConsumeQueue } from './consume-queue.ts'
import type { QueueFiles } from './queue-files.ts'
import type { ConsumeQueueLimits } from './queue-limits.ts'
import { BATCH_UNIT_BYTES, QueueUnits, UNIT_BYTES } from './queue-unit.ts'
import { TailPool } from './tail-pool.ts'

const POOL_CHUNK_BYTES = 512

/** Units moved through the scratch memory at a time. */
export const SCRATCH_UNITS = 3276
export const SCRATCH_BATCH_UNITS = Math.floor((SCRATCH_UNITS * UNIT_BYTES) / BATCH_UNIT_BYTES)
/** Units of a 4 KiB page, the step in which the end of a queue is looked for. */
export const PAGE_UNITS = 204

/** What all consume queues share: files, memory for unwritten units, the order in which queues became dirty. */
export class QueueContext {
  readonly files: QueueFiles
  readonly pool = new TailPool()
  readonly limits: ConsumeQueueLimits
  readonly reporter: StoreReporter
  readonly fileBytes: number
  readonly unitsPerFile: number
  readonly batchFileBytes: number
  readonly batchUnitsPerFile: number
  readonly scratch: Buffer
  readonly scratchView: DataView
  /** For looking at a page of units inside the store; never handed out. */
  readonly page = new QueueUnits(PAGE_UNITS)
  /** Start of the commit log: units before it point nowhere. */
  minPhyOffset = 0
  /** Why writing out failed last; cleared at the next attempt that works. */
  writeError: unknown
  readonly #softChunks: number
  /** Queues in the order in which they became dirty; those written since then are skipped. */
  #dirty: ConsumeQueue[] = []
  #dirtyStart = 0

  /** File sizes in bytes: whole units. */
  constructor(
    files: QueueFiles,
    sizes: { readonly fileBytes: number; readonly batchFileBytes: number },
    limits: ConsumeQueueLimits,
    reporter: StoreReporter,
  ) {
    this.files = files
    this.limits = limits
    this.reporter = reporter
    this.fileBytes = sizes.fileBytes
    this.unitsPerFile = sizes.fileBytes / UNIT_BYTES
    this.batchFileBytes = sizes.batchFileBytes
    this.batchUnitsPerFile = sizes.batchFileBytes / BATCH_UNIT_BYTES
    this.scratch = Buffer.alloc(SCRATCH_UNITS * UNIT_BYTES)
    this.scratchView = viewOf(this.scratch)
    this.#softChunks = Math.floor(limits.tailBytesMax / POOL_CHUNK_BYTES)
  }

  get dirtyCount(): number {
    return this.#dirty.length - this.#dirtyStart
  }

  hasRoom(unitCount: number): boolean {
    return this.writeError === undefined || this.pool.usedChunks + unitCount <= this.#softChunks * 2
  }

  /** A chunk for more units, or -1 when writing fails and twice the limit is in use. May write out any queue. */
  takeChunk(): number {
    if (this.pool.usedChunks >= this.#softChunks) {
      if (this.writeError === undefined) this.#relieve()
      if (this.pool.usedChunks >= this.#softChunks * 2) return -1
    }
    return this.pool.take()
  }

  becameDirty(queue: ConsumeQueue): void {
    if (queue.isListedDirty) return
    queue.isListedDirty = true
    this.#dirty.push(queue)
  }

  /** The dirty queues in the order of their folders; they count as clean until they get more units. */
  takeDirty(): ConsumeQueue[] {
    const listed = this.#dirty.slice(this.#dirtyStart)
    for (const queue of listed) queue.isListedDirty = false
    const queues = listed.filter((queue) => queue.isDirty)
    this.#dirty = []
    this.#dirtyStart = 0
    return queues.sort(byId)
  }

  giveBackDirty(queues: Iterable<ConsumeQueue>): void {
    for (const queue of queues) if (queue.isDirty) this.becameDirty(queue)
  }

  /** Writes a queue's units out; false (and the reason kept and reported once) when that fails. */
  tryWriteOut(queue: ConsumeQueue): boolean {
    try {
      queue.writeOut()
      this.writeError = undefined
      return true
    } catch (error) {
      if (this.writeError === undefined) {
        this.reporter.error(
          `cannot write consume queue ${queue.topic}-${queue.queueId}; its messages are safe in the commit log and the ` +
            'write is repeated: check the disk of storePathConsumeQueue',
          error,
        )
      }
      this.writeError = error
      return false
    }
  }

  #relieve(): void {
    const batch: ConsumeQueue[] = []
    while (batch.length < this.limits.reliefQueues && this.#dirtyStart < this.#dirty.length) {
      const queue = this.#dirty[this.#dirtyStart++]!
      queue.isListedDirty = false
      if (queue.isDirty) batch.push(queue)
    }
    if (this.#dirtyStart > this.#dirty.length / 2) {
      this.#dirty = this.#dirty.slice(this.#dirtyStart)
      this.#dirtyStart = 0
    }
    batch.sort(byId)
    for (let i = 0; i < batch.length; i++) {
      if (this.tryWriteOut(batch[i]!)) continue
      this.giveBackDirty(batch.slice(i))
      return
    }
  }
}

function byId(left: ConsumeQueue, right: ConsumeQueue): number {
  return left.id - right.id
}
