import type { SeededRandom } from './seeded-random.ts'

/** Page of the simulated page cache; sparse files hold only pages that were written. */
export const PAGE_BYTES = 4096
/** What a device writes whole or not at all: a torn page is torn between sectors. */
const SECTOR_BYTES = 512

/** What one fdatasync has promised to make durable: the pages as they were when it was asked for. */
export interface SyncPoint {
  /** Syncs may end in another order than they were asked for; what a later one made durable stays. */
  readonly order: number
  readonly sizeBytes: number
  readonly pages: Map<number, Uint8Array | undefined>
}

/** Content of one simulated file: what readers see, and what the device would still have after a power cut. */
export class SimContent {
  sizeBytes = 0
  modifiedMs: number
  #pages = new Map<number, Uint8Array>()
  /** Pages that are the durable ones as well, or those of a sync under way: copied before they are written. */
  readonly #shared = new Set<number>()
  #durableSizeBytes = 0
  #durablePages = new Map<number, Uint8Array>()
  /** Pages that differ from the durable ones; a page absent from #pages is one that truncation took. */
  #dirty = new Set<number>()
  #syncCount = 0
  #sizeOrder = 0
  /** By page, the latest sync that made it durable. */
  readonly #pageOrders = new Map<number, number>()

  constructor(nowMs: number) {
    this.modifiedMs = nowMs
  }

  get pageCount(): number {
    return this.#pages.size
  }

  hasPage(index: number): boolean {
    return this.#pages.has(index)
  }

  read(into: Uint8Array, intoOffset: number, length: number, position: number): number {
    const available = Math.max(0, Math.min(length, this.sizeBytes - position))
    let done = 0
    while (done < available) {
      const at = position + done
      const inPage = at % PAGE_BYTES
      const count = Math.min(PAGE_BYTES - inPage, available - done)
      const page = this.#pages.get((at - inPage) / PAGE_BYTES)
      if (page) into.set(page.subarray(inPage, inPage + count), intoOffset + done)
      else into.fill(0, intoOffset + done, intoOffset + done + count)
      done += count
    }
    return available
  }

  write(from: Uint8Array, fromOffset: number, length: number, position: number): void {
    let done = 0
    while (done < length) {
      const at = position + done
      const inPage = at % PAGE_BYTES
      const count = Math.min(PAGE_BYTES - inPage, length - done)
      const page = this.#writable((at - inPage) / PAGE_BYTES)
      page.set(from.subarray(fromOffset + done, fromOffset + done + count), inPage)
      done += count
    }
    this.sizeBytes = Math.max(this.sizeBytes, position + length)
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes < this.sizeBytes) {
      const inPage = sizeBytes % PAGE_BYTES
      const last = (sizeBytes - inPage) / PAGE_BYTES
      for (const index of [...this.#pages.keys()]) {
        if (index < last || (index === last && inPage > 0)) continue
        this.#pages.delete(index)
        this.#dirty.add(index)
      }
      if (inPage > 0 && this.#pages.has(last)) this.#writable(last).fill(0, inPage)
    }
    this.sizeBytes = sizeBytes
  }

  syncPoint(): SyncPoint {
    const pages = new Map<number, Uint8Array | undefined>()
    for (const index of this.#dirty) {
      pages.set(index, this.#pages.get(index))
      this.#shared.add(index)
    }
    return { order: ++this.#syncCount, sizeBytes: this.sizeBytes, pages }
  }

  syncedTo(point: SyncPoint): void {
    if (point.order > this.#sizeOrder) {
      this.#sizeOrder = point.order
      this.#durableSizeBytes = point.sizeBytes
    }
    for (const [index, page] of point.pages) {
      if (point.order <= (this.#pageOrders.get(index) ?? 0)) continue
      this.#pageOrders.set(index, point.order)
      setPage(this.#durablePages, index, page)
      const now = this.#pages.get(index)
      if (isSamePage(page, now)) this.#dirty.delete(index)
    }
  }

  /** Power cut: of each page that was not synced the device has the new sectors, the old ones, or some of both. */
  loseUnsynced(random: SeededRandom, worst: boolean): void {
    if (worst || random.below(2) === 0) this.sizeBytes = this.#durableSizeBytes
    for (const index of [...this.#dirty].sort((left, right) => left - right)) {
      const kept = worst ? undefined : this.#pages.get(index)
      setPage(
        this.#durablePages,
        index,
        tornPage(this.#durablePages.get(index), kept, worst ? 1 : random.below(3), random),
      )
    }
    this.#dirty.clear()
    this.#pages = new Map(this.#durablePages)
    for (const index of this.#pages.keys()) this.#shared.add(index)
    this.#durableSizeBytes = this.sizeBytes
    this.#dropBeyondSize()
  }

  #dropBeyondSize(): void {
    const size = this.sizeBytes
    this.sizeBytes = Number.MAX_SAFE_INTEGER
    this.truncate(size)
    this.syncedTo(this.syncPoint())
  }

  #writable(index: number): Uint8Array {
    this.#dirty.add(index)
    const page = this.#pages.get(index)
    if (page !== undefined && !this.#shared.has(index)) return page
    const own = page?.slice() ?? new Uint8Array(PAGE_BYTES)
    this.#pages.set(index, own)
    this.#shared.delete(index)
    return own
  }
}

function isSamePage(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0)
}

function setPage(pages: Map<number, Uint8Array>, index: number, page: Uint8Array | undefined): void {
  if (page) pages.set(index, page)
  else pages.delete(index)
}

/** `fate`: 0 the new page survived, 1 the old one, 2 a mixture of sectors. */
function tornPage(
  before: Uint8Array | undefined,
  after: Uint8Array | undefined,
  fate: number,
  random: SeededRandom,
): Uint8Array | undefined {
  if (fate === 0) return after?.slice()
  if (fate === 1) return before
  const torn = before?.slice() ?? new Uint8Array(PAGE_BYTES)
  for (let start = 0; start < PAGE_BYTES; start += SECTOR_BYTES) {
    if (random.below(2) === 0) continue
    const sector = torn.subarray(start, start + SECTOR_BYTES)
    if (after) sector.set(after.subarray(start, start + SECTOR_BYTES))
    else sector.fill(0)
  }
  return torn
}
