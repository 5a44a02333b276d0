import { viewOf } from '../codec/bytes.ts'
import type { CommandView } from '../codec/remoting/command-view.ts'
import { MalformedFrameError } from '../codec/remoting/frame.ts'
import type { Slab, SlabPool } from './slab.ts'

/** What all connections of a process share to receive: reading and decoding are synchronous, so one of each is enough. */
export interface ReceiveContext {
  /** The socket reads into it unless the connection carries the start of an unfinished frame. */
  readonly shared: Slab
  /** For unfinished frames that fit. */
  readonly carries: SlabPool
  /** For larger ones that fit here: memory of their own for each would keep the garbage collector busy. */
  readonly largeCarries: SlabPool
  readonly command: CommandView
  /** Largest `length` field accepted. */
  readonly frameMaxBytes: number
}

/**
 * Cuts the byte stream of one connection into frames and hands out each as a {@link CommandView} where it lies.
 * A connection holds memory only while a frame of it is incomplete: a slab, or a block of the frame's size when that is
 * larger. Bytes of a large frame are received straight into that block.
 */
export class FrameReceiver {
  readonly #context: ReceiveContext
  readonly #onFrame: (command: CommandView) => void
  #carry: Slab | undefined
  #filled = 0

  constructor(context: ReceiveContext, onFrame: (command: CommandView) => void) {
    this.#context = context
    this.#onFrame = onFrame
  }

  readBuffer(): Uint8Array {
    const carry = this.#carry
    return carry ? carry.bytes.subarray(this.#filled) : this.#context.shared.bytes
  }

  /** `count` bytes arrived in the last read buffer. @throws MalformedFrameError */
  received(count: number): void {
    const carry = this.#carry
    if (carry) {
      this.#filled += count
      this.#keepRest(carry, this.#decode(carry, this.#filled), this.#filled)
    } else {
      const shared = this.#context.shared
      this.#keepRest(shared, this.#decode(shared, count), count)
    }
  }

  /** The connection is gone. */
  discard(): void {
    this.#carry?.release()
    this.#carry = undefined
  }

  /** Handles all complete frames in the first `end` bytes; returns where the rest starts. */
  #decode(slab: Slab, end: number): number {
    const { command, frameMaxBytes } = this.#context
    let at = 0
    while (end - at >= 4) {
      const length = slab.view.getInt32(at)
      if (length < 4 || length > frameMaxBytes) throw badLength(length, frameMaxBytes)
      if (end - at < 4 + length) break
      command.parse(slab.bytes, slab.view, at, length)
      this.#onFrame(command)
      at += 4 + length
    }
    return at
  }

  #keepRest(slab: Slab, from: number, end: number): void {
    const rest = end - from
    if (rest === 0) {
      this.discard()
      return
    }
    const needed = rest < 4 ? 4 : 4 + slab.view.getInt32(from)
    if (slab === this.#carry && needed <= slab.bytes.length) {
      if (from > 0) slab.bytes.copyWithin(0, from, end)
    } else {
      const next = this.#slabFor(needed)
      slab.bytes.copy(next.bytes, 0, from, end)
      this.discard()
      this.#carry = next
    }
    this.#filled = rest
  }

  #slabFor(sizeBytes: number): Slab {
    const { carries, largeCarries } = this.#context
    if (sizeBytes <= carries.slabBytes) return carries.acquire()
    return sizeBytes <= largeCarries.slabBytes ? largeCarries.acquire() : block(sizeBytes)
  }
}

function block(sizeBytes: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes)
  return { bytes, view: viewOf(bytes), release: () => {} }
}

function badLength(length: number, frameMaxBytes: number): MalformedFrameError {
  // The first bytes of a TLS handshake, read as a length.
  if (length >>> 16 === 0x1603) {
    return new MalformedFrameError(
      'the peer speaks TLS, but this port has no certificate: set tls.server.keyPath and tls.server.certPath',
    )
  }
  return new MalformedFrameError(`frame length ${length}: must be 4 to ${frameMaxBytes} bytes`)
}
