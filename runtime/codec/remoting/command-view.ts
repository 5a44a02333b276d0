import { viewOf } from '../bytes.ts'
import { scanBinaryHeader } from './binary-header.ts'
import { FLAG_ONEWAY, FLAG_RESPONSE, FRAME_PREFIX_BYTES, MalformedFrameError, SerializeType } from './frame.ts'
import { HeaderFields } from './header-fields.ts'
import { scanJsonHeader } from './json-header.ts'
import { languageName } from './language-code.ts'
import { parseInteger } from './parse-integer.ts'
import type { RemotingCommand } from './remoting-command.ts'
import { RequestError } from './request-error.ts'
import { ResponseCode } from './response-code.ts'

/**
 * A command where it lies in the receive buffer. One view is reused for all frames of a connection: it and its bytes are
 * valid only during the handler's call, so whoever answers later copies what it needs (`opaque`, `serializeType`, ...).
 */
export class CommandView {
  bytes: Buffer = EMPTY
  view: DataView = EMPTY_VIEW
  serializeType: SerializeType = SerializeType.JSON
  code = 0
  /** LanguageCode as a byte: language-code.ts. */
  language = 0
  version = 0
  opaque = 0
  flag = 0
  remarkStart = 0
  remarkLength = 0
  bodyStart = 0
  bodyLength = 0
  #frameStart = 0
  readonly fields = new HeaderFields()

  /**
   * Reads the frame whose length field is at `start` and whose `length` bytes are all there. JSON strings with escapes
   * are decoded in place, so the header's bytes change.
   * @throws MalformedFrameError
   */
  parse(bytes: Buffer, view: DataView, start: number, length: number): void {
    if (length < 4) throw new MalformedFrameError(`frame of ${length} bytes has no room for its header length`)
    const typeAndLength = view.getInt32(start + 4)
    const headerLength = typeAndLength & 0xffffff
    const type = typeAndLength >>> 24
    if (headerLength > length - 4) {
      throw new MalformedFrameError(`header of ${headerLength} bytes in a frame of ${length} bytes`)
    }
    this.bytes = bytes
    this.view = view
    this.#frameStart = start
    this.fields.count = 0
    this.remarkLength = 0
    const headerStart = start + FRAME_PREFIX_BYTES
    const headerEnd = headerStart + headerLength
    if (type === SerializeType.JSON) scanJsonHeader(this, bytes, headerStart, headerEnd)
    else if (type === SerializeType.ROCKETMQ) scanBinaryHeader(this, view, headerStart, headerEnd)
    else throw new MalformedFrameError(`serialize type ${type} is neither 0 (JSON) nor 1 (ROCKETMQ)`)
    this.serializeType = type
    this.bodyStart = headerEnd
    this.bodyLength = length - 4 - headerLength
  }

  get isResponse(): boolean {
    return (this.flag & FLAG_RESPONSE) !== 0
  }

  get isOneway(): boolean {
    return (this.flag & FLAG_ONEWAY) !== 0
  }

  /** The field's text, undefined when absent. */
  text(name: string): string | undefined {
    const i = this.fields.find(this.bytes, name)
    return i < 0 ? undefined : this.#value(i)
  }

  /** @throws RequestError when absent: the answer an official server gives. */
  requiredText(name: string): string {
    return this.text(name) ?? missing(name)
  }

  /** A whole number (int or long), undefined when absent. @throws RequestError naming the field and its value. */
  integer(name: string): number | undefined {
    const i = this.fields.find(this.bytes, name)
    if (i < 0) return undefined
    const value = parseInteger(this.bytes, this.fields.valueStart[i]!, this.fields.valueLength[i]!)
    if (Number.isNaN(value)) {
      throw new RequestError(
        ResponseCode.SYSTEM_ERROR,
        `the custom field <${name}> is not a whole number: ${this.#value(i)}`,
      )
    }
    return value
  }

  requiredInteger(name: string): number {
    return this.integer(name) ?? missing(name)
  }

  /** As Boolean.parseBoolean: true only for "true" in any case; undefined when absent. */
  flagField(name: string): boolean | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : text.toLowerCase() === 'true'
  }

  remark(): string | undefined {
    if (this.remarkLength === 0) return undefined
    return this.bytes.toString('utf8', this.remarkStart, this.remarkStart + this.remarkLength)
  }

  /** The body as a window into the receive buffer: valid during the call only. */
  body(): Buffer {
    return this.bytes.subarray(this.bodyStart, this.bodyStart + this.bodyLength)
  }

  /** Bytes of the frame, its length field included. */
  get frameBytes(): number {
    return this.bodyStart + this.bodyLength - this.#frameStart
  }

  /** All fields as an object without prototype surprises: for the control plane. */
  allFields(): Record<string, string> {
    const all: Record<string, string> = Object.create(null)
    for (let i = 0; i < this.fields.count; i++) {
      const start = this.fields.keyStart[i]!
      all[this.bytes.toString('utf8', start, start + this.fields.keyLength[i]!)] = this.#value(i)
    }
    return all
  }

  /** A copy that outlives the call. */
  toCommand(): RemotingCommand {
    return {
      code: this.code,
      language: languageName(this.language),
      version: this.version,
      opaque: this.opaque,
      flag: this.flag,
      serializeType: this.serializeType,
      remark: this.remark(),
      fields: this.allFields(),
      body: this.bodyLength === 0 ? undefined : Buffer.from(this.body()),
    }
  }

  #value(i: number): string {
    const start = this.fields.valueStart[i]!
    return this.bytes.toString('utf8', start, start + this.fields.valueLength[i]!)
  }
}

const EMPTY = Buffer.alloc(0)
const EMPTY_VIEW = viewOf(EMPTY)

function missing(name: string): never {
  throw new RequestError(ResponseCode.SYSTEM_ERROR, `the custom field <${name}> is null`)
}
