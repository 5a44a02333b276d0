import { hash, timingSafeEqual } from 'node:crypto'

const BLOCK_BYTES = 64
const DIGEST_BYTES = 20
/** Base64 of 20 bytes. */
const SIGNATURE_LENGTH = 28
/** What a content that was larger than this had taken is given back. */
const KEPT_BYTES_MAX = 1024 * 1024

/** A secret prepared for HMAC-SHA1 (RFC 2104): its two padded blocks. */
export class HmacKey {
  readonly inner: Buffer
  readonly outer: Buffer

  constructor(secret: string) {
    const bytes = Buffer.from(secret)
    const short = bytes.length > BLOCK_BYTES ? hash('sha1', bytes, 'buffer') : bytes
    this.inner = padded(short, 0x36)
    this.outer = padded(short, 0x5c)
  }
}

/**
 * What is signed, put together piece by piece, and its HMAC-SHA1. Made for a check per request: one buffer for all of
 * them, and two calls of the one-shot hash, which cost less than a node:crypto Hmac object.
 */
export class HmacContent {
  /** Room for the padded key, then the content. */
  #bytes = Buffer.allocUnsafe(1024)
  #end = BLOCK_BYTES
  readonly #outer = Buffer.allocUnsafe(BLOCK_BYTES + DIGEST_BYTES)
  readonly #expected = Buffer.allocUnsafe(SIGNATURE_LENGTH)
  readonly #given = Buffer.allocUnsafe(SIGNATURE_LENGTH)

  clear(): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = Buffer.allocUnsafe(1024)
    this.#end = BLOCK_BYTES
  }

  append(from: Uint8Array, start: number, length: number): void {
    const end = this.#end + length
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#end)
      this.#bytes = larger
    }
    this.#bytes.set(length === from.length ? from : from.subarray(start, start + length), this.#end)
    this.#end = end
  }

  /** In base64. */
  signature(key: HmacKey): string {
    return this.#hmac(key).toString('base64')
  }

  /** In lower-case hexadecimal digits. */
  hexSignature(key: HmacKey): string {
    return this.#hmac(key).toString('hex')
  }

  /** Whether the base64 text at `start` is the signature; takes as long whatever the answer. */
  isSignature(key: HmacKey, text: Uint8Array, start: number, length: number): boolean {
    this.#expected.write(this.signature(key), 'latin1')
    this.#given.fill(0)
    const isWhole = length === SIGNATURE_LENGTH
    if (isWhole) this.#given.set(text.subarray(start, start + length))
    return timingSafeEqual(this.#expected, this.#given) && isWhole
  }

  #hmac(key: HmacKey): Buffer {
    this.#bytes.set(key.inner, 0)
    this.#outer.set(key.outer, 0)
    this.#outer.set(hash('sha1', this.#bytes.subarray(0, this.#end), 'buffer'), BLOCK_BYTES)
    return hash('sha1', this.#outer, 'buffer')
  }
}

function padded(secret: Uint8Array, pad: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES, pad)
  for (let i = 0; i < secret.length; i++) block[i] = secret[i]! ^ pad
  return block
}
