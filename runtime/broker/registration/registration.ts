import { asObject, objectField, textField } from '../../codec/json/json-fields.ts'
import { parseJson } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'
import type { StandIn } from '../replicas/stand-in.ts'
import type { TopicQueueMappingTable } from '../static-topics/topic-queue-mapping-table.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { allowed, type RegisterBody, registerBody } from './register-body.ts'

export interface RegistrationConfig {
  readonly brokerClusterName: string
  readonly brokerName: string
  readonly brokerId: number
  readonly brokerPermission: number
  readonly registerNameServerPeriod: number
  readonly registerBrokerTimeoutMills: number
  readonly forceRegister: boolean
  readonly compressedRegister: boolean
  readonly enableSingleTopicRegister: boolean
  readonly enableSplitRegistration: boolean
  readonly splitRegistrationSize: number
  readonly enableSlaveActingMaster: boolean
  readonly brokerNotActiveTimeoutMillis: number
  readonly brokerHeartbeatInterval: number
  /** `host:port` of each name server. */
  readonly namesrvAddr: readonly string[]
}

/** The master of this broker's group as a name server knows it. */
export interface KnownMaster {
  readonly masterAddr: string
  readonly haServerAddr: string
}

export interface RegistrationParts {
  readonly config: Current<RegistrationConfig>
  readonly clock: Clock
  readonly logger: Logger
  readonly topics: Pick<TopicTable, 'all' | 'find' | 'dataVersion' | 'onChanged' | 'markOrdered'>
  readonly mappings: Pick<TopicQueueMappingTable, 'isEmpty' | 'find'>
  /** Sends a request and gives its answer; rejects when there is none. */
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
  readonly sendOneway: (address: string, request: RequestDraft) => Promise<void>
  /** `brokerIP1:listenPort` */
  readonly brokerAddr: string
  /** `brokerIP2:haListenPort` */
  readonly haServerAddr: string
  /** For slaves: called with what each registration answers. */
  readonly onMaster: (master: KnownMaster) => void
  /** A replica that may be in the routes of its master. */
  readonly standIn?: Pick<StandIn, 'claim' | 'isSilent'> | undefined
}

/** As official brokers bound registerNameServerPeriod. */
const PERIOD_MIN_MS = 10_000
const PERIOD_MAX_MS = 60_000
const UNREGISTER_TIMEOUT_MS = 3_000
/** A name server that could not be reached is tried again sooner than in the usual period. */
const RETRY_MS = 500
/** A slave that no answer has told of its master asks again after this: both may have been started together. */
const MASTER_RETRY_MS = 2_000
const MASTER_ID = 0

/** Keeps the name servers informed of this broker and its topics. Each on its own: a dead one delays no other. */
export class Registration {
  readonly #parts: RegistrationParts
  /** By address. */
  readonly #links = new Map<string, NameServerLink>()
  readonly #timers: Timer[] = []

  constructor(parts: RegistrationParts) {
    this.#parts = parts
    parts.topics.onChanged((changed) => {
      this.#each((link) => link.topicsChanged(changed))
    })
  }

  /** Registers everywhere; resolves when every name server has answered or failed to, at the latest after the timeout. */
  async start(): Promise<void> {
    const { clock, config } = this.#parts
    const { registerNameServerPeriod, enableSlaveActingMaster, brokerHeartbeatInterval } = config.current
    const periodMs = Math.max(PERIOD_MIN_MS, Math.min(registerNameServerPeriod, PERIOD_MAX_MS))
    this.#timers.push(clock.every(periodMs, () => this.#each((link) => link.period())))
    this.#timers.push(clock.every(RETRY_MS, () => this.#each((link) => link.retry())))
    this.#timers.push(clock.every(MASTER_RETRY_MS, () => this.#each((link) => link.retryMaster())))
    if (enableSlaveActingMaster) {
      this.#timers.push(clock.every(brokerHeartbeatInterval, () => this.#each((link) => link.heartbeat())))
    }
    await this.refresh()
  }

  /** Registers with all topics now: something other than topics changed (permission, role, the list of name servers). */
  async refresh(): Promise<void> {
    this.#followList()
    await Promise.all([...this.#links.values()].map((link) => link.registerAll()))
  }

  /**
   * One that is no longer in the list is told nothing more, not even goodbye: until it is stopped, or has not heard of this
   * broker for two minutes, clients that still ask it get the routes that were right.
   */
  #followList(): void {
    const { namesrvAddr } = this.#parts.config.current
    for (const [address, link] of this.#links) {
      if (namesrvAddr.includes(address)) continue
      link.leave()
      this.#links.delete(address)
    }
    for (const address of namesrvAddr) {
      if (!this.#links.has(address)) this.#links.set(address, new NameServerLink(address, this.#parts))
    }
  }

  /**
   * The connection to an address is gone. A name server that comes back knows nothing of us: telling it at the next
   * retry, not at the next period, keeps the cluster's routes from staying empty for half a minute.
   */
  connectionLost(address: string): void {
    this.#links.get(address)?.connectionLost()
  }

  /** Tells all name servers that this broker goes. Never rejects. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel()
    await Promise.all([...this.#links.values()].map((link) => link.unregister()))
  }

  #each(act: (link: NameServerLink) => void): void {
    for (const link of this.#links.values()) act(link)
  }
}

/** What one name server has been told. One request is under way at a time; what comes up meanwhile follows. */
class NameServerLink {
  readonly #address: string
  readonly #parts: RegistrationParts
  #isBusy = false
  #isStopped = false
  /** Everything is to be sent, or only the topics in `changed`. */
  #wantsAll = false
  readonly #changed = new Set<string>()
  /** The last attempt failed; nothing is known of what it knows. */
  #isLost = false
  /** The last answer named this group's master. */
  #toldMaster = false

  constructor(address: string, parts: RegistrationParts) {
    this.#address = address
    this.#parts = parts
  }

  registerAll(): Promise<void> {
    this.#wantsAll = true
    return this.#work()
  }

  topicsChanged(changed: readonly TopicConfig[]): void {
    for (const { topicName } of changed) this.#changed.add(topicName)
    // Topics that are made in a row go with one request: the first starts its way at the end of this turn.
    this.#parts.clock.endOfTurn(() => void this.#work())
  }

  period(): void {
    const { standIn } = this.#parts
    if (standIn?.isSilent && !this.#isLost) return
    if (standIn?.claim !== undefined || this.#parts.config.current.forceRegister || this.#isLost)
      void this.registerAll()
    else void this.#registerIfOutdated()
  }

  connectionLost(): void {
    this.#isLost = true
  }

  /** Nothing is sent any more. */
  leave(): void {
    this.#isStopped = true
  }

  retry(): void {
    if (this.#isLost && !this.#isBusy) void this.registerAll()
  }

  retryMaster(): void {
    const isSlave = this.#parts.config.current.brokerId > 0 && this.#parts.standIn?.claim === undefined
    if (isSlave && !this.#toldMaster && !this.#isBusy) void this.registerAll()
  }

  heartbeat(): void {
    const { sendOneway, logger } = this.#parts
    const request = { code: RequestCode.BROKER_HEARTBEAT, fields: this.#identity() }
    sendOneway(this.#address, request).catch((error: unknown) => {
      logger.debug({ nameServer: this.#address, err: error }, 'heartbeat not sent')
    })
  }

  async unregister(): Promise<void> {
    this.#isStopped = true
    const { invoke, logger } = this.#parts
    const request = { code: RequestCode.UNREGISTER_BROKER, fields: this.#identity() }
    try {
      await invoke(this.#address, request, UNREGISTER_TIMEOUT_MS)
    } catch (error) {
      logger.warn(
        { nameServer: this.#address, reason: String(error) },
        'could not unregister; the name server will notice',
      )
    }
  }

  async #work(): Promise<void> {
    if (this.#isBusy || this.#isStopped) return
    this.#isBusy = true
    try {
      while ((this.#wantsAll || this.#changed.size > 0) && !this.#isStopped) await this.#step()
      if (this.#isLost) {
        this.#isLost = false
        this.#parts.logger.info({ nameServer: this.#address }, 'name server reached again')
      }
    } catch (error) {
      // Tried again by retry(), then with everything.
      if (!this.#isLost) {
        this.#parts.logger.warn(
          { nameServer: this.#address, reason: String(error) },
          'registration failed, trying again',
        )
      }
      this.#isLost = true
      this.#wantsAll = false
      this.#changed.clear()
    } finally {
      this.#isBusy = false
    }
  }

  async #step(): Promise<void> {
    const { topics, mappings, config } = this.#parts
    const { enableSplitRegistration, splitRegistrationSize, enableSingleTopicRegister } = config.current
    if (this.#wantsAll) {
      this.#wantsAll = false
      this.#changed.clear()
      const all = [...topics.all()]
      const size = enableSplitRegistration ? Math.max(1, splitRegistrationSize) : Math.max(1, all.length)
      for (let at = 0; at < Math.max(1, all.length); at += size) await this.#register(all.slice(at, at + size))
      return
    }
    const changed = [...this.#changed].map((name) => topics.find(name)).filter((topic) => topic !== undefined)
    this.#changed.clear()
    // What a static topic is made of goes with a whole registration only.
    const isWhole = (topic: TopicConfig) => !enableSingleTopicRegister || mappings.find(topic.topicName) !== undefined
    const whole = changed.filter(isWhole)
    for (const topic of changed) if (!isWhole(topic)) await this.#registerTopic(topic)
    if (whole.length > 0) await this.#register(whole)
  }

  async #register(topics: readonly TopicConfig[]): Promise<void> {
    const { config, invoke } = this.#parts
    const conf = config.current
    const body = this.#body(topics)
    const response = await invoke(
      this.#address,
      {
        code: RequestCode.REGISTER_BROKER,
        fields: {
          ...this.#identity(),
          haServerAddr: this.#parts.haServerAddr,
          enableActingMaster: conf.enableSlaveActingMaster,
          heartbeatTimeoutMillis: conf.enableSlaveActingMaster ? conf.brokerNotActiveTimeoutMillis : undefined,
          compressed: conf.compressedRegister,
          bodyCrc32: body.crc32,
        },
        body: body.bytes,
      },
      conf.registerBrokerTimeoutMills,
    )
    if (response.code !== ResponseCode.SUCCESS) throw refusedBy(this.#address, response)
    this.#learn(response)
  }

  #body(topics: readonly TopicConfig[]): RegisterBody {
    const { config, mappings, topics: table, standIn } = this.#parts
    const { brokerPermission, compressedRegister } = config.current
    const version = table.dataVersion.toJson()
    const stateVersion = Math.max(version.stateVersion, standIn?.claim?.stateVersion ?? 0)
    return registerBody(topics, mappings, { ...version, stateVersion }, brokerPermission, compressedRegister)
  }

  async #registerTopic(topic: TopicConfig): Promise<void> {
    const { config, invoke } = this.#parts
    const { brokerName, brokerPermission, registerBrokerTimeoutMills } = config.current
    const { perm, readQueueNums, writeQueueNums, topicSysFlag } = allowed(topic, brokerPermission)
    const queueData = { brokerName, perm, readQueueNums, topicSysFlag, writeQueueNums }
    const body = encodeJson({ brokerDatas: [], filterServerTable: {}, queueDatas: [queueData] })
    const fields = { topic: topic.topicName }
    const request = { code: RequestCode.REGISTER_TOPIC_IN_NAMESRV, fields, body }
    const response = await invoke(this.#address, request, registerBrokerTimeoutMills)
    if (response.code !== ResponseCode.SUCCESS) throw refusedBy(this.#address, response)
  }

  /** Sends everything only when the name server has another version of the topics. The question counts as a heartbeat. */
  async #registerIfOutdated(): Promise<void> {
    const { invoke, topics, config, logger } = this.#parts
    const body = encodeJson({ ...topics.dataVersion.toJson() })
    const request = { code: RequestCode.QUERY_DATA_VERSION, fields: this.#identity(), body }
    try {
      const answer = await invoke(this.#address, request, config.current.registerBrokerTimeoutMills)
      if (answer.code === ResponseCode.SUCCESS && answer.fields['changed'] === 'false') return
    } catch (error) {
      logger.debug({ nameServer: this.#address, reason: String(error) }, 'data version not known, registering')
    }
    await this.registerAll()
  }

  #learn(response: RemotingCommand): void {
    const { masterAddr, haServerAddr } = response.fields
    this.#toldMaster = Boolean(masterAddr && haServerAddr)
    if (masterAddr && haServerAddr) this.#parts.onMaster({ masterAddr, haServerAddr })
    if (!response.body) return
    // ORDER_TOPIC_CONFIG of the name server: topics whose messages have an order.
    const table = objectField(asObject(parseJson(response.body.toString()), 'registration answer'), 'table') ?? {}
    this.#parts.topics.markOrdered(Object.keys(table).filter((topic) => textField(table, topic) !== undefined))
  }

  #identity(): Record<string, string | number> {
    const { brokerClusterName: clusterName, brokerName, brokerId: own } = this.#parts.config.current
    const brokerId = this.#parts.standIn?.claim === undefined ? own : MASTER_ID
    return { brokerId, brokerName, brokerAddr: this.#parts.brokerAddr, clusterName }
  }
}

function refusedBy(address: string, response: RemotingCommand): Error {
  return new Error(`${address} answered ${responseCodeName(response.code)}: ${response.remark ?? ''}`)
}
