import { dirname } from 'node:path'
import { peekInt64, setInt64, viewOf } from '../../codec/bytes.ts'
import type { Disk, DiskFile } from '../../io/disk.ts'

/*
 * The wheel's file: twice WHEEL_SLOTS slots of 32 bytes, big endian. The slot of a time is (time / precision) modulo their
 * number; what it holds is of that time only if the first field says so.
 *
 *   0  int64  time / precision
 *   8  int64  firstPos    position of the oldest unit in the timer log
 *  16  int64  lastPos     of the newest; -1 for none
 *  24  int32  count       messages that are to be delivered, less those that delete others
 *  28  int32  zeros
 */
const SLOT_BYTES = 32

/** Seven days of seconds: what is placed farther ahead is rolled on. The file holds twice as many, so that none is in the way. */
export const WHEEL_SLOTS = 7 * 24 * 3600

/** Memory is taken, and the file written, in pages: a broker without timers has none. */
const PAGE_BYTES = 4096
const PAGE_SLOTS = PAGE_BYTES / SLOT_BYTES
const READ_BYTES = 256 * PAGE_BYTES
const NO_SLOTS = Buffer.alloc(PAGE_BYTES)

export interface WheelOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/timerwheel` */
  readonly path: string
  /** timerPrecisionMs */
  readonly precisionMs: number
  readonly slotsTotal?: number
}

/** A page's bytes as they were when they were taken. */
export interface WheelPage {
  readonly index: number
  readonly bytes: Uint8Array
}

/** What a slot holds; filled by {@link TimerWheel.find}. */
interface Slot {
  firstPos: number
  lastPos: number
  count: number
}

/** Which units of the timer log are due when. In memory as far as it was ever used; the file follows. */
export class TimerWheel {
  readonly slot: Slot = { firstPos: -1, lastPos: -1, count: 0 }
  readonly precisionMs: number
  readonly slotsTotal: number
  readonly #disk: Disk
  readonly #path: string
  readonly #pages: (DataView | undefined)[]
  readonly #isDirty: Uint8Array
  #dirty: number[] = []
  #file: DiskFile | undefined

  /** Reads the file, or that of a snapshot. Throws, naming the file and what to do, when it is another wheel's. */
  constructor(options: WheelOptions, readFrom = options.path) {
    this.#disk = options.disk
    this.#path = options.path
    this.precisionMs = options.precisionMs
    this.slotsTotal = options.slotsTotal ?? WHEEL_SLOTS
    const pages = Math.ceil(this.#fileBytes / PAGE_BYTES)
    this.#pages = new Array(pages)
    this.#isDirty = new Uint8Array(pages)
    this.#read(readFrom)
    if (readFrom !== options.path) for (let page = 0; page < pages; page++) this.#markDirty(page)
  }

  get #fileBytes(): number {
    return this.slotsTotal * 2 * SLOT_BYTES
  }

  #read(path: string): void {
    const stat = this.#disk.stat(path)
    if (stat === undefined || stat.sizeBytes === 0) return
    if (stat.sizeBytes !== this.#fileBytes) {
      throw new Error(
        `timer wheel ${path} has ${stat.sizeBytes} bytes instead of ${this.#fileBytes}: ` +
          'remove it, and it is made again from the timer log',
      )
    }
    const file = this.#disk.open(path, 'read')
    const bytes = Buffer.alloc(Math.min(READ_BYTES, this.#fileBytes))
    try {
      for (let at = 0; at < this.#fileBytes; at += bytes.length) {
        const length = file.read(bytes, 0, bytes.length, at)
        for (let from = 0; from < length; from += PAGE_BYTES) {
          this.#keep((at + from) / PAGE_BYTES, bytes.subarray(from, Math.min(from + PAGE_BYTES, length)))
        }
      }
    } finally {
      file.close()
    }
  }

  #keep(page: number, bytes: Buffer): void {
    if (bytes.equals(bytes.length === PAGE_BYTES ? NO_SLOTS : NO_SLOTS.subarray(0, bytes.length))) return
    this.#pages[page] = viewOf(new Uint8Array(bytes))
  }

  /** Fills {@link slot} with the units of that time; false when there are none. */
  find(timeMs: number): boolean {
    const { slot } = this
    const index = this.#indexOf(timeMs)
    const view = this.#pages[Math.floor(index / PAGE_SLOTS)]
    const at = (index % PAGE_SLOTS) * SLOT_BYTES
    if (view === undefined || peekInt64(view, at) !== this.#tickOf(timeMs)) {
      slot.firstPos = -1
      slot.lastPos = -1
      slot.count = 0
      return false
    }
    slot.firstPos = peekInt64(view, at + 8)
    slot.lastPos = peekInt64(view, at + 16)
    slot.count = view.getInt32(at + 24)
    return true
  }

  /** Sets the slot of that time to what {@link slot} holds. */
  put(timeMs: number): void {
    const index = this.#indexOf(timeMs)
    const page = Math.floor(index / PAGE_SLOTS)
    let view = this.#pages[page]
    if (view === undefined) {
      view = viewOf(new Uint8Array(Math.min(PAGE_BYTES, this.#fileBytes - page * PAGE_BYTES)))
      this.#pages[page] = view
    }
    const at = (index % PAGE_SLOTS) * SLOT_BYTES
    setInt64(view, at, this.#tickOf(timeMs))
    setInt64(view, at + 8, this.slot.firstPos)
    setInt64(view, at + 16, this.slot.lastPos)
    view.setInt32(at + 24, this.slot.count)
    this.#markDirty(page)
  }

  /** Whether the slot in which that time belongs is taken by a later one. */
  isTakenByLater(timeMs: number): boolean {
    const index = this.#indexOf(timeMs)
    const view = this.#pages[Math.floor(index / PAGE_SLOTS)]
    return view !== undefined && peekInt64(view, (index % PAGE_SLOTS) * SLOT_BYTES) > this.#tickOf(timeMs)
  }

  /** Messages that are to be delivered at a time. */
  countAt(timeMs: number): number {
    this.find(timeMs)
    return this.slot.count
  }

  /** Messages that are to be delivered from a time on. */
  countFrom(timeMs: number): number {
    let count = 0
    this.#forEachFrom(timeMs, (_timeMs, view, at) => {
      count += view.getInt32(at + 24)
    })
    return count
  }

  /** The first time from `timeMs` on that has units; infinite without any. */
  firstFrom(timeMs: number): number {
    let first = Number.POSITIVE_INFINITY
    this.#forEachFrom(timeMs, (slotMs, view, at) => {
      if (peekInt64(view, at + 16) >= 0) first = Math.min(first, slotMs)
    })
    return first
  }

  #forEachFrom(timeMs: number, visit: (slotMs: number, view: DataView, at: number) => void): void {
    const from = this.#tickOf(timeMs)
    // What is farther ahead is of a clock that was set back since.
    const end = from + this.slotsTotal * 2
    for (const view of this.#pages) {
      if (view === undefined) continue
      for (let at = 0; at < view.byteLength; at += SLOT_BYTES) {
        const tick = peekInt64(view, at)
        // A slot of zeros is of no time.
        if (tick >= from && tick > 0 && tick < end) visit(tick * this.precisionMs, view, at)
      }
    }
  }

  get isEmpty(): boolean {
    return this.#pages.every((page) => page === undefined)
  }

  #tickOf(timeMs: number): number {
    return Math.floor(timeMs / this.precisionMs)
  }

  #indexOf(timeMs: number): number {
    return this.#tickOf(timeMs) % (this.slotsTotal * 2)
  }

  #markDirty(page: number): void {
    if (this.#isDirty[page] === 1 || this.#pages[page] === undefined) return
    this.#isDirty[page] = 1
    this.#dirty.push(page)
  }

  get dirtyPages(): number {
    return this.#dirty.length
  }

  /** Copies of pages that changed since they were last taken, at most `max`. */
  takeDirty(max: number): WheelPage[] {
    const taken = this.#dirty.splice(0, max)
    return taken.map((index) => {
      this.#isDirty[index] = 0
      return { index, bytes: new Uint8Array(this.#pages[index]!.buffer.slice(0)) }
    })
  }

  /** Those could not be written: they are as dirty as before. */
  giveBack(pages: readonly WheelPage[]): void {
    for (const { index } of pages) this.#markDirty(index)
  }

  write(pages: readonly WheelPage[]): void {
    const file = this.#open()
    for (const { index, bytes } of pages) file.write(bytes, 0, bytes.length, index * PAGE_BYTES)
  }

  /** Makes what was written durable, in the thread pool. */
  sync(done: (error: Error | null) => void): void {
    if (this.#file === undefined) done(null)
    else this.#file.syncData(done)
  }

  syncNow(): void {
    this.#file?.syncDataNow()
  }

  #open(): DiskFile {
    if (this.#file !== undefined) return this.#file
    const file = this.#disk.open(this.#path, 'write')
    try {
      if (file.sizeBytes() !== this.#fileBytes) {
        file.truncate(this.#fileBytes)
        this.#disk.syncFolder(dirname(this.#path))
      }
    } catch (error) {
      file.close()
      throw error
    }
    this.#file = file
    return file
  }

  /** Nothing is placed any more. Durable when it returns. */
  clear(): void {
    this.#file?.close()
    this.#file = undefined
    this.#pages.fill(undefined)
    this.#isDirty.fill(0)
    this.#dirty = []
    this.#disk.remove(this.#path)
    this.#disk.syncFolder(dirname(this.#path))
  }

  close(): void {
    this.#file?.close()
    this.#file = undefined
  }
}
