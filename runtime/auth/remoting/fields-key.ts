import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { CodeRule } from './code-rules.ts'

/** Longer ones are not remembered; names have at most 255 characters. */
const KEY_BYTES_MAX = 2048

/**
 * A request's code and the fields that say what it is about, as bytes: by them it is found that the same was allowed
 * before, without making a string. Each value stands behind its length, so that different fields never look alike.
 */
export class FieldsKey {
  readonly bytes = Buffer.allocUnsafe(KEY_BYTES_MAX)
  length = 0

  /** False when there is no such key: what the request is about stands elsewhere, or takes too much room. */
  put(request: CommandView, rule: CodeRule): boolean {
    this.length = 0
    this.#number(request.code)
    if (rule.kind === 'body' || rule.kind === 'message') return false
    if (rule.kind === 'send') return this.#field(request, rule.field)
    if (rule.kind !== 'fields') return true
    for (const { field } of rule.fields) if (!this.#field(request, field)) return false
    return true
  }

  #field(request: CommandView, name: string): boolean {
    const { fields, bytes } = request
    const at = fields.find(bytes, name)
    if (at < 0) {
      this.bytes[this.length++] = ABSENT
      return true
    }
    const start = fields.valueStart[at]!
    const length = fields.valueLength[at]!
    if (this.length + length + FIELD_EXTRA_BYTES_MAX > KEY_BYTES_MAX) return false
    this.#number(length)
    this.bytes.set(bytes.subarray(start, start + length), this.length)
    this.length += length
    return true
  }

  /** In decimal digits and a colon: the key is text, so that it can be kept as such. */
  #number(value: number): void {
    let digits = 1
    for (let rest = value; rest >= 10; rest = Math.trunc(rest / 10)) digits++
    let rest = value
    for (let i = digits - 1; i >= 0; i--) {
      this.bytes[this.length + i] = 0x30 + (rest % 10)
      rest = Math.trunc(rest / 10)
    }
    this.bytes[this.length + digits] = COLON
    this.length += digits + 1
  }
}

const COLON = 0x3a
const ABSENT = 0x2d
/** The longest number with its colon, and what absent fields behind it take. */
const FIELD_EXTRA_BYTES_MAX = 24
