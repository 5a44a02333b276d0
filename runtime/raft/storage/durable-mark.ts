import { peekInt64, setInt64, viewOf } from '../../codec/bytes.ts'
import { crc32 } from '../../codec/crc32.ts'
import type { Disk, DiskFile } from '../../io/disk.ts'
import type { EntryId } from '../entry.ts'

/*
 * How far the log is durable, in two slots that are written in turn, at bytes 0 and 512:
 *
 *    0  int32  magic 0x47524d31 ("GRM1")
 *    4  int32  CRC-32 of bytes 8 to 47
 *    8  int64  number of the writing, the higher one counts
 *   16  int64  position before which the log was durable
 *   24  int64  index and
 *   32  int64  term of the last entry there
 *   40  int64  0
 *
 * It tells damage from a write that a power cut interrupted: what stood before the mark had been durable. Written after
 * each sync of the log without a sync of its own, so it costs nothing; after a power cut it may lag behind, but every
 * record carries such a position too.
 */
const MAGIC = 0x47524d31
const SLOT_BYTES = 48
const SLOT_SPACING_BYTES = 512

export interface Mark {
  readonly position: number
  readonly id: EntryId
}

export class DurableMark {
  readonly #file: DiskFile
  #number = 0
  #mark: Mark | undefined

  constructor(disk: Disk, path: string) {
    this.#file = disk.open(path, 'write')
    const bytes = Buffer.alloc(2 * SLOT_SPACING_BYTES)
    this.#file.read(bytes, 0, bytes.length, 0)
    for (const at of [0, SLOT_SPACING_BYTES]) {
      const slot = decode(bytes.subarray(at, at + SLOT_BYTES))
      if (slot === undefined || slot.number <= this.#number) continue
      this.#number = slot.number
      this.#mark = slot.mark
    }
  }

  /** Undefined when neither slot can be read. */
  get mark(): Mark | undefined {
    return this.#mark
  }

  write(mark: Mark): void {
    this.#number++
    const at = (this.#number % 2) * SLOT_SPACING_BYTES
    this.#file.write(encode(this.#number, mark), 0, SLOT_BYTES, at)
    this.#mark = mark
  }

  syncNow(): void {
    this.#file.syncDataNow()
  }

  close(): void {
    this.#file.close()
  }
}

function encode(number: number, { position, id }: Mark): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES)
  const view = viewOf(bytes)
  view.setInt32(0, MAGIC)
  setInt64(view, 8, number)
  setInt64(view, 16, position)
  setInt64(view, 24, id.index)
  setInt64(view, 32, id.term)
  view.setInt32(4, crc32(bytes, 8, SLOT_BYTES - 8) | 0)
  return bytes
}

function decode(bytes: Buffer): { readonly number: number; readonly mark: Mark } | undefined {
  const view = viewOf(bytes)
  if (view.getInt32(0) !== MAGIC || view.getInt32(4) !== (crc32(bytes, 8, SLOT_BYTES - 8) | 0)) return undefined
  const id = { index: peekInt64(view, 24), term: peekInt64(view, 32) }
  return { number: peekInt64(view, 8), mark: { position: peekInt64(view, 16), id } }
}
