import type { CompactionLog } from './compaction-log.ts'
import type { CompactionSegment } from './compaction-segment.ts'
import { segmentFileName } from './compaction-segment.ts'
import { CompactionSegments, type SegmentsParts } from './compaction-segments.ts'
import { beginSwap, clearCompacting, compactingFolders, endSwap, finishSwap, type SwapPlan } from './compaction-swap.ts'
import { OffsetMap } from './offset-map.ts'
import { RecordWalk } from './record-walk.ts'

type Phase = 'mapping' | 'copying' | 'syncing' | 'swapping' | 'done'

/**
 * One compaction of one queue, in small steps: the newest offset of each key among the messages that no compaction has seen
 * (`mapping`), every file but the one that is written anew without what is older, or has no body (`copying`), the new files
 * made durable (`syncing`) and put in the place of the old ones (`swapping`). Nobody sees the new files before that.
 */
export class CompactionRound {
  readonly log: CompactionLog
  readonly #parts: SegmentsParts
  readonly #sources: readonly CompactionSegment[]
  readonly #map: OffsetMap
  readonly #out: CompactionSegments
  #walk: RecordWalk
  #phase: Phase = 'mapping'
  #toSync: (string | { readonly folder: string })[] = []
  #syncError: Error | undefined
  #isSyncing = false
  #isFull = false

  /** `mapBytes`: memory for the table of keys. What does not fit is left to a further round. */
  constructor(log: CompactionLog, parts: SegmentsParts, mapBytes: number) {
    this.log = log
    this.#parts = parts
    const { segments, position } = log
    this.#sources = segments.list.slice(0, -1)
    const fresh = this.#sources.filter(({ lastOffset }) => lastOffset > position)
    let messages = 0
    for (const { unitCount } of fresh) messages += unitCount
    this.#map = new OffsetMap(messages, mapBytes)
    this.#out = new CompactionSegments(compactingFolders(segments.folders), parts)
    this.#walk = new RecordWalk(segments, parts.scratch, fresh)
    clearCompacting(parts.files, segments.folders)
  }

  get isDone(): boolean {
    return this.#phase === 'done'
  }

  /** Whether there were more keys than the table takes: a further round goes on. */
  get hasMore(): boolean {
    return this.#isFull
  }

  /** From here on it is finished, by this process or the next one. */
  get isDecided(): boolean {
    return this.#phase === 'swapping' || this.#phase === 'done'
  }

  /**
   * Does a piece of the work; returns the bytes it has read, 0 when it waits for the disk or is done. If that throws
   * before {@link isDecided}, {@link abort} leaves everything as it was; after it the step may be repeated.
   */
  step(): number {
    switch (this.#phase) {
      case 'mapping':
        return this.#mapNext()
      case 'copying':
        return this.#copyNext()
      case 'syncing':
        this.#syncNext()
        return 0
      case 'swapping':
        this.#swap()
        return 0
      case 'done':
        return 0
    }
  }

  abort(): void {
    this.#phase = 'done'
    this.#out.dropStaged()
    clearCompacting(this.#parts.files, this.log.segments.folders)
  }

  #mapNext(): number {
    const walk = this.#walk
    const { position } = this.log
    const read = walk.next(() => {
      if (walk.queueOffset <= position || walk.key === undefined) return true
      if (this.#map.put(walk.key, walk.queueOffset)) return true
      this.#isFull = true
      return false
    })
    if (!walk.isAtEnd) return Math.max(read, 1)
    this.#walk = new RecordWalk(this.log.segments, this.#parts.scratch, this.#sources)
    this.#phase = 'copying'
    return Math.max(read, 1)
  }

  #copyNext(): number {
    const walk = this.#walk
    const out = this.#out
    const read = walk.next(() => {
      if (!this.#isKept()) return true
      if (out.needsRoll(walk.sizeBytes)) out.roll()
      out.add(walk.bytes, walk.start, walk.sizeBytes, walk)
      return true
    })
    if (!walk.isAtEnd) return Math.max(read, 1)
    out.writeOut()
    out.dropStaged()
    for (const segment of out.list) this.#toSync.push(out.logPath(segment), out.queuePath(segment))
    if (out.list.length > 0) this.#toSync.push({ folder: out.folders.log }, { folder: out.folders.queue })
    this.#phase = 'syncing'
    return Math.max(read, 1)
  }

  /** As Java's `shouldRetainMsg`; messages behind the table's last one are left to a further round. */
  #isKept(): boolean {
    const { queueOffset, key, bodyLength } = this.#walk
    if (queueOffset > this.#map.lastOffset) return true
    return key !== undefined && bodyLength > 0 && queueOffset >= this.#map.get(key)
  }

  #syncNext(): void {
    if (this.#syncError !== undefined) throw this.#syncError
    if (this.#isSyncing) return
    if (this.#toSync.length > 0) {
      this.#isSyncing = true
      this.#syncOne()
      return
    }
    this.#phase = 'swapping'
    this.#swap()
  }

  /** One after the other, without waiting for a step. */
  #syncOne(): void {
    const next = this.#toSync.shift()
    if (next === undefined || this.#phase !== 'syncing') {
      this.#isSyncing = false
      return
    }
    const { files } = this.#parts
    const done = (error: Error | null): void => {
      if (error === null) this.#syncOne()
      else this.#failSync(error)
    }
    try {
      if (typeof next === 'string') files.sync(next, done)
      else files.disk.syncFolderLater(next.folder, done)
    } catch (error) {
      this.#failSync(error as Error)
    }
  }

  #failSync(error: Error): void {
    this.#syncError = error
    this.#isSyncing = false
  }

  #swap(): void {
    const { files } = this.#parts
    const { log } = this
    const { folders, list } = log.segments
    const lastOffset = this.#isFull
      ? this.#map.lastOffset
      : this.#sources.reduce((max, s) => Math.max(max, s.lastOffset), -1)
    const plan: SwapPlan = {
      remove: this.#sources.map(({ start }) => segmentFileName(start)),
      add: this.#out.list.map(({ start }) => segmentFileName(start)),
      lastOffset,
    }
    log.isStuck = true
    beginSwap(files, folders, plan)
    finishSwap(files, folders, plan)
    log.position = lastOffset
    endSwap(files, folders)
    for (const segment of this.#out.list) segment.isClosed = true
    log.segments.list = [...this.#out.list, ...list.slice(this.#sources.length)]
    log.isStuck = false
    this.#phase = 'done'
  }
}
