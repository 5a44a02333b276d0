import type { ConsumeQueue } from '../consume-queue/consume-queue.ts'
import type { QueueUnits } from '../consume-queue/queue-unit.ts'

/** Offset of the first unit whose message starts at or after `phyOffset`; maxOffset if none does. */
export function firstUnitFrom(queue: ConsumeQueue, phyOffset: number, unit: QueueUnits): number {
  let low = queue.minOffset
  let high = queue.maxOffset
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    queue.readUnits(middle, 1, unit)
    if (unit.count === 0 || unit.phyOffsets[0]! >= phyOffset) high = middle
    else low = middle + 1
  }
  return low
}
