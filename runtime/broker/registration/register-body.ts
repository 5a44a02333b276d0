import type { DataVersionFields } from '../../codec/route/data-version.ts'
import { encodeRegisterBody, registerBodyCrc32 } from '../../codec/route/register-body.ts'
import type { TopicQueueMapping } from '../../codec/route/route-data.ts'
import { infoOf } from '../../codec/static-topic/mapping-detail.ts'
import type { TopicQueueMappingTable } from '../static-topics/topic-queue-mapping-table.ts'
import { PERM_READ_WRITE, type TopicConfig } from '../topics/topic-config.ts'

export interface RegisterBody {
  readonly bytes: Buffer
  /** As the bodyCrc32 field has it. */
  readonly crc32: number
}

/** The body of REGISTER_BROKER with these topics. */
export function registerBody(
  topics: Iterable<TopicConfig>,
  statics: Pick<TopicQueueMappingTable, 'isEmpty' | 'find'>,
  dataVersion: DataVersionFields,
  brokerPermission: number,
  compressed: boolean,
): RegisterBody {
  const table = new Map<string, TopicConfig>()
  for (const config of topics) table.set(config.topicName, allowed(config, brokerPermission))
  const content = { dataVersion, topics: table, filterServers: [], mappings: mappingsOf(table.keys(), statics) }
  const bytes = encodeRegisterBody(content, compressed)
  return { bytes, crc32: registerBodyCrc32(bytes) }
}

function mappingsOf(
  topics: Iterable<string>,
  statics: Pick<TopicQueueMappingTable, 'isEmpty' | 'find'>,
): Map<string, TopicQueueMapping> {
  const mappings = new Map<string, TopicQueueMapping>()
  if (statics.isEmpty) return mappings
  for (const topic of topics) {
    const detail = statics.find(topic)
    if (detail !== undefined) mappings.set(topic, infoOf(detail))
  }
  return mappings
}

/** A broker that is read-only or write-only announces its topics so. */
export function allowed(config: TopicConfig, brokerPermission: number): TopicConfig {
  if ((brokerPermission & PERM_READ_WRITE) === PERM_READ_WRITE) return config
  return { ...config, perm: config.perm & brokerPermission }
}
