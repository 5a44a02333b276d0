import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { dialectOf, encodeRoute } from '../../codec/route/encode-route-data.ts'
import type { TopicRouteData } from '../../codec/route/route-data.ts'
import { ORDER_TOPIC_CONFIG } from '../kv-config.ts'
import { filterByZone, pickRoute } from '../route-table/pick-route.ts'
import type { Handlers, Services } from './services.ts'

type Needed = Pick<Services, 'clock' | 'live' | 'table' | 'routes' | 'kv'>

export function topicRoute(services: Needed): Handlers {
  const startedMs = services.clock.monotonic()
  return [[RequestCode.GET_ROUTEINFO_BY_TOPIC, (request) => answer(services, request, startedMs)]]
}

function answer(services: Needed, request: CommandView, startedMs: number): Response {
  const { needWaitForService, waitSecondsForService } = services.live.conf
  if (needWaitForService && services.clock.monotonic() - startedMs < waitSecondsForService * 1000) {
    throw new RequestError(ResponseCode.SYSTEM_ERROR, 'name server not ready')
  }
  const topic = request.requiredText('topic')
  const dialect = dialectOf(request)
  const zone = zoneOf(request)
  // A zone has few clients, and its answers differ: they are not kept.
  if (zone !== undefined) {
    return { code: ResponseCode.SUCCESS, body: encodeRoute(filterByZone(pick(services, topic), zone), dialect) }
  }
  let body = services.routes.get(topic, dialect)
  if (!body) {
    body = encodeRoute(pick(services, topic), dialect)
    services.routes.put(topic, dialect, body)
  }
  return { code: ResponseCode.SUCCESS, body }
}

/**
 * Apache RocketMQ encodes filtered routes in the fastjson dialect whatever the client understands; here they keep the
 * client's, which Java clients read as well.
 */
function zoneOf(request: CommandView): string | undefined {
  if (!request.flagField('__ZONE_MODE')) return undefined
  const zone = request.text('__ZONE_NAME')
  return zone === undefined || zone.trim() === '' ? undefined : zone
}

function pick({ live, table, kv }: Needed, topic: string): TopicRouteData {
  const route = pickRoute(table, topic, live.conf.supportActingMaster)
  if (!route) {
    throw new RequestError(
      ResponseCode.TOPIC_NOT_EXIST,
      `No topic route info in name server for the topic: ${topic}\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.`,
    )
  }
  return live.conf.orderMessageEnable ? { ...route, orderTopicConf: kv.get(ORDER_TOPIC_CONFIG, topic) } : route
}
