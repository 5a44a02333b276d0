import { setInt64, viewOf } from '../../codec/bytes.ts'
import { BLANK_SIZE, encodeBlank } from '../../codec/message/record.ts'
import type { CompactionFiles } from './compaction-files.ts'
import type { CompactionScratch } from './compaction-scratch.ts'
import { UNITS_AT_ONCE } from './compaction-scratch.ts'
import { type CompactionSegment, emptySegment, segmentFileName } from './compaction-segment.ts'
import type { CompactionSizes } from './compaction-sizes.ts'
import { COMPACTION_UNIT_BYTES, type CompactionUnits, setCompactionUnit, setEndUnit } from './compaction-unit.ts'

const PHY_OFFSET_AT = 28
/** Records and their units wait in memory up to so many bytes, then they are written together. */
const STAGE_BYTES = 256 * 1024
const STAGE_UNITS = 1024
const NO_VIEW: DataView = new DataView(new ArrayBuffer(0))

export interface CompactionFolders {
  readonly log: string
  readonly queue: string
}

export interface SegmentsParts {
  readonly files: CompactionFiles
  readonly scratch: CompactionScratch
  readonly sizes: CompactionSizes
}

export interface CompactedRecord {
  readonly queueOffset: number
  readonly tagsCode: number
  readonly storeTimestampMs: number
}

/**
 * The files of one compaction log in their order, or of what a compaction writes. Rules of appending as in
 * `CompactionLog.CompactionAppendMessageCallback`: log and queue file begin and end together, the last place of a queue file
 * is that of its end.
 */
export class CompactionSegments {
  readonly folders: CompactionFolders
  list: CompactionSegment[] = []
  /** Whether something has been written that no sync covers. */
  isDirty = false
  /** Whether the name of a file is new, too. */
  hasNewFile = false
  readonly #parts: SegmentsParts
  #stage: Uint8Array | undefined
  #stageView: DataView = NO_VIEW
  #stagedBytes = 0
  #unitStage: Uint8Array | undefined
  #unitView: DataView = NO_VIEW
  #stagedUnits = 0
  #stagedFirst = -1
  #stagedLast = -1

  constructor(folders: CompactionFolders, parts: SegmentsParts) {
    this.folders = folders
    this.#parts = parts
  }

  /** The shared memory for units. */
  get units(): CompactionUnits {
    return this.#parts.scratch.units
  }

  get unit(): CompactionUnits {
    return this.#parts.scratch.unit
  }

  get last(): CompactionSegment | undefined {
    return this.list[this.list.length - 1]
  }

  /** Of the first and the last message, -1 without any. */
  get firstOffset(): number {
    for (const { firstOffset } of this.list) if (firstOffset >= 0) return firstOffset
    return -1
  }

  get lastOffset(): number {
    for (let i = this.list.length - 1; i >= 0; i--) if (this.list[i]!.lastOffset >= 0) return this.list[i]!.lastOffset
    return -1
  }

  logPath(segment: CompactionSegment): string {
    return `${this.folders.log}/${segmentFileName(segment.start)}`
  }

  queuePath(segment: CompactionSegment): string {
    return `${this.folders.queue}/${segmentFileName(segment.start)}`
  }

  /** The bytes of a record that no file can hold, with its blank. */
  fits(sizeBytes: number): boolean {
    return sizeBytes + BLANK_SIZE <= this.#parts.sizes.logBytes
  }

  /** Whether the record needs a further file. */
  needsRoll(sizeBytes: number): boolean {
    const segment = this.last
    if (segment === undefined || segment.isClosed) return true
    const { logBytes, queueBytes } = this.#parts.sizes
    const length = segment.logLength + this.#stagedBytes
    const units = segment.unitCount + this.#stagedUnits
    return (units + 1) * COMPACTION_UNIT_BYTES >= queueBytes || length + sizeBytes + BLANK_SIZE > logBytes
  }

  /** Writes what is staged, marks the end of the last files and makes the next ones. */
  roll(): void {
    this.writeOut()
    const { files, sizes } = this.#parts
    const before = this.last
    if (before !== undefined && !before.isClosed) this.#markEnd(before)
    const next = emptySegment(before === undefined ? 0 : before.start + sizes.logBytes)
    files.create(this.logPath(next), sizes.logBytes)
    files.create(this.queuePath(next), sizes.queueBytes)
    this.list.push(next)
    this.isDirty = true
    this.hasNewFile = true
  }

  /** Takes a record, which must fit. It is there with {@link writeOut}. */
  add(bytes: Uint8Array, start: number, sizeBytes: number, record: CompactedRecord): void {
    if (this.#stagedUnits === STAGE_UNITS || this.#stagedBytes + sizeBytes > STAGE_BYTES) this.writeOut()
    const stage = this.#stageFor(sizeBytes)
    const segment = this.last!
    const position = segment.start + segment.logLength + this.#stagedBytes
    stage.set(bytes.subarray(start, start + sizeBytes), this.#stagedBytes)
    setInt64(this.#stageView, this.#stagedBytes + PHY_OFFSET_AT, position)
    const { queueOffset, tagsCode, storeTimestampMs } = record
    const unit = { position, sizeBytes, tagsCode, storeTimestampMs, queueOffset }
    setCompactionUnit(this.#unitView, this.#stagedUnits * COMPACTION_UNIT_BYTES, unit)
    if (this.#stagedUnits === 0) this.#stagedFirst = queueOffset
    this.#stagedLast = queueOffset
    this.#stagedBytes += sizeBytes
    this.#stagedUnits++
  }

  #stageFor(sizeBytes: number): Uint8Array {
    if (this.#unitStage === undefined) {
      this.#unitStage = new Uint8Array(STAGE_UNITS * COMPACTION_UNIT_BYTES)
      this.#unitView = viewOf(this.#unitStage)
    }
    if (this.#stage === undefined || sizeBytes > this.#stage.length) {
      this.#stage = new Uint8Array(Math.max(STAGE_BYTES, sizeBytes))
      this.#stageView = viewOf(this.#stage)
    }
    return this.#stage
  }

  /** Writes what is staged. If that throws nothing of it is there, and it may be offered again. */
  writeOut(): void {
    const units = this.#stagedUnits
    if (units === 0) return
    const { files } = this.#parts
    const segment = this.last!
    const bytes = this.#stagedBytes
    this.#stagedUnits = 0
    this.#stagedBytes = 0
    this.isDirty = true
    files.file(this.logPath(segment)).write(this.#stage!, 0, bytes, segment.logLength)
    const at = segment.unitCount * COMPACTION_UNIT_BYTES
    files.file(this.queuePath(segment)).write(this.#unitStage!, 0, units * COMPACTION_UNIT_BYTES, at)
    if (segment.unitCount === 0) segment.firstOffset = this.#stagedFirst
    segment.unitCount += units
    segment.lastOffset = this.#stagedLast
    segment.logLength += bytes
    if (this.#stage!.length > STAGE_BYTES) this.#stage = undefined
  }

  /** Forgets what is staged, and gives its memory up. */
  dropStaged(): void {
    this.#stagedUnits = 0
    this.#stagedBytes = 0
    this.#stage = undefined
    this.#unitStage = undefined
  }

  #markEnd(segment: CompactionSegment): void {
    const { files, sizes } = this.#parts
    const rest = sizes.logBytes - segment.logLength
    const mark = new Uint8Array(COMPACTION_UNIT_BYTES)
    const queueLength = segment.unitCount * COMPACTION_UNIT_BYTES
    if (queueLength < sizes.queueBytes) {
      setEndUnit(viewOf(mark), 0)
      files.file(this.queuePath(segment)).write(mark, 0, COMPACTION_UNIT_BYTES, queueLength)
    }
    if (rest >= BLANK_SIZE) {
      encodeBlank(viewOf(mark), 0, rest)
      files.file(this.logPath(segment)).write(mark, 0, BLANK_SIZE, segment.logLength)
    }
    segment.isClosed = true
  }

  /** Reads units from number `from` of a file on; none behind its last one. */
  readUnits(segment: CompactionSegment, from: number, out: CompactionUnits): void {
    const count = Math.min(out.capacity, segment.unitCount - from)
    out.count = 0
    if (count > 0) this.readRawUnits(segment, from, count, out)
  }

  /** The same without looking at how many there are. */
  readRawUnits(segment: CompactionSegment, from: number, count: number, out: CompactionUnits): void {
    const bytes = new Uint8Array(Math.min(count, UNITS_AT_ONCE) * COMPACTION_UNIT_BYTES)
    const file = this.#parts.files.file(this.queuePath(segment))
    const read = file.read(bytes, 0, bytes.length, from * COMPACTION_UNIT_BYTES)
    out.take(viewOf(bytes), Math.floor(read / COMPACTION_UNIT_BYTES))
  }

  /** Reads a stretch of the log file into the scratch memory; returns how many bytes were there. */
  readLog(segment: CompactionSegment, position: number, length: number): number {
    const { files, scratch } = this.#parts
    scratch.makeRoom(length)
    return files.file(this.logPath(segment)).read(scratch.records, 0, length, position - segment.start)
  }

  /** Index of the first file that has a message at or behind `offset`; the length of the list if none has. */
  findSegment(offset: number): number {
    let low = 0
    let high = this.list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#lastUpTo(middle) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Empty files count as the one before. */
  #lastUpTo(index: number): number {
    for (let i = index; i >= 0; i--) if (this.list[i]!.lastOffset >= 0) return this.list[i]!.lastOffset
    return -1
  }

  /** Number of the first unit in a file for which `isBefore` does not hold any more, which must be ascending. */
  search(segment: CompactionSegment, isBefore: (unit: CompactionUnits) => boolean): number {
    const { unit } = this.#parts.scratch
    let low = 0
    let high = segment.unitCount
    while (low < high) {
      const middle = (low + high) >> 1
      this.readRawUnits(segment, middle, 1, unit)
      if (unit.count === 1 && isBefore(unit)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Number of the first unit at or behind `offset`. */
  findUnit(segment: CompactionSegment, offset: number): number {
    return this.search(segment, ({ queueOffsets }) => queueOffsets[0]! < offset)
  }
}
