import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { FIRST_BROKER_ID } from '../state/broker-group.ts'
import { boundedText, requiredBrokerId } from './request-fields.ts'
import type { Handlers, Services } from './services.ts'

/** A broker's first start: it asks which id is next, and applies for it. */
export function brokerIds({ agreement, state, logger }: Pick<Services, 'agreement' | 'state' | 'logger'>): Handlers {
  return [
    [
      RequestCode.CONTROLLER_GET_NEXT_BROKER_ID,
      (request) => {
        const clusterName = boundedText(request, 'clusterName')
        const brokerName = boundedText(request, 'brokerName')
        return agreement.read(() => {
          const group = state.groups.get(brokerName)
          if (group && group.cluster !== clusterName) return otherCluster(brokerName, group.cluster, clusterName)
          const nextBrokerId = group?.nextBrokerId ?? FIRST_BROKER_ID
          return { code: ResponseCode.SUCCESS, fields: { clusterName, brokerName, nextBrokerId } }
        })
      },
    ],
    [
      RequestCode.CONTROLLER_APPLY_BROKER_ID,
      (request) => {
        const cluster = boundedText(request, 'clusterName')
        const brokerName = boundedText(request, 'brokerName')
        const brokerId = requiredBrokerId(request, 'appliedBrokerId')
        const registerCheckCode = boundedText(request, 'registerCheckCode')
        const command = { kind: 'applyBrokerId', cluster, brokerName, brokerId, registerCheckCode } as const
        return agreement.decide(command, ({ code, remark, change }) => {
          if (change) logger.info({ cluster, brokerName, brokerId, registerCheckCode }, 'broker id assigned')
          return { code, remark, fields: { clusterName: cluster, brokerName } }
        })
      },
    ],
  ]
}

/** The original offers the id, and then two clusters' brokers would replicate one another. */
function otherCluster(brokerName: string, cluster: string, asked: string): Response {
  const remark = `Broker-set: ${brokerName} belongs to cluster ${cluster}, not to ${asked}`
  return { code: ResponseCode.CONTROLLER_INVALID_REQUEST, remark }
}
