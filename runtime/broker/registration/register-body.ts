import type { DataVersionFields } from '../../codec/route/data-version.ts'
import { encodeRegisterBody, registerBodyCrc32 } from '../../codec/route/register-body.ts'
import { PERM_READ_WRITE, type TopicConfig } from '../topics/topic-config.ts'

export interface RegisterBody {
  readonly bytes: Buffer
  /** As the bodyCrc32 field has it. */
  readonly crc32: number
}

/** The body of REGISTER_BROKER with these topics. */
export function registerBody(
  topics: Iterable<TopicConfig>,
  dataVersion: DataVersionFields,
  brokerPermission: number,
  compressed: boolean,
): RegisterBody {
  const table = new Map<string, TopicConfig>()
  for (const config of topics) table.set(config.topicName, allowed(config, brokerPermission))
  const content = { dataVersion, topics: table, filterServers: [], mappings: new Map() }
  const bytes = encodeRegisterBody(content, compressed)
  return { bytes, crc32: registerBodyCrc32(bytes) }
}

/** A broker that is read-only or write-only announces its topics so. */
export function allowed(config: TopicConfig, brokerPermission: number): TopicConfig {
  if ((brokerPermission & PERM_READ_WRITE) === PERM_READ_WRITE) return config
  return { ...config, perm: config.perm & brokerPermission }
}
