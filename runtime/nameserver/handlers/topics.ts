import { JsonFieldError } from '../../codec/json/json-fields.ts'
import { JsonSyntaxError, parseJsonBytes } from '../../codec/json/parse-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type QueueData, readRouteData } from '../../codec/route/route-data.ts'
import type { Handlers, Services } from './services.ts'

/** Single topics: one that a broker has just created, one that an operator deletes. */
export function topics({ table, logger }: Pick<Services, 'table' | 'logger'>): Handlers {
  return [
    [
      RequestCode.REGISTER_TOPIC_IN_NAMESRV,
      (request) => {
        const topic = request.requiredText('topic')
        const queueDatas = readQueueDatas(request)
        if (!table.registerTopic(topic, queueDatas)) {
          logger.warn({ topic, brokers: queueDatas.map((one) => one.brokerName) }, 'topic of an unknown broker ignored')
        }
        return { code: ResponseCode.SUCCESS }
      },
    ],
    [
      RequestCode.DELETE_TOPIC_IN_NAMESRV,
      (request, channel) => {
        const topic = request.requiredText('topic')
        const cluster = request.text('clusterName') || undefined
        table.deleteTopic(topic, cluster)
        logger.info({ topic, cluster, client: channel.remoteText }, 'topic deleted')
        return { code: ResponseCode.SUCCESS }
      },
    ],
  ]
}

function readQueueDatas(request: CommandView): readonly QueueData[] {
  if (request.bodyLength === 0) return []
  try {
    return readRouteData(parseJsonBytes(request.body())).queueDatas
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof JsonFieldError)) throw error
    throw new RequestError(ResponseCode.SYSTEM_ERROR, `cannot read the topic route: ${error.message}`, { cause: error })
  }
}
