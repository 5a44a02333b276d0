interface Sent {
  readonly last: number
  readonly bytes: number
}

/** Appends that one follower has not answered yet, oldest first. Bounded in number and bytes. */
export class Inflights {
  readonly #maxMessages: number
  readonly #maxBytes: number
  #sent: Sent[] = []
  #bytes = 0

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages
    this.#maxBytes = maxBytes
  }

  get count(): number {
    return this.#sent.length
  }

  /** A message larger than the limit is sent when nothing else is under way. */
  get isFull(): boolean {
    return this.#sent.length >= this.#maxMessages || this.#bytes >= this.#maxBytes
  }

  add(last: number, bytes: number): void {
    this.#sent.push({ last, bytes })
    this.#bytes += bytes
  }

  /** The follower has everything up to `index`. */
  freeTo(index: number): void {
    while (this.#sent.length > 0 && this.#sent[0]!.last <= index) this.#bytes -= this.#sent.shift()!.bytes
  }

  clear(): void {
    this.#sent = []
    this.#bytes = 0
  }
}
