import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Handlers, Services } from './services.ts'

export function writePerm({ table, logger }: Pick<Services, 'table' | 'logger'>): Handlers {
  return [
    [
      RequestCode.WIPE_WRITE_PERM_OF_BROKER,
      (request, channel) => {
        const brokerName = request.requiredText('brokerName')
        const wipeTopicCount = table.wipeWritePerm(brokerName)
        logger.info({ brokerName, wipeTopicCount, client: channel.remoteText }, 'write permission wiped')
        return { code: ResponseCode.SUCCESS, fields: { wipeTopicCount } }
      },
    ],
    [
      RequestCode.ADD_WRITE_PERM_OF_BROKER,
      (request, channel) => {
        const brokerName = request.requiredText('brokerName')
        const addTopicCount = table.topics.addWritePerm(brokerName)
        logger.info({ brokerName, addTopicCount, client: channel.remoteText }, 'write permission added')
        return { code: ResponseCode.SUCCESS, fields: { addTopicCount } }
      },
    ],
  ]
}
