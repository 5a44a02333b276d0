import type { QueueUnits } from './queue-unit.ts'
import type { SimpleConsumeQueue } from './simple-consume-queue.ts'

export type Boundary = 'lower' | 'upper'

/**
 * `lower`: the first offset whose message was stored at or after the time, maxOffset if none was. `upper`: the last
 * offset whose message was stored at or before it, minOffset if none was. As `ConsumeQueue.getOffsetInQueueByTime`, over
 * the queue as a whole instead of file by file; a message whose time cannot be read (`storeTimeOf` < 0) gives minOffset.
 */
export function offsetAtTime(
  queue: SimpleConsumeQueue,
  timestampMs: number,
  boundary: Boundary,
  storeTimeOf: (phyOffset: number, sizeBytes: number) => number,
  minPhyOffset: number,
  unit: QueueUnits,
): number {
  const min = queue.minOffset
  const max = queue.maxOffset
  let low = min
  let high = max
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    unit.count = 0
    queue.readStored(middle, 1, unit)
    if (unit.phyOffsets[0]! < minPhyOffset || unit.isFiller(0)) {
      low = middle + 1
      continue
    }
    const storeTimeMs = storeTimeOf(unit.phyOffsets[0]!, unit.sizes[0]!)
    if (storeTimeMs < 0) return min
    if (boundary === 'lower' ? storeTimeMs < timestampMs : storeTimeMs <= timestampMs) low = middle + 1
    else high = middle
  }
  return boundary === 'lower' ? low : Math.max(min, low - 1)
}
