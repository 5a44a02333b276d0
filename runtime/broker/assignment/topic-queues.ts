import { parseJson } from '../../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import {
  MASTER_ID,
  PERM_READ,
  PERM_WRITE,
  type QueueData,
  readRouteData,
  type TopicQueueMapping,
  type TopicRouteData,
} from '../../codec/route/route-data.ts'
import { logicBrokerName } from '../../codec/static-topic/mapping-detail.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'
import type { MessageQueue } from '../metadata/message-queue.ts'
import { isLightName } from '../topics/light-names.ts'
import type { TopicTable } from '../topics/topic-table.ts'

export interface TopicQueueParts {
  readonly config: Current<{
    readonly brokerName: string
    /** `host:port` of each name server. */
    readonly namesrvAddr: readonly string[]
    readonly loadBalancePollNameServerInterval: number
  }>
  readonly clock: Clock
  readonly topics: Pick<TopicTable, 'find'>
  /** Sends a request and gives its answer; rejects when there is none. */
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
  readonly logger: Logger
}

interface Queues {
  readonly readable: readonly MessageQueue[]
  /** Those that take messages: a master is there. */
  readonly writable: readonly MessageQueue[]
}

interface Known {
  queues: Queues
  askedMs: number
  /** While a name server is asked. */
  asking: Promise<Queues> | undefined
}

const NONE: Queues = { readable: [], writable: [] }

const TIMEOUT_MS = 3_000
const TOPICS_MAX = 10_000

/** The queues that a topic has in all broker groups, as the name servers know them; asked for now and then. */
export class TopicQueues {
  readonly #parts: TopicQueueParts
  readonly #known = new Map<string, Known>()

  constructor(parts: TopicQueueParts) {
    this.#parts = parts
  }

  /** Those that can be read, sorted. Empty for a topic that nobody knows. */
  async of(topic: string): Promise<readonly MessageQueue[]> {
    return this.#fresh(topic)?.readable ?? (await this.#current(topic)).readable
  }

  /** Those that take messages, sorted: as proxies see them that choose one. Empty for a topic that nobody knows. */
  async writableOf(topic: string): Promise<readonly MessageQueue[]> {
    return (await this.#current(topic)).writable
  }

  /** The same, undefined when a name server would have to be asked. */
  knownWritableOf(topic: string): readonly MessageQueue[] | undefined {
    return this.#fresh(topic)?.writable
  }

  #fresh(topic: string): Queues | undefined {
    // No name server knows of light topics.
    if (isLightName(topic)) return this.#ownQueues(topic)
    const { clock, config } = this.#parts
    const known = this.#known.get(topic)
    if (known === undefined || known.queues === NONE) return undefined
    const ageMs = clock.monotonic() - known.askedMs
    return ageMs < config.current.loadBalancePollNameServerInterval ? known.queues : undefined
  }

  #current(topic: string): Promise<Queues> {
    const fresh = this.#fresh(topic)
    if (fresh !== undefined) return Promise.resolve(fresh)
    const known = this.#known.get(topic) ?? { queues: NONE, askedMs: Number.NEGATIVE_INFINITY, asking: undefined }
    if (this.#known.size >= TOPICS_MAX && !this.#known.has(topic)) this.#known.clear()
    this.#known.set(topic, known)
    known.asking ??= this.#ask(topic, known)
    return known.asking
  }

  async #ask(topic: string, known: Known): Promise<Queues> {
    const { clock, config } = this.#parts
    try {
      if (config.current.namesrvAddr.length === 0) known.queues = this.#ownQueues(topic)
      for (const address of config.current.namesrvAddr) {
        const queues = await this.#askOne(address, topic)
        if (queues === undefined) continue
        known.queues = queues
        break
      }
      known.askedMs = clock.monotonic()
      return known.queues
    } finally {
      known.asking = undefined
      if (known.queues.readable.length + known.queues.writable.length === 0) this.#known.delete(topic)
    }
  }

  /** Undefined when it does not answer: what was known before counts on. */
  async #askOne(address: string, topic: string): Promise<Queues | undefined> {
    const { invoke, logger } = this.#parts
    try {
      const fields = { topic, acceptStandardJsonOnly: true }
      const { code, body } = await invoke(address, { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields }, TIMEOUT_MS)
      if (code !== ResponseCode.SUCCESS || body === undefined) return NONE
      return queuesIn(topic, readRouteData(parseJson(body.toString())))
    } catch (error) {
      logger.warn({ topic, nameserver: address, err: error }, 'the route of a topic is not known, trying the next one')
      return undefined
    }
  }

  /** A broker that is in no name server's list serves its clients alone. */
  #ownQueues(topic: string): Queues {
    const config = this.#parts.topics.find(topic)
    if (config === undefined) return NONE
    const own = { ...config, brokerName: this.#parts.config.current.brokerName }
    return {
      readable: queuesOf(topic, [own], 'readQueueNums'),
      writable: queuesOf(topic, [own], 'writeQueueNums'),
    }
  }
}

function queuesIn(topic: string, { queueDatas, brokerDatas, topicQueueMappingByBroker }: TopicRouteData): Queues {
  const mapped = topicQueueMappingByBroker === undefined ? [] : logicQueues(topic, topicQueueMappingByBroker.values())
  if (mapped.length > 0) return { readable: mapped, writable: mapped }
  const masters = new Set(brokerDatas.filter((one) => one.brokerAddrs.has(MASTER_ID)).map((one) => one.brokerName))
  const readable = queueDatas.filter(({ perm }) => (perm & PERM_READ) !== 0)
  const writable = queueDatas.filter(({ perm, brokerName }) => (perm & PERM_WRITE) !== 0 && masters.has(brokerName))
  return {
    readable: queuesOf(topic, readable, 'readQueueNums'),
    writable: queuesOf(topic, writable, 'writeQueueNums'),
  }
}

/** Of a static topic: its queues as clients see them. */
function logicQueues(topic: string, mappings: Iterable<TopicQueueMapping>): MessageQueue[] {
  const latest = [...mappings].sort((a, b) => b.epoch - a.epoch)[0]
  if (latest === undefined) return []
  const brokerName = logicBrokerName(latest.scope)
  return Array.from({ length: latest.totalQueues }, (_, queueId) => ({ brokerName, queueId, topic }))
}

function queuesOf(
  topic: string,
  groups: readonly Pick<QueueData, 'brokerName' | 'readQueueNums' | 'writeQueueNums'>[],
  count: 'readQueueNums' | 'writeQueueNums',
): MessageQueue[] {
  const byName = [...groups].sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1))
  return byName.flatMap((group) =>
    Array.from({ length: group[count] }, (_, queueId) => ({ brokerName: group.brokerName, queueId, topic })),
  )
}
