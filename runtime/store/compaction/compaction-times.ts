import type { Boundary } from '../consume-queue/offset-by-time.ts'
import type { CompactionLog } from './compaction-log.ts'

/**
 * Offset by time among the messages that are kept, as `offsetAtTime` gives it; undefined where that has to be looked up in
 * the commit log, because all of them are older.
 */
export function compactedOffsetByTime(log: CompactionLog, timestampMs: number, boundary: Boundary): number | undefined {
  const { segments } = log
  const isBefore = (storedMs: number) => (boundary === 'lower' ? storedMs < timestampMs : storedMs <= timestampMs)
  let before = -1
  for (const segment of segments.list) {
    if (segment.unitCount === 0) continue
    const found = segments.search(segment, ({ storeTimestampsMs }) => isBefore(storeTimestampsMs[0]!))
    const { unit } = segments
    if (found > 0) {
      segments.readRawUnits(segment, found - 1, 1, unit)
      before = unit.queueOffsets[0]!
    }
    if (found === segment.unitCount) continue
    segments.readRawUnits(segment, found, 1, unit)
    const at = unit.queueOffsets[0]!
    return boundary === 'lower' ? at : before < 0 ? log.firstOffset : before
  }
  return undefined
}

/** Store time of the message at an offset, -1 without one. */
export function compactedStoreTime(log: CompactionLog, queueOffset: number): number {
  const { segments } = log
  const segment = segments.list[segments.findSegment(queueOffset)]
  if (segment === undefined) return -1
  const found = segments.findUnit(segment, queueOffset)
  if (found >= segment.unitCount) return -1
  const { unit } = segments
  segments.readRawUnits(segment, found, 1, unit)
  return unit.queueOffsets[0] === queueOffset ? unit.storeTimestampsMs[0]! : -1
}
