import type { ReceiveContext } from '../frame-receiver.ts'
import type { Slab } from '../slab.ts'
import { Http2Error, Http2ErrorCode } from './http2-error.ts'
import { FRAME_HEADER_BYTES, FRAME_PAYLOAD_MAX, FrameFlag, FrameType, PREFACE } from './http2-frame.ts'

/** A frame's payload is in `bytes` from `start` to `end`, during the call only. */
export type OnFrame = (type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number) => void

/** What the parts of one header block may take together. */
const HEADER_BLOCK_BYTES_MAX = 64 * 1024

/**
 * Finds the frames in what a client sends. Bytes are read into a buffer that all connections share; only a frame that is
 * not complete is copied aside. Header blocks come as one, without padding and priority.
 */
export class FrameReader {
  readonly #context: ReceiveContext
  #prefaceSeen = 0
  /** What is left of the last read. */
  #carry: Slab | undefined
  #carried = 0
  /** A header block that goes on in the next frame. */
  #block: Buffer[] = []
  #blockBytes = 0
  #blockStream = 0
  #blockFlags = 0

  constructor(context: ReceiveContext) {
    this.#context = context
  }

  readBuffer(): Uint8Array {
    if (this.#carry === undefined) return this.#context.shared.bytes
    return this.#carry.bytes.subarray(this.#carried)
  }

  /** @throws Http2Error */
  received(count: number, onFrame: OnFrame): void {
    const carry = this.#carry
    const bytes = carry?.bytes ?? this.#context.shared.bytes
    const end = this.#carried + count
    const at = this.#frames(bytes, end, onFrame)
    // Closed by what it said.
    if (carry !== this.#carry) return
    const rest = end - at
    if (rest === 0) {
      this.discard()
      return
    }
    if (carry === undefined) {
      this.#carry = this.#context.carries.acquire()
      bytes.copy(this.#carry.bytes, 0, at, end)
    } else if (at > 0) bytes.copyWithin(0, at, end)
    this.#carried = rest
  }

  discard(): void {
    this.#carry?.release()
    this.#carry = undefined
    this.#carried = 0
  }

  /** Returns where the first frame starts that is not complete. */
  #frames(bytes: Buffer, end: number, onFrame: OnFrame): number {
    let at = 0
    for (; this.#prefaceSeen < PREFACE.length; at++) {
      if (at === end) return at
      if (bytes[at] !== PREFACE[this.#prefaceSeen]) {
        throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, 'this port speaks gRPC, which is HTTP/2, and nothing else')
      }
      this.#prefaceSeen++
    }
    while (end - at >= FRAME_HEADER_BYTES) {
      const length = bytes.readUIntBE(at, 3)
      if (length > FRAME_PAYLOAD_MAX) {
        throw new Http2Error(
          Http2ErrorCode.FRAME_SIZE_ERROR,
          `a frame of ${length} bytes; ${FRAME_PAYLOAD_MAX} are allowed`,
        )
      }
      const start = at + FRAME_HEADER_BYTES
      if (end - start < length) break
      at = start + length
      this.#frame(bytes, start, length, onFrame)
    }
    return at
  }

  #frame(bytes: Buffer, start: number, length: number, onFrame: OnFrame): void {
    const type = bytes[start - 6]!
    const flags = bytes[start - 5]!
    const streamId = bytes.readUInt32BE(start - 4) % 2 ** 31
    const end = start + length
    if (this.#blockStream !== 0 && (type !== FrameType.CONTINUATION || streamId !== this.#blockStream)) {
      throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, 'a header block with another frame in it')
    }
    if (type === FrameType.HEADERS) this.#headers(flags, streamId, bytes, start, end, onFrame)
    else if (type === FrameType.CONTINUATION) this.#continuation(flags, bytes, start, end, onFrame)
    else onFrame(type, flags, streamId, bytes, start, end)
  }

  #headers(flags: number, streamId: number, bytes: Buffer, start: number, end: number, onFrame: OnFrame): void {
    const isPadded = (flags & FrameFlag.PADDED) !== 0
    const padding = isPadded ? bytes[start]! : 0
    const first = start + (isPadded ? 1 : 0) + ((flags & FrameFlag.PRIORITY) === 0 ? 0 : 5)
    const last = end - padding
    if (streamId === 0 || first > last) throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, 'headers of no stream')
    if ((flags & FrameFlag.END_HEADERS) !== 0) {
      onFrame(FrameType.HEADERS, flags, streamId, bytes, first, last)
      return
    }
    this.#blockStream = streamId
    this.#blockFlags = flags
    this.#addToBlock(bytes, first, last)
  }

  #continuation(flags: number, bytes: Buffer, start: number, end: number, onFrame: OnFrame): void {
    if (this.#blockStream === 0) {
      throw new Http2Error(Http2ErrorCode.PROTOCOL_ERROR, 'a header block that goes on without having begun')
    }
    this.#addToBlock(bytes, start, end)
    if ((flags & FrameFlag.END_HEADERS) === 0) return
    const block = Buffer.concat(this.#block)
    const streamId = this.#blockStream
    this.#block = []
    this.#blockBytes = 0
    this.#blockStream = 0
    onFrame(FrameType.HEADERS, this.#blockFlags, streamId, block, 0, block.length)
  }

  #addToBlock(bytes: Buffer, start: number, end: number): void {
    this.#blockBytes += end - start
    // Empty parts cost as well.
    if (this.#blockBytes > HEADER_BLOCK_BYTES_MAX || this.#block.length >= 16) {
      throw new Http2Error(
        Http2ErrorCode.ENHANCE_YOUR_CALM,
        `a header block of more than ${HEADER_BLOCK_BYTES_MAX} bytes or 16 frames`,
      )
    }
    this.#block.push(Buffer.from(bytes.subarray(start, end)))
  }
}
