import type { PullSink } from '../pull.ts'
import type { CompactionLog } from './compaction-log.ts'
import type { CompactionScratch } from './compaction-scratch.ts'

/** Limits of one pull. */
export interface CompactionReadLimits {
  readonly maxCount: number
  readonly maxBytes: number
  /** Units looked at. */
  readonly maxUnits: number
}

/** What a pull has got so far; `nextOffset` is where the next one goes on. */
export interface CompactionReadProgress {
  nextOffset: number
  count: number
  bytes: number
}

/**
 * Hands the messages at and behind `progress.nextOffset` to `sink`, those that `accepts` takes; offsets whose messages are
 * gone are passed over (`CompactionLog.getMessage`). When it comes to the end, `nextOffset` is where the commit log goes on.
 */
export function readCompacted(
  log: CompactionLog,
  scratch: CompactionScratch,
  limits: CompactionReadLimits,
  accepts: ((tagsCode: number) => boolean) | undefined,
  sink: PullSink,
  progress: CompactionReadProgress,
): void {
  const { segments } = log
  const { units } = scratch
  let looked = 0
  const first = segments.findSegment(progress.nextOffset)
  for (let index = first; index < segments.list.length; index++) {
    const segment = segments.list[index]!
    let from = index === first ? segments.findUnit(segment, progress.nextOffset) : 0
    for (; from < segment.unitCount; from += units.count) {
      segments.readUnits(segment, from, units)
      if (units.count === 0) throw new Error(`${segments.queuePath(segment)} is damaged: it has no unit ${from}`)
      for (let i = 0; i < units.count; i++) {
        const sizeBytes = units.sizes[i]!
        if (looked++ >= limits.maxUnits || isFull(progress, limits, sizeBytes)) return
        const queueOffset = units.queueOffsets[i]!
        progress.nextOffset = queueOffset + 1
        if (accepts !== undefined && !accepts(units.tagsCodes[i]!)) continue
        if (segments.readLog(segment, units.positions[i]!, sizeBytes) < sizeBytes) {
          throw new Error(
            `${segments.logPath(segment)} is damaged: it ends before the message of offset ${queueOffset}`,
          )
        }
        if (sink.wants?.(scratch.records, 0, sizeBytes) === false) continue
        sink.take(scratch.records, 0, sizeBytes, queueOffset)
        progress.count++
        progress.bytes += sizeBytes
      }
    }
  }
  progress.nextOffset = Math.max(progress.nextOffset, log.nextCopyOffset)
}

function isFull({ count, bytes }: CompactionReadProgress, limits: CompactionReadLimits, sizeBytes: number): boolean {
  return count > 0 && (count >= limits.maxCount || bytes + sizeBytes > limits.maxBytes)
}
