import { deflateSync } from 'node:zlib'
import { crc32 } from '../../codec/crc32.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { DataVersionFields } from '../metadata/data-version.ts'
import { PERM_READ_WRITE, type TopicConfig } from '../topics/topic-config.ts'

export interface RegisterBody {
  readonly bytes: Buffer
  /** As the bodyCrc32 field has it: without the sign. */
  readonly crc32: number
}

/** The body of REGISTER_BROKER with these topics (`RegisterBrokerBody.encode`). */
export function encodeRegisterBody(
  topics: Iterable<TopicConfig>,
  dataVersion: DataVersionFields,
  brokerPermission: number,
  compressed: boolean,
): RegisterBody {
  const table = new Map<string, TopicConfig>()
  for (const config of topics) table.set(config.topicName, allowed(config, brokerPermission))
  const bytes = compressed ? compress(table, dataVersion) : plain(table, dataVersion)
  return { bytes, crc32: crc32(bytes, 0, bytes.length) & 0x7fffffff }
}

/** A broker that is read-only or write-only announces its topics so. */
export function allowed(config: TopicConfig, brokerPermission: number): TopicConfig {
  if ((brokerPermission & PERM_READ_WRITE) === PERM_READ_WRITE) return config
  return { ...config, perm: config.perm & brokerPermission }
}

function plain(table: ReadonlyMap<string, TopicConfig>, dataVersion: DataVersionFields): Buffer {
  return encodeJson({
    filterServerList: [],
    topicConfigSerializeWrapper: {
      dataVersion: { ...dataVersion },
      mappingDataVersion: { counter: 0, stateVersion: 0, timestamp: dataVersion.timestamp },
      topicConfigTable: table,
      topicQueueMappingDetailMap: {},
      topicQueueMappingInfoMap: {},
    },
  } as never)
}

/*
 * Compressed (compressedRegister): deflated
 *
 *   int32 n, JSON of the data version
 *   int32 count, then per topic int32 n and "name readQueueNums writeQueueNums perm topicFilterType attributes"
 *   int32 n, JSON of the filter servers: []
 *   int32 number of static topics: 0
 */
function compress(table: ReadonlyMap<string, TopicConfig>, dataVersion: DataVersionFields): Buffer {
  const parts: Buffer[] = []
  const put = (bytes: Buffer) => parts.push(int32(bytes.length), bytes)
  put(encodeJson({ ...dataVersion }))
  parts.push(int32(table.size))
  for (const config of table.values()) put(Buffer.from(topicText(config)))
  put(Buffer.from('[]'))
  parts.push(int32(0))
  return deflateSync(Buffer.concat(parts), { level: 9 })
}

function topicText(config: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType, attributes } = config
  const text = `${topicName} ${readQueueNums} ${writeQueueNums} ${perm} ${topicFilterType} `
  return attributes.size > 0 ? text + encodeJson(attributes).toString() : text
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
