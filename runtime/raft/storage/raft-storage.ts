import type { Disk, DiskLock } from '../../io/disk.ts'
import type { Random } from '../../io/random.ts'
import type { Logger } from '../../observe/logger.ts'
import { NO_ENTRY } from '../entry.ts'
import type { SnapshotInfo } from '../message.ts'
import type { SnapshotSource } from '../node-state.ts'
import type { RestoredState, Write } from '../raft-node.ts'
import { DurableMark } from './durable-mark.ts'
import { HardStateFiles } from './hard-state-files.ts'
import type { LogFiles } from './log-files.ts'
import { openLog } from './open-log.ts'
import { SnapshotFiles } from './snapshot-files.ts'
import { RaftStoreError } from './store-error.ts'
import { checkIdentity, type StoreIdentity } from './store-identity.ts'

export interface RaftStorageOptions extends StoreIdentity {
  readonly disk: Disk
  readonly folder: string
  readonly random: Random
  readonly logger: Logger
  readonly segmentBytes?: number
  /** A write failed: nothing is written any more. What was not reported durable may or may not be there after a restart. */
  readonly onFailed: (error: Error) => void
}

const SEGMENT_BYTES = 8 * 1024 * 1024

interface PendingWrite {
  readonly write: Write
  readonly done: () => void
}

/**
 * One member's store:
 *
 *   identity             whose it is (store-identity.ts)
 *   lock                 held while it is open
 *   state-0, state-1     term, vote, store number (hard-state-files.ts)
 *   log/<20 digits>      entries (log-record.ts)
 *   durable              how far they are durable (durable-mark.ts)
 *   snapshot/<...>       the latest snapshot (snapshot-files.ts)
 *   cut/                 what was cut off or found damaged, for people to look at
 *
 * Writes are made durable in their order. Those that come while a sync is under way share the next one.
 */
export class RaftStorage implements SnapshotSource {
  /** What was found when it was opened. */
  readonly restored: RestoredState
  #restoredBytes: Uint8Array | undefined
  readonly #lock: DiskLock
  readonly #hard: HardStateFiles
  readonly #log: LogFiles
  readonly #mark: DurableMark
  readonly #snapshots: SnapshotFiles
  readonly #onFailed: (error: Error) => void
  #queue: PendingWrite[] = []
  #isBusy = false
  #isClosed = false
  #onIdle: (() => void) | undefined

  private constructor(options: RaftStorageOptions, lock: DiskLock) {
    const { disk, folder, logger } = options
    this.#lock = lock
    this.#onFailed = options.onFailed
    checkIdentity(disk, folder, options)
    this.#mark = new DurableMark(disk, `${folder}/durable`)
    this.#hard = openHardState(options, this.#mark)
    this.#snapshots = new SnapshotFiles(disk, `${folder}/snapshot`)
    const loaded = this.#snapshots.load((path, reason) => {
      logger.error({ file: path, reason }, `damaged snapshot ${path} is not used: ${reason}`)
    })
    this.#restoredBytes = loaded?.bytes
    const snapshot = loaded?.info ?? NO_ENTRY
    const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES
    const opened = openLog({ disk, folder, logger, segmentBytes, hard: this.#hard, mark: this.#mark, snapshot })
    this.#log = opened.files
    const { entries, commit } = opened
    this.restored = { hard: this.#hard.hard, snapshot: loaded?.info, entries, commit }
  }

  /** @throws RaftStoreError when the folder is not this member's or cannot be used; the operating system's errors. */
  static open(options: RaftStorageOptions): RaftStorage {
    const { disk, folder } = options
    disk.makeFolder(folder)
    const lock = disk.lock(`${folder}/lock`)
    if (lock === undefined) {
      throw new RaftStoreError(`${folder} is in use by another process: stop it, or set another store path`)
    }
    try {
      return new RaftStorage(options, lock)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Bytes of the snapshot that was found, once. */
  takeRestoredSnapshot(): Uint8Array | undefined {
    const bytes = this.#restoredBytes
    this.#restoredBytes = undefined
    return bytes
  }

  latest(): SnapshotInfo | undefined {
    return this.#snapshots.latest
  }

  read(index: number, offset: number, length: number): Uint8Array | undefined {
    return this.#snapshots.read(index, offset, length)
  }

  /** `done` runs once the write and those before it are durable; never, when one fails. */
  write(write: Write, done: () => void): void {
    this.#queue.push({ write, done })
    if (!this.#isBusy) this.#next()
  }

  /** Durable when `done` runs; earlier snapshots go. */
  saveSnapshot(info: SnapshotInfo, bytes: Uint8Array, done: () => void): void {
    this.#snapshots.save(info, bytes, (error) => {
      if (this.#isClosed) return
      if (error) this.#fail(error)
      else done()
    })
  }

  /** A snapshot covers all before `index`. */
  dropBefore(index: number): void {
    this.#attempt(() => this.#log.dropBefore(index))
  }

  /** Makes durable what waits, then closes. */
  close(done: () => void): void {
    if (this.#isBusy) {
      this.#onIdle = () => this.close(done)
      return
    }
    if (!this.#isClosed && this.#attempt(() => this.#mark.syncNow())) this.abandon()
    done()
  }

  /** Closes at once; what waits is not written. */
  abandon(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#queue = []
    this.#log.close()
    this.#mark.close()
    this.#hard.close()
    this.#lock.release()
  }

  #next(): void {
    const batch = this.#takeBatch()
    if (batch.length === 0 || this.#isClosed) {
      this.#isBusy = false
      const onIdle = this.#onIdle
      this.#onIdle = undefined
      onIdle?.()
      return
    }
    this.#isBusy = true
    const { snapshot } = batch[0]!.write
    if (snapshot === undefined) this.#writeHard(batch)
    else
      this.#snapshots.save(
        snapshot.info,
        snapshot.bytes,
        this.#checked(() => this.#writeHard(batch)),
      )
  }

  /** What a snapshot replaces is gone from the log only when the snapshot is durable: it begins a batch of its own. */
  #takeBatch(): PendingWrite[] {
    const next = this.#queue.findIndex(({ write }, i) => i > 0 && write.snapshot !== undefined)
    return this.#queue.splice(0, next < 0 ? this.#queue.length : next)
  }

  #writeHard(batch: readonly PendingWrite[]): void {
    const hard = batch.findLast(({ write }) => write.hard !== undefined)?.write.hard
    if (hard === undefined) this.#writeLog(batch)
    else
      this.#hard.write(
        hard,
        this.#checked(() => this.#writeLog(batch)),
      )
  }

  #writeLog(batch: readonly PendingWrite[]): void {
    const before = this.#log.position
    const isWritten = this.#attempt(() => {
      for (const { write } of batch) {
        if (write.snapshot !== undefined) this.#log.restart(write.snapshot.info)
        if (write.entries.length > 0) this.#log.append(write.entries, write.previousTerm, write.commit)
      }
    })
    if (!isWritten) return
    if (this.#log.position === before) this.#finish(batch)
    else this.#log.sync(this.#checked(() => this.#synced(batch)))
  }

  #synced(batch: readonly PendingWrite[]): void {
    if (this.#attempt(() => this.#mark.write({ position: this.#log.position, id: this.#log.last }))) this.#finish(batch)
  }

  #finish(batch: readonly PendingWrite[]): void {
    for (const { done } of batch) done()
    this.#next()
  }

  #checked(run: () => void): (error: Error | null) => void {
    return (error) => {
      if (this.#isClosed) return
      if (error) this.#fail(error)
      else run()
    }
  }

  /** For I/O and nothing else: an error of our own must not look like one of the disk. Returns whether it went well. */
  #attempt(io: () => void): boolean {
    try {
      io()
      return true
    } catch (error) {
      this.#fail(error as Error)
      return false
    }
  }

  #fail(error: Error): void {
    if (this.#isClosed) return
    this.abandon()
    this.#isBusy = false
    this.#onFailed(error)
    this.#onIdle?.()
  }
}

function openHardState({ disk, folder, random }: RaftStorageOptions, mark: DurableMark): HardStateFiles {
  if (HardStateFiles.exists(disk, folder)) return HardStateFiles.open(disk, folder)
  const leftover = ['log', 'snapshot'].find((name) => disk.stat(`${folder}/${name}`) !== undefined)
  if (leftover !== undefined) {
    throw new RaftStoreError(
      `${folder} has ${leftover} but no state-1, so it is not known for whom this member voted. Restore it, or move the ` +
        'folder away and start with an empty one: the other members of the group let it in again',
    )
  }
  // From then on a store has a mark: one without lost it.
  mark.write({ position: 0, id: NO_ENTRY })
  mark.syncNow()
  const store = 1 + random.below(2 ** 31) + random.below(2 ** 20) * 2 ** 31
  return HardStateFiles.create(disk, folder, { term: 0, vote: undefined, store, lost: undefined })
}
