import { setInt64, viewOf } from '../../codec/bytes.ts'
import type { Disk, DiskFile } from '../../io/disk.ts'
import {
  ENTRY_BYTES,
  entriesStart,
  HEADER_BYTES,
  IndexEntry,
  IndexHeader,
  type IndexShape,
  indexFileBytes,
  SLOT_BYTES,
} from './index-format.ts'

const PAGE_SHIFT = 12
const PAGE_BYTES = 1 << PAGE_SHIFT
/** Entries wait here until they are written; grows up to the maximum only while writing fails. */
const PENDING_BYTES = 256 << 10
const PENDING_BYTES_MAX = 8 << 20
/** Entries are read in blocks that end with the wanted one: chains lead backwards. */
const BLOCK_BYTES = 4096
/** Slot pages written with one call. */
const SLOT_RUN_BYTES = 1 << 20

/**
 * One index file. While it takes entries its slots stand in memory (20 MB at the usual size) and reach the disk when it is
 * full or closed; entries are written as they come. So after a crash the entries that the header on disk counts are
 * the truth, and the slots are made anew from them (index-repair.ts).
 */
export class IndexFile {
  readonly path: string
  readonly header = new IndexHeader()
  /** Why entries had to be held back longer than usual. */
  writeError: unknown
  readonly #shape: IndexShape
  readonly #entriesStart: number
  readonly #file: DiskFile
  readonly #entry = new IndexEntry()
  readonly #headerBytes = Buffer.alloc(HEADER_BYTES)
  #slots: Uint8Array | undefined
  #slotView = viewOf(new Uint8Array(0))
  #dirtyPages = new Uint8Array(0)
  #pending = Buffer.alloc(0)
  #pendingView = viewOf(this.#pending)
  /** Number of the first entry that waits in memory. */
  #pendingFirst = 1
  #block = Buffer.alloc(0)
  #blockView = viewOf(this.#block)
  /** Entries in the block: from, to (not included). */
  #blockFirst = 0
  #blockEnd = 0

  private constructor(path: string, shape: IndexShape, file: DiskFile) {
    this.path = path
    this.#shape = shape
    this.#entriesStart = entriesStart(shape)
    this.#file = file
  }

  /** Makes an empty file that follows one which ends at the given offset and time (0, 0 for the first). */
  static create(disk: Disk, path: string, shape: IndexShape, endPhyOffset: number, endTimestamp: number): IndexFile {
    const file = disk.open(path, 'write')
    try {
      file.truncate(0)
      file.truncate(indexFileBytes(shape))
    } catch (error) {
      file.close()
      throw error
    }
    const index = new IndexFile(path, shape, file)
    index.header.beginPhyOffset = endPhyOffset
    index.header.endPhyOffset = endPhyOffset
    index.header.beginTimestamp = endTimestamp
    index.header.endTimestamp = endTimestamp
    index.#useSlots(new Uint8Array(shape.slotCount * SLOT_BYTES))
    return index
  }

  static open(disk: Disk, path: string, shape: IndexShape): IndexFile {
    const file = disk.open(path, 'write')
    try {
      const sizeBytes = file.sizeBytes()
      if (sizeBytes !== indexFileBytes(shape)) {
        throw new Error(
          `index file ${path} has ${sizeBytes} bytes instead of ${indexFileBytes(shape)}: set maxHashSlotNum and ` +
            'maxIndexNum to what the store was written with, or remove the file',
        )
      }
      const index = new IndexFile(path, shape, file)
      file.read(index.#headerBytes, 0, HEADER_BYTES, 0)
      index.header.read(viewOf(index.#headerBytes))
      index.header.count = Math.min(index.header.count, shape.countMax)
      index.#pendingFirst = index.header.count
      return index
    } catch (error) {
      file.close()
      throw error
    }
  }

  get isFull(): boolean {
    return this.header.count >= this.#shape.countMax
  }

  /** Whether its slots are in memory. */
  get takesEntries(): boolean {
    return this.#slots !== undefined
  }

  /** False when entries can no longer be held back although writing them fails. */
  get hasRoom(): boolean {
    return (this.header.count - this.#pendingFirst) * ENTRY_BYTES < PENDING_BYTES_MAX / 2
  }

  /** Adds an entry; false when the file is full or (writing fails) memory is. `hash` as {@link entryHash} gives it. */
  put(hash: number, phyOffset: number, storeTimestampMs: number): boolean {
    const header = this.header
    const count = header.count
    if (count >= this.#shape.countMax) return false
    if (this.#slots === undefined) this.#loadSlots()
    const at = (count - this.#pendingFirst) * ENTRY_BYTES
    if (at + ENTRY_BYTES > this.#pending.length && !this.#makeRoom()) return false
    const slotAt = (hash % this.#shape.slotCount) * SLOT_BYTES
    let previous = this.#slotView.getInt32(slotAt)
    if (previous <= 0 || previous > count) previous = 0
    const seconds = header.beginTimestamp <= 0 ? 0 : Math.trunc((storeTimestampMs - header.beginTimestamp) / 1000)

    const view = this.#pendingView
    const entryAt = (count - this.#pendingFirst) * ENTRY_BYTES
    view.setInt32(entryAt, hash)
    setInt64(view, entryAt + 4, phyOffset)
    view.setInt32(entryAt + 12, Math.max(0, Math.min(seconds, 0x7fff_ffff)))
    view.setInt32(entryAt + 16, previous)
    this.#slotView.setInt32(slotAt, count)
    this.#dirtyPages[slotAt >> PAGE_SHIFT] = 1

    if (count <= 1) {
      header.beginPhyOffset = phyOffset
      header.beginTimestamp = storeTimestampMs
    }
    if (previous === 0) header.slotsUsed++
    header.count = count + 1
    header.endPhyOffset = phyOffset
    header.endTimestamp = storeTimestampMs
    return true
  }

  /** Number of the last entry of the slot a hash falls into, 0 for none. */
  lastOf(hash: number): number {
    const at = (hash % this.#shape.slotCount) * SLOT_BYTES
    let last: number
    if (this.#slots) {
      last = this.#slotView.getInt32(at)
    } else {
      this.#file.read(this.#headerBytes, 0, SLOT_BYTES, HEADER_BYTES + at)
      last = this.#headerBytes.readInt32BE(0)
    }
    return last <= 0 || last >= this.header.count ? 0 : last
  }

  /** The entry of a number below count. The object is filled again by the next call. */
  entry(number: number): IndexEntry {
    if (number >= this.#pendingFirst) {
      this.#entry.read(this.#pendingView, (number - this.#pendingFirst) * ENTRY_BYTES)
      return this.#entry
    }
    if (number < this.#blockFirst || number >= this.#blockEnd) this.#readBlock(number)
    this.#entry.read(this.#blockView, (number - this.#blockFirst) * ENTRY_BYTES)
    return this.#entry
  }

  /** Writes the entries that wait. */
  writeEntries(): void {
    const count = this.header.count - this.#pendingFirst
    if (count === 0) return
    this.#file.write(this.#pending, 0, count * ENTRY_BYTES, this.#entriesStart + this.#pendingFirst * ENTRY_BYTES)
    this.#pendingFirst = this.header.count
    if (this.#pending.length > PENDING_BYTES) this.#usePending(PENDING_BYTES)
  }

  writeHeader(header: IndexHeader = this.header): void {
    header.write(viewOf(this.#headerBytes))
    this.#file.write(this.#headerBytes, 0, HEADER_BYTES, 0)
  }

  /** A copy of the header as it is now, to be written once the entries it counts are synced. */
  headerNow(): IndexHeader {
    return Object.assign(new IndexHeader(), this.header)
  }

  writeSlots(): void {
    if (!this.#slots) return
    const pages = this.#dirtyPages
    for (let page = 0; page < pages.length; page++) {
      if (pages[page] === 0) continue
      let end = page + 1
      while (end < pages.length && pages[end] === 1 && (end - page) << PAGE_SHIFT < SLOT_RUN_BYTES) end++
      const start = page << PAGE_SHIFT
      this.#file.write(
        this.#slots,
        start,
        Math.min(end << PAGE_SHIFT, this.#slots.length) - start,
        HEADER_BYTES + start,
      )
      pages.fill(0, page, end)
      page = end - 1
    }
  }

  /** Brings all of it to the file: for one that is full or closed. */
  writeAll(): void {
    this.writeEntries()
    this.writeSlots()
    this.writeHeader()
  }

  /** Gives up the memory for slots and entries; the file can be queried still. All must have been written. */
  release(): void {
    this.#slots = undefined
    this.#slotView = viewOf(new Uint8Array(0))
    this.#usePending(0)
  }

  /** Starts with empty slots in place of those on disk, whatever these say. */
  resetSlots(): void {
    this.#useSlots(new Uint8Array(this.#shape.slotCount * SLOT_BYTES))
    this.#dirtyPages.fill(1)
    this.header.slotsUsed = 0
  }

  /** While slots are made anew: entry `number` is the latest of its slot so far. */
  replay(hash: number, number: number): void {
    const at = (hash % this.#shape.slotCount) * SLOT_BYTES
    if (this.#slotView.getInt32(at) === 0) this.header.slotsUsed++
    this.#slotView.setInt32(at, number)
  }

  /** Takes the last entry back. Entries must have been written. */
  dropLast(): void {
    if (this.#slots === undefined) this.#loadSlots()
    const number = this.header.count - 1
    const { hash, previous } = this.entry(number)
    const at = (hash % this.#shape.slotCount) * SLOT_BYTES
    this.#slotView.setInt32(at, previous)
    this.#dirtyPages[at >> PAGE_SHIFT] = 1
    if (previous === 0) this.header.slotsUsed--
    this.cutTo(number)
  }

  /** Entries from `count` on are void. */
  cutTo(count: number): void {
    this.header.count = count
    this.#pendingFirst = count
    this.#blockFirst = 0
    this.#blockEnd = 0
  }

  sync(done: (error: Error | null) => void): void {
    this.#file.syncData(done)
  }

  syncNow(): void {
    this.#file.syncDataNow()
  }

  close(): void {
    this.#file.close()
  }

  #makeRoom(): boolean {
    try {
      this.writeEntries()
      this.writeError = undefined
    } catch (error) {
      this.writeError = error
      if (this.#pending.length >= PENDING_BYTES_MAX) return false
      this.#usePending(this.#pending.length * 2)
      return true
    }
    if (this.#pending.length === 0) this.#usePending(PENDING_BYTES)
    return true
  }

  #usePending(sizeBytes: number): void {
    const pending = Buffer.alloc(sizeBytes)
    this.#pending.copy(pending, 0, 0, Math.min(sizeBytes, (this.header.count - this.#pendingFirst) * ENTRY_BYTES))
    this.#pending = pending
    this.#pendingView = viewOf(pending)
  }

  #useSlots(slots: Uint8Array): void {
    this.#slots = slots
    this.#slotView = viewOf(slots)
    this.#dirtyPages = new Uint8Array(Math.ceil(slots.length / PAGE_BYTES))
  }

  #loadSlots(): void {
    const slots = new Uint8Array(this.#shape.slotCount * SLOT_BYTES)
    this.#file.read(slots, 0, slots.length, HEADER_BYTES)
    this.#useSlots(slots)
  }

  #readBlock(number: number): void {
    if (this.#block.length === 0) {
      this.#block = Buffer.alloc(BLOCK_BYTES)
      this.#blockView = viewOf(this.#block)
    }
    const first = Math.max(1, number + 1 - Math.floor(BLOCK_BYTES / ENTRY_BYTES))
    const length = (number + 1 - first) * ENTRY_BYTES
    this.#blockEnd = 0
    const read = this.#file.read(this.#block, 0, length, this.#entriesStart + first * ENTRY_BYTES)
    if (read < length) throw new Error(`index file ${this.path} ends before its entry ${number}`)
    this.#blockFirst = first
    this.#blockEnd = number + 1
  }
}
