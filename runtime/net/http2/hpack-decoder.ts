import { STATIC_NAMES, STATIC_VALUES } from './hpack-tables.ts'
import { Http2Error, Http2ErrorCode } from './http2-error.ts'
import { decodeHuffman } from './huffman.ts'

/** What the peer may keep in the table; the default of HTTP/2, and no other is announced. */
const TABLE_BYTES_MAX = 4096
/** An entry counts as its characters and this much (RFC 7541, 4.1). */
const ENTRY_OVERHEAD_BYTES = 32

/** Reads header blocks of one connection; later ones refer to earlier ones. */
export class HpackDecoder {
  readonly #listBytesMax: number
  /** Newest last. */
  readonly #names: string[] = []
  readonly #values: string[] = []
  #tableBytes = 0
  #tableBytesMax = TABLE_BYTES_MAX
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0

  /** `listBytesMax`: what the headers of a request may take together, counted as HPACK does. */
  constructor(listBytesMax: number) {
    this.#listBytesMax = listBytesMax
  }

  /** A header that is there several times has its values joined with commas. @throws Http2Error */
  decode(bytes: Buffer, start: number, end: number): Map<string, string> {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    const headers = new Map<string, string>()
    let listBytes = 0
    while (this.#at < end) {
      const first = bytes[this.#at]!
      let name: string
      let value: string
      if (first >= 0x80) {
        const index = this.#integer(7)
        name = this.#nameAt(index)
        value = this.#valueAt(index)
      } else if ((first & 0xe0) === 0x20) {
        this.#resize(this.#integer(5))
        continue
      } else {
        const isKept = first >= 0x40
        const index = this.#integer(isKept ? 6 : 4)
        name = index === 0 ? this.#text() : this.#nameAt(index)
        value = this.#text()
        if (isKept) this.#keep(name, value)
      }
      listBytes += name.length + value.length + ENTRY_OVERHEAD_BYTES
      if (listBytes > this.#listBytesMax) {
        throw new Http2Error(
          Http2ErrorCode.ENHANCE_YOUR_CALM,
          `the headers of a request take more than ${this.#listBytesMax} bytes`,
        )
      }
      const before = headers.get(name)
      headers.set(name, before === undefined ? value : `${before},${value}`)
    }
    return headers
  }

  #nameAt(index: number): string {
    const name = index <= STATIC_NAMES.length ? STATIC_NAMES[index - 1] : this.#names[this.#kept(index)]
    if (name === undefined) throw broken(`a header with index ${index}, which there is not`)
    return name
  }

  #valueAt(index: number): string {
    return index <= STATIC_VALUES.length ? STATIC_VALUES[index - 1]! : this.#values[this.#kept(index)]!
  }

  #kept(index: number): number {
    return this.#names.length + STATIC_NAMES.length - index
  }

  #keep(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD_BYTES
    this.#shrinkTo(this.#tableBytesMax - size)
    if (size > this.#tableBytesMax) return
    this.#names.push(name)
    this.#values.push(value)
    this.#tableBytes += size
  }

  #resize(bytesMax: number): void {
    if (bytesMax > TABLE_BYTES_MAX) throw broken(`a header table of ${bytesMax} bytes; ${TABLE_BYTES_MAX} are allowed`)
    this.#tableBytesMax = bytesMax
    this.#shrinkTo(bytesMax)
  }

  #shrinkTo(bytes: number): void {
    while (this.#tableBytes > bytes && this.#names.length > 0) {
      this.#tableBytes -= this.#names.shift()!.length + this.#values.shift()!.length + ENTRY_OVERHEAD_BYTES
    }
  }

  /** A number whose first bits share a byte with something else (RFC 7541, 5.1). */
  #integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1
    let value = this.#byte() & most
    if (value < most) return value
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw broken('a header with a number of more than four bytes')
  }

  #text(): string {
    if (this.#at >= this.#end) throw broken('a header block that ends within a header')
    const isCoded = this.#bytes[this.#at]! >= 0x80
    const length = this.#integer(7)
    const start = this.#at
    if (length > this.#end - start) throw broken('a header block that ends within a header')
    this.#at += length
    return isCoded ? decodeHuffman(this.#bytes, start, this.#at) : this.#bytes.toString('latin1', start, this.#at)
  }

  #byte(): number {
    if (this.#at >= this.#end) throw broken('a header block that ends within a header')
    return this.#bytes[this.#at++]!
  }
}

function broken(what: string): Http2Error {
  return new Http2Error(Http2ErrorCode.COMPRESSION_ERROR, what)
}
