import { encodeJson, encodeStandardJson } from '../../codec/json/write-json.ts'
import type { BrokerData, TopicRouteData } from '../../codec/route/route-data.ts'
import { sortById } from './pick-route.ts'
import type { RouteTable } from './route-table.ts'

/** `standard`: quoted keys, sorted; for clients from V4_9_4 on and those that ask for it. `fastjson`: for all others. */
export type RouteDialect = 'standard' | 'fastjson'

/** TopicRouteData as Apache RocketMQ encodes it. */
export function encodeRoute(route: TopicRouteData, dialect: RouteDialect): Buffer {
  const { queueDatas, filterServerTable, orderTopicConf, topicQueueMappingByBroker } = route
  const brokerDatas = route.brokerDatas.map(brokerDataBean)
  const bean = { brokerDatas, queueDatas, filterServerTable, orderTopicConf, topicQueueMappingByBroker }
  return dialect === 'standard' ? encodeStandardJson(bean) : encodeJson(bean)
}

/** ClusterInfo: the answer to GET_BROKER_CLUSTER_INFO. */
export function encodeClusterInfo(table: RouteTable): Buffer {
  const groups = [...table.groups.values()].map((group) => [group.brokerName, brokerDataBean(group)] as const)
  return encodeJson({ brokerAddrTable: new Map(groups), clusterAddrTable: table.clusters })
}

/** GetBrokerMemberGroupResponseBody; a group that is not known has no addresses. */
export function encodeMemberGroup(table: RouteTable, cluster: string, brokerName: string): Buffer {
  const addresses = table.groups.get(brokerName)?.brokerAddrs ?? new Map<number, string>()
  return encodeJson({ brokerMemberGroup: { brokerAddrs: new Map(sortById(addresses)), brokerName, cluster } })
}

function brokerDataBean(group: BrokerData): object {
  const { brokerName, cluster, enableActingMaster, zoneName } = group
  return { brokerAddrs: new Map(sortById(group.brokerAddrs)), brokerName, cluster, enableActingMaster, zoneName }
}
