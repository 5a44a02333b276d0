import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ClientInfo } from '../clients/client-info.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { ProducerRegistry } from '../clients/producer-registry.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'

export interface ConnectionsDeps {
  readonly consumers: ConsumerRegistry
  readonly producers: ProducerRegistry
}

/** GET_CONSUMER_CONNECTION_LIST, GET_PRODUCER_CONNECTION_LIST and GET_ALL_PRODUCER_INFO. */
export function registerConnections(server: HandlerRegistry, deps: ConnectionsDeps): void {
  server.handle(RequestCode.GET_CONSUMER_CONNECTION_LIST, (request) => consumerConnections(deps, request))
  server.handle(RequestCode.GET_PRODUCER_CONNECTION_LIST, (request) => producerConnections(deps, request))
  server.handle(RequestCode.GET_ALL_PRODUCER_INFO, () => allProducers(deps))
}

function consumerConnections(deps: ConnectionsDeps, request: CommandView): Response {
  const name = request.requiredText('consumerGroup')
  const group = deps.consumers.get(name)
  if (!group) return { code: ResponseCode.CONSUMER_NOT_ONLINE, remark: `the consumer group[${name}] not online` }
  const body = {
    connectionSet: Array.from(group.members.values(), connection),
    consumeFromWhere: group.consumeFromWhere,
    consumeType: group.consumeType,
    messageModel: group.messageModel,
    subscriptionTable: group.subscriptions,
  }
  return { code: ResponseCode.SUCCESS, body: encodeJson(body) }
}

function producerConnections(deps: ConnectionsDeps, request: CommandView): Response {
  const name = request.requiredText('producerGroup')
  const members = deps.producers.members(name)
  if (!members) return { code: ResponseCode.SYSTEM_ERROR, remark: `the producer group[${name}] not exist` }
  return { code: ResponseCode.SUCCESS, body: encodeJson({ connectionSet: Array.from(members, connection) }) }
}

function connection({ channel, clientId, language, version }: ClientInfo): object {
  return { clientAddr: channel.remoteText, clientId, language, version }
}

function allProducers(deps: ConnectionsDeps): Response {
  const data = new Map<string, object[]>()
  for (const group of deps.producers.groupNames()) {
    const producers = Array.from(deps.producers.members(group) ?? [], (member) => ({
      clientId: member.clientId,
      language: member.language,
      lastUpdateTimestamp: member.lastUpdateMs,
      // Java prints a socket address with its empty host name.
      remoteIP: `/${member.channel.remoteText}`,
      version: member.version,
    }))
    data.set(group, producers)
  }
  return { code: ResponseCode.SUCCESS, body: encodeJson({ data }) }
}
