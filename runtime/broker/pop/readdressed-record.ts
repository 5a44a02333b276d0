import { viewOf } from '../../codec/bytes.ts'
import { decodeProperties } from '../../codec/message/properties.ts'
import {
  encodeRecord,
  PROPERTIES_LENGTH_MAX,
  RecordState,
  RecordView,
  recordPropertiesLength,
  recordSize,
} from '../../codec/message/record.ts'

const HANDLE = 'POP_CK'
const record = new RecordView()

/**
 * The record of a retry as the consumer is to see it: of the topic it subscribes to, and with the handle of this very message
 * unless it has one. Undefined for one that cannot be changed: no record, or without room for the handle.
 */
export function readdressed(bytes: Buffer, topic: string, handle: string): Buffer | undefined {
  const view = viewOf(bytes)
  if (record.parse(view, 0, bytes.length) !== RecordState.ok) return undefined
  const { propertiesStart, propertiesLength } = record
  const has = decodeProperties(bytes.toString('utf8', propertiesStart, propertiesStart + propertiesLength)).has(HANDLE)
  const properties = { bytes, start: propertiesStart, length: propertiesLength }
  const source = {
    topicBytes: Buffer.from(topic),
    queueId: record.queueId,
    flag: record.flag,
    sysFlag: record.sysFlag,
    bornTimestampMs: record.bornTimestampMs,
    bornHost: bytes.subarray(record.bornHostStart, record.bornHostStart + record.bornHostLength),
    storeHost: bytes.subarray(record.storeHostStart, record.storeHostStart + record.storeHostLength),
    reconsumeTimes: record.reconsumeTimes,
    preparedTransactionOffset: record.preparedTransactionOffset,
    body: { bytes, start: record.bodyStart, length: record.bodyLength },
    properties,
    extraProperties: has ? undefined : Buffer.from(`${HANDLE}\x01${handle}\x02`),
  }
  const length = recordPropertiesLength(source)
  if (length > PROPERTIES_LENGTH_MAX) return undefined
  const size = recordSize(source, length)
  const out = Buffer.allocUnsafe(size)
  const { queueOffset, phyOffset, storeTimestampMs } = record
  encodeRecord(out, viewOf(out), 0, source, size, length, queueOffset, phyOffset, storeTimestampMs)
  return out
}
