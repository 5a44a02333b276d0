import { viewOf } from '../../codec/bytes.ts'
import { hashCodeOfUtf8, PropertyRanges, scanProperties } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { CompactionLog } from './compaction-log.ts'
import { isBlank } from './record-walk.ts'

const record = new RecordView()
const ranges = new PropertyRanges()

/**
 * Takes messages that a master has kept, as its answer to a pull holds them: those that this log lacks, up to `end`. False
 * when a further file is needed first; what follows is to be fetched again then. Throws for bytes that are no messages.
 */
export function takeKept(log: CompactionLog, body: Uint8Array, end: number): boolean {
  const { segments } = log
  const view = viewOf(body)
  try {
    for (let at = 0; at < body.length; at += record.sizeBytes) {
      if (record.parse(view, at, body.length - at) !== RecordState.ok) {
        throw new Error(`what the master sent for ${log.queue.topic}-${log.queue.queueId} has no message at byte ${at}`)
      }
      const { queueOffset, sizeBytes, storeTimestampMs } = record
      if (queueOffset >= end) return true
      scanProperties(body, record.propertiesStart, record.propertiesLength, ranges)
      const { keysStart, keysLength, tagsStart, tagsLength } = ranges
      if (queueOffset < log.nextCopyOffset || isBlank(body, keysStart, keysLength)) continue
      if (!segments.fits(sizeBytes)) throw new Error(`message ${queueOffset} is larger than a compaction log file`)
      if (segments.needsRoll(sizeBytes)) return false
      const tagsCode = tagsStart < 0 ? 0 : hashCodeOfUtf8(body, tagsStart, tagsLength)
      segments.add(body, at, sizeBytes, { queueOffset, tagsCode, storeTimestampMs })
    }
    return true
  } finally {
    segments.writeOut()
  }
}
