import type { Credentials } from '../../auth/remoting/signed-content.ts'
import { asObject, listField, textField } from '../../codec/json/json-fields.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import { decodeMessageId } from '../../codec/message/message-id.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { languageName } from '../../codec/remoting/language-code.ts'
import type { RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode, requestCodeName } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { dialectOf, encodeRoute } from '../../codec/route/encode-route-data.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Address, Network } from '../../io/network.ts'
import type { Channel } from '../../net/channel.ts'
import type { NetContext } from '../../net/net-context.ts'
import { RemotingServer, type RequestHandler } from '../../net/remoting-server.ts'
import type { RemotingGuard } from '../access/remoting-guard.ts'
import { Bound } from '../bound.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { checkType } from '../services/send-service.ts'
import { Brokers } from './brokers.ts'
import { ClientLink } from './client-link.ts'
import { mergedConnections, mergedConsumerList } from './consumer-views.ts'
import { FORWARDED_CODES, type ForwardedCode, type Lane } from './forwarded-codes.ts'
import { proxyAddress } from './proxy-address.ts'
import { relay } from './relay.ts'
import { remotingError } from './remoting-status.ts'
import { sentMessage } from './send-check.ts'

export interface RemotingPortParts {
  /** Of the connections to brokers. */
  readonly context: NetContext
  readonly gateway: BrokerGateway
  readonly conf: ProxyConf
  /** The cluster whose brokers clients are made known to. */
  readonly cluster: string
  readonly credentials: Credentials | undefined
  /** Says who is not served; undefined: all are. */
  readonly guard: Pick<RemotingGuard, 'before'> | undefined
}

const TIMEOUT_MS = 3000
/** Beyond the time that a broker holds a request. */
const HELD_REQUEST_MS = 10_000
const IDLE_TIMEOUT_MS = 120_000
/** Sends that are under way when the proxy stops get their answer. */
const DRAIN_MS = 3000
const DRAIN_LOOK_MS = 20

/**
 * The port for clients of the remoting protocol: they take the proxy for their name server, and routes tell them that every
 * broker is there (source: RemotingProtocolServer). What they ask goes to the broker that the request names, over a
 * {@link ClientLink}.
 */
export class RemotingPort {
  readonly #parts: RemotingPortParts
  readonly #links = new Map<Channel, ClientLink>()
  readonly #relayTimeoutMs: number
  readonly #brokers: Brokers
  readonly #lanes: Readonly<Record<Lane, Bound>>
  #server: RemotingServer | undefined
  #port = 0
  #isStopping = false

  constructor(parts: RemotingPortParts) {
    const { conf } = parts
    this.#parts = parts
    this.#brokers = new Brokers(parts.gateway, parts.cluster)
    this.#relayTimeoutMs = conf.grpcProxyRelayRequestTimeoutInSeconds * 1000
    const bound = (key: keyof ProxyConf & `remoting${string}QueueCapacity`) => new Bound(conf[key] as number, key)
    this.#lanes = {
      send: bound('remotingSendThreadPoolQueueCapacity'),
      pull: bound('remotingPullThreadPoolQueueCapacity'),
      updateOffset: bound('remotingUpdateOffsetThreadPoolQueueCapacity'),
      heartbeat: bound('remotingHeartbeatThreadPoolQueueCapacity'),
      route: bound('remotingTopicRouteThreadPoolQueueCapacity'),
      default: bound('remotingDefaultThreadPoolQueueCapacity'),
    }
  }

  /** `network`: for clients. Rejects when the port cannot be had. */
  async listen(network: Network): Promise<Address> {
    const { context, conf } = this.#parts
    const server = new RemotingServer(
      { ...context, network },
      { idleTimeoutMs: IDLE_TIMEOUT_MS, onClosed: (channel) => this.#forget(channel) },
    )
    this.#server = server
    for (const [code, how] of FORWARDED_CODES) {
      this.#serve(code, how.lane, (request, channel) => this.#forward(request, channel, how))
    }
    const serve = this.#serve.bind(this)
    serve(RequestCode.GET_ROUTEINFO_BY_TOPIC, 'route', (request, channel) => this.#route(request, channel))
    serve(RequestCode.HEART_BEAT, 'heartbeat', (request, channel) => this.#heartbeat(request, channel))
    serve(RequestCode.UNREGISTER_CLIENT, 'default', (request, channel) =>
      this.#link(channel).unregister(draftOf(request)),
    )
    serve(RequestCode.CHECK_CLIENT_CONFIG, 'default', (request, channel) => this.#askAny(request, channel))
    serve(RequestCode.LOCK_BATCH_MQ, 'default', (request, channel) => this.#lock(request, channel))
    serve(RequestCode.UNLOCK_BATCH_MQ, 'default', (request, channel) => this.#lock(request, channel))
    serve(RequestCode.GET_CONSUMER_LIST_BY_GROUP, 'default', async (request, channel) =>
      mergedConsumerList(await this.#askAll(request, channel)),
    )
    serve(RequestCode.GET_CONSUMER_CONNECTION_LIST, 'default', async (request, channel) =>
      mergedConnections(await this.#askAll(request, channel)),
    )
    const address = await server.listen({ host: conf.bindAddress, port: conf.remotingListenPort })
    this.#port = address.port
    return address
  }

  /**
   * What has been handed to brokers is answered; what comes meanwhile is not handed on, so that clients that see the
   * connection closed may send it elsewhere without sending it twice. Messages that are asked for are not waited for.
   */
  async stop(): Promise<void> {
    this.#isStopping = true
    const { clock } = this.#parts.context
    const end = clock.monotonic() + DRAIN_MS
    while (this.#isBusy && clock.monotonic() < end) {
      await new Promise<void>((resolve) => void clock.after(DRAIN_LOOK_MS, resolve))
    }
    this.#server?.close()
    for (const channel of [...this.#links.keys()]) this.#forget(channel)
  }

  get #isBusy(): boolean {
    return Object.entries(this.#lanes).some(([lane, { count }]) => lane !== 'pull' && count > 0)
  }

  #serve(
    code: number,
    lane: Lane,
    step: (request: CommandView, channel: Channel) => Promise<Response | undefined>,
  ): void {
    const bound = this.#lanes[lane]
    const { guard, context } = this.#parts
    const handler: RequestHandler = (request, channel) => {
      if (this.#isStopping) return undefined
      try {
        bound.enter()
      } catch (error) {
        throw remotingError(error)
      }
      const { opaque, serializeType, isOneway } = request
      const answer = step(request, channel)
        .catch((error: unknown) => {
          throw remotingError(error)
        })
        .finally(() => bound.leave())
      if (!isOneway) return answer
      answer.catch((error: unknown) => {
        const fields = {
          request: requestCodeName(code),
          peer: channel.remoteText,
          error: String(error),
          opaque,
          serializeType,
        }
        context.logger.warn(fields, 'a request that wants no answer was not handed on')
      })
      return undefined
    }
    this.#server!.handle(code, guard === undefined ? handler : guard.before(handler))
  }

  async #forward(request: CommandView, channel: Channel, how: ForwardedCode): Promise<Response | undefined> {
    const draft = draftOf(request)
    const { isOneway, code } = request
    const held = how.heldField === undefined ? 0 : HELD_REQUEST_MS + (request.integer(how.heldField) ?? 0)
    const brokerName = request.text(how.brokerField)
    const message = isSend(code) && this.#parts.conf.enableTopicMessageTypeCheck ? sentMessage(request) : undefined
    const recalled = code === RequestCode.RECALL_MESSAGE ? request.text('topic') : undefined
    const storedAt = code === RequestCode.END_TRANSACTION ? decodeMessageId(request.text('msgId') ?? '') : undefined
    const { gateway, conf } = this.#parts
    if (message !== undefined) checkType(await gateway.topicType(message.topic), message.type)
    if (recalled !== undefined && conf.enableTopicMessageTypeCheck)
      checkType(await gateway.topicType(recalled), 'DELAY')
    const broker =
      brokerName === undefined && storedAt !== undefined
        ? await this.#brokers.at(
            storedAt.ip.includes(':') ? `[${storedAt.ip}]:${storedAt.port}` : `${storedAt.ip}:${storedAt.port}`,
          )
        : await this.#brokers.named(brokerName ?? noBroker(), how.isRead === true)
    const link = this.#link(channel)
    if (!isOneway) return link.invoke(broker, draft, held === 0 ? TIMEOUT_MS : held)
    await link.sendOneway(broker, draft)
    return undefined
  }

  /** As the name server has it, but that every broker is here. */
  async #route(request: CommandView, channel: Channel): Promise<Response> {
    const topic = request.requiredText('topic')
    const dialect = dialectOf(request)
    const { data } = await this.#parts.gateway.route(topic)
    const here = proxyAddress(this.#parts.conf.remotingAccessAddr, channel.local.host, this.#port)
    const brokerDatas = data.brokerDatas.map((broker) => ({
      ...broker,
      brokerAddrs: new Map([...broker.brokerAddrs.keys()].map((id) => [id, here])),
    }))
    const body = encodeRoute({ ...data, brokerDatas, filterServerTable: new Map() }, dialect)
    return { code: ResponseCode.SUCCESS, body }
  }

  async #heartbeat(request: CommandView, channel: Channel): Promise<Response> {
    const draft = draftOf(request)
    return this.#link(channel).heartbeat(draft, await this.#brokers.all())
  }

  async #askAny(request: CommandView, channel: Channel): Promise<Response> {
    const draft = draftOf(request)
    const [broker] = await this.#brokers.all()
    return this.#link(channel).invoke(broker ?? noBroker(), draft, TIMEOUT_MS)
  }

  /** Brokers that do not answer are passed over, unless none does. */
  async #askAll(request: CommandView, channel: Channel): Promise<Response[]> {
    const draft = draftOf(request)
    const brokers = await this.#brokers.all()
    const link = this.#link(channel)
    const answers = await Promise.allSettled(brokers.map((broker) => link.invoke(broker, draft, TIMEOUT_MS)))
    const given = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const [first] = answers
    if (given.length === 0 && first?.status === 'rejected') throw first.reason
    return given
  }

  /** Clients lock the queues of one broker at a time. */
  async #lock(request: CommandView, channel: Channel): Promise<Response | undefined> {
    const draft = draftOf(request)
    const { isOneway } = request
    const [queue] = listField(asObject(parseJsonBytes(request.body()), 'body'), 'mqSet') ?? []
    if (queue === undefined)
      return { code: ResponseCode.SUCCESS, remark: 'MessageQueue set is empty', body: draft.body }
    const brokerName = textField(asObject(queue, 'mqSet'), 'brokerName') ?? noBroker()
    const broker = await this.#brokers.named(brokerName, false)
    if (!isOneway) return this.#link(channel).invoke(broker, draft, TIMEOUT_MS)
    await this.#link(channel).sendOneway(broker, draft)
    return undefined
  }

  #link(channel: Channel): ClientLink {
    const known = this.#links.get(channel)
    if (known !== undefined) return known
    const { context, credentials } = this.#parts
    const link = new ClientLink({
      context,
      credentials,
      onAsked: (request, from, brokerName) => relay(request, { from, to: channel }, brokerName, this.#relayTimeoutMs),
    })
    if (channel.isOpen) this.#links.set(channel, link)
    else link.close()
    return link
  }

  #forget(channel: Channel): void {
    this.#links.get(channel)?.close()
    this.#links.delete(channel)
  }
}

/** A copy, in which the client is named as it names itself. */
function draftOf(request: CommandView): RequestDraft {
  const { code, language, version } = request
  const body = request.bodyLength === 0 ? undefined : Buffer.from(request.body())
  return { code, fields: request.allFields(), body, language: languageName(language), version }
}

function isSend(code: number): boolean {
  return (
    code === RequestCode.SEND_MESSAGE || code === RequestCode.SEND_MESSAGE_V2 || code === RequestCode.SEND_BATCH_MESSAGE
  )
}

function noBroker(): never {
  throw new RequestError(
    ResponseCode.VERSION_NOT_SUPPORTED,
    "Request doesn't have field bname: the proxy does not know for which broker it is; clients name it from version 4.9.2 on",
  )
}
