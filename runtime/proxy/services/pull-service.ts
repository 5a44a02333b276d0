import { messagesOf } from '../../codec/message/inner-batch.ts'
import { decodeMessages } from '../../codec/message/message-ext.ts'
import { Property } from '../../codec/message/properties.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { incomingMessage } from '../messages/incoming-message.ts'
import { groupName, topicName } from '../messages/names.ts'
import { subscriptionOf, wantsTag } from '../messages/subscription.ts'
import { OK, ProxyError, refusal, status } from '../proxy-error.ts'
import { type MessageQueue, QueryOffsetPolicy, type Resource } from '../wire/definition.ts'
import type { PullMessageRequest, QueryOffsetRequest } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import { toMs } from '../wire/time-types.ts'
import type { ClientCall } from './client-call.ts'

const BATCH_MAX = 32
const ASK_TIMEOUT_MS = 3000
/** Bits of a pull's sysFlag (source: PullSysFlag): it may wait, and it brings its subscription. */
const SUSPEND = 2
const SUBSCRIPTION = 4

interface QueueRequest {
  readonly messageQueue: MessageQueue | undefined
}

/** Messages by their offset in a queue, and the offsets of groups: what Apache's proxy leaves out. */
export class PullService {
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf

  constructor(gateway: BrokerGateway, conf: ProxyConf) {
    this.#gateway = gateway
    this.#conf = conf
  }

  async pull(call: ClientCall, request: PullMessageRequest) {
    const group = groupName(request.group)
    const { topic, queueId, address } = await this.#queue(request)
    const subscription = subscriptionOf(request.filterExpression)
    const asked = request.longPollingTimeout === undefined ? 0 : toMs(request.longPollingTimeout)
    const longest = this.#conf.grpcClientConsumerMaxLongPollingTimeoutMillis
    const pollMs = Math.max(0, Math.min(asked, longest, (call.remainingMs ?? longest) - 100))
    const answer = await this.#gateway.invoke(
      address,
      {
        code: RequestCode.PULL_MESSAGE,
        fields: {
          consumerGroup: group,
          topic,
          queueId,
          queueOffset: offsetOf(request.offset),
          maxMsgNums: Math.max(1, Math.min(request.batchSize, BATCH_MAX)),
          sysFlag: SUBSCRIPTION | (pollMs > 0 ? SUSPEND : 0),
          commitOffset: 0,
          suspendTimeoutMillis: pollMs,
          subscription: subscription.expression,
          subVersion: 0,
          expressionType: subscription.type,
        },
      },
      pollMs + ASK_TIMEOUT_MS,
    )
    const next = answer.fields['nextBeginOffset']
    const nextOffset = next === undefined ? undefined : Number(next)
    if (answer.code !== ResponseCode.SUCCESS) return { status: emptiness(answer), messages: [], nextOffset }
    const records = decodeMessages(answer.body ?? Buffer.alloc(0), { decompress: false, checkCrc: false })
    const found = records.flatMap(messagesOf)
    const messages = found
      .filter((message) => wantsTag(subscription, message.properties.get(Property.tags)))
      .map((message) => incomingMessage(message, { topic, reconsumeTimes: message.reconsumeTimes }))
    return { status: OK, messages, nextOffset }
  }

  async updateOffset(request: QueueRequest & { readonly group: Resource | undefined; readonly offset: number }) {
    const consumerGroup = groupName(request.group)
    const { topic, queueId, address } = await this.#queue(request)
    await this.#ask(address, {
      code: RequestCode.UPDATE_CONSUMER_OFFSET,
      fields: { consumerGroup, topic, queueId, commitOffset: offsetOf(request.offset) },
    })
    return { status: OK }
  }

  async getOffset(request: QueueRequest & { readonly group: Resource | undefined }) {
    const consumerGroup = groupName(request.group)
    const { topic, queueId, address } = await this.#queue(request)
    const fields = { consumerGroup, topic, queueId }
    return this.#offset(address, { code: RequestCode.QUERY_CONSUMER_OFFSET, fields })
  }

  async queryOffset(request: QueryOffsetRequest) {
    const { topic, queueId, address } = await this.#queue(request)
    const fields = { topic, queueId }
    switch (request.queryOffsetPolicy) {
      case QueryOffsetPolicy.beginning:
        return this.#offset(address, { code: RequestCode.GET_MIN_OFFSET, fields })
      case QueryOffsetPolicy.end:
        return this.#offset(address, { code: RequestCode.GET_MAX_OFFSET, fields })
      case QueryOffsetPolicy.timestamp: {
        if (request.timestamp === undefined) {
          throw new ProxyError(StatusCode.BAD_REQUEST, 'the policy TIMESTAMP needs a timestamp')
        }
        const timed = { ...fields, timestamp: toMs(request.timestamp) }
        return this.#offset(address, { code: RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, fields: timed })
      }
      default:
        throw new ProxyError(StatusCode.BAD_REQUEST, `${request.queryOffsetPolicy} is no policy to query an offset by`)
    }
  }

  async #offset(address: string, request: RequestDraft) {
    const { fields } = await this.#ask(address, request)
    return { status: OK, offset: Number(fields['offset'] ?? 0) }
  }

  async #ask(address: string, request: RequestDraft): Promise<RemotingCommand> {
    const answer = await this.#gateway.invoke(address, request, ASK_TIMEOUT_MS)
    if (answer.code === ResponseCode.SUCCESS) return answer
    if (answer.code === ResponseCode.QUERY_NOT_FOUND) {
      throw new ProxyError(StatusCode.OFFSET_NOT_FOUND, answer.remark ?? 'the group has no offset in this queue')
    }
    throw refusal(answer.code, answer.remark)
  }

  /** A queue that is there. @throws ProxyError */
  async #queue({ messageQueue }: QueueRequest) {
    const topic = topicName(messageQueue?.topic)
    const brokerName = messageQueue?.broker?.name ?? ''
    const route = await this.#gateway.route(topic)
    const address = route.readBrokers.find((broker) => broker.brokerName === brokerName)?.address
    if (address === undefined) {
      throw new ProxyError(StatusCode.BAD_REQUEST, `no broker "${brokerName}" lets topic ${topic} be read`)
    }
    return { topic, queueId: messageQueue?.id ?? 0, address }
  }
}

function offsetOf(offset: number): number {
  if (offset >= 0) return offset
  throw new ProxyError(StatusCode.ILLEGAL_OFFSET, `${offset} is no offset`)
}

function emptiness({ code, remark }: RemotingCommand) {
  switch (code) {
    case ResponseCode.PULL_NOT_FOUND:
      return status(StatusCode.MESSAGE_NOT_FOUND, 'no new message')
    case ResponseCode.PULL_RETRY_IMMEDIATELY:
      return status(StatusCode.MESSAGE_NOT_FOUND, 'no match message')
    case ResponseCode.PULL_OFFSET_MOVED:
      return status(StatusCode.ILLEGAL_OFFSET, 'there is no message at this offset any more, or not yet')
    default:
      throw refusal(code, remark)
  }
}
