import { dirname } from 'node:path'
import { peekInt64, setInt64, viewOf } from '../codec/bytes.ts'
import type { Disk, DiskFile } from '../io/disk.ts'

/*
 * The checkpoint, 4096 bytes, big endian:
 *
 *   0  int64  physicMsgTimestamp     store time of the last message flushed to the commit log
 *   8  int64  logicsMsgTimestamp     ... whose consume queue unit and index entries are synced
 *  16  int64  indexMsgTimestamp      ... in the last index file that is full and synced
 *  24  int64  masterFlushedOffset
 *  32  int64  confirmPhyOffset      up to where messages were shown, in controller mode; may be ahead of what is durable
 *  40  int64  logicsPhysicalOffset   where the message of logicsMsgTimestamp starts in the commit log
 *  48  zeros
 *
 * Java maps the file and overwrites it in place. So does this: all fields stand in the first sector, which a device
 * writes whole or not at all, and a checkpoint that is too old only makes recovery start earlier. Fields only ever grow
 * up to what is already durable, so a lost write is harmless as well.
 */
const CHECKPOINT_BYTES = 4096
const FIELD_BYTES = 48
/** How much earlier than the checkpoint recovery starts. */
const MARGIN_MS = 3000

export class StoreCheckpoint {
  physicMsgTimestamp = 0
  logicsMsgTimestamp = 0
  indexMsgTimestamp = 0
  masterFlushedOffset = 0
  confirmPhyOffset = 0
  logicsPhysicalOffset = 0
  readonly #file: DiskFile
  readonly #bytes = Buffer.alloc(FIELD_BYTES)
  readonly #view = viewOf(this.#bytes)

  private constructor(file: DiskFile) {
    this.#file = file
  }

  /** Opens or makes the file. What a file too short or a damaged field does not say is 0: recover everything. */
  static open(disk: Disk, path: string): StoreCheckpoint {
    const file = disk.open(path, 'write')
    try {
      const sizeBytes = file.sizeBytes()
      if (sizeBytes > CHECKPOINT_BYTES) {
        throw new Error(
          `checkpoint file ${path} has ${sizeBytes} bytes instead of ${CHECKPOINT_BYTES}: is it another file?`,
        )
      }
      if (sizeBytes < CHECKPOINT_BYTES) {
        file.truncate(CHECKPOINT_BYTES)
        disk.syncFolder(dirname(path))
      }
      const checkpoint = new StoreCheckpoint(file)
      checkpoint.#read()
      return checkpoint
    } catch (error) {
      file.close()
      throw error
    }
  }

  /** The time recovery may start from: nothing older is missing from commit log or consume queues. */
  minTimestamp(): number {
    return Math.max(0, Math.min(this.physicMsgTimestamp, this.logicsMsgTimestamp) - MARGIN_MS)
  }

  /** The same with messageIndexSafe, where full index files count too. */
  minTimestampIndex(): number {
    return Math.min(this.minTimestamp(), this.indexMsgTimestamp)
  }

  /**
   * The message that starts at `phyOffset`, stored at `timestampMs`, and all before it are in consume queues and index. The first
   * one of a log says nothing: position 0 stands for none, and by its time alone recovery would take whole files behind it for
   * durable that a clock which was set back has dated before it.
   */
  noteLogics(phyOffset: number, timestampMs: number): void {
    this.logicsPhysicalOffset = phyOffset
    this.logicsMsgTimestamp = phyOffset > 0 ? timestampMs : 0
  }

  write(): void {
    setInt64(this.#view, 0, this.physicMsgTimestamp)
    setInt64(this.#view, 8, this.logicsMsgTimestamp)
    setInt64(this.#view, 16, this.indexMsgTimestamp)
    setInt64(this.#view, 24, this.masterFlushedOffset)
    setInt64(this.#view, 32, this.confirmPhyOffset)
    setInt64(this.#view, 40, this.logicsPhysicalOffset)
    this.#file.write(this.#bytes, 0, FIELD_BYTES, 0)
  }

  writeSynced(): void {
    this.write()
    this.#file.syncDataNow()
  }

  /** Nothing is known of the log any more. Durable when it returns. */
  clear(): void {
    this.physicMsgTimestamp = 0
    this.logicsMsgTimestamp = 0
    this.indexMsgTimestamp = 0
    this.masterFlushedOffset = 0
    this.confirmPhyOffset = 0
    this.logicsPhysicalOffset = 0
    this.writeSynced()
  }

  /** Makes what was written durable, in the thread pool. */
  sync(done: (error: Error | null) => void): void {
    this.#file.syncData(done)
  }

  close(): void {
    this.#file.close()
  }

  #read(): void {
    this.#file.read(this.#bytes, 0, FIELD_BYTES, 0)
    this.physicMsgTimestamp = this.#field(0)
    this.logicsMsgTimestamp = this.#field(8)
    this.indexMsgTimestamp = this.#field(16)
    this.masterFlushedOffset = this.#field(24)
    this.confirmPhyOffset = this.#field(32)
    this.logicsPhysicalOffset = this.#field(40)
  }

  #field(at: number): number {
    const value = peekInt64(this.#view, at)
    return Number.isSafeInteger(value) && value > 0 ? value : 0
  }
}
