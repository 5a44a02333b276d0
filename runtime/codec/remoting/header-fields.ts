import { MalformedFrameError } from './frame.ts'

/** An official header has at most some 20 fields; a request with more than this is not one of ours. */
const MAX_HEADER_FIELDS = 256

/**
 * Where the extFields of the current header are: byte ranges into the frame's buffer, as plain UTF-8. Reused for every
 * frame, so nothing is allocated per message.
 */
export class HeaderFields {
  count = 0
  readonly keyStart = new Int32Array(MAX_HEADER_FIELDS)
  readonly keyLength = new Int32Array(MAX_HEADER_FIELDS)
  readonly valueStart = new Int32Array(MAX_HEADER_FIELDS)
  readonly valueLength = new Int32Array(MAX_HEADER_FIELDS)

  add(keyStart: number, keyLength: number, valueStart: number, valueLength: number): void {
    const at = this.count
    if (at === MAX_HEADER_FIELDS) throw new MalformedFrameError(`header has more than ${MAX_HEADER_FIELDS} fields`)
    this.keyStart[at] = keyStart
    this.keyLength[at] = keyLength
    this.valueStart[at] = valueStart
    this.valueLength[at] = valueLength
    this.count = at + 1
  }

  /** Index of the field with this (ASCII) name, or -1. The last one wins, as in a Java map. */
  find(bytes: Uint8Array, name: string): number {
    const length = name.length
    for (let i = this.count - 1; i >= 0; i--) {
      if (this.keyLength[i] !== length) continue
      const start = this.keyStart[i]!
      let same = 0
      while (same < length && bytes[start + same] === name.charCodeAt(same)) same++
      if (same === length) return i
    }
    return -1
  }
}
