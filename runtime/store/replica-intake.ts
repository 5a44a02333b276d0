import { viewOf } from '../codec/bytes.ts'
import { RecordState, RecordView } from '../codec/message/record.ts'
import type { CommitLog } from './commit-log/commit-log.ts'
import type { Dispatcher } from './dispatcher.ts'

/**
 * Follows the log behind the point up to which records are dispatched: for bytes that come from a master, cut anywhere,
 * and for records whose dispatch had to wait. In controller mode it waits for the records to be confirmed, so that
 * whoever reads consume queues and index never meets a message that a change of masters could still take back.
 */
export class ReplicaIntake {
  /** Everything below is in consume queues and index. Lies ahead of the log's end while the rest of a blank is awaited. */
  dispatchedOffset = 0
  /** Nothing behind it is dispatched. Without controller mode there is no such limit. */
  confirmOffset: number
  /**
   * Start of the first record of which a part is still to come: all before it was looked at. Ahead of what is dispatched
   * while consume queues or index take no more; out of date while it is behind.
   */
  #wholeOffset = 0
  /** Of the blank that {@link #wholeOffset} lies behind. */
  #blankOffset = 0
  readonly #log: CommitLog
  readonly #dispatcher: Dispatcher
  readonly #confirms: boolean
  readonly #record = new RecordView()

  constructor(log: CommitLog, dispatcher: Dispatcher, confirms: boolean) {
    this.#log = log
    this.#dispatcher = dispatcher
    this.#confirms = confirms
    this.confirmOffset = confirms ? 0 : Number.POSITIVE_INFINITY
  }

  /** Where the last record, or blank, that is all there ends. */
  get borderOffset(): number {
    const wholeOffset = Math.max(this.#wholeOffset, this.dispatchedOffset)
    return wholeOffset <= this.#log.writtenOffset ? wholeOffset : this.#blankOffset
  }

  /** Where the log stands after recovery: whole to its end. */
  recoveredTo(dispatchedOffset: number, confirmOffset: number): void {
    this.dispatchedOffset = dispatchedOffset
    this.#wholeOffset = this.#log.writtenOffset
    if (this.#confirms) this.confirmOffset = confirmOffset
  }

  /** What was appended here made the log whole up to there. */
  wholeTo(phyOffset: number): void {
    this.#wholeOffset = phyOffset
  }

  /**
   * Appends bytes of the master's log and dispatches the records they complete. Throws, with nothing kept, for bytes that
   * do not continue this log or hold no records.
   */
  append(bytes: Uint8Array, start: number, length: number, phyOffset: number): void {
    const log = this.#log
    const isFirst = log.isEmpty && log.stagedOffset === 0
    if (isFirst ? phyOffset % log.files.segmentSizeBytes !== 0 : phyOffset !== log.writtenOffset) {
      throw new Error(
        `replicated bytes start at offset ${phyOffset}, but this commit log ends at ${log.writtenOffset}` +
          (isFirst ? ` and files start at multiples of ${log.files.segmentSizeBytes}` : ''),
      )
    }
    if (isFirst) this.#beginAt(phyOffset)
    for (let done = 0; done < length; ) {
      const at = phyOffset + done
      const piece = Math.min(length - done, log.files.startOf(at) + log.files.segmentSizeBytes - at)
      this.#appendPiece(bytes, start + done, piece, at)
      done += piece
    }
  }

  /** The log now ends at the start of a message. */
  cutTo(phyOffset: number): void {
    this.dispatchedOffset = Math.min(this.dispatchedOffset, phyOffset)
    if (this.#confirms) this.confirmOffset = Math.min(this.confirmOffset, phyOffset)
    this.#wholeOffset = phyOffset
  }

  /** An empty log begins there. */
  #beginAt(phyOffset: number): void {
    this.dispatchedOffset = phyOffset
    this.#wholeOffset = phyOffset
  }

  #appendPiece(bytes: Uint8Array, start: number, length: number, phyOffset: number): void {
    const log = this.#log
    const wholeOffset = Math.max(this.#wholeOffset, this.dispatchedOffset)
    log.stageRaw(bytes, start, length, phyOffset, Math.min(wholeOffset, phyOffset))
    this.#wholeOffset = wholeOffset
    const problem = this.#problemIn(log.stagedOffset)
    if (problem !== undefined) {
      log.discardStaged()
      this.#wholeOffset = wholeOffset
      throw new Error(`replicated bytes at offset ${phyOffset} are refused: ${problem}`)
    }
    this.#write(wholeOffset)
    this.catchUp()
  }

  #write(wholeOffset: number): void {
    try {
      this.#log.write()
    } catch (error) {
      this.#wholeOffset = wholeOffset
      throw error
    }
  }

  /** Looks at what was staged and moves on to the first record that is not all there. */
  #problemIn(endOffset: number): string | undefined {
    for (let at = this.#wholeOffset; at < endOffset; this.#wholeOffset = at) {
      const chunk = this.#log.hotChunk(at)
      // What lies further back was looked at when it came.
      if (chunk === undefined) return undefined
      const rest = this.#restOfFile(at)
      const state = this.#record.parse(chunk.view, at - chunk.startOffset, Math.min(endOffset, chunk.endOffset) - at)
      const { sizeBytes } = this.#record
      if (state === RecordState.incomplete && sizeBytes <= rest) return undefined
      if (state !== RecordState.blank || sizeBytes !== rest) {
        if (state !== RecordState.ok) return `no record and no blank at offset ${at}`
        if (this.#record.phyOffset !== at) return `the record at offset ${at} says ${this.#record.phyOffset}`
      } else {
        this.#blankOffset = at
      }
      at += sizeBytes
    }
    return undefined
  }

  #restOfFile(phyOffset: number): number {
    const { files } = this.#log
    return files.startOf(phyOffset) + files.segmentSizeBytes - phyOffset
  }

  /**
   * Dispatches the whole records of the log that are confirmed and not yet dispatched, some `maxBytes` of them. False when
   * the consume queues take no more.
   */
  catchUp(maxBytes: number = Number.POSITIVE_INFINITY): boolean {
    const stopAt = Math.min(this.#log.writtenOffset, this.confirmOffset, this.dispatchedOffset + maxBytes)
    while (this.dispatchedOffset < stopAt) {
      const at = this.dispatchedOffset
      const bytes = this.#parseAt(at)
      const end = at + this.#record.sizeBytes
      if (bytes === undefined) return true
      if (bytes !== NO_BYTES) {
        if (end > this.confirmOffset) return true
        if (!this.#dispatcher.dispatchRecord(this.#record, bytes, at)) return false
      } else if (end > this.#wholeOffset) {
        // Not of an older file than the one whose blank is awaited.
        this.#blankOffset = at
      }
      this.dispatchedOffset = end
    }
    return true
  }

  /** Shows every whole record that is not dispatched, in order; it is valid until `visit` returns. */
  forEachWaiting(visit: (record: RecordView, bytes: Uint8Array) => void): void {
    const end = this.borderOffset
    for (let at = this.dispatchedOffset; at < end; ) {
      const bytes = this.#parseAt(at)
      if (bytes === undefined) return
      if (bytes !== NO_BYTES) visit(this.#record, bytes)
      at += this.#record.sizeBytes
    }
  }

  /** Parses what starts there: its memory if it is a record, NO_BYTES for a blank, undefined if it is not all there. */
  #parseAt(phyOffset: number): Uint8Array | undefined {
    const log = this.#log
    const chunk = log.hotChunk(phyOffset)
    if (chunk !== undefined) {
      const available = Math.min(chunk.endOffset, log.writtenOffset) - phyOffset
      return this.#judge(
        this.#record.parse(chunk.view, phyOffset - chunk.startOffset, available),
        chunk.bytes,
        phyOffset,
      )
    }
    const head = log.read(phyOffset, 8)
    if (head === undefined) return undefined
    const state = this.#record.parse(viewOf(head), log.start, 8)
    if (state !== RecordState.incomplete) return this.#judge(state, head, phyOffset)
    const bytes = log.read(phyOffset, this.#record.sizeBytes)
    if (bytes === undefined) return undefined
    return this.#judge(this.#record.parse(viewOf(bytes), log.start, this.#record.sizeBytes), bytes, phyOffset)
  }

  #judge(state: RecordState, bytes: Uint8Array, phyOffset: number): Uint8Array | undefined {
    if (state === RecordState.ok) return bytes
    if (state === RecordState.blank) return NO_BYTES
    if (state === RecordState.incomplete) return undefined
    throw new Error(`commit log is damaged at offset ${phyOffset}: cannot dispatch from there`)
  }
}

const NO_BYTES = new Uint8Array(0)
