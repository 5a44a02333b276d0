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
  /** Messages that belong together are being staged: they are not to be torn apart by a commit. */
  isGroupOpen = false
  readonly #requests: DispatchRequest[] = []

  hasRoomFor(sizeBytes: number): boolean {
    return this.isGroupOpen || this.count === 0 || this.#holds(1, sizeBytes)
  }

  /** Whether a group may join what is staged already. By itself it may be longer than a batch: its sender bounds it. */
  hasRoomForGroup(count: number, sizeBytes: number): boolean {
    return this.count === 0 || this.#holds(count, sizeBytes)
  }

  #holds(count: number, sizeBytes: number): boolean {
    return this.count + count <= BATCH_COUNT_MAX && this.bytes + sizeBytes <= BATCH_BYTES_MAX
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

  /** Forgets the messages from the `count`-th on. */
  cutTo(count: number, bytes: number): void {
    this.count = count
    this.bytes = bytes
  }

  clear(): void {
    this.cutTo(0, 0)
    // A long group is rare; its requests are not kept for the next one.
    if (this.#requests.length > BATCH_COUNT_MAX) this.#requests.length = BATCH_COUNT_MAX
  }
}
