import { DispatchRequest } from './dispatch-request.ts'

/** Messages staged between two commits; one more and the batch is full. */
const BATCH_COUNT_MAX = 4096
/** Bytes staged between two commits. A single longer message makes a batch of its own. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024

/** What is staged for the next commit, in the order of the log. Its requests are filled again and again. */
export class StagedBatch {
  count = 0
  bytes = 0
  startedMs = 0
  readonly #requests: DispatchRequest[] = []

  hasRoomFor(sizeBytes: number): boolean {
    return this.count === 0 || (this.count < BATCH_COUNT_MAX && this.bytes + sizeBytes <= BATCH_BYTES_MAX)
  }

  at(index: number): DispatchRequest {
    return this.#requests[index]!
  }

  /** The request to fill for the next message; {@link add} counts it. */
  next(): DispatchRequest {
    if (this.count === this.#requests.length) this.#requests.push(new DispatchRequest())
    return this.#requests[this.count]!
  }

  add(sizeBytes: number): void {
    this.count++
    this.bytes += sizeBytes
  }

  clear(): void {
    this.count = 0
    this.bytes = 0
  }
}
