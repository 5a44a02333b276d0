import { fetchGroupTable, fetchUserTopics } from '../../runtime/admin/metadata.ts'
import { asObject, integerField, objectField } from '../../runtime/codec/json/json-fields.ts'
import type { JsonValue } from '../../runtime/codec/json/json-value.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { bodyObject } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'
import { adminOf } from './metadata-tables.ts'

/**
 * What a broker of a group without controllers keeps beside its log. Slaves copy it from their master now and then, every few
 * seconds, so that one whose log is up to date may know of no topic yet.
 */
export interface BrokerTables {
  /** Queues and permission, by topic. */
  readonly topics: ReadonlyMap<string, string>
  readonly consumerGroups: ReadonlySet<string>
  /** By `topic@group queue`. */
  readonly offsets: ReadonlyMap<string, number>
}

export async function tablesOf(cluster: LiveCluster, broker: string): Promise<BrokerTables> {
  const admin = adminOf(cluster)
  const topics = Object.entries((await fetchUserTopics(admin, broker, true)).table)
  return {
    topics: new Map(topics.map(([name, config]) => [name, essenceOf(name, config)])),
    consumerGroups: new Set(Object.keys((await fetchGroupTable(admin, broker)).table)),
    offsets: await offsetsOf(cluster, broker),
  }
}

function essenceOf(name: string, config: JsonValue): string {
  const fields = asObject(config, name)
  return ['readQueueNums', 'writeQueueNums', 'perm'].map((key) => integerField(fields, key)).join(' ')
}

async function offsetsOf({ asker }: LiveCluster, broker: string): Promise<Map<string, number>> {
  const body = bodyObject(await asker.ask(broker, { code: RequestCode.GET_ALL_CONSUMER_OFFSET }))
  const table = Object.entries(objectField(body, 'offsetTable') ?? {})
  return new Map(
    table.flatMap(([key, queues]) =>
      Object.entries(asObject(queues, key)).map(([queue, offset]) => [`${key} ${queue}`, Number(offset)] as const),
    ),
  )
}

/** Topics and consumer groups that a slave has not copied yet, in words; undefined when it has all of them. */
export function lackingTables(master: BrokerTables, slave: BrokerTables): string | undefined {
  for (const [topic, essence] of master.topics) {
    if (slave.topics.get(topic) !== essence) return `topic ${topic} as its master has it`
  }
  for (const group of master.consumerGroups) if (!slave.consumerGroups.has(group)) return `consumer group ${group}`
  return undefined
}

/** The same of offsets. */
export function lackingOffsets(master: BrokerTables, slave: BrokerTables): string | undefined {
  for (const [queue, offset] of master.offsets) {
    if ((slave.offsets.get(queue) ?? 0) < offset) return `offset ${offset} of ${queue}`
  }
  return undefined
}
