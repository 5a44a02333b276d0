import { messagesOf } from '../codec/message/inner-batch.ts'
import { decodeMessages, type MessageExt } from '../codec/message/message-ext.ts'
import { decodeMessageId } from '../codec/message/message-id.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { MASTER_ID, PERM_READ, type TopicRouteData } from '../codec/route/route-data.ts'
import { type AdminClient, addressToRead, CALL_TIMEOUT_MS } from './admin-client.ts'
import { AbsentError, AdminError, RefusedError } from './admin-error.ts'
import { isRoutedByCluster } from './consume-stats.ts'
import { compareQueues, type MessageQueue } from './message-queue.ts'

/** The group in whose name the tool reads, as the official one does. */
export const TOOLS_GROUP = 'TOOLS_CONSUMER'

/** A message and the id its client gave it, without one the offset message id. */
export interface FoundMessage extends MessageExt {
  readonly shownId: string
  /** Known only for messages that were pulled. */
  readonly brokerName: string | undefined
}

type PullStatus = 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL'

export interface PullResult {
  readonly status: PullStatus
  readonly messages: readonly FoundMessage[]
  readonly nextBeginOffset: number
}

const PULL_STATUS: Readonly<Record<number, PullStatus>> = {
  [ResponseCode.SUCCESS]: 'FOUND',
  [ResponseCode.PULL_NOT_FOUND]: 'NO_NEW_MSG',
  [ResponseCode.PULL_RETRY_IMMEDIATELY]: 'NO_MATCHED_MSG',
  [ResponseCode.PULL_OFFSET_MOVED]: 'OFFSET_ILLEGAL',
}

/** How such a broker puts it is no help to anybody. */
const SLAVE_HINT =
  ' (its group has no master at the moment; a slave serves reads only with slaveReadEnable=true: see updateBrokerConfig)'

const PULL_TIMEOUT_MS = 10_000
/** Bits of a pull request: the request carries the subscription; the broker answers at once. */
const PULL_WITH_SUBSCRIPTION = 4

/** Reads a topic's queues from the brokers of a route: the master, or a slave while a group has no master. */
export class QueueReader {
  readonly #client: AdminClient
  readonly #addresses: ReadonlyMap<string, string>
  readonly #slaves: ReadonlySet<string>
  readonly #group: string

  constructor(client: AdminClient, route: TopicRouteData, group: string) {
    this.#client = client
    this.#group = group
    this.#slaves = new Set(
      route.brokerDatas.flatMap(({ brokerAddrs }) =>
        [...brokerAddrs].flatMap(([id, address]) => (id === MASTER_ID ? [] : [address])),
      ),
    )
    this.#addresses = new Map(
      route.brokerDatas.flatMap((broker) => {
        const address = addressToRead(broker)
        return address === undefined ? [] : [[broker.brokerName, address]]
      }),
    )
  }

  minOffset(queue: MessageQueue): Promise<number> {
    return this.#offset(RequestCode.GET_MIN_OFFSET, queue)
  }

  maxOffset(queue: MessageQueue): Promise<number> {
    return this.#offset(RequestCode.GET_MAX_OFFSET, queue)
  }

  searchOffset(queue: MessageQueue, timestamp: number): Promise<number> {
    return this.#offset(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, queue, { timestamp, boundaryType: 'LOWER' })
  }

  /** Up to `count` messages from `offset` on whose tag the expression (`*`, `a || b`) names. */
  async pull(queue: MessageQueue, expression: string, offset: number, count: number): Promise<PullResult> {
    const address = this.#addressOf(queue)
    const fields = {
      consumerGroup: this.#group,
      topic: queue.topic,
      queueId: queue.queueId,
      bname: queue.brokerName,
      queueOffset: offset,
      maxMsgNums: Math.min(count, 0x7fffffff),
      sysFlag: PULL_WITH_SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: expression,
      subVersion: 0,
      expressionType: 'TAG',
    }
    const answer = await this.#client.ask(address, { code: RequestCode.PULL_MESSAGE, fields }, PULL_TIMEOUT_MS)
    const status = PULL_STATUS[answer.code]
    if (status === undefined) {
      const hint = answer.code === ResponseCode.SYSTEM_BUSY && this.#slaves.has(address) ? SLAVE_HINT : ''
      throw new RefusedError(address, RequestCode.PULL_MESSAGE, answer.code, `${answer.remark}${hint}`)
    }
    const nextBeginOffset = Number(answer.fields['nextBeginOffset'] ?? offset)
    const messages = status === 'FOUND' ? decode(answer.body, address) : []
    for (const { properties } of messages) {
      properties.set('MIN_OFFSET', answer.fields['minOffset'] ?? '0')
      properties.set('MAX_OFFSET', answer.fields['maxOffset'] ?? '0')
    }
    const wanted = tagFilter(expression)
    return {
      status,
      nextBeginOffset,
      messages: messages.filter(wanted).map((message) => asFound(message, queue.brokerName)),
    }
  }

  async #offset(code: number, { topic, brokerName, queueId }: MessageQueue, more = {}): Promise<number> {
    const address = this.#addressOf({ topic, brokerName, queueId })
    const fields = { topic, queueId, bname: brokerName, ...more }
    const answer = await this.#client.call(address, { code, fields }, PULL_TIMEOUT_MS)
    return Number(answer.fields['offset'])
  }

  #addressOf({ topic, brokerName }: MessageQueue): string {
    const address = this.#addresses.get(brokerName)
    if (address !== undefined) return address
    const known = [...this.#addresses.keys()].join(', ') || 'none'
    throw new AdminError(`broker ${brokerName} does not serve topic ${topic}; these do: ${known}`)
  }
}

function decode(body: Buffer | undefined, address: string): MessageExt[] {
  try {
    return decodeMessages(body ?? Buffer.alloc(0)).flatMap(messagesOf)
  } catch (error) {
    throw new AdminError(`${address} sent messages that cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

/** All queues of a topic that may be read, sorted. */
export function readableQueues(topic: string, route: TopicRouteData): MessageQueue[] {
  return route.queueDatas
    .filter(({ perm }) => (perm & PERM_READ) !== 0)
    .flatMap(({ brokerName, readQueueNums }) =>
      Array.from({ length: readQueueNums }, (_, queueId) => ({ topic, brokerName, queueId })),
    )
    .sort(compareQueues)
}

function tagFilter(expression: string): (message: MessageExt) => boolean {
  if (expression === '*' || expression === '') return () => true
  const tags = new Set(expression.split('||').map((tag) => tag.trim()))
  return ({ properties }) => tags.has(properties.get('TAGS') ?? '')
}

function asFound(message: MessageExt, brokerName?: string): FoundMessage {
  return { ...message, shownId: message.properties.get('UNIQ_KEY') ?? message.msgId, brokerName }
}

/** The message with an offset message id, from the broker that the id names, or with a unique key. @throws AdminError */
export async function findMessage(
  client: AdminClient,
  topic: string,
  id: string,
  nowMs: number,
  cluster?: string,
): Promise<FoundMessage> {
  const place = decodeMessageId(id)
  // Ids made by clients have the same length: their port is seldom one.
  if (place && place.port > 0) {
    const host = place.ip.includes(':') ? `[${place.ip}]` : place.ip
    const request = { code: RequestCode.VIEW_MESSAGE_BY_ID, fields: { topic, offset: place.phyOffset } }
    const address = `${host}:${place.port}`
    const { body } = await client.call(address, request)
    const [message] = decode(body, address)
    if (message) return asFound(message)
  }
  const query = { topic, key: id, isUnique: true, maxNum: 32, beginMs: 0, endMs: nowMs + CLOCK_TOLERANCE_MS, cluster }
  const [first] = await queryMessages(client, query)
  if (first) return first
  throw new AbsentError(ResponseCode.NO_MESSAGE, `topic ${topic} has no message with id ${id}`)
}

const CLOCK_TOLERANCE_MS = 36 * 3600 * 1000

export interface MessageQuery {
  readonly topic: string
  readonly key: string
  /** True: the key is a unique key; else one of the message's KEYS. */
  readonly isUnique: boolean
  readonly maxNum: number
  readonly beginMs: number
  /** Undefined: no limit. */
  readonly endMs: number | undefined
  /** Only brokers of this cluster; for light topics and the timer's the topic that tells their route. */
  readonly cluster?: string | undefined
  /** `K` for keys, `T` for tags. */
  readonly indexType?: string
  readonly lastKey?: string | undefined
}

/** Java's Long.MAX_VALUE: no number of ours holds it. */
const NO_END = '9223372036854775807'

/** Asks the indexes of all brokers of a topic; the messages in the order of their brokers. */
export async function queryMessages(client: AdminClient, query: MessageQuery): Promise<FoundMessage[]> {
  const { topic, cluster } = query
  const isElsewhere = cluster !== undefined && isRoutedByCluster(topic)
  const route = await client.route(isElsewhere ? cluster : topic)
  const fields = {
    topic: isElsewhere && topic.startsWith('%LMQ%') ? cluster : topic,
    key: query.key,
    maxNum: query.maxNum,
    beginTimestamp: query.beginMs,
    endTimestamp: query.endMs ?? NO_END,
    indexType: query.indexType,
    lastKey: query.lastKey,
    _UNIQUE_KEY_QUERY: query.isUnique,
  }
  const found: FoundMessage[] = []
  for (const broker of route.brokerDatas) {
    const address = addressToRead(broker)
    if (address === undefined || (!isElsewhere && cluster !== undefined && broker.cluster !== cluster)) continue
    const answer = await client.ask(address, { code: RequestCode.QUERY_MESSAGE, fields }, 3 * CALL_TIMEOUT_MS)
    if (answer.code === ResponseCode.QUERY_NOT_FOUND) continue
    if (answer.code !== ResponseCode.SUCCESS) {
      throw new RefusedError(address, RequestCode.QUERY_MESSAGE, answer.code, answer.remark)
    }
    const messages = decode(answer.body, address).map((message) => asFound(message))
    // An index knows hashes: what it returns may have another key.
    found.push(...messages.filter((message) => hasKey(message, query, isElsewhere)))
  }
  return found
}

function hasKey(message: FoundMessage, { topic, key, isUnique, indexType }: MessageQuery, anyTopic: boolean): boolean {
  if (isUnique) return message.shownId === key
  if (!anyTopic && message.topic !== topic) return false
  if (indexType === 'T') return message.properties.get('TAGS') === key
  return (message.properties.get('KEYS') ?? '').split(' ').includes(key)
}
