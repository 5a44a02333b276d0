import { viewOf } from '../codec/bytes.ts'
import { RecordState, RecordView } from '../codec/message/record.ts'
import type { CommitLog } from './commit-log/commit-log.ts'

/** A stretch of memory that stays valid until the next call into the store. */
export interface StoredBytes {
  readonly bytes: Uint8Array
  readonly start: number
  readonly length: number
}

const NO_BYTES: Uint8Array = new Uint8Array(0)
/** Total size and magic of a record or blank. */
const HEAD_BYTES = 8

/** Reads written parts of the commit log. Every result is the same object, filled anew. */
export class LogReader {
  readonly #log: CommitLog
  readonly #record = new RecordView()
  readonly #found = { bytes: NO_BYTES, start: 0, length: 0 }

  constructor(log: CommitLog) {
    this.#log = log
  }

  /** Bytes at a place known from a queue or the index; undefined if they are not (or no longer) there. */
  read(phyOffset: number, sizeBytes: number): StoredBytes | undefined {
    const bytes = this.#log.read(phyOffset, sizeBytes)
    return bytes && this.#fill(bytes, sizeBytes)
  }

  /** See {@link CommitLog.readRaw}. */
  readRaw(phyOffset: number, maxBytes: number): StoredBytes | undefined {
    const bytes = this.#log.readRaw(phyOffset, maxBytes)
    return bytes && this.#fill(bytes, this.#log.length)
  }

  /** The record that starts there, undefined if none does. */
  recordAt(phyOffset: number): StoredBytes | undefined {
    if (this.#headState(phyOffset) !== RecordState.incomplete) return undefined
    const { sizeBytes } = this.#record
    const bytes = this.#log.read(phyOffset, sizeBytes)
    if (bytes === undefined) return undefined
    if (this.#record.parse(viewOf(bytes), this.#log.start, sizeBytes) !== RecordState.ok) return undefined
    return this.#record.phyOffset === phyOffset ? this.#fill(bytes, sizeBytes) : undefined
  }

  /** What the first bytes say: `incomplete` is a record. */
  #headState(phyOffset: number): RecordState {
    const head = this.#log.read(phyOffset, HEAD_BYTES)
    return head === undefined ? RecordState.badMagic : this.#record.parse(viewOf(head), this.#log.start, HEAD_BYTES)
  }

  /** Whether a record or a blank starts there. */
  isBorder(phyOffset: number): boolean {
    return this.#headState(phyOffset) === RecordState.blank || this.recordAt(phyOffset) !== undefined
  }

  /** Store time of the record that starts there, -1 if none does. */
  storeTimeOf(phyOffset: number): number {
    return this.recordAt(phyOffset) === undefined ? -1 : this.#record.storeTimestampMs
  }

  #fill(bytes: Uint8Array, length: number): StoredBytes {
    const found = this.#found
    found.bytes = bytes
    found.start = this.#log.start
    found.length = length
    return found
  }
}
