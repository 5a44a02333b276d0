import { crc32 } from '../codec/crc32.ts'
import { type Entry, entryBytes } from './entry.ts'
import type { RaftNode } from './raft-node.ts'
import type { RaftStorage } from './storage/raft-storage.ts'

export interface SnapshotSettings {
  /** A snapshot after so many entries or bytes since the last one. */
  readonly snapshotEveryEntries: number
  readonly snapshotEveryBytes: number
  /** Entries kept behind a snapshot, for followers that are not far behind; half of `snapshotEveryBytes` at most. */
  readonly snapshotKeepEntries: number
}

export const DEFAULT_SNAPSHOT_SETTINGS: SnapshotSettings = {
  snapshotEveryEntries: 10_000,
  snapshotEveryBytes: 8 * 1024 * 1024,
  snapshotKeepEntries: 1000,
}

/** Takes snapshots of the state machine when the log has grown, and then forgets what they cover. */
export class SnapshotKeeper {
  readonly #settings: SnapshotSettings
  readonly #node: RaftNode
  readonly #storage: RaftStorage
  readonly #take: () => Uint8Array
  #entriesSince: number
  #bytesSince = 0
  #isUnderWay = false

  constructor(settings: SnapshotSettings, node: RaftNode, storage: RaftStorage, take: () => Uint8Array) {
    this.#settings = settings
    this.#node = node
    this.#storage = storage
    this.#take = take
    this.#entriesSince = 0
  }

  applied(entry: Entry): void {
    this.#entriesSince++
    this.#bytesSince += entryBytes(entry)
  }

  /** The state machine began anew with a snapshot that came from the leader. */
  restored(): void {
    this.#entriesSince = 0
    this.#bytesSince = 0
  }

  get isDue(): boolean {
    const { snapshotEveryEntries, snapshotEveryBytes } = this.#settings
    if (this.#isUnderWay) return false
    return this.#entriesSince >= snapshotEveryEntries || this.#bytesSince >= snapshotEveryBytes
  }

  /** Of what is applied now; `done` runs when the log has been shortened. */
  begin(done: () => void): void {
    const { log } = this.#node
    const { applied: index } = log
    if (this.#isUnderWay || index === 0) return
    this.#isUnderWay = true
    this.restored()
    const bytes = this.#take()
    const info = {
      index,
      term: log.termAt(index)!,
      membership: log.membershipAt(index),
      totalBytes: bytes.length,
      checksum: crc32(bytes, 0, bytes.length),
    }
    this.#storage.saveSnapshot(info, bytes, () => {
      this.#isUnderWay = false
      this.#shorten(index)
      done()
    })
  }

  #shorten(snapshotIndex: number): void {
    const { log } = this.#node
    const { snapshotKeepEntries, snapshotEveryBytes } = this.#settings
    // A snapshot of the leader may have overtaken this one.
    if (snapshotIndex <= log.base.index) return
    const keepFrom = log.firstWithin(snapshotIndex, snapshotKeepEntries, snapshotEveryBytes / 2)
    this.#node.compact(keepFrom - 1)
    this.#storage.dropBefore(keepFrom)
  }
}
