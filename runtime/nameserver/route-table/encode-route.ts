import { encodeJson } from '../../codec/json/write-json.ts'
import { brokerDataBean, sortById } from '../../codec/route/encode-route-data.ts'
import type { RouteTable } from './route-table.ts'

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
