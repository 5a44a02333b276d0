import { asObject, integerField, objectField, textListField } from '../codec/json/json-fields.ts'
import type { JsonObject } from '../codec/json/json-value.ts'
import { parseJsonBytes } from '../codec/json/parse-json.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { type ParsedProperties, parseProperties } from '../config/properties-file.ts'
import type { AdminClient } from './admin-client.ts'
import { AdminError } from './admin-error.ts'
import { compareTexts } from './message-queue.ts'

/** Entries per request, as the official client asks. */
const PAGE_ENTRIES = 2000
/** A table that changes faster than it can be read is given up after so many pages. */
const PAGES_MAX = 1000

export interface MetadataTable {
  readonly table: JsonObject
  readonly dataVersion: JsonObject | undefined
}

/** All subscription groups of a broker by name. */
export function fetchGroupTable(client: AdminClient, address: string): Promise<MetadataTable> {
  return fetchTable(client, address, {
    code: RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG,
    table: 'subscriptionGroupTable',
    start: 'groupSeq',
    limit: 'maxGroupNum',
    total: 'totalGroupNum',
  })
}

/** All topics of a broker by name. */
function fetchTopicTable(client: AdminClient, address: string): Promise<MetadataTable> {
  return fetchTable(client, address, {
    code: RequestCode.GET_ALL_TOPIC_CONFIG,
    table: 'topicConfigTable',
    start: 'topicSeq',
    limit: 'maxTopicNum',
    total: 'totalTopicNum',
  })
}

interface Pages {
  readonly code: number
  readonly table: string
  readonly start: string
  readonly limit: string
  readonly total: string
}

/** Brokers from 5.4 on give a table in pages; older ones give everything and no total. */
async function fetchTable(client: AdminClient, address: string, pages: Pages): Promise<MetadataTable> {
  let table: JsonObject = Object.create(null)
  let version: JsonObject | undefined
  let versionText = ''
  let seen = 0
  for (let page = 0; page < PAGES_MAX; page++) {
    const fields = { [pages.start]: seen, [pages.limit]: PAGE_ENTRIES, dataVersion: versionText }
    const answer = await client.call(address, { code: pages.code, fields })
    const body = answer.body ? asObject(parseJsonBytes(answer.body), `answer of ${address}`) : {}
    const entries = objectField(body, pages.table) ?? {}
    version = objectField(body, 'dataVersion')
    const text = JSON.stringify(version ?? {})
    const isFirst = versionText === ''
    if (!isFirst && text !== versionText) {
      // Changed meanwhile: pages of two versions do not fit together.
      table = Object.create(null)
      seen = 0
      versionText = text
      continue
    }
    versionText = text
    Object.assign(table, entries)
    const count = Object.keys(entries).length
    seen += count
    const total = Number(answer.fields[pages.total] ?? 0)
    if (count === 0 || seen >= total) return { table: sortedByName(table), dataVersion: version }
  }
  throw new AdminError(`${address}: its ${pages.table} changed all the while it was read; try again`)
}

function sortedByName(table: JsonObject): JsonObject {
  const sorted: JsonObject = Object.create(null)
  for (const name of Object.keys(table).sort(compareTexts)) sorted[name] = table[name] ?? null
  return sorted
}

const SYSTEM_TOPICS = new Set([
  'TBW102',
  'SCHEDULE_TOPIC_XXXX',
  'BenchmarkTest',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRACE_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
  'CHECKPOINT_TOPIC',
  'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC',
  'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC',
])

const PREDEFINED_GROUPS = new Set([
  'DEFAULT_CONSUMER',
  'DEFAULT_PRODUCER',
  'TOOLS_CONSUMER',
  'SCHEDULE_CONSUMER',
  'FILTERSRV_CONSUMER',
  '__MONITOR_CONSUMER',
  'CLIENT_INNER_PRODUCER',
  'SELF_TEST_P_GROUP',
  'SELF_TEST_C_GROUP',
  'CID_ONS-HTTP-PROXY',
  'CID_ONSAPI_PERMISSION',
  'CID_ONSAPI_OWNER',
  'CID_ONSAPI_PULL',
  'CID_RMQ_SYS_TRANS',
])

/** The groups that users made. */
export async function fetchUserGroups(client: AdminClient, address: string): Promise<MetadataTable> {
  const { table, dataVersion } = await fetchGroupTable(client, address)
  return {
    table: without(table, (name) => name.startsWith('CID_RMQ_SYS_') || PREDEFINED_GROUPS.has(name)),
    dataVersion,
  }
}

/** The topics that users made; `special`: with those for retries and dead letters. */
export async function fetchUserTopics(client: AdminClient, address: string, special: boolean): Promise<MetadataTable> {
  const { table, dataVersion } = await fetchTopicTable(client, address)
  const { body } = await client.call(address, { code: RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER })
  const list = body ? asObject(parseJsonBytes(body), 'topic list') : {}
  const system = new Set(textListField(list, 'topicList') ?? [])
  const isLeftOut = (name: string) =>
    system.has(name) ||
    SYSTEM_TOPICS.has(name) ||
    name.startsWith('rmq_sys_') ||
    (!special && (name.startsWith('%RETRY%') || name.startsWith('%DLQ%'))) ||
    !isPermission(integerField(asObject(table[name], name), 'perm') ?? 0)
  return { table: without(table, isLeftOut), dataVersion }
}

function isPermission(perm: number): boolean {
  return perm >= 0 && perm < 8
}

function without(table: JsonObject, isLeftOut: (name: string) => boolean): JsonObject {
  const kept: JsonObject = Object.create(null)
  for (const name of Object.keys(table)) if (!isLeftOut(name)) kept[name] = table[name] ?? null
  return kept
}

/** A broker's configuration by key, sorted. */
export async function fetchBrokerConfig(client: AdminClient, address: string): Promise<Map<string, string>> {
  const { body } = await client.call(address, { code: RequestCode.GET_BROKER_CONFIG })
  return sortedProperties(parseProperties(body?.toString('utf8') ?? ''))
}

/** The entries of a properties text by key, sorted; of a key set twice the last. */
export function sortedProperties({ entries }: ParsedProperties): Map<string, string> {
  const sorted = entries.map(({ key, value }): [string, string] => [key, value])
  return new Map(sorted.sort(([a], [b]) => compareTexts(a, b)))
}

/** A broker's figures by name, sorted. */
export async function fetchRuntimeStats(client: AdminClient, address: string): Promise<Map<string, string>> {
  const body = await client.callForObject(address, { code: RequestCode.GET_BROKER_RUNTIME_INFO })
  const table = Object.entries(objectField(body, 'table') ?? {})
  return new Map(
    table.map(([key, value]): [string, string] => [key, String(value)]).sort(([a], [b]) => compareTexts(a, b)),
  )
}
