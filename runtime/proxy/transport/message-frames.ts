import { gunzipSync } from 'node:zlib'
import { GrpcError, GrpcStatus } from './grpc-status.ts'

/*
 * A message on a gRPC stream ("Length-Prefixed-Message"):
 *   1 compressed flag   4 length   bytes
 */

export const PREFIX_BYTES = 5

/** A whole message: in `bytes` from `start` to `end`, during the call only. */
type OnMessage = (bytes: Buffer, start: number, end: number) => void

/** Finds the messages in the data of one stream. Those that come in one piece are not copied. */
export class MessageFrames {
  readonly #bytesMax: number
  readonly #encoding: string | undefined
  readonly #onMessage: OnMessage
  /** What there is of a message that is not complete, its prefix included; allocated for all of it once its length is known. */
  #partial: Buffer | undefined
  #filled = 0

  /** `encoding`: the grpc-encoding header. */
  constructor(bytesMax: number, encoding: string | undefined, onMessage: OnMessage) {
    this.#bytesMax = bytesMax
    this.#encoding = encoding
    this.#onMessage = onMessage
  }

  /** Whether a message has begun and not ended. */
  get isPartial(): boolean {
    return this.#partial !== undefined
  }

  /** @throws GrpcError */
  data(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      const whole = this.#partial === undefined && end - at >= PREFIX_BYTES ? PREFIX_BYTES + this.#length(bytes, at) : 0
      if (whole > 0 && whole <= end - at) {
        this.#message(bytes, at, at + whole)
        at += whole
      } else at = this.#gather(bytes, at, end)
    }
  }

  #gather(bytes: Buffer, start: number, end: number): number {
    let partial = this.#partial ?? Buffer.allocUnsafe(PREFIX_BYTES)
    let at = start
    if (this.#filled < PREFIX_BYTES) {
      const copied = bytes.copy(partial, this.#filled, at, Math.min(end, at + PREFIX_BYTES - this.#filled))
      this.#filled += copied
      at += copied
      if (this.#filled === PREFIX_BYTES) {
        const grown = Buffer.allocUnsafe(PREFIX_BYTES + this.#length(partial, 0))
        partial.copy(grown)
        partial = grown
      }
    }
    this.#partial = partial
    if (this.#filled < PREFIX_BYTES) return at
    const copied = bytes.copy(partial, this.#filled, at, Math.min(end, at + partial.length - this.#filled))
    this.#filled += copied
    if (this.#filled === partial.length) {
      this.#partial = undefined
      this.#filled = 0
      this.#message(partial, 0, partial.length)
    }
    return at + copied
  }

  #length(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at + 1)
    if (length > this.#bytesMax) {
      throw new GrpcError(
        GrpcStatus.RESOURCE_EXHAUSTED,
        `a message of ${length} bytes; grpcMaxInboundMessageSize allows ${this.#bytesMax}`,
      )
    }
    return length
  }

  #message(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] === 0) {
      this.#onMessage(bytes, start + PREFIX_BYTES, end)
      return
    }
    if (this.#encoding !== 'gzip') {
      throw new GrpcError(GrpcStatus.UNIMPLEMENTED, `a message compressed with ${this.#encoding}; gzip is understood`)
    }
    const plain = this.#gunzip(bytes.subarray(start + PREFIX_BYTES, end))
    this.#onMessage(plain, 0, plain.length)
  }

  #gunzip(bytes: Buffer): Buffer {
    try {
      return gunzipSync(bytes, { maxOutputLength: this.#bytesMax })
    } catch (error) {
      throw new GrpcError(GrpcStatus.INTERNAL, `a message that cannot be unpacked: ${(error as Error).message}`)
    }
  }
}
