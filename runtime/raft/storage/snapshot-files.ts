import { crc32 } from '../../codec/crc32.ts'
import type { Disk, DiskFile } from '../../io/disk.ts'
import { readMembership, writeMembership } from '../membership.ts'
import type { SnapshotInfo } from '../message.ts'
import { ByteReader, MalformedBytesError } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'

/*
 * A snapshot in the file `<20 digits index>-<20 digits term>`:
 *
 *   int32  magic 0x47525331 ("GRS1")
 *   int32  length of the header that follows
 *   int32  CRC-32 of the header
 *   header: int64 index · int64 term · membership (membership.ts) · int64 size of the data · int32 CRC-32 of the data
 *   data
 *
 * Written as `<name>.tmp`, synced, renamed, the folder synced: under its name it is whole, unless it is damaged later.
 */
const MAGIC = 0x47525331
const PREFIX_BYTES = 12
const NAME = /^\d{20}-\d{20}$/

export interface LoadedSnapshot {
  readonly info: SnapshotInfo
  readonly bytes: Buffer
}

export class SnapshotFiles {
  readonly #disk: Disk
  readonly #folder: string
  #latest: SnapshotInfo | undefined
  #dataStart = 0

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
    disk.makeFolder(folder)
  }

  /** Of the latest one that is durable. */
  get latest(): SnapshotInfo | undefined {
    return this.#latest
  }

  /** Reads the latest whole one, and makes sure of it. `damaged` is told of those that are not whole. */
  load(damaged: (path: string, reason: string) => void): LoadedSnapshot | undefined {
    for (const name of this.#disk.list(this.#folder)) {
      if (name.endsWith('.tmp')) this.#disk.remove(`${this.#folder}/${name}`)
    }
    for (const name of this.#names().reverse()) {
      const path = `${this.#folder}/${name}`
      const found = decode(this.#disk.readFile(path))
      if (typeof found === 'string') {
        damaged(path, found)
        continue
      }
      const file = this.#disk.open(path, 'write')
      file.syncDataNow()
      file.close()
      this.#disk.syncFolder(this.#folder)
      this.#remember(found.info)
      return found
    }
    return undefined
  }

  /** Durable when `done(null)` runs. Then older ones go. */
  save(info: SnapshotInfo, bytes: Uint8Array, done: (error: Error | null) => void): void {
    const path = `${this.#folder}/${nameOf(info)}`
    const finish = (): void => {
      this.#disk.rename(`${path}.tmp`, path)
      this.#disk.syncFolderLater(this.#folder, (error) => {
        if (error) done(error)
        else attempt(done, () => this.#saved(info, done))
      })
    }
    attempt(done, () => {
      const file = this.#disk.open(`${path}.tmp`, 'write')
      writeAll(file, encodeHeader(info), bytes)
      file.syncData((error) => {
        if (error) done(error)
        else attempt(done, finish)
        attempt(done, () => file.close())
      })
    })
  }

  /** Undefined when the latest snapshot is another one. */
  read(index: number, offset: number, length: number): Uint8Array | undefined {
    if (this.#latest?.index !== index) return undefined
    const bytes = Buffer.alloc(length)
    const file = this.#disk.open(`${this.#folder}/${nameOf(this.#latest)}`, 'read')
    try {
      // What is missing in a damaged file is read as zeros; the receiver's checksum tells.
      file.read(bytes, 0, length, this.#dataStart + offset)
    } finally {
      file.close()
    }
    return bytes
  }

  #saved(info: SnapshotInfo, done: (error: Error | null) => void): void {
    if (this.#latest === undefined || info.index >= this.#latest.index) this.#remember(info)
    const newest = nameOf(this.#latest!)
    for (const name of this.#names()) if (name < newest) this.#disk.remove(`${this.#folder}/${name}`)
    done(null)
  }

  #remember(info: SnapshotInfo): void {
    this.#latest = info
    this.#dataStart = encodeHeader(info).length
  }

  #names(): string[] {
    return this.#disk.list(this.#folder).filter((name) => NAME.test(name))
  }
}

function attempt(failed: (error: Error) => void, run: () => void): void {
  try {
    run()
  } catch (error) {
    failed(error as Error)
  }
}

function nameOf({ index, term }: SnapshotInfo): string {
  return `${String(index).padStart(20, '0')}-${String(term).padStart(20, '0')}`
}

function writeAll(file: DiskFile, header: Uint8Array, bytes: Uint8Array): void {
  file.truncate(0)
  file.write(header, 0, header.length, 0)
  if (bytes.length > 0) file.write(bytes, 0, bytes.length, header.length)
}

function encodeHeader({ index, term, membership, totalBytes, checksum }: SnapshotInfo): Buffer {
  const writer = new ByteWriter()
  writer.int64(index)
  writer.int64(term)
  writeMembership(writer, membership)
  writer.int64(totalBytes)
  writer.int32(checksum | 0)
  const header = writer.finish()
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeInt32BE(MAGIC, 0)
  prefix.writeInt32BE(header.length, 4)
  prefix.writeInt32BE(crc32(header, 0, header.length) | 0, 8)
  return Buffer.concat([prefix, header])
}

/** The snapshot, or what is wrong with it. */
function decode(file: Buffer): LoadedSnapshot | string {
  if (file.length < PREFIX_BYTES || file.readInt32BE(0) !== MAGIC) return 'it does not begin as a snapshot, at byte 0'
  const headerLength = file.readInt32BE(4)
  const dataStart = PREFIX_BYTES + headerLength
  if (headerLength < 0 || dataStart > file.length) return `its header of ${headerLength} bytes does not fit, at byte 4`
  const header = file.subarray(PREFIX_BYTES, dataStart)
  if ((crc32(header, 0, header.length) | 0) !== file.readInt32BE(8))
    return 'the checksum of its header does not match, at byte 8'
  try {
    const info = decodeHeader(new ByteReader(header))
    const bytes = file.subarray(dataStart)
    if (bytes.length !== info.totalBytes) return `it has ${bytes.length} bytes of data instead of ${info.totalBytes}`
    if (crc32(bytes, 0, bytes.length) !== info.checksum)
      return `the checksum of its data does not match, from byte ${dataStart}`
    return { info, bytes }
  } catch (error) {
    if (error instanceof MalformedBytesError) return error.message
    throw error
  }
}

function decodeHeader(reader: ByteReader): SnapshotInfo {
  const index = reader.int64()
  const term = reader.int64()
  const membership = readMembership(reader)
  return { index, term, membership, totalBytes: reader.int64(), checksum: reader.int32() >>> 0 }
}
