import { encodeJson } from '../../codec/json/write-json.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import type { GroupSettings } from '../brokers/group-settings.ts'
import { checkLiteTopic, groupName, topicName } from '../messages/names.ts'
import { OK, ProxyError, refusal } from '../proxy-error.ts'
import { isLiteConsumer, LiteAction } from '../wire/definition.ts'
import type { SyncLiteSubscriptionRequest } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { ClientCall } from './client-call.ts'
import type { ClientTable, KnownClient } from './client-table.ts'

const TIMEOUT_MS = 2000
/** A client may be over its quota by so many: it counts itself, and others may have changed the quota meanwhile. */
const QUOTA_MARGIN = 300

/** Actions and kinds of positions as brokers name them. */
const ACTION_NAMES = ['PARTIAL_ADD', 'PARTIAL_REMOVE', 'COMPLETE_ADD', 'COMPLETE_REMOVE']

/** What clients say of the lite topics they subscribe to, and are told of them (source: ClientActivity, ClientProcessor). */
export class LiteService {
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #clients: ClientTable
  /** Of the present second: how many subscriptions were added. */
  #second = 0
  #added = 0

  constructor(parts: {
    readonly gateway: BrokerGateway
    readonly conf: ProxyConf
    readonly clock: Clock
    readonly logger: Logger
    readonly clients: ClientTable
  }) {
    this.#gateway = parts.gateway
    this.#conf = parts.conf
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#clients = parts.clients
  }

  /** @throws ProxyError, InvocationError */
  async sync(call: ClientCall, request: SyncLiteSubscriptionRequest) {
    const topic = topicName(request.topic)
    const group = groupName(request.group)
    const action = ACTION_NAMES[request.action]
    if (action === undefined) throw new ProxyError(StatusCode.BAD_REQUEST, `there is no action ${request.action}`)
    const liteTopics = [...new Set(request.liteTopicSet)]
    const isAddition = request.action === LiteAction.partialAdd
    if (isAddition) for (const name of liteTopics) checkLiteTopic(name, this.#conf.maxLiteTopicSize)
    const { bindTopic, quota } = await this.#group(group)
    if (bindTopic !== topic) throw notBound(group, bindTopic, topic)
    if (liteTopics.length > quota + QUOTA_MARGIN) {
      throw new ProxyError(StatusCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED, `lite subscription quota exceeded: ${quota}`)
    }
    if (isAddition) this.#count(topic, group, call.clientId)
    const offsetOption = isAddition ? positionOf(request.offsetOption) : undefined
    const { clientId } = call
    const entry = {
      action,
      clientId,
      group,
      topic,
      liteTopicSet: liteTopics,
      offsetOption,
      version: request.version ?? 0,
    }
    await this.#tell(entry)
    return { status: OK }
  }

  /** Whether a consumer may consume for a group in the way it wants to. @throws ProxyError */
  check(
    clientType: number | undefined,
    group: string,
    settings: GroupSettings | undefined,
    topics: readonly string[],
  ): void {
    const isLite = isLiteConsumer(clientType)
    const bindTopic = settings?.bindTopic
    if (isLite && bindTopic === undefined) {
      throw new ProxyError(StatusCode.ILLEGAL_CONSUMER_GROUP, `regular group cannot use LITE mode: ${group}`)
    }
    if (!isLite && bindTopic !== undefined) {
      throw new ProxyError(StatusCode.ILLEGAL_CONSUMER_GROUP, `lite group must use LITE mode: ${group}`)
    }
    const [topic] = topics
    if (isLite && topic !== undefined && topic !== bindTopic) throw notBound(group, bindTopic, topic)
  }

  /** A client is gone: what came for it is for others. Never rejects. */
  async left({ id, group, settings }: KnownClient): Promise<void> {
    const topic = settings.subscription?.subscriptions[0]?.topic?.name
    if (!isLiteConsumer(settings.clientType) || group === undefined || topic === undefined) return
    try {
      await this.#tell({ action: 'COMPLETE_REMOVE', clientId: id, group, topic, liteTopicSet: [], version: 0 })
    } catch (error) {
      // Brokers find out themselves: it says nothing any more.
      this.#logger.warn(
        { client: id, group, error: String(error) },
        'not all brokers were told that a lite consumer is gone',
      )
    }
  }

  /** NOTIFY_UNSUBSCRIBE_LITE of a broker: another consumer has taken an exclusive lite topic over. */
  onUnsubscribed({ fields }: RemotingCommand): void {
    const { clientId = '', consumerGroup, liteTopic = '' } = fields
    const client = this.#clients.get(clientId)
    if (client?.group !== consumerGroup || client?.telemetry === undefined || client.telemetry.isOver) return
    client.telemetry.write({ notifyUnsubscribeLiteCommand: { liteTopic } })
  }

  async #group(group: string): Promise<{ bindTopic: string | undefined; quota: number }> {
    const settings = await this.#gateway.group(group)
    if (settings !== undefined) return { bindTopic: settings.bindTopic, quota: settings.liteQuota }
    throw new ProxyError(StatusCode.ILLEGAL_CONSUMER_GROUP, `group not found: ${group}`)
  }

  /** @throws ProxyError TOO_MANY_REQUESTS */
  #count(topic: string, group: string, clientId: string): void {
    const second = Math.floor(this.#clock.monotonic() / 1000)
    if (second !== this.#second) this.#added = 0
    this.#second = second
    if (++this.#added <= this.#conf.maxSyncLiteSubscriptionRate) return
    const text = `Too many syncLiteSubscription requests, topic=${topic}, group=${group}, clientId=${clientId}`
    throw new ProxyError(StatusCode.TOO_MANY_REQUESTS, text)
  }

  /** All brokers of the topic: each knows which lite topics are its own. @throws ProxyError, InvocationError */
  async #tell(entry: { readonly topic: string; readonly [name: string]: unknown }): Promise<void> {
    const { readBrokers } = await this.#gateway.route(entry.topic)
    const request = { code: RequestCode.LITE_SUBSCRIPTION_CTL, body: encodeJson({ subscriptionSet: [entry] } as never) }
    const answers = await Promise.all(
      readBrokers.map(({ address }) => this.#gateway.invoke(address, request, TIMEOUT_MS)),
    )
    const refused = answers.find(({ code }) => code !== ResponseCode.SUCCESS)
    if (refused !== undefined) throw refusal(refused.code, refused.remark)
  }
}

type GivenPosition = SyncLiteSubscriptionRequest['offsetOption']

function positionOf(given: GivenPosition): { type: string; value: number } | undefined {
  if (given?.policy !== undefined) return { type: 'POLICY', value: given.policy }
  if (given?.offset !== undefined) return { type: 'OFFSET', value: given.offset }
  if (given?.tailN !== undefined) return { type: 'TAIL_N', value: given.tailN }
  return given?.timestamp === undefined ? undefined : { type: 'TIMESTAMP', value: given.timestamp }
}

function notBound(group: string, bindTopic: string | undefined, topic: string): ProxyError {
  const text = `lite group ${group} is expected to bind topic ${bindTopic}, but actual is ${topic}`
  return new ProxyError(StatusCode.ILLEGAL_TOPIC, text)
}
