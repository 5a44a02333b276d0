import type { AuthConf } from '../../auth/auth-settings.ts'
import { asObject, integerField, objectField, textField } from '../../codec/json/json-fields.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { MASTER_ID } from '../../codec/route/route-data.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import { ProxyError, refusal } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { BrokerClient, GatewayParts } from './broker-client.ts'
import type { BrokerGateway } from './broker-gateway.ts'
import { cacheLimits } from './cache-limits.ts'
import { type GroupSettings, readGroupSettings } from './group-settings.ts'
import { type TopicType, topicTypeOf } from './message-type.ts'
import { RefreshingCache } from './refreshing-cache.ts'
import { RouteView } from './route-view.ts'

const ASK_TIMEOUT_MS = 3000

/** The broker that a proxy in local mode belongs to. */
export interface LocalBroker {
  readonly cluster: string
  readonly brokerName: string
  /** `host:port` */
  readonly address: string
  /** What its conf file says of access: it holds for the proxy, too. */
  readonly auth: AuthConf
}

interface Topic {
  readonly route: RouteView
  readonly type: TopicType
}

/** One broker and nothing else: what it does not have is not there. */
export class LocalGateway implements BrokerGateway {
  readonly #client: BrokerClient
  readonly #broker: LocalBroker
  readonly #topics: RefreshingCache<Topic>
  readonly #groups: RefreshingCache<GroupSettings | undefined>

  constructor({ client, clock, logger }: GatewayParts, conf: ProxyConf, broker: LocalBroker) {
    this.#client = client
    this.#broker = broker
    const limits = cacheLimits(conf)
    const keepsStale = (name: string, error: unknown): boolean => {
      if (error instanceof ProxyError) return false
      logger.warn({ name, error: String(error) }, 'what was known before stays in use')
      return true
    }
    this.#topics = new RefreshingCache(clock, limits.types, (topic) => this.#askTopic(topic), keepsStale)
    this.#groups = new RefreshingCache(clock, limits.groups, (group) => this.#askGroup(group), keepsStale)
  }

  async route(topic: string): Promise<RouteView> {
    return (await this.#topics.get(topic)).route
  }

  async topicType(topic: string): Promise<TopicType> {
    return (await this.#topics.get(topic)).type
  }

  group(group: string): GroupSettings | undefined | Promise<GroupSettings | undefined> {
    return this.#groups.get(group)
  }

  masterOf(brokerName: string): string {
    if (brokerName === this.#broker.brokerName) return this.#broker.address
    throw new ProxyError(StatusCode.TOPIC_NOT_FOUND, `this proxy serves broker ${this.#broker.brokerName} alone`)
  }

  invoke(address: string, request: RequestDraft, timeoutMs: number): Promise<RemotingCommand> {
    return this.#client.invoke(address, request, timeoutMs)
  }

  sendOneway(address: string, request: RequestDraft): Promise<void> {
    return this.#client.sendOneway(address, request)
  }

  async #askTopic(topic: string): Promise<Topic> {
    const { cluster, brokerName, address } = this.#broker
    const answer = await this.#client.invoke(
      address,
      { code: RequestCode.GET_TOPIC_CONFIG, fields: { topic } },
      ASK_TIMEOUT_MS,
    )
    if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) throw refusal(answer.code, answer.remark)
    const config = asObject(parseJsonBytes(answer.body), 'topic')
    const number = (name: string): number => integerField(config, name) ?? 0
    const brokerAddrs = new Map([[MASTER_ID, address]])
    const queues = {
      ...{ brokerName, perm: number('perm'), topicSysFlag: number('topicSysFlag') },
      ...{ readQueueNums: number('readQueueNums'), writeQueueNums: number('writeQueueNums') },
    }
    const route = new RouteView({
      brokerDatas: [{ brokerName, cluster, brokerAddrs, enableActingMaster: false, zoneName: undefined }],
      queueDatas: [queues],
      filterServerTable: new Map(),
      orderTopicConf: undefined,
      topicQueueMappingByBroker: undefined,
    })
    return { route, type: topicTypeOf(textField(objectField(config, 'attributes') ?? {}, 'message.type')) }
  }

  async #askGroup(group: string): Promise<GroupSettings | undefined> {
    const answer = await this.#client.invoke(
      this.#broker.address,
      { code: RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, fields: { group } },
      ASK_TIMEOUT_MS,
    )
    if (answer.code === ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST) return undefined
    if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) throw refusal(answer.code, answer.remark)
    return readGroupSettings(parseJsonBytes(answer.body))
  }
}
