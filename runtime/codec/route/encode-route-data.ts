import { encodeJson, encodeStandardJson } from '../json/write-json.ts'
import type { CommandView } from '../remoting/command-view.ts'
import { ProtocolVersion } from '../remoting/protocol-version.ts'
import type { BrokerData, TopicRouteData } from './route-data.ts'

/** `standard`: quoted keys, sorted; for clients from V4_9_4 on and those that ask for it. `fastjson`: for all others. */
export type RouteDialect = 'standard' | 'fastjson'

/** What the sender of GET_ROUTEINFO_BY_TOPIC understands. */
export function dialectOf(request: CommandView): RouteDialect {
  if (request.version >= ProtocolVersion.V4_9_4) return 'standard'
  return request.flagField('acceptStandardJsonOnly') ? 'standard' : 'fastjson'
}

/** TopicRouteData as Apache RocketMQ encodes it. */
export function encodeRoute(route: TopicRouteData, dialect: RouteDialect): Buffer {
  const { queueDatas, filterServerTable, orderTopicConf, topicQueueMappingByBroker } = route
  const brokerDatas = route.brokerDatas.map(brokerDataBean)
  const bean = { brokerDatas, queueDatas, filterServerTable, orderTopicConf, topicQueueMappingByBroker }
  return dialect === 'standard' ? encodeStandardJson(bean) : encodeJson(bean)
}

export function brokerDataBean(group: BrokerData): object {
  const { brokerName, cluster, enableActingMaster, zoneName } = group
  return { brokerAddrs: new Map(sortById(group.brokerAddrs)), brokerName, cluster, enableActingMaster, zoneName }
}

/** Entries by ascending broker id, the order in which a Java HashMap has small ids. */
export function sortById(brokerAddrs: ReadonlyMap<number, string>): [number, string][] {
  return [...brokerAddrs].sort(([a], [b]) => a - b)
}
