import { dirname } from 'node:path'
import { crc32 } from '../../codec/crc32.ts'
import { writeFileAtomic } from '../../io/atomic-file.ts'
import type { Disk } from '../../io/disk.ts'
import { type EpochEntry, EpochHistory } from './epoch-history.ts'

/*
 * The file storePathEpochFile, text with a line end after every line (EpochFileCache and CheckpointFile of Apache RocketMQ):
 *
 *   <number of entries>
 *   <CRC-32 of all that follows, its highest bit cleared; 0: not checked>
 *   <epoch>-<start offset>          one line per epoch, oldest first
 *
 * `<path>.bak` holds the content before the last change. Java writes both in place and unsynced: a crash can leave either torn.
 */
const CRC_MASK = 0x7fffffff

export interface LoadedEpochs {
  readonly history: EpochHistory
  /**
   * Where what the history says stops being certain: set when the file was damaged and its backup, which lacks the last
   * change, had to be used. That change concerns the last epoch of the backup or what follows it.
   */
  readonly trustedEndOffset: number
  /** What was wrong; for the log. */
  readonly problem: string | undefined
}

export class EpochFile {
  readonly path: string
  readonly #disk: Disk

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.path = path
  }

  /** No file is an empty history. @throws Error saying what to do when neither file nor backup can be read. */
  load(): LoadedEpochs {
    const backupPath = `${this.path}.bak`
    const main = this.#read(this.path)
    if (typeof main === 'object')
      return { history: main, trustedEndOffset: Number.POSITIVE_INFINITY, problem: undefined }
    const backup = this.#read(backupPath)
    if (main === undefined && backup === undefined) {
      return { history: new EpochHistory(), trustedEndOffset: Number.POSITIVE_INFINITY, problem: undefined }
    }
    const problem = `epoch file ${this.path} ${main ?? 'is missing, but it has a backup'}`
    if (typeof backup === 'object' && backup.last !== undefined) {
      const trustedEndOffset = backup.last.startOffset
      return {
        history: backup.endingAt(trustedEndOffset),
        trustedEndOffset,
        problem: `${problem}; ${backupPath} is used`,
      }
    }
    throw new Error(
      `${problem}, and ${backupPath} ${backup ?? 'is missing'}. Put the file back from a copy; or, if another replica of ` +
        'the group is its master, empty the store folder so that everything is copied anew; or, if this is the only ' +
        'replica, remove both files: what is in the log then counts as written before the group had a controller',
    )
  }

  /** Durable when it returns. */
  save(history: EpochHistory): void {
    if (!history.isEmpty) {
      // What is damaged must not take the place of the backup it was read from.
      if (typeof this.#read(this.path) === 'string') this.#disk.remove(this.path)
      writeFileAtomic(this.#disk, this.path, encodeEpochs(history))
      return
    }
    // Java cannot read a file without entries. The backup goes first: alone it would count as what is left of a damaged pair.
    for (const path of [`${this.path}.bak`, this.path]) {
      if (this.#disk.stat(path) === undefined) continue
      this.#disk.remove(path)
      this.#disk.syncFolder(dirname(path))
    }
  }

  /** The history, what is wrong with it, or undefined without a file. */
  #read(path: string): EpochHistory | string | undefined {
    if (this.#disk.stat(path) === undefined) return undefined
    try {
      return decodeEpochs(this.#disk.readFile(path))
    } catch (error) {
      return `is damaged: ${(error as Error).message}`
    }
  }
}

export function encodeEpochs({ entries }: EpochHistory): Buffer {
  const lines = entries.map(({ epoch, startOffset }) => `${epoch}-${startOffset}\n`).join('')
  return Buffer.from(`${entries.length}\n${checksum(lines)}\n${lines}`)
}

/** @throws Error naming what is wrong */
export function decodeEpochs(bytes: Uint8Array): EpochHistory {
  const [count, crc, ...rest] = Buffer.from(bytes).toString('latin1').split('\n')
  const lines = rest.filter((line) => line !== '')
  const entries = lines.map((line): EpochEntry => {
    const [, epoch, startOffset] = /^(\d+)-(\d+)$/.exec(line) ?? []
    if (epoch === undefined) throw new Error(`line "${line.slice(0, 40)}" is not <epoch>-<offset>`)
    return { epoch: Number(epoch), startOffset: Number(startOffset) }
  })
  if (Number(count) !== entries.length || entries.length === 0) {
    throw new Error(`it says that it has ${count?.slice(0, 20)} entries, and has ${entries.length}`)
  }
  const actual = checksum(lines.map((line) => `${line}\n`).join(''))
  if (Number(crc) !== 0 && Number(crc) !== actual) {
    throw new Error(`its checksum is ${actual} instead of ${crc?.slice(0, 20)}`)
  }
  return new EpochHistory(entries)
}

function checksum(lines: string): number {
  const bytes = Buffer.from(lines)
  return crc32(bytes, 0, bytes.length) & CRC_MASK
}
