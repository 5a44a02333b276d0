import {
  asInteger,
  asObject,
  asText,
  booleanField,
  integerField,
  integerKeyed,
  listField,
  objectField,
  textField,
  textListField,
} from '../json/json-fields.ts'
import type { JsonObject, JsonValue } from '../json/json-value.ts'

/** Bits of a permission (source: PermName). */
export const PERM_READ = 4
export const PERM_WRITE = 2

/** The broker with this id is the master of its group. */
export const MASTER_ID = 0

/** What a broker group holds of a topic. */
export interface QueueData {
  readonly brokerName: string
  readonly perm: number
  readonly readQueueNums: number
  readonly writeQueueNums: number
  readonly topicSysFlag: number
}

/** A broker group as clients see it. */
export interface BrokerData {
  readonly brokerName: string
  readonly cluster: string
  /** Address `host:port` by broker id. */
  readonly brokerAddrs: ReadonlyMap<number, string>
  readonly enableActingMaster: boolean
  readonly zoneName: string | undefined
}

/** Which of its queues a broker group holds of a static topic (source: TopicQueueMappingInfo). */
export interface TopicQueueMapping {
  readonly topic: string
  readonly bname: string
  readonly scope: string
  readonly totalQueues: number
  readonly epoch: number
  readonly dirty: boolean
  /** Physical queue id by logical queue id. */
  readonly currIdMap: ReadonlyMap<number, number>
}

/** The answer to GET_ROUTEINFO_BY_TOPIC. */
export interface TopicRouteData {
  readonly brokerDatas: readonly BrokerData[]
  readonly queueDatas: readonly QueueData[]
  /** Filter servers by broker address: a feature of RocketMQ 3, empty in practice. */
  readonly filterServerTable: ReadonlyMap<string, readonly string[]>
  readonly orderTopicConf: string | undefined
  /** Only for static topics. */
  readonly topicQueueMappingByBroker: ReadonlyMap<string, TopicQueueMapping> | undefined
}

/** @throws JsonFieldError */
export function readRouteData(value: JsonValue): TopicRouteData {
  const object = asObject(value, 'topic route')
  const mapping = objectField(object, 'topicQueueMappingByBroker')
  return {
    brokerDatas: (listField(object, 'brokerDatas') ?? []).map(readBrokerData),
    queueDatas: (listField(object, 'queueDatas') ?? []).map(readQueueData),
    filterServerTable: new Map(filterServers(objectField(object, 'filterServerTable'))),
    orderTopicConf: textField(object, 'orderTopicConf'),
    topicQueueMappingByBroker: mapping && new Map(Object.entries(mapping).map(([k, v]) => [k, readQueueMapping(v)])),
  }
}

/** @throws JsonFieldError */
export function readBrokerData(value: JsonValue): BrokerData {
  const object = asObject(value, 'broker data')
  const addresses = integerKeyed(objectField(object, 'brokerAddrs') ?? {})
  return {
    brokerName: textField(object, 'brokerName') ?? '',
    cluster: textField(object, 'cluster') ?? '',
    brokerAddrs: new Map(addresses.map(([id, address]) => [id, asText(address, 'brokerAddrs')])),
    enableActingMaster: booleanField(object, 'enableActingMaster') ?? false,
    zoneName: textField(object, 'zoneName'),
  }
}

/** @throws JsonFieldError */
function readQueueData(value: JsonValue): QueueData {
  const object = asObject(value, 'queue data')
  return {
    brokerName: textField(object, 'brokerName') ?? '',
    perm: integerField(object, 'perm') ?? 0,
    readQueueNums: integerField(object, 'readQueueNums') ?? 0,
    writeQueueNums: integerField(object, 'writeQueueNums') ?? 0,
    topicSysFlag: integerField(object, 'topicSysFlag') ?? 0,
  }
}

/** @throws JsonFieldError */
export function readQueueMapping(value: JsonValue): TopicQueueMapping {
  const object = asObject(value, 'topic queue mapping')
  const ids = integerKeyed(objectField(object, 'currIdMap') ?? {})
  return {
    topic: textField(object, 'topic') ?? '',
    bname: textField(object, 'bname') ?? '',
    scope: textField(object, 'scope') ?? '__global__',
    totalQueues: integerField(object, 'totalQueues') ?? 0,
    epoch: integerField(object, 'epoch') ?? 0,
    dirty: booleanField(object, 'dirty') ?? false,
    currIdMap: new Map(ids.map(([logical, physical]) => [logical, asInteger(physical, 'currIdMap')])),
  }
}

function filterServers(table: JsonObject | undefined): [string, string[]][] {
  if (!table) return []
  return Object.keys(table).map((address) => [address, textListField(table, address) ?? []])
}
