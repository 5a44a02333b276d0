import { Property } from '../../codec/message/properties.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import type { BrokerTarget } from '../brokers/route-view.ts'
import { incomingMessage } from '../messages/incoming-message.ts'
import { groupName, topicName } from '../messages/names.ts'
import { type PoppedMessage, poppedLiteMessages, poppedMessages } from '../messages/popped-messages.ts'
import { type Subscription, subscriptionOf, wantsTag } from '../messages/subscription.ts'
import { OK, ProxyError, refusal, status } from '../proxy-error.ts'
import { isLiteConsumer, type StatusDraft, type WireMessageDraft } from '../wire/definition.ts'
import type { ReceiveMessageRequest } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import { toMs } from '../wire/time-types.ts'
import type { ClientCall } from './client-call.ts'
import { attemptsMax } from './client-settings.ts'
import type { ClientTable } from './client-table.ts'
import type { GivenOut, InvisibleMessages } from './invisible-messages.ts'
import type { Renewals } from './renewals.ts'

/** As many as brokers give out at a time. */
const BATCH_MAX = 32
/** When a message is seen by others that could not be handed over (source: ReceiveMessageResponseStreamWriter). */
const NOT_TAKEN_MS = 1000
/** Clients since this version know ILLEGAL_POLLING_TIME. */
const POLLING_TIME_VERSION = '5.0.3'
/** Where a group without offsets starts (source: ConsumeInitMode): behind all messages that there are. */
const INIT_MODE_MAX = 1
const ANY_QUEUE = -1
/** For a client that says nothing of how long it waits, beyond the time of polling. */
const ANSWER_MS = 5000

export interface Received {
  readonly status: StatusDraft
  readonly messages: readonly WireMessageDraft[]
}

/** Asks brokers for messages (source: ReceiveMessageActivity, ConsumerProcessor). */
export class ReceiveService {
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf
  readonly #logger: Logger
  readonly #clients: ClientTable
  readonly #invisible: InvisibleMessages
  readonly #renewals: Renewals
  #turn = 0

  constructor(parts: {
    readonly gateway: BrokerGateway
    readonly conf: ProxyConf
    readonly logger: Logger
    readonly clients: ClientTable
    readonly invisible: InvisibleMessages
    readonly renewals: Renewals
  }) {
    this.#gateway = parts.gateway
    this.#conf = parts.conf
    this.#logger = parts.logger
    this.#clients = parts.clients
    this.#invisible = parts.invisible
    this.#renewals = parts.renewals
  }

  /** `isOver`: whether the client has given up meanwhile. @throws ProxyError, InvocationError */
  async receive(call: ClientCall, request: ReceiveMessageRequest, isOver: () => boolean): Promise<Received> {
    const client = this.#clients.get(call.clientId)
    const isRenewed = this.#conf.enableProxyAutoRenew && request.autoRenew
    // Who renews its messages itself may ask before its settings have arrived, as the Python client does.
    if (client === undefined && isRenewed) {
      throw new ProxyError(
        StatusCode.UNRECOGNIZED_CLIENT_TYPE,
        `client ${call.clientId} has not introduced itself: send its settings by Telemetry first`,
      )
    }
    const requestTimeout = client?.settings.requestTimeout
    const pollMs = this.#pollMs(call, request, requestTimeout === undefined ? 0 : toMs(requestTimeout))
    const topic = topicName(request.messageQueue?.topic)
    const group = groupName(request.group)
    const invisibleMs = this.#invisibleMs(request, isRenewed)
    const subscription = subscriptionOf(request.filterExpression)
    const broker = await this.#broker(topic, request.messageQueue?.broker?.name ?? '')
    const settings = await this.#gateway.group(group)
    const isOrdered = settings?.isOrdered ?? false
    const isLite = isLiteConsumer(client?.settings.clientType)
    if (isLite && isRenewed) this.#checkUnacknowledged(call.clientId)
    const pop = {
      consumerGroup: group,
      topic,
      invisibleTime: invisibleMs,
      pollTime: pollMs,
      bornTime: 0,
      attemptId: request.attemptId,
      bname: broker.brokerName,
    }
    const count = Math.max(1, Math.min(request.batchSize, BATCH_MAX))
    const answer = await this.#gateway.invoke(
      broker.address,
      isLite
        ? { code: RequestCode.POP_LITE_MESSAGE, fields: { ...pop, clientId: call.clientId, maxMsgNum: count } }
        : {
            code: RequestCode.POP_MESSAGE,
            fields: {
              ...pop,
              queueId: ANY_QUEUE,
              maxMsgNums: count,
              initMode: INIT_MODE_MAX,
              expType: subscription.type,
              exp: subscription.expression,
              order: isOrdered,
            },
          },
      call.remainingMs ?? pollMs + ANSWER_MS,
    )
    if (answer.code !== ResponseCode.SUCCESS) return nothing(answer.code, answer.remark)
    const popped = isLite
      ? poppedLiteMessages(answer, broker.brokerName)
      : poppedMessages(answer, broker.brokerName, isOrdered)
    const wanted = this.#sort(popped, subscription, { topic, group }, attemptsMax(settings))
    if (isOver() || (isRenewed && this.#clients.get(call.clientId) !== client)) {
      for (const one of wanted)
        this.#giveBack(one, { topic, group, messageId: one.messageId, liteTopic: one.liteTopic })
      return {
        status: status(StatusCode.MESSAGE_NOT_FOUND, `The client [${call.clientId}] is disconnected.`),
        messages: [],
      }
    }
    if (isRenewed) {
      for (const { handle, messageId, reconsumeTimes, liteTopic } of wanted) {
        this.#renewals.add(call.clientId, handle, { topic, group, messageId, liteTopic }, reconsumeTimes)
      }
    }
    const messages = wanted.map(({ message, handle, reconsumeTimes, liteOffset }) =>
      incomingMessage(message, { topic, handle, reconsumeTimes, queueOffset: liteOffset }),
    )
    return messages.length > 0
      ? { status: OK, messages }
      : { status: status(StatusCode.MESSAGE_NOT_FOUND, 'no match message'), messages }
  }

  /** @throws ProxyError FORBIDDEN */
  #checkUnacknowledged(clientId: string): void {
    const count = this.#renewals.countOf(clientId)
    if (count <= this.#conf.maxLiteRenewNumPerChannel) return
    const text = `The client [${clientId}] has too many unacked messages. Unacked count: ${count}`
    throw new ProxyError(StatusCode.FORBIDDEN, text)
  }

  #pollMs(
    { remainingMs, clientVersion }: ClientCall,
    request: ReceiveMessageRequest,
    requestTimeoutMs: number,
  ): number {
    const shortest = this.#conf.grpcClientConsumerMinLongPollingTimeoutMillis
    const longest = this.#conf.grpcClientConsumerMaxLongPollingTimeoutMillis
    const wanted =
      request.longPollingTimeout === undefined
        ? (remainingMs ?? longest) - requestTimeoutMs / 2
        : toMs(request.longPollingTimeout)
    const pollMs = Math.trunc(Math.min(longest, Math.max(shortest, wanted)))
    if (remainingMs === undefined || pollMs <= remainingMs) return pollMs
    if (remainingMs >= shortest) return remainingMs
    const knowsCode = clientVersion !== undefined && clientVersion >= POLLING_TIME_VERSION
    throw new ProxyError(
      knowsCode ? StatusCode.ILLEGAL_POLLING_TIME : StatusCode.BAD_REQUEST,
      'The deadline time remaining is not enough for polling, please check network condition',
    )
  }

  #invisibleMs({ invisibleDuration }: ReceiveMessageRequest, isRenewed: boolean): number {
    if (isRenewed) return this.#conf.defaultInvisibleTimeMills
    const ms = invisibleDuration === undefined ? 0 : toMs(invisibleDuration)
    checkInvisibleMs(ms, this.#conf.minInvisibleTimeMillsForRecv, this.#conf.maxInvisibleTimeMills)
    return ms
  }

  async #broker(topic: string, brokerName: string): Promise<BrokerTarget> {
    const { readBrokers } = await this.#gateway.route(topic)
    const named = readBrokers.find((broker) => broker.brokerName === brokerName)
    const broker = named ?? readBrokers[this.#turn++ % Math.max(1, readBrokers.length)]
    if (broker === undefined) throw new ProxyError(StatusCode.FORBIDDEN, 'no readable queue')
    return broker
  }

  /** Those that the client is to get. Others are done with: their tag is not wanted, or they were tried often enough. */
  #sort(
    popped: readonly PoppedMessage[],
    subscription: Subscription,
    { topic, group }: Omit<GivenOut, 'messageId'>,
    attempts: number,
  ): PoppedMessage[] {
    return popped.filter(({ message, handle, reconsumeTimes, messageId, liteTopic }) => {
      const given = { topic, group, messageId, liteTopic }
      if (!wantsTag(subscription, message.properties.get(Property.tags))) {
        this.#onTheWay(this.#invisible.acknowledge(handle, given), given)
        return false
      }
      if (reconsumeTimes < attempts) return true
      this.#onTheWay(this.#invisible.forwardToDeadLetters(handle, given), given)
      return false
    })
  }

  #giveBack({ handle }: PoppedMessage, given: GivenOut): void {
    this.#onTheWay(
      this.#invisible.changeInvisibleTime(handle, given, NOT_TAKEN_MS, given.liteTopic !== undefined),
      given,
    )
  }

  /** Nobody waits for it: a message for which it fails is seen again when its invisible time is over. */
  #onTheWay(step: Promise<unknown>, { topic, group, messageId }: GivenOut): void {
    step.catch((error: unknown) => {
      this.#logger.warn({ topic, group, messageId, error: String(error) }, 'a message that was popped comes again')
    })
  }
}

/** @throws ProxyError ILLEGAL_INVISIBLE_TIME */
export function checkInvisibleMs(ms: number, shortestMs: number, longestMs: number): void {
  if (ms < shortestMs) {
    throw new ProxyError(StatusCode.ILLEGAL_INVISIBLE_TIME, `the invisibleTime is too small. min is ${shortestMs}`)
  }
  if (longestMs > 0 && ms > longestMs) {
    throw new ProxyError(StatusCode.ILLEGAL_INVISIBLE_TIME, `the invisibleTime is too large. max is ${longestMs}`)
  }
}

function nothing(code: number, remark: string | undefined): Received {
  if (code === ResponseCode.POLLING_FULL) {
    return { status: status(StatusCode.TOO_MANY_REQUESTS, 'polling full'), messages: [] }
  }
  if (code === ResponseCode.POLLING_TIMEOUT || code === ResponseCode.PULL_NOT_FOUND) {
    return { status: status(StatusCode.MESSAGE_NOT_FOUND, 'no new message'), messages: [] }
  }
  throw refusal(code, remark)
}
