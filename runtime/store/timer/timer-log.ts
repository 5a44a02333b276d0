import { setInt64, viewOf } from '../../codec/bytes.ts'
import type { Disk, DiskFile } from '../../io/disk.ts'
import { SegmentFiles } from '../commit-log/segment-files.ts'
import { BLANK_BYTES, BLANK_MAGIC, MAGIC_AT, TimerUnit, UNIT_BYTES } from './timer-unit.ts'

const STAGE_BYTES = 1024 * UNIT_BYTES
/** Chains are followed unit by unit; neighbours are often of one slot. */
const BLOCK_BYTES = 4096

export interface TimerLogOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/timerlog` */
  readonly folder: string
  /** mappedFileSizeTimerLog */
  readonly fileSizeBytes: number
}

/** The units of all slots in the order in which they were placed, in files as Apache RocketMQ's. */
export class TimerLog {
  readonly #files: SegmentFiles
  readonly #makeFolder: () => void
  /** Units that one file holds, and where the last of them begins. */
  readonly #lastInFile: number
  #end = 0
  readonly #stage = Buffer.alloc(STAGE_BYTES)
  readonly #stageView = viewOf(this.#stage)
  #stageStart = 0
  #staged = 0
  readonly #block = Buffer.alloc(BLOCK_BYTES)
  readonly #blockView = viewOf(this.#block)
  #blockStart = -1
  #blockLength = 0
  #syncedEnd = 0

  /** Throws, naming file and remedy, for files that do not form a timer log. */
  constructor({ disk, folder, fileSizeBytes }: TimerLogOptions) {
    const unitsInFile = Math.floor((fileSizeBytes - BLANK_BYTES) / UNIT_BYTES)
    if (unitsInFile < 1) throw new Error(`mappedFileSizeTimerLog is ${fileSizeBytes}, expected 68 or more`)
    this.#lastInFile = (unitsInFile - 1) * UNIT_BYTES
    this.#makeFolder = () => disk.makeFolder(folder)
    this.#files = new SegmentFiles(disk, folder, fileSizeBytes, { name: 'timer log', key: 'mappedFileSizeTimerLog' })
    this.#end = this.start
  }

  get isEmpty(): boolean {
    return this.#end === this.start
  }

  /** Position of the oldest unit. */
  get start(): number {
    return this.#files.starts[0] ?? 0
  }

  /** Where the next unit goes, but for a blank in between. */
  get end(): number {
    return this.#end
  }

  /** Everything below survives a power cut. */
  get syncedEnd(): number {
    return this.#syncedEnd
  }

  /**
   * After opening: finds the end, reading from `from` on, which is a unit's position, to the first bytes that are no unit.
   * What is behind is none and reads as zeros from now on. `visit` is called for each unit.
   */
  recover(from: number, visit: (position: number, unit: TimerUnit) => void): void {
    const unit = new TimerUnit()
    let position = from
    let lastPhyOffset = -1
    while (this.#isInFile(position)) {
      if (!this.#readStored(position, unit)) {
        if (!this.#isBlank(position)) break
        position = this.#files.startOf(position) + this.#files.segmentSizeBytes
        continue
      }
      // Left over from an earlier life of the file.
      if (unit.phyOffset <= lastPhyOffset) break
      lastPhyOffset = unit.phyOffset
      visit(position, unit)
      position += UNIT_BYTES
    }
    this.#end = position
    this.#cutFiles(position)
    this.#syncedEnd = position
  }

  /** Whether a unit stands there. */
  hasUnit(position: number): boolean {
    if (position < this.start || !this.#isInFile(position)) return false
    const within = position % this.#files.segmentSizeBytes
    return within % UNIT_BYTES === 0 && within <= this.#lastInFile && this.#readStored(position, new TimerUnit())
  }

  /** Stages a unit; returns its position. @throws the operating system's error when the next file cannot be made */
  append(unit: TimerUnit): number {
    if (!this.#fits() || !this.#isInFile(this.#end)) this.#nextFile()
    if (this.#staged + UNIT_BYTES > STAGE_BYTES) this.write()
    if (this.#staged === 0) this.#stageStart = this.#end
    unit.encode(this.#stageView, this.#staged)
    this.#staged += UNIT_BYTES
    const position = this.#end
    this.#end += UNIT_BYTES
    return position
  }

  #isInFile(position: number): boolean {
    return this.#files.has(this.#files.startOf(position))
  }

  #fits(): boolean {
    return this.#end % this.#files.segmentSizeBytes <= this.#lastInFile
  }

  #nextFile(): void {
    this.write()
    const start = this.#files.startOf(this.#end)
    if (this.#end > start && this.#files.has(start)) {
      const end = start + this.#files.segmentSizeBytes
      this.#files.create(end)
      this.#writeBlank(end)
      this.#end = end
    } else {
      this.#makeFolder()
      this.#files.create(start)
    }
  }

  #writeBlank(fileEnd: number): void {
    const blank = Buffer.alloc(BLANK_BYTES)
    const view = viewOf(blank)
    view.setInt32(0, fileEnd - this.#end)
    setInt64(view, 4, 0)
    view.setInt32(12, BLANK_MAGIC)
    this.#files.write(blank, 0, BLANK_BYTES, this.#end)
  }

  #isBlank(position: number): boolean {
    const head = Buffer.alloc(BLANK_BYTES)
    if (this.#files.read(head, 0, BLANK_BYTES, position) < BLANK_BYTES) return false
    return head.readInt32BE(12) === BLANK_MAGIC
  }

  /** Writes what is staged. @throws the operating system's error; it is still staged then */
  write(): void {
    if (this.#staged === 0) return
    this.#files.write(this.#stage, 0, this.#staged, this.#stageStart)
    if (this.#stageStart < this.#blockStart + BLOCK_BYTES) this.#blockStart = -1
    this.#staged = 0
  }

  /** Fills `unit` with what stands at a position; false when it is no (or no longer a) unit. */
  read(position: number, unit: TimerUnit): boolean {
    if (position < this.start || position >= this.#end) return false
    if (this.#staged > 0 && position >= this.#stageStart) {
      return unit.decode(this.#stageView, position - this.#stageStart)
    }
    return this.#readStored(position, unit)
  }

  #readStored(position: number, unit: TimerUnit): boolean {
    const isInBlock = this.#blockStart >= 0 && position >= this.#blockStart
    if (!isInBlock || position + UNIT_BYTES > this.#blockStart + this.#blockLength) this.#loadBlock(position)
    if (position + UNIT_BYTES > this.#blockStart + this.#blockLength) return false
    return unit.decode(this.#blockView, position - this.#blockStart)
  }

  /** Around the position: some units after it, more before it. */
  #loadBlock(position: number): void {
    const fileStart = this.#files.startOf(position)
    this.#blockStart = Math.max(fileStart, position - Math.floor((BLOCK_BYTES * 3) / 4))
    this.#blockLength = this.#files.read(this.#block, 0, BLOCK_BYTES, this.#blockStart)
  }

  /** Changes the magic of a unit that was written. @throws the operating system's error */
  remark(position: number, magic: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(magic)
    this.#files.write(bytes, 0, bytes.length, position + MAGIC_AT)
    this.#blockStart = -1
  }

  /** Position of the unit before `position`, -1 without one. */
  before(position: number): number {
    const within = position % this.#files.segmentSizeBytes
    const before = within > 0 ? position - UNIT_BYTES : position - this.#files.segmentSizeBytes + this.#lastInFile
    return before < this.start ? -1 : before
  }

  /** Takes everything from a unit's position on back. Durable when it returns. */
  cutTo(position: number): void {
    this.#staged = 0
    this.#blockStart = -1
    this.#end = position
    this.#syncedEnd = Math.min(this.#syncedEnd, position)
    this.#cutFiles(position)
  }

  #cutFiles(position: number): void {
    const { starts } = this.#files
    while (starts.length > 0 && starts.at(-1)! > position) this.#files.removeLast()
    this.#files.clearFrom(position)
    this.#blockStart = -1
  }

  /** Everything goes. Durable when it returns. */
  clear(): void {
    if (this.#files.starts.length > 0) {
      while (this.#files.starts.length > 0) this.#files.removeLast()
      this.#files.syncFolder()
    }
    this.#staged = 0
    this.#blockStart = -1
    this.#end = 0
    this.#syncedEnd = 0
  }

  /** Makes what was written durable, in the thread pool. */
  sync(done: (error: Error | null) => void): void {
    const end = this.#end - this.#staged
    const syncFrom = this.#files.startOf(Math.max(this.start, Math.min(this.#syncedEnd, end - 1)))
    if (end <= this.#syncedEnd) {
      done(null)
      return
    }
    this.#syncFile(syncFrom, end, done)
  }

  #syncFile(start: number, end: number, done: (error: Error | null) => void): void {
    if (!this.#files.has(start)) {
      done(null)
      return
    }
    const file: DiskFile = this.#files.pin(start)
    file.syncData((error) => {
      this.#files.unpin(start, file)
      const next = start + this.#files.segmentSizeBytes
      if (error !== null) done(error)
      else if (next < end) this.#syncFile(next, end, done)
      else {
        // What was cut meanwhile is not there any more.
        this.#syncedEnd = Math.max(this.#syncedEnd, Math.min(end, this.#end))
        done(null)
      }
    })
  }

  syncNow(): void {
    const end = this.#end - this.#staged
    const { segmentSizeBytes } = this.#files
    for (let start = this.#files.startOf(this.#syncedEnd); start < end; start += segmentSizeBytes) {
      if (this.#files.has(start)) this.#files.file(start).syncDataNow()
    }
    this.#syncedEnd = end
  }

  /** Removes files all of whose units stand for messages that are gone: those before `minPhyOffset` of the commit log. */
  expire(minPhyOffset: number): void {
    const unit = new TimerUnit()
    while (this.#files.starts.length > 1) {
      if (!this.read(this.start + this.#lastInFile, unit) || unit.phyOffset >= minPhyOffset) return
      this.#files.removeFirst()
    }
  }

  close(): void {
    this.#files.close()
  }
}
