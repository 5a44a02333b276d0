import { viewOf } from '../../codec/bytes.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { SegmentFiles } from '../commit-log/segment-files.ts'

const BLOCK_BYTES = 1024 * 1024

/** What a device writes whole or not at all. */
const SECTOR_BYTES = 512

/** How far behind the end of the log the search for left-over bytes goes on over nothing but zeros. */
const ZERO_RUN_MAX = 64 * 1024 * 1024

/** Where a scan ended, and what was found there. */
export interface ScanEnd {
  /** The first byte that belongs to no whole record. */
  readonly endOffset: number
  /**
   * `clean`: unused room. `torn`: bytes of a write that was cut off, no record behind them. `corrupt`: a damaged stretch
   * with whole records behind it.
   */
  readonly kind: 'clean' | 'torn' | 'corrupt'
  readonly reason: string
  /** With `torn` and `corrupt`: end of the left-over bytes in the file of `endOffset`. */
  readonly debrisEnd: number
  /** With `corrupt`: offset of the first whole record behind the damage. */
  readonly nextRecordOffset: number | undefined
  readonly recordCount: number
}

/** Called for every whole record, in order; `bytes` and `record` are valid until it returns. */
export type RecordVisitor = (record: RecordView, bytes: Uint8Array, phyOffset: number) => void

/** Reads the log record by record. */
export class LogScanner {
  readonly #files: SegmentFiles
  readonly #checkCrc: boolean
  readonly #record = new RecordView()
  #bytes = new Uint8Array(BLOCK_BYTES)
  #view = viewOf(this.#bytes)
  /** Offset of the first byte in memory, and how many there are. */
  #blockStart = 0
  #blockLength = 0
  #reason = ''

  constructor(files: SegmentFiles, checkCrc: boolean) {
    this.#files = files
    this.#checkCrc = checkCrc
  }

  /** Whether a whole record starts there. Its fields are in the returned view until the next call. */
  recordAt(phyOffset: number): RecordView | undefined {
    this.#blockLength = 0
    return this.#check(phyOffset) === RecordState.ok ? this.#record : undefined
  }

  /** Visits all records from `fromOffset`, which must be the start of one (or of a file), to the end of the log. */
  scan(fromOffset: number, visit: RecordVisitor): ScanEnd {
    let offset = fromOffset
    let recordCount = 0
    this.#blockLength = 0
    while (this.#files.has(this.#files.startOf(offset))) {
      const state = this.#check(offset)
      if (state === RecordState.ok) {
        if (this.#lacksItsEnd(offset)) break
        visit(this.#record, this.#bytes, offset)
        offset += this.#record.sizeBytes
        recordCount++
      } else if (state === RecordState.blank) {
        // Also where the next file is not made yet: slaves may have the blank, and a log that ended before it would be less than
        // theirs. The next append makes the file.
        offset = this.#nextFile(offset)
      } else {
        break
      }
    }
    return this.#judgeEnd(offset, recordCount)
  }

  #nextFile(offset: number): number {
    return this.#files.startOf(offset) + this.#files.segmentSizeBytes
  }

  /** Looks at what starts at `offset`, bringing it into memory. */
  #check(offset: number): RecordState {
    const rest = this.#nextFile(offset) - offset
    let available = this.#bring(offset, Math.min(rest, 8))
    let at = offset - this.#blockStart
    let state = this.#record.parse(this.#view, at, available)
    if (state === RecordState.incomplete && this.#record.sizeBytes > 0) {
      if (this.#record.sizeBytes > rest) return this.#bad('it claims to run over the end of its file')
      available = this.#bring(offset, this.#record.sizeBytes)
      at = offset - this.#blockStart
      state = this.#record.parse(this.#view, at, available)
    }
    if (state === RecordState.blank) {
      return this.#record.sizeBytes === rest ? state : this.#bad('a blank does not reach to the end of its file')
    }
    if (state === RecordState.badMagic) return this.#bad('no record starts here')
    if (state !== RecordState.ok) return this.#bad('its lengths contradict each other')
    if (this.#record.phyOffset !== offset) return this.#bad(`it says it is at offset ${this.#record.phyOffset}`)
    if (this.#lacksASector()) return this.#bad('part of its topic or properties never reached the disk')
    if (this.#checkCrc && !this.#record.bodyIsIntact(this.#bytes)) return this.#bad('its body does not match its CRC')
    return state
  }

  /**
   * Nor does a checksum tell when a sector within topic and properties is missing: it reads as zeros all through the
   * record, which no text that a client sends does. Everything before the body's end contradicts itself then.
   */
  #lacksASector(): boolean {
    const { topicStart, topicLength, propertiesStart, propertiesLength } = this.#record
    return this.#isZeroInASector(topicStart, topicLength) || this.#isZeroInASector(propertiesStart, propertiesLength)
  }

  #isZeroInASector(start: number, length: number): boolean {
    const end = start + length
    const inFile = this.#blockStart - this.#files.startOf(this.#blockStart)
    for (let from = start; from < end; ) {
      const sectorEnd = Math.min(end, from + SECTOR_BYTES - ((from + inFile) % SECTOR_BYTES))
      let at = from
      while (at < sectorEnd && this.#bytes[at] === 0) at++
      if (at === sectorEnd) return true
      from = sectorEnd
    }
    return false
  }

  /**
   * No checksum covers topic and properties. Where the last record of the log ends in a zero, its last bytes never reached
   * the disk: neither a topic nor (the broker adds its own property) properties end in one.
   */
  #lacksItsEnd(offset: number): boolean {
    const { topicStart, topicLength, propertiesStart, propertiesLength, sizeBytes } = this.#record
    const last = propertiesLength > 0 ? propertiesStart + propertiesLength - 1 : topicStart + topicLength - 1
    if (this.#bytes[last] !== 0) return false
    if (this.#debrisEnd(offset + sizeBytes) > offset + sizeBytes) {
      this.#check(offset)
      return false
    }
    this.#bad('its last bytes are missing')
    return true
  }

  #bad(reason: string): RecordState {
    this.#reason = reason
    return RecordState.badLayout
  }

  /** Makes at least `length` bytes from `offset` available, if the file has them; returns how many there are. */
  #bring(offset: number, length: number): number {
    const have = this.#blockStart + this.#blockLength - offset
    if (offset >= this.#blockStart && have >= length) return have
    if (length > this.#bytes.length) {
      this.#bytes = new Uint8Array(length)
      this.#view = viewOf(this.#bytes)
    }
    this.#blockStart = offset
    this.#blockLength = this.#files.read(this.#bytes, 0, this.#bytes.length, offset)
    return this.#blockLength
  }

  #judgeEnd(endOffset: number, recordCount: number): ScanEnd {
    const reason = this.#reason
    const debrisEnd = this.#debrisEnd(endOffset)
    const nextRecordOffset = this.#findRecord(endOffset + 1, debrisEnd) ?? this.#recordInLaterFile(endOffset)
    const kind = nextRecordOffset !== undefined ? 'corrupt' : debrisEnd > endOffset ? 'torn' : 'clean'
    return { endOffset, kind, reason, debrisEnd, nextRecordOffset, recordCount }
  }

  /** End of the last byte that is not zero, from `offset` on, in its file. */
  #debrisEnd(offset: number): number {
    let end = offset
    const fileEnd = this.#nextFile(offset)
    for (let at = offset; at < fileEnd && at - end < ZERO_RUN_MAX; at += BLOCK_BYTES) {
      const length = this.#files.read(this.#bytes, 0, Math.min(BLOCK_BYTES, fileEnd - at), at)
      if (length === 0) break
      let last = length - 1
      while (last >= 0 && this.#bytes[last] === 0) last--
      if (last >= 0) end = at + last + 1
    }
    this.#blockLength = 0
    return end
  }

  /** Offset of the first whole record that starts in the stretch. */
  #findRecord(from: number, to: number): number | undefined {
    const block = new Uint8Array(BLOCK_BYTES)
    const text = Buffer.from(block.buffer)
    for (let at = from; at < to; at += BLOCK_BYTES - 8) {
      const length = this.#files.read(block, 0, Math.min(BLOCK_BYTES, this.#nextFile(from) - at), at)
      for (let found = text.indexOf(MAGIC_PREFIX, 4); found >= 0; found = text.indexOf(MAGIC_PREFIX, found + 1)) {
        if (found + 4 > length) break
        const candidate = at + found - 4
        if (this.recordAt(candidate) !== undefined) return candidate
      }
    }
    return undefined
  }

  #recordInLaterFile(offset: number): number | undefined {
    const file = this.#nextFile(offset)
    return this.#files.has(file) && this.recordAt(file) !== undefined ? file : undefined
  }
}

/** Both magics begin so. */
const MAGIC_PREFIX = Buffer.from([0xda, 0xa3, 0x20])
