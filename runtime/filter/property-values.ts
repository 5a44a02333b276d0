const NAME_VALUE_SEPARATOR = 1
const PROPERTY_SEPARATOR = 2

/**
 * Where the properties an expression names stand in a message's property text (codec/message/properties.ts has the
 * format): one pass over the text, nothing decoded. Reused from message to message.
 */
export class PropertyValues {
  /** The bytes {@link locate} was given. */
  bytes: Uint8Array = new Uint8Array(0)
  readonly #names: readonly Uint8Array[]
  readonly #starts: Int32Array
  readonly #lengths: Int32Array
  readonly #longestName: number

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Buffer.from(name))
    this.#starts = new Int32Array(names.length)
    this.#lengths = new Int32Array(names.length)
    this.#longestName = Math.max(0, ...this.#names.map((name) => name.length))
  }

  /** Start of the value of the name at `index`, -1 if the message has no such property. */
  start(index: number): number {
    return this.#starts[index]!
  }

  length(index: number): number {
    return this.#lengths[index]!
  }

  locate(bytes: Uint8Array, start: number, length: number): void {
    this.bytes = bytes
    this.#starts.fill(-1)
    if (this.#names.length === 0) return
    const end = start + length
    let entry = start
    while (entry < end) {
      let separator = entry
      while (separator < end && !isSeparator(bytes[separator]!)) separator++
      let next = separator
      if (bytes[separator] === NAME_VALUE_SEPARATOR && separator < end) {
        while (next < end && bytes[next] !== PROPERTY_SEPARATOR) next++
        if (next > separator + 1) this.#note(entry, separator - entry, separator + 1, next - separator - 1)
      }
      entry = next + 1
    }
  }

  #note(name: number, nameLength: number, value: number, valueLength: number): void {
    if (nameLength === 0 || nameLength > this.#longestName) return
    for (let i = 0; i < this.#names.length; i++) {
      const wanted = this.#names[i]!
      if (wanted.length !== nameLength || !equalsAt(this.bytes, name, wanted)) continue
      this.#starts[i] = value
      this.#lengths[i] = valueLength
      return
    }
  }
}

function isSeparator(byte: number): boolean {
  return byte === NAME_VALUE_SEPARATOR || byte === PROPERTY_SEPARATOR
}

export function equalsAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false
  return true
}
