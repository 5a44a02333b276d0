import { viewOf } from '../../codec/bytes.ts'
import type { ReplicatedLog } from '../replicated-log.ts'
import { readTransferOffset, readTransferSize, TRANSFER_HEADER_BYTES } from './transfer-frame.ts'

const INITIAL_BUFFER_BYTES = 256 * 1024

/** Cuts the master's stream into transfers and appends each to the log as soon as it is complete. */
export class TransferReceiver {
  readonly #log: ReplicatedLog
  #bytes: Buffer
  #view: DataView
  #filled = 0
  /** Where the next transfer has to start: several may come in one turn, before the log has written the first. */
  #nextOffset: number

  constructor(log: ReplicatedLog, bufferBytes: number = INITIAL_BUFFER_BYTES) {
    this.#log = log
    this.#nextOffset = log.writtenOffset
    this.#bytes = Buffer.allocUnsafeSlow(bufferBytes)
    this.#view = viewOf(this.#bytes)
  }

  readBuffer(): Uint8Array {
    return this.#bytes.subarray(this.#filled)
  }

  /** @throws Error when the master's bytes do not continue our log. */
  received(count: number): void {
    this.#filled += count
    let at = 0
    while (this.#filled - at >= TRANSFER_HEADER_BYTES) {
      const length = readTransferSize(this.#view, at)
      if (this.#filled - at < TRANSFER_HEADER_BYTES + length) break
      this.#append(readTransferOffset(this.#view, at), at + TRANSFER_HEADER_BYTES, length)
      at += TRANSFER_HEADER_BYTES + length
    }
    this.#keepRest(at)
  }

  #append(phyOffset: number, start: number, length: number): void {
    // An empty slave starts wherever its master does.
    if (this.#nextOffset !== 0 && phyOffset !== this.#nextOffset) {
      throw new Error(`master sends offset ${phyOffset}, our log ends at ${this.#nextOffset}: the two logs differ`)
    }
    if (length === 0) return
    this.#log.appendReplicated(this.#bytes, start, length, phyOffset)
    this.#nextOffset = phyOffset + length
  }

  #keepRest(from: number): void {
    const rest = this.#filled - from
    let target = this.#bytes
    if (rest >= TRANSFER_HEADER_BYTES) {
      const needed = TRANSFER_HEADER_BYTES + readTransferSize(this.#view, from)
      if (needed > target.length) target = Buffer.allocUnsafeSlow(needed)
    }
    if (rest > 0 && (from > 0 || target !== this.#bytes)) this.#bytes.copy(target, 0, from, this.#filled)
    if (target !== this.#bytes) {
      this.#bytes = target
      this.#view = viewOf(target)
    }
    this.#filled = rest
  }
}
