import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { groupName, topicName } from '../messages/names.ts'
import { subscriptionOf } from '../messages/subscription.ts'
import { OK, ProxyError } from '../proxy-error.ts'
import { CLIENT_TYPE_NAMES, ClientType, type Resource, type Settings } from '../wire/definition.ts'
import type { TelemetryCommand } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { AnnouncedConsumers } from './announced-consumers.ts'
import type { ClientCall } from './client-call.ts'
import type { ClientQuestions } from './client-questions.ts'
import { settingsFor } from './client-settings.ts'
import type { ClientTable, KnownClient, Telemetry } from './client-table.ts'
import type { LiteService } from './lite-service.ts'
import type { Renewals } from './renewals.ts'
import type { TransactionService } from './transaction-service.ts'

/** Who is there: settings, heartbeats and goodbyes of clients (source: ClientActivity). */
export class ClientService {
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #clients: ClientTable
  readonly #renewals: Renewals
  readonly #transactions: TransactionService
  readonly #announced: AnnouncedConsumers | undefined
  readonly #questions: ClientQuestions | undefined
  readonly #lites: LiteService

  constructor(parts: {
    readonly gateway: BrokerGateway
    readonly conf: ProxyConf
    readonly clock: Clock
    readonly logger: Logger
    readonly clients: ClientTable
    readonly renewals: Renewals
    readonly transactions: TransactionService
    /** Undefined: brokers are told of no consumers. */
    readonly announced?: AnnouncedConsumers | undefined
    readonly questions?: ClientQuestions | undefined
    readonly lites: LiteService
  }) {
    this.#gateway = parts.gateway
    this.#conf = parts.conf
    this.#clock = parts.clock
    this.#logger = parts.logger
    this.#clients = parts.clients
    this.#renewals = parts.renewals
    this.#transactions = parts.transactions
    this.#announced = parts.announced
    this.#questions = parts.questions
    this.#lites = parts.lites
  }

  /** A client introduces itself, or has new settings. @throws ProxyError */
  async introduce(call: ClientCall, settings: Settings, telemetry: Telemetry): Promise<void> {
    const { publishing, subscription, clientType } = settings
    checkClientType(clientType)
    const topics = (publishing?.topics ?? []).map(topicName)
    const group = subscription === undefined ? undefined : groupName(subscription.group)
    const subscribed = (subscription?.subscriptions ?? []).map(({ topic, expression }) => {
      subscriptionOf(expression)
      return topicName(topic)
    })
    if (publishing === undefined && subscription === undefined) {
      throw new ProxyError(StatusCode.BAD_REQUEST, 'there is no publishing or subscription data in settings')
    }
    const found = group === undefined ? undefined : await this.#gateway.group(group)
    if (group !== undefined) this.#lites.check(clientType, group, found, subscribed)
    const client = this.#clients.introduce(call.clientId, settings, this.#clock.monotonic())
    client.telemetry = telemetry
    client.group = group
    telemetry.write({ status: OK, settings: settingsFor(settings, found, this.#conf) })
    this.#announced?.announce(client)
    for (const topic of topics) await this.#addTopic(client, topic)
  }

  /** @throws ProxyError UNRECOGNIZED_CLIENT_TYPE, upon which a client introduces itself again */
  heartbeat(call: ClientCall, request: { readonly group: Resource | undefined }) {
    const client = this.#known(call.clientId)
    if (client.settings.subscription !== undefined) groupName(request.group)
    client.lastSeenMs = this.#clock.monotonic()
    this.#announced?.renew(client)
    return { status: OK }
  }

  async terminate(call: ClientCall) {
    await this.#forget(this.#known(call.clientId))
    return { status: OK }
  }

  /** What a client says over telemetry besides its settings: the answer to a question. */
  answered(call: ClientCall, command: TelemetryCommand): void {
    this.#questions?.answered(call.clientId, command)
  }

  /** A client has begun a transaction in a topic that it may not have named before. */
  onTransaction(clientId: string, topic: string): void {
    const client = this.#clients.get(clientId)
    if (client === undefined) return
    this.#clients.addTopic(client, topic)
    this.#transactions.announce(topic)
  }

  /** Forgets clients that have not been heard of. */
  forgetLost(): void {
    const oldest = this.#clock.monotonic() - this.#conf.channelExpiredTimeout
    for (const client of [...this.#clients.all()]) {
      if (client.lastSeenMs >= oldest) continue
      this.#logger.info({ client: client.id, group: client.group }, 'client lost: no heartbeat')
      void this.#forget(client)
    }
  }

  /** The proxy is about to go: a stream that clients keep open must not keep it. */
  endTelemetry(): void {
    for (const { telemetry } of this.#clients.all()) {
      telemetry?.write({ reconnectEndpointsCommand: { nonce: '' } })
      telemetry?.end()
    }
  }

  async #forget(client: KnownClient): Promise<void> {
    this.#clients.remove(client)
    this.#announced?.withdraw(client)
    const { telemetry } = client
    client.telemetry = undefined
    await Promise.all([this.#renewals.clear(client.id), this.#lites.left(client)])
    telemetry?.end()
  }

  async #addTopic(client: KnownClient, topic: string): Promise<void> {
    this.#clients.addTopic(client, topic)
    try {
      const type = await this.#gateway.topicType(topic)
      if (type === 'TRANSACTION' || type === 'MIXED') this.#transactions.announce(topic)
    } catch (error) {
      // A producer may introduce itself before its topic is there; its first transaction announces it.
      this.#logger.debug({ topic, error: String(error) }, 'type of a topic not known yet')
    }
  }

  #known(clientId: string): KnownClient {
    const client = this.#clients.get(clientId)
    if (client !== undefined) return client
    throw new ProxyError(StatusCode.UNRECOGNIZED_CLIENT_TYPE, 'cannot find client settings for this client')
  }
}

const SERVED: ReadonlySet<number> = new Set([
  ClientType.producer,
  ClientType.pushConsumer,
  ClientType.simpleConsumer,
  ClientType.pullConsumer,
  ClientType.litePushConsumer,
  ClientType.liteSimpleConsumer,
  // Clients from before there were types.
  ClientType.unspecified,
])

function checkClientType(type: number = ClientType.unspecified): void {
  if (SERVED.has(type)) return
  const name = CLIENT_TYPE_NAMES[type] ?? String(type)
  throw new ProxyError(StatusCode.UNRECOGNIZED_CLIENT_TYPE, `this proxy does not serve clients of type ${name}`)
}
