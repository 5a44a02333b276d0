import type { FrameReader } from '../link/frame-stream.ts'
import type { ReplicatedLog } from '../replicated-log.ts'
import { readTransferOffset, readTransferSize, TRANSFER_HEADER_BYTES } from './transfer-frame.ts'

/** Appends the master's transfers to the log, each as soon as it is complete. */
export class TransferReceiver implements FrameReader {
  readonly #log: ReplicatedLog
  /** Where the next transfer has to start: several may come in one turn, before the log has written the first. */
  #nextOffset: number

  constructor(log: ReplicatedLog) {
    this.#log = log
    this.#nextOffset = log.writtenOffset
  }

  frameSize(view: DataView, at: number, available: number): number {
    return available < TRANSFER_HEADER_BYTES ? 0 : TRANSFER_HEADER_BYTES + readTransferSize(view, at)
  }

  /** @throws Error when the master's bytes do not continue our log. */
  take(bytes: Buffer, view: DataView, at: number, sizeBytes: number): void {
    const phyOffset = readTransferOffset(view, at)
    const length = sizeBytes - TRANSFER_HEADER_BYTES
    // An empty slave starts wherever its master does.
    if (this.#nextOffset !== 0 && phyOffset !== this.#nextOffset) {
      throw new Error(`master sends offset ${phyOffset}, our log ends at ${this.#nextOffset}: the two logs differ`)
    }
    if (length === 0) return
    this.#log.appendReplicated(bytes, at + TRANSFER_HEADER_BYTES, length, phyOffset)
    this.#nextOffset = phyOffset + length
  }
}
