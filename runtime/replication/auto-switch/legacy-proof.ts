import type { ReplicatedLog } from '../replicated-log.ts'

type Log = Pick<ReplicatedLog, 'minOffset' | 'writtenOffset' | 'readRaw'>

/**
 * Of the end of the log so much is compared: more than the longest message, so that the last one is among it. Two logs that
 * were written apart differ in it, if only in the times of their messages.
 */
export const PROOF_BYTES = 8 << 20

/**
 * Compares the end of a log from before there was a controller with what its master sends. Epochs say nothing about it: the
 * store of another group, or of a slave that was once written to as a master, looks like a copy that merely lags.
 */
export class LegacyProof {
  /** Where the comparing begins: what the master is asked to send. */
  readonly fromOffset: number
  readonly #log: Log
  #checkedOffset: number

  constructor(log: Log) {
    this.#log = log
    this.fromOffset = Math.max(log.minOffset, log.writtenOffset - PROOF_BYTES)
    this.#checkedOffset = this.fromOffset
  }

  get isDone(): boolean {
    return this.#checkedOffset >= this.#log.writtenOffset
  }

  /**
   * Takes bytes of the master's log; those behind the end of ours are left alone.
   * @returns how many of them were compared and are the same; -1 when some differ
   */
  take(bytes: Uint8Array, start: number, length: number, phyOffset: number): number {
    // What expired at the master need not be compared.
    const isNext = phyOffset === this.#checkedOffset || this.#checkedOffset === this.fromOffset
    if (!isNext || phyOffset < this.#checkedOffset) return -1
    const end = Math.min(phyOffset + length, this.#log.writtenOffset)
    for (let at = phyOffset; at < end; ) {
      const own = this.#log.readRaw(at, end - at)
      if (own === undefined) return -1
      const theirs = start + (at - phyOffset)
      const count = Math.min(own.length, end - at)
      if (
        Buffer.compare(own.bytes.subarray(own.start, own.start + count), bytes.subarray(theirs, theirs + count)) !== 0
      ) {
        return -1
      }
      at += count
    }
    this.#checkedOffset = Math.max(end, phyOffset)
    return Math.max(end - phyOffset, 0)
  }
}
