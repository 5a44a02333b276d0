import { asObject, objectField, textField } from '../../codec/json/json-fields.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { readRouteData } from '../../codec/route/route-data.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Clock } from '../../io/clock.ts'
import { InvocationError } from '../../net/pending-invocations.ts'
import { ProxyError, refusal } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { BrokerClient, GatewayParts } from './broker-client.ts'
import type { BrokerGateway } from './broker-gateway.ts'
import { cacheLimits } from './cache-limits.ts'
import { type GroupSettings, readGroupSettings } from './group-settings.ts'
import { type TopicType, topicTypeOf } from './message-type.ts'
import { RefreshingCache } from './refreshing-cache.ts'
import { type BrokerTarget, RouteView } from './route-view.ts'

const ASK_TIMEOUT_MS = 3000
const DOUBT_EVERY_MS = 1000

/** Name servers and brokers of a cluster, over one connection to each. */
export class ClusterGateway implements BrokerGateway {
  readonly #client: BrokerClient
  readonly #conf: ProxyConf
  readonly #routes: RefreshingCache<RouteView>
  readonly #types: RefreshingCache<TopicType>
  readonly #groups: RefreshingCache<GroupSettings | undefined>
  /** The name server that answered last. */
  #nameServer = 0
  #turn = 0
  #doubtedMs = Number.NEGATIVE_INFINITY
  readonly #clock: Clock

  constructor({ client, clock, logger }: GatewayParts, conf: ProxyConf) {
    this.#client = client
    this.#conf = conf
    const stale = (what: string) => (key: string, error: unknown) => {
      const isGone = error instanceof ProxyError && error.code === StatusCode.TOPIC_NOT_FOUND
      if (!isGone) {
        logger.warn({ [what]: key, error: String(error) }, `the ${what} stays in use as it was known before`)
      }
      return !isGone
    }
    this.#clock = clock
    const limits = cacheLimits(conf)
    this.#routes = new RefreshingCache(clock, limits.routes, (topic) => this.#askRoute(topic), stale('route'))
    this.#types = new RefreshingCache(clock, limits.types, (topic) => this.#askType(topic), stale('topic'))
    this.#groups = new RefreshingCache(clock, limits.groups, (group) => this.#askGroup(group), stale('group'))
  }

  route(topic: string): RouteView | Promise<RouteView> {
    return this.#routes.get(topic)
  }

  topicType(topic: string): TopicType | Promise<TopicType> {
    return this.#types.get(topic)
  }

  group(group: string): GroupSettings | undefined | Promise<GroupSettings | undefined> {
    return this.#groups.get(group)
  }

  /** Every broker has a topic of its own name. */
  async masterOf(brokerName: string): Promise<string> {
    const route = await this.route(brokerName)
    const address = route.masterOf(brokerName)
    if (address !== undefined) return address
    this.#routes.forget(brokerName)
    throw new ProxyError(StatusCode.INTERNAL_SERVER_ERROR, `broker ${brokerName} has no master at the moment`)
  }

  async invoke(address: string, request: RequestDraft, timeoutMs: number): Promise<RemotingCommand> {
    try {
      const answer = await this.#client.invoke(address, request, timeoutMs)
      if (answer.code === ResponseCode.SERVICE_NOT_AVAILABLE) this.#doubtRoutes()
      return answer
    } catch (error) {
      if (error instanceof InvocationError && error.reason !== 'limit') this.#doubtRoutes()
      throw error
    }
  }

  sendOneway(address: string, request: RequestDraft): Promise<void> {
    return this.#client.sendOneway(address, request)
  }

  /** A broker that fails may be master no more: ask before the usual time, but not for every request that fails. */
  #doubtRoutes(): void {
    const now = this.#clock.monotonic()
    if (now - this.#doubtedMs < DOUBT_EVERY_MS) return
    this.#doubtedMs = now
    this.#routes.doubtAll()
  }

  async #askRoute(topic: string): Promise<RouteView> {
    const answer = await this.#askNameServer({ code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic } })
    if (answer.code === ResponseCode.TOPIC_NOT_EXIST) {
      throw new ProxyError(
        StatusCode.TOPIC_NOT_FOUND,
        answer.remark ?? `No topic route info in name server for the topic: ${topic}`,
      )
    }
    if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) throw refusal(answer.code, answer.remark)
    return new RouteView(readRouteData(parseJsonBytes(answer.body)))
  }

  async #askType(topic: string): Promise<TopicType> {
    const broker = await this.#anyBroker(topic)
    const answer = await this.#client.invoke(
      broker.address,
      { code: RequestCode.GET_TOPIC_CONFIG, fields: { topic } },
      ASK_TIMEOUT_MS,
    )
    if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) throw refusal(answer.code, answer.remark)
    const config = asObject(parseJsonBytes(answer.body), 'topic')
    return topicTypeOf(textField(objectField(config, 'attributes') ?? {}, 'message.type'))
  }

  async #askGroup(group: string): Promise<GroupSettings | undefined> {
    const broker = await this.#anyBroker(this.#conf.rocketMQClusterName)
    const answer = await this.#client.invoke(
      broker.address,
      { code: RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, fields: { group } },
      ASK_TIMEOUT_MS,
    )
    if (answer.code === ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST) return undefined
    if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) throw refusal(answer.code, answer.remark)
    return readGroupSettings(parseJsonBytes(answer.body))
  }

  /** The brokers that have a topic, in turn. Every broker of a cluster has a topic of the cluster's name. */
  async #anyBroker(topic: string): Promise<BrokerTarget> {
    const { data } = await this.route(topic)
    const found = data.brokerDatas.flatMap(({ brokerName, brokerAddrs }) => {
      const address = [...brokerAddrs].sort(([a], [b]) => a - b)[0]?.[1]
      return address === undefined ? [] : [{ brokerName, address }]
    })
    const broker = found[this.#turn++ % Math.max(1, found.length)]
    if (broker === undefined)
      throw new ProxyError(StatusCode.TOPIC_NOT_FOUND, `no broker has the topic ${topic} at the moment`)
    return broker
  }

  /** Each name server knows everything: the first that answers will do. */
  async #askNameServer(request: RequestDraft): Promise<RemotingCommand> {
    const { namesrvAddr } = this.#conf
    let failure: unknown
    for (let i = 0; i < namesrvAddr.length; i++) {
      const address = namesrvAddr[this.#nameServer % namesrvAddr.length]!
      try {
        return await this.#client.invoke(address, request, ASK_TIMEOUT_MS)
      } catch (error) {
        if (!(error instanceof InvocationError)) throw error
        failure = error
        this.#nameServer++
      }
    }
    throw failure
  }
}
