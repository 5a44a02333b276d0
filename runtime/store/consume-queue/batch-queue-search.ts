import { partitionPoint, type UnitLayout, type UnitSource } from './queue-search.ts'

/** Whether the unit was ever written, as Java's recovery of batch consume queues asks. */
function isWritten({ page }: UnitLayout, index: number): boolean {
  return page.isWritten(index) && page.baseOffsets[index]! >= 0 && page.messageCounts[index]! > 0
}

function look(queue: UnitSource, unit: number, { page }: UnitLayout): void {
  page.count = 0
  queue.readStored(unit, 1, page)
}

/** One past the last unit that was written to the last file. The other files are full. */
export function findBatchQueueEnd(queue: UnitSource, lastFile: number, layout: UnitLayout): number {
  const { unitsPerFile, page } = layout
  const start = lastFile * unitsPerFile
  return partitionPoint(start, start + unitsPerFile, (unit) => {
    queue.readFileUnits(unit, 1, page)
    return isWritten(layout, 0)
  })
}

/** As `findValidEnd`: one past the last unit of an unbroken run that points below `phyOffset`. */
export function findValidBatchEnd(queue: UnitSource, phyOffset: number, layout: UnitLayout): number {
  const { unitsPerFile, page } = layout
  const start = queue.firstFileIndex * unitsPerFile
  const isBelow = (unit: number) => {
    const pair = unit === start ? 1 : 2
    queue.readFileUnits(unit - pair + 1, pair, page)
    const last = pair - 1
    if (!isWritten(layout, last) || page.phyOffsets[last]! >= phyOffset) return false
    if (pair === 1) return true
    return (
      isWritten(layout, 0) &&
      page.phyOffsets[0]! + page.sizes[0]! <= page.phyOffsets[1]! &&
      page.endOffset(0) <= page.baseOffsets[1]!
    )
  }
  const known = queue.unitEnd
  if (known > start && isBelow(known - 1)) return known
  return partitionPoint(start, (queue.lastFileIndex + 1) * unitsPerFile, isBelow)
}

/** The first unit in from..end that ends behind a queue offset: the one that holds it, or that follows where it is missing. */
export function unitOfOffset(
  queue: UnitSource,
  from: number,
  end: number,
  queueOffset: number,
  layout: UnitLayout,
): number {
  return partitionPoint(from, end, (unit) => {
    look(queue, unit, layout)
    return layout.page.endOffset(0) <= queueOffset
  })
}

/** The first unit in from..end that was stored at or after a time, or, with `isAfter`, after it. */
export function unitAtTime(
  queue: UnitSource,
  from: number,
  end: number,
  timestampMs: number,
  isAfter: boolean,
  layout: UnitLayout,
): number {
  return partitionPoint(from, end, (unit) => {
    look(queue, unit, layout)
    const storeTimeMs = layout.page.storeTimes[0]!
    return isAfter ? storeTimeMs <= timestampMs : storeTimeMs < timestampMs
  })
}
