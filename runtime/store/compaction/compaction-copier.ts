import { viewOf } from '../../codec/bytes.ts'
import { PropertyRanges, scanProperties } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { CommitLog } from '../commit-log/commit-log.ts'
import { QueueUnits } from '../consume-queue/queue-unit.ts'
import type { StoreReporter } from '../store-options.ts'
import type { CompactionLog } from './compaction-log.ts'
import { isBlank } from './record-walk.ts'

const UNITS_AT_ONCE = 256

export const CopyEnd = {
  /** Everything that is durable in the commit log has been looked at. */
  upToDate: 0,
  /** The budget is used up. */
  more: 1,
  /** A new file is needed: what is in the last one has to be durable first. */
  needsRoll: 2,
  /** A message is larger than a file. */
  blocked: 3,
} as const

export type CopyEnd = (typeof CopyEnd)[keyof typeof CopyEnd]

/** Copies messages of compaction topics from the commit log. */
export class CompactionCopier {
  /** Bytes read by the last {@link copy}. */
  bytes = 0
  readonly #commitLog: CommitLog
  readonly #reporter: StoreReporter
  readonly #units = new QueueUnits(UNITS_AT_ONCE)
  readonly #record = new RecordView()
  readonly #ranges = new PropertyRanges()

  constructor(commitLog: CommitLog, reporter: StoreReporter) {
    this.#commitLog = commitLog
    this.#reporter = reporter
  }

  /**
   * Copies what the log lacks, until some `maxBytes` are read. Only what is durable in the commit log: a power cut must not
   * leave messages here that are lost there, and whose offsets others get then.
   */
  copy(log: CompactionLog, maxBytes: number): CopyEnd {
    this.bytes = 0
    try {
      return this.#copy(log, maxBytes)
    } finally {
      log.segments.writeOut()
    }
  }

  #copy(log: CompactionLog, maxBytes: number): CopyEnd {
    const { queue, segments } = log
    const units = this.#units
    let from = Math.max(log.nextCopyOffset, queue.minOffset)
    while (from < queue.maxOffset) {
      queue.readUnits(from, UNITS_AT_ONCE, units)
      if (units.count === 0) return CopyEnd.upToDate
      for (let i = 0; i < units.count; i++, from++) {
        const phyOffset = units.phyOffsets[i]!
        const sizeBytes = units.sizes[i]!
        if (units.isFiller(i)) continue
        if (phyOffset + sizeBytes > this.#commitLog.flushedOffset) return CopyEnd.upToDate
        if (this.bytes >= maxBytes) return CopyEnd.more
        if (!segments.fits(sizeBytes)) return CopyEnd.blocked
        if (segments.needsRoll(sizeBytes)) return CopyEnd.needsRoll
        this.bytes += sizeBytes
        this.#take(log, phyOffset, sizeBytes, from, units.tagsCodes[i]!)
      }
    }
    return CopyEnd.upToDate
  }

  #take(log: CompactionLog, phyOffset: number, sizeBytes: number, queueOffset: number, tagsCode: number): void {
    const bytes = this.#commitLog.read(phyOffset, sizeBytes)
    if (bytes === undefined) return
    const record = this.#record
    const { start } = this.#commitLog
    if (record.parse(viewOf(bytes), start, sizeBytes) !== RecordState.ok || record.queueOffset !== queueOffset) {
      this.#reporter.error(`no message of ${log.queue.topic}-${log.queue.queueId} at commit log offset ${phyOffset}`)
      return
    }
    scanProperties(bytes, record.propertiesStart, record.propertiesLength, this.#ranges)
    if (isBlank(bytes, this.#ranges.keysStart, this.#ranges.keysLength)) {
      log.noteKeyless(queueOffset)
      return
    }
    log.segments.add(bytes, start, sizeBytes, {
      queueOffset,
      tagsCode: Number.isNaN(tagsCode) ? 0 : tagsCode,
      storeTimestampMs: record.storeTimestampMs,
    })
  }
}
