import { sortById } from '../../codec/route/encode-route-data.ts'
import {
  type BrokerData,
  MASTER_ID,
  PERM_WRITE,
  type QueueData,
  type TopicRouteData,
} from '../../codec/route/route-data.ts'
import type { RouteTable } from './route-table.ts'

/** Topics of this prefix tell a group's slaves of each other: they must see who is master and who only acts as one. */
const SYNC_BROKER_MEMBER_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_'

/**
 * The route of a topic, undefined when no registered broker group holds it.
 *
 * @param supportActingMaster a group without master that cannot be written shows its smallest slave as master, so that
 *   consumers go on with what only a master does
 */
export function pickRoute(table: RouteTable, topic: string, supportActingMaster: boolean): TopicRouteData | undefined {
  const queues = table.topics.queuesOf(topic)
  if (!queues) return undefined
  // Apache RocketMQ answers in the order of Java's hash tables; clients sort by name themselves.
  const names = [...queues.keys()].sort()
  const groups = names.flatMap((name) => table.groups.get(name) ?? [])
  if (groups.length === 0) return undefined
  const actsPossible = supportActingMaster && !topic.startsWith(SYNC_BROKER_MEMBER_PREFIX)
  return {
    brokerDatas: groups.map((group) => (actsPossible ? withActingMaster(group, queues.get(group.brokerName)!) : group)),
    queueDatas: names.map((name) => queues.get(name)!),
    filterServerTable: filterServers(table, groups),
    orderTopicConf: undefined,
    topicQueueMappingByBroker: table.topics.mappingsOf(topic),
  }
}

/** What a client in a zone gets: groups of its zone, and those without master wherever they are, so that it can consume. */
export function filterByZone(route: TopicRouteData, zoneName: string): TopicRouteData {
  const wanted = zoneName.toLowerCase()
  const isKept = (broker: BrokerData): boolean =>
    !broker.brokerAddrs.has(MASTER_ID) || broker.zoneName?.toLowerCase() === wanted
  const dropped = route.brokerDatas.filter((broker) => !isKept(broker))
  const droppedNames = new Set(dropped.map((broker) => broker.brokerName))
  const droppedAddresses = new Set(dropped.flatMap((broker) => [...broker.brokerAddrs.values()]))
  return {
    ...route,
    brokerDatas: route.brokerDatas.filter(isKept),
    queueDatas: route.queueDatas.filter((queueData) => !droppedNames.has(queueData.brokerName)),
    filterServerTable: new Map([...route.filterServerTable].filter(([address]) => !droppedAddresses.has(address))),
  }
}

function withActingMaster(group: BrokerData, queueData: QueueData): BrokerData {
  const { brokerName, cluster, zoneName, enableActingMaster, brokerAddrs } = group
  if (brokerAddrs.has(MASTER_ID) || !enableActingMaster || (queueData.perm & PERM_WRITE) !== 0) return group
  const [acting, ...rest] = sortById(brokerAddrs)
  if (!acting) return group
  return {
    brokerName,
    cluster,
    zoneName,
    enableActingMaster,
    brokerAddrs: new Map<number, string>([[MASTER_ID, acting[1]], ...rest]),
  }
}

function filterServers(table: RouteTable, groups: readonly BrokerData[]): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const { cluster, brokerAddrs } of groups) {
    for (const address of brokerAddrs.values()) {
      const servers = table.filterServersOf(cluster, address)
      if (servers) found.set(address, servers)
    }
  }
  return found
}
