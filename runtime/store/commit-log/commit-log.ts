import assert from 'node:assert/strict'
import { BLANK_SIZE, encodeBlank } from '../../codec/message/record.ts'
import type { Disk } from '../../io/disk.ts'
import type { SegmentAge } from '../cleaning/cleaning-policy.ts'
import type { CleanableSegments } from '../cleaning/store-cleaner.ts'
import { ColdReader, type ColdReaderConfig } from './cold-reader.ts'
import { Flusher } from './flusher.ts'
import { type HotChunk, HotWindow } from './hot-window.ts'
import { SegmentFiles } from './segment-files.ts'

/** Default of what is kept in memory of the log's end. */
export const HOT_WINDOW_BYTES = 16 * 1024 * 1024

/** A raw read goes to disk in pieces of at most this. */
const RAW_READ_BYTES_MAX = 256 * 1024

export interface CommitLogOptions {
  readonly disk: Disk
  readonly folder: string
  readonly segmentSizeBytes: number
  readonly hotWindowBytes: number
  /** Values may change while the log is open. */
  readonly config: ColdReaderConfig
  onFlushed(flushedOffset: number): void
  onFlushFailed(error: Error): void
}

/**
 * The bytes of the log: staged in memory, written in batches, read back from memory or disk, made durable. Knows where
 * files end, but nothing of what the records say.
 *
 * Offsets: minOffset <= flushedOffset <= writtenOffset <= stagedOffset.
 */
export class CommitLog implements CleanableSegments {
  readonly files: SegmentFiles
  readonly #window: HotWindow
  readonly #cold: ColdReader
  readonly #flusher: Flusher
  #writtenOffset = 0
  #stagedOffset = 0
  /** Set when a failed write left bytes behind that could not be cleared yet. */
  #hasDebris = false
  readonly #rawBytes: { bytes: Uint8Array | undefined } = { bytes: undefined }
  /** Result of {@link read} and {@link readRaw}: where the bytes start, and how many {@link readRaw} found. */
  start = 0
  length = 0

  constructor(options: CommitLogOptions) {
    this.files = new SegmentFiles(options.disk, options.folder, options.segmentSizeBytes)
    this.#window = new HotWindow(options.hotWindowBytes)
    this.#cold = new ColdReader(this.files, options.config)
    this.#flusher = new Flusher(this.files, this.minOffset, options.onFlushed, options.onFlushFailed)
    this.#writtenOffset = this.minOffset
    this.#stagedOffset = this.minOffset
  }

  /** The files and their times, oldest first; for the cleaner. */
  list(): (SegmentAge & { startOffset: number })[] {
    return this.files.starts.map((startOffset) => ({ startOffset, lastModifiedMs: this.files.modifiedMs(startOffset) }))
  }

  /** Deletes the oldest file. */
  deleteFirst(): void {
    this.files.removeFirst()
  }

  /** Offset of the first byte kept. */
  get minOffset(): number {
    return this.files.starts[0] ?? 0
  }

  get writtenOffset(): number {
    return this.#writtenOffset
  }

  get stagedOffset(): number {
    return this.#stagedOffset
  }

  get flushedOffset(): number {
    return this.#flusher.flushedOffset
  }

  get isEmpty(): boolean {
    return this.files.starts.length === 0
  }

  /** Bytes of the hot window's memory. */
  get windowCapacityBytes(): number {
    return this.#window.capacityBytes
  }

  /** Set by recovery, before anything is staged: where the log ends, and up to where it is durable. */
  recoveredTo(offset: number, durableOffset: number): void {
    assert(this.#stagedOffset === this.#writtenOffset, 'recovery comes first')
    this.#writtenOffset = offset
    this.#stagedOffset = offset
    this.#flusher.startAt(Math.min(offset, durableOffset))
  }

  /** Whether a record of that size can ever be written. */
  canHold(sizeBytes: number): boolean {
    return sizeBytes + BLANK_SIZE <= this.files.segmentSizeBytes
  }

  /**
   * Finds room for a record: ends the current file with a blank if it would leave less than 8 bytes, and makes the next
   * file. The record goes to `chunk.bytes` at `chunk.length`; its offset is `stagedOffset`. {@link staged} confirms it.
   * Throws if a file cannot be made: nothing is changed then.
   */
  reserve(sizeBytes: number): HotChunk {
    const { segmentSizeBytes } = this.files
    const rest = segmentSizeBytes - (this.#stagedOffset % segmentSizeBytes)
    if (sizeBytes + BLANK_SIZE > rest) {
      this.files.create(this.#stagedOffset + rest)
      const tail = this.#window.reserve(this.#stagedOffset, BLANK_SIZE, this.#writtenOffset, false)
      encodeBlank(tail.view, tail.length, rest)
      tail.length += BLANK_SIZE
      this.#stagedOffset += rest
    } else if (rest === segmentSizeBytes) {
      this.files.create(this.#stagedOffset)
    }
    const isFileStart = this.#stagedOffset % segmentSizeBytes === 0
    return this.#window.reserve(this.#stagedOffset, sizeBytes, this.#writtenOffset, isFileStart)
  }

  staged(chunk: HotChunk, sizeBytes: number): void {
    chunk.length += sizeBytes
    this.#stagedOffset += sizeBytes
  }

  /** Writes what is staged. When that throws, the log is as it was before anything of it was staged. */
  write(): void {
    const from = this.#writtenOffset
    try {
      this.#window.forEachFrom(from, this.#writeChunk)
    } catch (error) {
      this.discardStaged()
      this.#hasDebris = true
      this.#clearDebris()
      throw error
    }
    this.#writtenOffset = this.#stagedOffset
  }

  readonly #writeChunk = (chunk: HotChunk, start: number, length: number): void => {
    this.files.write(chunk.bytes, start, length, chunk.startOffset + start)
  }

  discardStaged(): void {
    this.unstageFrom(this.#writtenOffset)
  }

  /** Takes back what was staged at `phyOffset` and behind it; that must be a value {@link stagedOffset} had. */
  unstageFrom(phyOffset: number): void {
    assert(phyOffset >= this.#writtenOffset, 'what is written stays')
    this.#window.dropFrom(phyOffset)
    this.#stagedOffset = phyOffset
  }

  /**
   * Whether the room after the log's end is clean. A failed write may leave whole records there that nobody was promised,
   * and shorter ones written later would not cover them.
   */
  get isClean(): boolean {
    return !this.#hasDebris || this.#clearDebris()
  }

  #clearDebris(): boolean {
    try {
      for (const start of this.files.starts) {
        if (start + this.files.segmentSizeBytes > this.#writtenOffset) {
          this.files.clearFrom(Math.max(start, this.#writtenOffset))
        }
      }
      this.#hasDebris = false
    } catch {
      // Still refused by the disk: appends stay refused, and each attempt comes back here.
      this.#hasDebris = true
    }
    return !this.#hasDebris
  }

  /**
   * Stages raw bytes of another broker's log at the end of this one; they may begin and end in the middle of a record, but
   * not cross the end of a file. An empty log begins where they do. Returns the chunk they went to.
   *
   * `keepFrom` is the start of the first record that is not yet complete: it is kept in one piece with what follows.
   */
  stageRaw(bytes: Uint8Array, start: number, length: number, phyOffset: number, keepFrom: number): HotChunk {
    if (this.isEmpty && this.#stagedOffset === 0) this.recoveredTo(phyOffset, phyOffset)
    assert(phyOffset === this.#stagedOffset, 'replicated bytes continue the log')
    const segment = this.files.startOf(phyOffset)
    assert(phyOffset + length <= segment + this.files.segmentSizeBytes, 'replicated bytes lie in one file')
    this.files.create(segment)
    const chunk = this.#rawChunk(phyOffset, length, keepFrom)
    chunk.bytes.set(bytes.subarray(start, start + length), chunk.length)
    this.staged(chunk, length)
    return chunk
  }

  #rawChunk(phyOffset: number, length: number, keepFrom: number): HotChunk {
    const begun = phyOffset - keepFrom
    const tail = begun > 0 ? this.#window.find(keepFrom) : undefined
    if (tail === undefined || tail.length + length <= tail.bytes.length) {
      const isFileStart = phyOffset % this.files.segmentSizeBytes === 0
      return this.#window.reserve(phyOffset, length, Math.min(this.#writtenOffset, keepFrom), isFileStart)
    }
    const head = tail.bytes.slice(tail.length - begun, tail.length)
    this.#window.dropFrom(keepFrom)
    // Twice the room: a long record comes in many pieces.
    const chunk = this.#window.reserve(keepFrom, 2 * (begun + length), keepFrom, true)
    chunk.bytes.set(head, chunk.length)
    chunk.length += begun
    return chunk
  }

  /** The window's chunk that holds `phyOffset`, staged bytes included. */
  hotChunk(phyOffset: number): HotChunk | undefined {
    return this.#window.find(phyOffset)
  }

  /**
   * The memory holding `length` written bytes from `phyOffset` on, at `this.start`; valid until the next call. Undefined
   * for bytes that are not (or no longer) there.
   */
  read(phyOffset: number, length: number): Uint8Array | undefined {
    if (phyOffset < this.minOffset || phyOffset + length > this.#writtenOffset) return undefined
    const chunk = this.#window.find(phyOffset)
    if (chunk !== undefined && phyOffset + length <= chunk.endOffset) {
      this.start = phyOffset - chunk.startOffset
      return chunk.bytes
    }
    const bytes = this.#cold.read(phyOffset, length, this.#writtenOffset)
    this.start = this.#cold.start
    return bytes
  }

  /**
   * Written bytes from `phyOffset` on: `this.length` of them, at most `maxBytes`, at `this.start`; valid until the next
   * call. Never past the end of a file; after its blank come the file's remaining zeros. Undefined at the log's end.
   */
  readRaw(phyOffset: number, maxBytes: number): Uint8Array | undefined {
    if (phyOffset < this.minOffset || phyOffset >= this.#writtenOffset) return undefined
    const chunk = this.#window.find(phyOffset)
    if (chunk !== undefined) {
      this.start = phyOffset - chunk.startOffset
      this.length = Math.min(maxBytes, chunk.endOffset - phyOffset, this.#writtenOffset - phyOffset)
      return chunk.bytes
    }
    this.#rawBytes.bytes ??= new Uint8Array(RAW_READ_BYTES_MAX)
    const wanted = Math.min(maxBytes, RAW_READ_BYTES_MAX, this.#writtenOffset - phyOffset)
    this.start = 0
    this.length = this.files.read(this.#rawBytes.bytes, 0, wanted, phyOffset)
    return this.#rawBytes.bytes
  }

  /** Asks for everything written to become durable; {@link CommitLogOptions.onFlushed} tells when. */
  flush(): void {
    this.#flusher.request(this.#writtenOffset)
  }

  flushNow(): void {
    this.#flusher.flushNow(this.#writtenOffset)
  }

  /**
   * Drops everything from `phyOffset` on, which becomes the log's end; durable when it returns. Nothing may be staged.
   * Whatever happens on the way, what the disk holds is the old log up to some point: files go from the last to the first,
   * and no file is touched before those behind it are gone for good. If that throws it can be tried again.
   */
  truncateTo(phyOffset: number): void {
    assert(this.#stagedOffset === this.#writtenOffset, 'nothing is staged when the log is cut')
    if (phyOffset >= this.#writtenOffset) return
    const { files } = this
    this.#removeFilesFrom(phyOffset, 1)
    files.clearFrom(phyOffset)
    this.#endAt(phyOffset)
    this.#flusher.cutTo(phyOffset)
  }

  /** Drops everything: the next bytes may begin at any file's start. Durable, and can be tried again, like a cut. */
  clear(): void {
    assert(this.#stagedOffset === this.#writtenOffset, 'nothing is staged when the log is dropped')
    this.#removeFilesFrom(0, 0)
    this.#endAt(0)
    this.#flusher.startAt(0)
  }

  #removeFilesFrom(phyOffset: number, keptCount: number): void {
    const { files } = this
    const before = files.starts.length
    while (files.starts.length > keptCount && files.starts.at(-1)! >= phyOffset) files.removeLast()
    if (files.starts.length < before) files.syncFolder()
  }

  #endAt(phyOffset: number): void {
    this.#window.dropFrom(phyOffset)
    this.#cold.clear()
    this.#writtenOffset = phyOffset
    this.#stagedOffset = phyOffset
  }

  close(): void {
    this.#flusher.close()
    this.files.close()
  }
}
