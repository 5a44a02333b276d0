import type { SimpleConsumeQueue } from '../consume-queue/simple-consume-queue.ts'
import type { StoreReporter } from '../store-options.ts'
import type { CompactionPositions } from './compaction-positions.ts'
import { loadSegments, truncateSegments } from './compaction-recovery.ts'
import { CompactionSegments, type SegmentsParts } from './compaction-segments.ts'
import { endSwap, resumeSwap } from './compaction-swap.ts'

export interface CompactionLogParts extends SegmentsParts {
  /** `<storePathRootDir>/compaction` */
  readonly folder: string
  readonly positions: CompactionPositions
  readonly reporter: StoreReporter
}

/**
 * The messages of one queue of a compaction topic, kept for as long as no newer one has their key. They are copied from the
 * commit log when they are durable there; behind {@link endOffset} the commit log has them.
 */
export class CompactionLog {
  readonly queue: SimpleConsumeQueue
  readonly segments: CompactionSegments
  /** Messages below are durable here, or not needed. */
  durableOffset: number
  /** A sync is under way. */
  isSyncing = false
  /** Files are being put in each other's place and the disk has refused: nothing can be read until it does not any more. */
  isStuck = false
  /** A message is larger than a file: nothing behind it is copied. */
  isBlocked = false
  /** Slaves: what the master has kept from before this log is here, or need not be. */
  isFetched = false
  /** Slaves: up to here it was asked for. */
  fetchedOffset = 0
  /** The topic was deleted. */
  isRemoved = false
  /** When it is to be compacted next. */
  nextRoundMs = 0
  readonly #parts: CompactionLogParts
  #hasKeyless = false

  /** Opens the queue's files, or none. Throws, naming file and key, for such that cannot be used. */
  constructor(queue: SimpleConsumeQueue, parts: CompactionLogParts, wasClosed: boolean) {
    this.queue = queue
    this.#parts = parts
    const { folder, files, positions, reporter } = parts
    const path = `${queue.topic}/${queue.queueId}`
    const folders = { log: `${folder}/compactionLog/${path}`, queue: `${folder}/compactionCq/${path}` }
    const plan = resumeSwap(files, folders)
    if (plan !== undefined) {
      positions.set(queue.topic, queue.queueId, plan.lastOffset)
      endSwap(files, folders)
    }
    this.segments = new CompactionSegments(folders, parts)
    loadSegments(this.segments, parts, wasClosed, reporter)
    this.durableOffset = wasClosed ? this.nextCopyOffset : this.#durableAtStart()
  }

  /** Of the first message, -1 without any. */
  get firstOffset(): number {
    return this.segments.firstOffset
  }

  /** One past the last message. */
  get endOffset(): number {
    return this.segments.lastOffset + 1
  }

  /** First offset of the queue that is still to be copied. What was compacted away does not come again. */
  get nextCopyOffset(): number {
    return Math.max(this.endOffset, this.position + 1)
  }

  /** Every message up to this one has been compacted. */
  get position(): number {
    return this.#parts.positions.of(this.queue.topic, this.queue.queueId)
  }

  set position(offset: number) {
    this.#parts.positions.set(this.queue.topic, this.queue.queueId, offset)
  }

  /** Whether there are messages that no compaction has looked at, in files that are not written any more. */
  get isWorthCompacting(): boolean {
    const { list } = this.segments
    const { position } = this
    for (let i = list.length - 2; i >= 0; i--) if (list[i]!.lastOffset > position) return true
    return false
  }

  /** Drops every message at or behind `offset`. */
  truncateFrom(offset: number): void {
    this.segments.dropStaged()
    truncateSegments(this.segments, this.#parts, offset)
    this.#parts.positions.lower(this.queue.topic, this.queue.queueId, offset - 1)
    this.durableOffset = Math.min(this.durableOffset, offset)
    this.isBlocked = false
  }

  /** A message without a key has no place here: it is gone when the commit log forgets it. */
  noteKeyless(queueOffset: number): void {
    if (this.#hasKeyless) return
    this.#hasKeyless = true
    const { topic, queueId } = this.queue
    this.#parts.reporter.warn(
      `message ${queueOffset} of compaction topic ${topic}-${queueId} has no key: it, and others like it, are not kept`,
    )
  }

  /** Everything goes. */
  remove(): void {
    const { files } = this.#parts
    this.segments.dropStaged()
    this.segments.list = []
    files.removeFolder(this.segments.folders.log)
    files.removeFolder(this.segments.folders.queue)
  }

  /** After an unclean stop the last file is to be synced first. */
  #durableAtStart(): number {
    const { last } = this.segments
    return last === undefined || last.firstOffset < 0 ? this.nextCopyOffset : last.firstOffset
  }
}
