import { PAGE_UNITS } from './queue-context.ts'
import type { QueueUnits } from './queue-unit.ts'

/** Units by number: of a queue with a unit for every message those numbers are its offsets. */
export interface UnitSource {
  readonly firstFileIndex: number
  readonly lastFileIndex: number
  /** One past the last unit. */
  readonly unitEnd: number
  /** Adds units that exist, whether they are in files or wait in memory. */
  readStored(first: number, count: number, out: QueueUnits): number
  /** Reads units as the files hold them. */
  readFileUnits(first: number, count: number, out: QueueUnits): void
}

/** How units lie in files, and memory to look at some of them. */
export interface UnitLayout {
  readonly unitsPerFile: number
  readonly page: QueueUnits
}

/** Smallest offset in low..high for which `isBelow` is false; it must be true before and false after one point. */
export function partitionPoint(low: number, high: number, isBelow: (offset: number) => boolean): number {
  let from = low
  let to = high
  while (from < to) {
    const middle = from + Math.floor((to - from) / 2)
    if (isBelow(middle)) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * One past the last unit that was written to the last file. The other files are full. The first page is looked at whole,
 * because most of many queues are short; behind it the last unit is found by halving.
 */
export function findQueueEnd(queue: UnitSource, lastFile: number, layout: UnitLayout): number {
  const { unitsPerFile, page } = layout
  const start = lastFile * unitsPerFile
  const first = Math.min(PAGE_UNITS, unitsPerFile)
  queue.readFileUnits(start, first, page)
  for (let i = 0; i < first; i++) if (!page.isWritten(i)) return start + i
  return partitionPoint(start + first, start + unitsPerFile, (offset) => {
    queue.readFileUnits(offset, 1, page)
    return page.isWritten(0)
  })
}

/**
 * One past the last unit of an unbroken run that points below `phyOffset`. Everything that was synced before a crash is
 * such a run; behind it there may be units, zeros and torn units in any order, so a unit only counts if it fits the one
 * before it.
 */
export function findValidEnd(queue: UnitSource, phyOffset: number, layout: UnitLayout): number {
  const { unitsPerFile, page } = layout
  const start = queue.firstFileIndex * unitsPerFile
  const isBelow = (offset: number) => {
    const pair = offset === start ? 1 : 2
    queue.readFileUnits(offset - pair + 1, pair, page)
    const last = pair - 1
    if (!page.isWritten(last) || page.phyOffsets[last]! >= phyOffset) return false
    if (pair === 1) return true
    if (page.isFiller(0)) return true
    return page.isWritten(0) && page.phyOffsets[0]! + page.sizes[0]! <= page.phyOffsets[1]!
  }
  // Most of many queues have got nothing since the last sync.
  const known = queue.unitEnd
  if (known > start && isBelow(known - 1)) return known
  return partitionPoint(start, (queue.lastFileIndex + 1) * unitsPerFile, isBelow)
}

/** First offset in from..end whose unit is no filler. */
export function firstRealUnit(queue: UnitSource, from: number, end: number, page: QueueUnits): number {
  const isFiller = (offset: number) => {
    page.count = 0
    queue.readStored(offset, 1, page)
    return page.isFiller(0)
  }
  // Usually there are none.
  return from >= end || !isFiller(from) ? from : partitionPoint(from + 1, end, isFiller)
}

/** First offset in from..end whose message starts at or after `phyOffset`; `end` if there is none. */
export function firstAtOrAfter(
  queue: UnitSource,
  from: number,
  end: number,
  phyOffset: number,
  page: QueueUnits,
): number {
  if (from >= end) return from
  const isBelow = (offset: number) => {
    page.count = 0
    queue.readStored(offset, 1, page)
    return page.isFiller(0) || page.phyOffsets[0]! < phyOffset
  }
  // Usually nothing has changed, or (a topic nobody uses any more) everything has gone.
  if (!isBelow(from)) return from
  if (isBelow(end - 1)) return end
  return partitionPoint(from + 1, end - 1, isBelow)
}
