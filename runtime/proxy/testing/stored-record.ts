import { viewOf } from '../../codec/bytes.ts'
import { encodeHost } from '../../codec/message/host.ts'
import { encodeProperties } from '../../codec/message/properties.ts'
import { encodeRecord, recordPropertiesLength, recordSize } from '../../codec/message/record.ts'

export interface StoredRecord {
  readonly topic?: string
  readonly body?: Buffer
  readonly properties?: Readonly<Record<string, string>>
  readonly queueId?: number
  readonly queueOffset: number
  readonly phyOffset: number
  readonly reconsumeTimes?: number
  readonly sysFlag?: number
}

const range = (bytes: Uint8Array) => ({ bytes, start: 0, length: bytes.length })

/** A message as brokers give it out. */
export function storedRecord(record: StoredRecord): Buffer {
  const source = {
    topicBytes: Buffer.from(record.topic ?? 'T'),
    ...{ queueId: record.queueId ?? 0, flag: 0, sysFlag: record.sysFlag ?? 0, bornTimestampMs: 1_700_000_000_123 },
    ...{ bornHost: encodeHost('192.0.2.7', 50_000), storeHost: encodeHost('10.0.0.1', 10_911) },
    ...{ reconsumeTimes: record.reconsumeTimes ?? 0, preparedTransactionOffset: 0 },
    body: range(record.body ?? Buffer.from('body')),
    properties: range(Buffer.from(encodeProperties(Object.entries(record.properties ?? {})))),
    extraProperties: undefined,
  }
  const propertiesLength = recordPropertiesLength(source)
  const size = recordSize(source, propertiesLength)
  const bytes = Buffer.alloc(size)
  const { queueOffset, phyOffset } = record
  encodeRecord(bytes, viewOf(bytes), 0, source, size, propertiesLength, queueOffset, phyOffset, 1_700_000_000_456)
  return bytes
}
