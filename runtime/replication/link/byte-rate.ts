/** Bytes per second, as operators are shown them. */
export class ByteRate {
  perSecond = 0
  #bytes = 0
  #bytesBefore = 0

  add(count: number): void {
    this.#bytes += count
  }

  /** Once a second. */
  tick(): void {
    this.perSecond = this.#bytes - this.#bytesBefore
    this.#bytesBefore = this.#bytes
  }
}
