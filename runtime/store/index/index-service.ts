import type { Disk } from '../../io/disk.ts'
import type { StoreReporter } from '../store-options.ts'
import { IndexFile } from './index-file.ts'
import { nameAfter } from './index-file-name.ts'
import type { IndexShape } from './index-format.ts'
import { repairIndexFile, setEnd } from './index-repair.ts'
import { collect } from './index-search.ts'
import { entryHash, foldText, foldUtf8, indexKeySeed, tagKeySeed } from './key-hash.ts'

/** maxMsgsNumBatch: offsets one query gives at most. */
const QUERY_COUNT_MAX = 64
/** Entries one query looks at, some 30 ms when a hot key has to be followed far back in time. */
const QUERY_STEPS_MAX = 4_000_000
/** Index type of tags; any other looks for keys and unique keys. */
const TAG_INDEX_TYPE = 'T'

const TRANSACTION_MASK = 12
const TRANSACTION_ROLLBACK = 12
const SPACE = 0x20

/** Where a message's keys stand in bytes; a start of -1 means there is none. */
export interface IndexKeyRanges {
  readonly uniqKeyStart: number
  readonly uniqKeyLength: number
  readonly keysStart: number
  readonly keysLength: number
  readonly tagsStart: number
  readonly tagsLength: number
}

export interface IndexServiceOptions {
  readonly disk: Disk
  /** storePathIndex. */
  readonly folder: string
  readonly maxHashSlotNum: number
  readonly maxIndexNum: number
  readonly reporter: StoreReporter
  /** Whether the store was closed cleanly: no abort file. */
  readonly isLastExitClean: boolean
  /** The checkpoint's: files that end later are checked and repaired after an unclean stop. */
  readonly indexMsgTimestamp: number
}

export interface IndexQueryResult {
  /** Of the newest first. Different keys can have the same hash: the reader compares the message's own keys. */
  readonly phyOffsets: number[]
  readonly lastUpdateTimestampMs: number
  readonly lastUpdatePhyOffset: number
  /** False when a limit ended the search before the span of time did. */
  readonly isComplete: boolean
}

/** Finds messages by key, unique key and tag. Rules as in Apache RocketMQ's `IndexService`. */
export class IndexService {
  readonly #disk: Disk
  readonly #folder: string
  readonly #shape: IndexShape
  readonly #reporter: StoreReporter
  /** Oldest first; only the last takes entries. */
  readonly #files: IndexFile[] = []
  /** Full files whose content or durability is still outstanding. */
  readonly #finishing = new Set<IndexFile>()
  /** Why no new file could be made; cleared by the next attempt that works. */
  #createError: unknown
  /** A message some of whose keys are still to be put; how many are done, and how many were met in this call. */
  #unfinishedPhyOffset = -1
  #doneKeys = 0
  #key = 0
  #isFolderChanged = false

  private constructor(options: IndexServiceOptions) {
    this.#disk = options.disk
    this.#folder = options.folder
    this.#shape = { slotCount: options.maxHashSlotNum, countMax: options.maxIndexNum }
    this.#reporter = options.reporter
  }

  static open(options: IndexServiceOptions): IndexService {
    const service = new IndexService(options)
    try {
      const names = options.disk.list(options.folder).filter((name) => /^\d+$/.test(name))
      for (const name of names) service.#load(name, options, name === names.at(-1))
      service.#settle()
    } catch (error) {
      service.close()
      throw error
    }
    return service
  }

  get fileCount(): number {
    return this.#files.length
  }

  /** Start of the last indexed message, -1 without any: `put` passes over it and all before it. */
  get maxPhyOffset(): number {
    const last = this.#files.at(-1)
    return last && (last.header.count > 1 || last.header.endPhyOffset > 0) ? last.header.endPhyOffset : -1
  }

  /** False while files cannot be made or written: refuse messages rather than leave them without index. */
  get hasRoom(): boolean {
    return this.#createError === undefined && (this.#files.at(-1)?.hasRoom ?? true)
  }

  totalSizeBytes(): number {
    return this.#files.length * (40 + this.#shape.slotCount * 4 + this.#shape.countMax * 20)
  }

  /**
   * Indexes a message under its unique key, its keys (separated by spaces) and its tags. Messages at or before
   * {@link maxPhyOffset} and rolled back transactions are passed over. `nowMs` names a new file. False when files cannot
   * be made or written: the same message must be offered again, before any later one.
   */
  put(
    seed: number,
    phyOffset: number,
    storeTimestampMs: number,
    sysFlag: number,
    nowMs: number,
    bytes: Uint8Array,
    ranges: IndexKeyRanges,
  ): boolean {
    if (phyOffset !== this.#unfinishedPhyOffset) {
      if (phyOffset <= this.maxPhyOffset || (sysFlag & TRANSACTION_MASK) === TRANSACTION_ROLLBACK) return true
      this.#doneKeys = 0
    }
    this.#key = 0
    const isDone =
      this.#putUniqKey(seed, phyOffset, storeTimestampMs, nowMs, bytes, ranges) &&
      this.#putKeys(seed, phyOffset, storeTimestampMs, nowMs, bytes, ranges) &&
      this.#putTags(seed, phyOffset, storeTimestampMs, nowMs, bytes, ranges)
    this.#unfinishedPhyOffset = isDone ? -1 : phyOffset
    return isDone
  }

  /** Offsets of messages stored from `beginMs` to `endMs`, the newest first; at most {@link QUERY_COUNT_MAX}. */
  query(
    topic: string,
    key: string,
    maxCount: number,
    beginMs: number,
    endMs: number,
    indexType?: string,
  ): IndexQueryResult {
    const seed = indexType === TAG_INDEX_TYPE ? tagKeySeed(indexKeySeed(topic)) : indexKeySeed(topic)
    const hash = entryHash(foldText(seed, key))
    const count = Math.min(maxCount, QUERY_COUNT_MAX)
    const phyOffsets: number[] = []
    let steps = QUERY_STEPS_MAX
    for (let i = this.#files.length - 1; i >= 0 && steps > 0; i--) {
      const file = this.#files[i]!
      if (file.header.overlaps(beginMs, endMs)) steps = collect(file, hash, count, beginMs, endMs, steps, phyOffsets)
      if (file.header.beginTimestamp < beginMs || phyOffsets.length >= count) break
    }
    const last = this.#files.at(-1)?.header
    return {
      phyOffsets,
      lastUpdateTimestampMs: last?.endTimestamp ?? 0,
      lastUpdatePhyOffset: last?.endPhyOffset ?? 0,
      isComplete: steps > 0,
    }
  }

  /** Takes back the entries of messages that start at or after `phyOffset`; Java leaves them to point nowhere. */
  truncateFrom(phyOffset: number): void {
    this.#unfinishedPhyOffset = -1
    for (let file = this.#files.at(-1); file; file = this.#files.at(-1)) {
      if (file.header.count > 1 && file.header.endPhyOffset < phyOffset) return
      file.writeEntries()
      while (file.header.count > 1 && file.entry(file.header.count - 1).phyOffset >= phyOffset) file.dropLast()
      if (file.header.count > 1) {
        setEnd(file, file.header.count)
        file.writeHeader()
        file.syncNow()
        return
      }
      this.#removeFile(file)
    }
  }

  /** Removes files whose messages have all left the commit log, but never the newest. Returns how many. */
  deleteBelow(minPhyOffset: number): number {
    let deleted = 0
    while (this.#files.length > 1 && this.#files[0]!.header.endPhyOffset < minPhyOffset) {
      this.#removeFile(this.#files[0]!)
      deleted++
    }
    return deleted
  }

  /** First half of a flush: what must be synced before {@link endFlush}. Throws when writing fails. */
  beginFlush(): IndexFlush {
    for (const file of this.#finishing) file.writeAll()
    const current = this.#files.at(-1)
    const headers = new Map<IndexFile, ReturnType<IndexFile['headerNow']>>()
    if (current && !this.#finishing.has(current)) {
      current.writeEntries()
      headers.set(current, current.headerNow())
    }
    return { full: [...this.#finishing], headers }
  }

  /**
   * Second half, once the files of `flush` are synced: writes the header that counts the entries. Returns the files to sync
   * once more.
   */
  endFlush(flush: IndexFlush): IndexFile[] {
    for (const file of flush.full) {
      this.#finishing.delete(file)
      if (this.#files.includes(file)) file.release()
    }
    const written: IndexFile[] = []
    for (const [file, header] of flush.headers) {
      if (!this.#files.includes(file) || header.count > file.header.count) continue
      file.writeHeader(header)
      written.push(file)
    }
    return written
  }

  /** The folder if files came or went since this was last asked: it has to be synced. */
  takeUnsyncedFolder(): string | undefined {
    if (!this.#isFolderChanged) return undefined
    this.#isFolderChanged = false
    return this.#folder
  }

  folderNotSynced(): void {
    this.#isFolderChanged = true
  }

  /** Brings everything to disk, synced. */
  flushNow(): void {
    for (const file of this.#files) {
      if (!file.takesEntries) continue
      file.writeEntries()
      file.writeSlots()
      file.syncNow()
      file.writeHeader()
      file.syncNow()
    }
    this.#finishing.clear()
    const folder = this.takeUnsyncedFolder()
    if (folder !== undefined) this.#disk.syncFolder(folder)
  }

  close(): void {
    for (const file of this.#files) file.close()
    this.#files.length = 0
  }

  #putUniqKey(
    seed: number,
    phyOffset: number,
    storeTimestampMs: number,
    nowMs: number,
    bytes: Uint8Array,
    ranges: IndexKeyRanges,
  ): boolean {
    if (ranges.uniqKeyStart < 0) return true
    const hash = foldUtf8(seed, bytes, ranges.uniqKeyStart, ranges.uniqKeyLength)
    return this.#putHash(hash, phyOffset, storeTimestampMs, nowMs)
  }

  #putKeys(
    seed: number,
    phyOffset: number,
    storeTimestampMs: number,
    nowMs: number,
    bytes: Uint8Array,
    ranges: IndexKeyRanges,
  ): boolean {
    if (ranges.keysStart < 0) return true
    const end = ranges.keysStart + ranges.keysLength
    let start = ranges.keysStart
    for (let at = start; at <= end; at++) {
      if (at < end && bytes[at] !== SPACE) continue
      if (at > start) {
        const hash = foldUtf8(seed, bytes, start, at - start)
        if (!this.#putHash(hash, phyOffset, storeTimestampMs, nowMs)) return false
      }
      start = at + 1
    }
    return true
  }

  #putTags(
    seed: number,
    phyOffset: number,
    storeTimestampMs: number,
    nowMs: number,
    bytes: Uint8Array,
    ranges: IndexKeyRanges,
  ): boolean {
    if (ranges.tagsStart < 0 || ranges.tagsLength === 0) return true
    const hash = foldUtf8(tagKeySeed(seed), bytes, ranges.tagsStart, ranges.tagsLength)
    return this.#putHash(hash, phyOffset, storeTimestampMs, nowMs)
  }

  #putHash(hash: number, phyOffset: number, storeTimestampMs: number, nowMs: number): boolean {
    if (this.#key++ < this.#doneKeys) return true
    let file = this.#files.at(-1)
    if (!file || file.isFull) file = this.#roll(nowMs)
    if (!file?.put(entryHash(hash), phyOffset, storeTimestampMs)) return false
    this.#doneKeys = this.#key
    return true
  }

  #roll(nowMs: number): IndexFile | undefined {
    const last = this.#files.at(-1)
    const path = `${this.#folder}/${nameAfter(last?.path, nowMs)}`
    try {
      const file = IndexFile.create(
        this.#disk,
        path,
        this.#shape,
        last?.header.endPhyOffset ?? 0,
        last?.header.endTimestamp ?? 0,
      )
      this.#createError = undefined
      if (last) this.#finishing.add(last)
      this.#files.push(file)
      this.#isFolderChanged = true
      return file
    } catch (error) {
      if (this.#createError === undefined) {
        this.#reporter.error(`cannot make index file ${path}: check the disk of storePathIndex`, error)
      }
      this.#createError = error
      return undefined
    }
  }

  /** Tries again to make the file that could not be made; for a tick. */
  retry(nowMs: number): void {
    if (this.#createError !== undefined) this.#roll(nowMs)
  }

  #load(name: string, options: IndexServiceOptions, isLast: boolean): void {
    const path = `${this.#folder}/${name}`
    if (this.#disk.stat(path)?.sizeBytes === 0) {
      // Made just before a crash; it never held anything.
      this.#disk.remove(path)
      return
    }
    const file = IndexFile.open(this.#disk, path, this.#shape)
    this.#files.push(file)
    const { header } = file
    if (options.isLastExitClean) return
    this.#isFolderChanged = true
    // Times do not tell a file that still took entries from the full one before it: its messages may be of the same
    // millisecond, or the clock was set back.
    if (!isLast && file.isFull && header.endTimestamp <= options.indexMsgTimestamp) return
    const { keptEntries, droppedEntries } = repairIndexFile(file)
    if (keptEntries === 0) {
      this.#removeFile(file)
      return
    }
    if (droppedEntries > 0) {
      this.#reporter.warn(
        `index file ${path}: ${keptEntries} entries are sound, ${droppedEntries} after them are dropped`,
      )
    }
    // What was dropped must not come back with the old count after another crash.
    file.writeHeader()
    file.syncNow()
  }

  /** Repaired files that take no more entries need no memory. */
  #settle(): void {
    for (const file of this.#files) {
      if (!file.takesEntries || (file === this.#files.at(-1) && !file.isFull)) continue
      file.writeAll()
      file.syncNow()
      file.release()
    }
  }

  #removeFile(file: IndexFile): void {
    file.close()
    this.#files.splice(this.#files.indexOf(file), 1)
    this.#finishing.delete(file)
    this.#disk.remove(file.path)
    this.#isFolderChanged = true
  }
}

export interface IndexFlush {
  /** Files that are full, written completely. */
  readonly full: readonly IndexFile[]
  readonly headers: ReadonlyMap<IndexFile, ReturnType<IndexFile['headerNow']>>
}
