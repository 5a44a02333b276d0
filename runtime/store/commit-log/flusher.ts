import type { SegmentFiles } from './segment-files.ts'

/**
 * Makes the commit log durable, one fdatasync at a time in the thread pool. Requests that come in while one is under way
 * are served together by the next: group commit.
 */
export class Flusher {
  readonly #files: SegmentFiles
  readonly #onFlushed: (flushedOffset: number) => void
  readonly #onFailed: (error: Error) => void
  #flushedOffset: number
  #wantedOffset: number
  #isUnderWay = false
  #isClosed = false
  /** Grows with every cut: what was asked for before it no longer counts. */
  #generation = 0

  constructor(
    files: SegmentFiles,
    flushedOffset: number,
    onFlushed: (flushedOffset: number) => void,
    onFailed: (error: Error) => void,
  ) {
    this.#files = files
    this.#flushedOffset = flushedOffset
    this.#wantedOffset = flushedOffset
    this.#onFlushed = onFlushed
    this.#onFailed = onFailed
  }

  /** Everything below is durable. */
  get flushedOffset(): number {
    return this.#flushedOffset
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay
  }

  /** Asks for everything below `offset` to be made durable. */
  request(offset: number): void {
    if (offset > this.#wantedOffset) this.#wantedOffset = offset
    if (!this.#isUnderWay) this.#next()
  }

  /** Syncs the first file that holds bytes not yet durable; goes on until what is wanted is reached. */
  #next(): void {
    const from = this.#flushedOffset
    if (this.#isClosed || from >= this.#wantedOffset) return
    const start = this.#files.startOf(from)
    const upTo = Math.min(this.#wantedOffset, start + this.#files.segmentSizeBytes)
    const generation = this.#generation
    this.#isUnderWay = true
    const file = this.#files.pin(start)
    file.syncData((error) => {
      this.#isUnderWay = false
      this.#files.unpin(start, file)
      if (this.#isClosed) return
      if (error !== null) {
        this.#wantedOffset = this.#flushedOffset
        this.#onFailed(error)
        return
      }
      if (generation === this.#generation) {
        this.#flushedOffset = upTo
        this.#onFlushed(upTo)
      }
      // Whoever was told may have asked for more.
      if (!this.#isUnderWay) this.#next()
    })
  }

  /** Makes everything below `offset` durable before it returns. For shutdown and recovery. */
  flushNow(offset: number): void {
    while (this.#flushedOffset < offset) {
      const start = this.#files.startOf(this.#flushedOffset)
      this.#files.file(start).syncDataNow()
      this.#flushedOffset = Math.min(offset, start + this.#files.segmentSizeBytes)
    }
    this.#wantedOffset = Math.max(this.#wantedOffset, this.#flushedOffset)
  }

  /** The log now ends (or, when empty, begins) at `offset`. */
  cutTo(offset: number): void {
    this.#generation++
    this.#flushedOffset = Math.min(this.#flushedOffset, offset)
    this.#wantedOffset = Math.min(this.#wantedOffset, offset)
  }

  /** An empty log begins at `offset`. */
  startAt(offset: number): void {
    this.#generation++
    this.#flushedOffset = offset
    this.#wantedOffset = offset
  }

  close(): void {
    this.#isClosed = true
  }
}
