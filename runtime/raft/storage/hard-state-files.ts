import { viewOf } from '../../codec/bytes.ts'
import { crc32 } from '../../codec/crc32.ts'
import type { Disk, DiskFile } from '../../io/disk.ts'
import type { HardState, Lost } from '../hard-state.ts'
import { ByteReader, MalformedBytesError } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'
import { RaftStoreError } from './store-error.ts'

/*
 * The hard state, twice: in files `state-0` and `state-1`, each
 *
 *   int32  magic 0x47525331 ("GRS1")
 *   int32  CRC-32 of the rest up to byte 511
 *   int64  number of the writing
 *   int64  term
 *   int64  store
 *   int8   1: has voted;      then int32 length + id of whom it voted for
 *   int8   1: has lost entries; then int64 term since when, int8 1: the end is known; then int64 index, int64 term of it
 *   zeros up to byte 511
 *
 * Written and synced one after the other, and in force only when both are durable. So when one cannot be read it was either
 * being written (what it was to say was promised to nobody) or is damaged; in both cases the other one is right.
 */
const MAGIC = 0x47525331
const FILE_BYTES = 512
const NAMES = ['state-0', 'state-1'] as const

interface Numbered {
  readonly number: number
  readonly hard: HardState
}

/** Where term, vote and store are kept. */
export class HardStateFiles {
  readonly #files: readonly DiskFile[]
  #number: number
  #hard: HardState

  private constructor(files: readonly DiskFile[], { number, hard }: Numbered) {
    this.#files = files
    this.#number = number
    this.#hard = hard
  }

  /** Whether the folder has a hard state, readable or not. */
  static exists(disk: Disk, folder: string): boolean {
    // The second one is made when the first is durable: alone, the first has never been in force.
    return disk.stat(`${folder}/${NAMES[1]}`) !== undefined
  }

  /** For a new store; durable when it returns. */
  static create(disk: Disk, folder: string, hard: HardState): HardStateFiles {
    const first = { number: 1, hard }
    const files = NAMES.map((name) => {
      const file = disk.open(`${folder}/${name}`, 'write')
      writeSyncedNow(file, encode(first))
      disk.syncFolder(folder)
      return file
    })
    return new HardStateFiles(files, first)
  }

  /** What is read is durable, in both files, when it returns. */
  static open(disk: Disk, folder: string): HardStateFiles {
    const found = NAMES.map((name) => readState(disk, `${folder}/${name}`))
    const best = found.reduce((one, other) => ((other?.number ?? -1) > (one?.number ?? -1) ? other : one))
    if (best === undefined) {
      throw new RaftStoreError(
        `${folder}: ${NAMES.join(' and ')} are both damaged, so it is not known for whom this member voted. Move the ` +
          'folder away and start with an empty one: the other members of the group let it in again. The only member ' +
          'of a group has to be restored from a copy of the folder',
      )
    }
    const files = new HardStateFiles(
      NAMES.map((name) => disk.open(`${folder}/${name}`, 'write')),
      best,
    )
    files.writeNow(best.hard)
    disk.syncFolder(folder)
    return files
  }

  get hard(): HardState {
    return this.#hard
  }

  writeNow(hard: HardState): void {
    const bytes = this.#next(hard)
    for (const file of this.#files) writeSyncedNow(file, bytes)
  }

  write(hard: HardState, done: (error: Error | null) => void): void {
    const bytes = this.#next(hard)
    const [first, second] = this.#files as [DiskFile, DiskFile]
    writeSynced(first, bytes, (error) => {
      if (error) done(error)
      else writeSynced(second, bytes, done)
    })
  }

  close(): void {
    for (const file of this.#files) file.close()
  }

  #next(hard: HardState): Buffer {
    this.#number++
    this.#hard = hard
    return encode({ number: this.#number, hard })
  }
}

function writeSyncedNow(file: DiskFile, bytes: Buffer): void {
  file.write(bytes, 0, bytes.length, 0)
  file.truncate(bytes.length)
  file.syncDataNow()
}

function writeSynced(file: DiskFile, bytes: Buffer, done: (error: Error | null) => void): void {
  try {
    file.write(bytes, 0, bytes.length, 0)
  } catch (error) {
    done(error as Error)
    return
  }
  file.syncData(done)
}

function encode({ number, hard: { term, vote, store, lost } }: Numbered): Buffer {
  const writer = new ByteWriter()
  writer.int64(number)
  writer.int64(term)
  writer.int64(store)
  writer.int8(vote === undefined ? 0 : 1)
  if (vote !== undefined) writer.text(vote)
  writeLost(writer, lost)
  const fields = writer.finish()
  if (fields.length > FILE_BYTES - 8) throw new Error(`the id of member ${vote} is too long`)
  const bytes = Buffer.alloc(FILE_BYTES)
  bytes.set(fields, 8)
  const view = viewOf(bytes)
  view.setInt32(0, MAGIC)
  view.setInt32(4, crc32(bytes, 8, FILE_BYTES - 8) | 0)
  return bytes
}

function writeLost(writer: ByteWriter, lost: Lost | undefined): void {
  writer.int8(lost === undefined ? 0 : 1)
  if (lost === undefined) return
  writer.int64(lost.term)
  writer.int8(lost.end === undefined ? 0 : 1)
  if (lost.end === undefined) return
  writer.int64(lost.end.index)
  writer.int64(lost.end.term)
}

/** Undefined when it is not there or not whole. */
function readState(disk: Disk, path: string): Numbered | undefined {
  if (disk.stat(path) === undefined) return undefined
  const bytes = disk.readFile(path)
  if (bytes.length !== FILE_BYTES) return undefined
  const view = viewOf(bytes)
  if (view.getInt32(0) !== MAGIC || view.getInt32(4) !== (crc32(bytes, 8, FILE_BYTES - 8) | 0)) return undefined
  try {
    return decode(new ByteReader(bytes.subarray(8)))
  } catch (error) {
    if (error instanceof MalformedBytesError) return undefined
    throw error
  }
}

function decode(reader: ByteReader): Numbered {
  const number = reader.int64()
  const term = reader.int64()
  const store = reader.int64()
  const vote = reader.flag() ? reader.text() : undefined
  return { number, hard: { term, vote, store, lost: readLost(reader) } }
}

function readLost(reader: ByteReader): Lost | undefined {
  if (!reader.flag()) return undefined
  const term = reader.int64()
  const end = reader.flag() ? { index: reader.int64(), term: reader.int64() } : undefined
  return { term, end }
}
