import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { encodeClusterInfo, encodeMemberGroup } from '../route-table/encode-route.ts'
import type { Handlers, Services } from './services.ts'

export function clusterInfo({ table }: Pick<Services, 'table'>): Handlers {
  return [
    [RequestCode.GET_BROKER_CLUSTER_INFO, () => ({ code: ResponseCode.SUCCESS, body: encodeClusterInfo(table) })],
    [
      RequestCode.GET_BROKER_MEMBER_GROUP,
      (request) => {
        const cluster = request.requiredText('clusterName')
        const body = encodeMemberGroup(table, cluster, request.requiredText('brokerName'))
        return { code: ResponseCode.SUCCESS, body }
      },
    ],
  ]
}
