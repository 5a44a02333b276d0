import { crc32 } from '../codec/crc32.ts'
import type { MessageOf, SnapshotInfo } from './message.ts'
import type { NodeState } from './node-state.ts'

/** A follower's side of a snapshot that comes in pieces, in order; it asks for the piece it wants next. */
export class SnapshotIntake {
  readonly #state: NodeState
  #info: SnapshotInfo | undefined
  #pieces: Uint8Array[] = []
  #receivedBytes = 0

  constructor(state: NodeState) {
    this.#state = state
  }

  /** Returns true when the snapshot is whole; the log then begins behind it. */
  take({ from, info, offset, bytes }: MessageOf<'snapshotPiece'>): boolean {
    const { settings, trace } = this.#state
    if (info.totalBytes > settings.snapshotMaxBytes) {
      trace(`refuses a snapshot of ${info.totalBytes} bytes; snapshotMaxBytes is ${settings.snapshotMaxBytes}`)
      return false
    }
    if (!this.#isSame(info)) this.#begin(info)
    if (offset === this.#receivedBytes && offset + bytes.length <= info.totalBytes) {
      this.#pieces.push(bytes)
      this.#receivedBytes += bytes.length
      if (this.#receivedBytes === info.totalBytes) return this.#finish(from, info)
    }
    this.#answer(from, info.index, false)
    return false
  }

  #isSame({ index, term, totalBytes, checksum }: SnapshotInfo): boolean {
    const known = this.#info
    return (
      known?.index === index && known.term === term && known.totalBytes === totalBytes && known.checksum === checksum
    )
  }

  #begin(info: SnapshotInfo | undefined): void {
    this.#info = info
    this.#pieces = []
    this.#receivedBytes = 0
  }

  #finish(from: string, info: SnapshotInfo): boolean {
    const bytes = Buffer.concat(this.#pieces)
    this.#begin(undefined)
    if (crc32(bytes, 0, bytes.length) !== info.checksum) {
      this.#state.trace(`refuses the snapshot at ${info.index} from ${from}: its bytes are not those of the checksum`)
      this.#answer(from, info.index, true)
      return false
    }
    this.#state.log.restore(info, info.membership)
    this.#state.received = { info, bytes }
    this.#state.trace(`takes the snapshot at ${info.index} of term ${info.term}`)
    return true
  }

  #answer(to: string, index: number, isDamaged: boolean): void {
    const { term } = this.#state
    this.#state.send({ kind: 'snapshotAnswer', to, term, index, offset: this.#receivedBytes, isDamaged })
  }
}
