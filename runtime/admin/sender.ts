import { parseIp } from '../codec/message/host.ts'
import { UniqueKeyMaker } from '../codec/message/message-id.ts'
import { encodeProperties } from '../codec/message/properties.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { MASTER_ID, PERM_WRITE, type TopicRouteData } from '../codec/route/route-data.ts'
import type { Clock } from '../io/clock.ts'
import type { Random } from '../io/random.ts'
import type { AdminClient } from './admin-client.ts'
import { AbsentError, AdminError, RefusedError } from './admin-error.ts'
import { compareQueues, type MessageQueue, queueText } from './message-queue.ts'

export interface Outgoing {
  readonly topic: string
  readonly body: Uint8Array
  readonly tags?: string | undefined
  readonly keys?: string | undefined
}

export interface SendResult {
  readonly status: string
  readonly msgId: string
  readonly offsetMsgId: string
  readonly queue: MessageQueue
  readonly queueOffset: number
}

const SEND_STATUS: Readonly<Record<number, string>> = {
  [ResponseCode.SUCCESS]: 'SEND_OK',
  [ResponseCode.FLUSH_DISK_TIMEOUT]: 'FLUSH_DISK_TIMEOUT',
  [ResponseCode.FLUSH_SLAVE_TIMEOUT]: 'FLUSH_SLAVE_TIMEOUT',
  [ResponseCode.SLAVE_NOT_AVAILABLE]: 'SLAVE_NOT_AVAILABLE',
}

const SEND_TIMEOUT_MS = 3000
/** Queues per broker of a topic that a send creates. */
const NEW_TOPIC_QUEUES = 4
const TOPIC_TO_COPY = 'TBW102'

interface Needed {
  readonly client: AdminClient
  readonly clock: Clock
  readonly random: Random
}

/** Sends messages as a producer does: one per request, to a queue of the topic's route. */
export class Sender {
  readonly #client: AdminClient
  readonly #clock: Clock
  readonly #group: string
  readonly #keys: UniqueKeyMaker
  readonly #routes = new Map<string, TopicRouteData>()
  #turn = 0

  constructor({ client, clock, random }: Needed, group: string) {
    this.#client = client
    this.#clock = clock
    this.#group = group
    // Two runs of the tool must not make the same keys; a broker does not look at what they are made of.
    const salt = random.bytes(4).readInt32BE(0)
    this.#keys = new UniqueKeyMaker(parseIp('127.0.0.1'), random.below(0x1_0000), salt)
  }

  /** The queues that take messages of a topic, of a topic that does not exist yet those it would get. */
  async queues(topic: string): Promise<MessageQueue[]> {
    const route = await this.#route(topic)
    const masters = new Set(
      route.brokerDatas.filter(({ brokerAddrs }) => brokerAddrs.has(MASTER_ID)).map(({ brokerName }) => brokerName),
    )
    const queues = route.queueDatas
      .filter(({ perm, brokerName }) => (perm & PERM_WRITE) !== 0 && masters.has(brokerName))
      .flatMap(({ brokerName, writeQueueNums }) =>
        Array.from({ length: writeQueueNums }, (_, queueId) => ({ topic, brokerName, queueId })),
      )
    if (queues.length > 0) return queues.sort(compareQueues)
    throw new AdminError(
      `no queue of topic ${topic} takes messages: no master serves it, or its permission lacks write`,
    )
  }

  /** Sends to a queue, without one to each in turn. @throws AdminError, RefusedError */
  async send(message: Outgoing, to?: MessageQueue): Promise<SendResult> {
    const queue = to ?? (await this.#nextQueue(message.topic))
    const address = await this.#masterOf(queue)
    const nowMs = this.#clock.now()
    const msgId = this.#keys.next(nowMs)
    const properties: [string, string][] = [
      ...(message.tags === undefined ? [] : [['TAGS', message.tags] satisfies [string, string]]),
      ...(message.keys === undefined ? [] : [['KEYS', message.keys] satisfies [string, string]]),
      ['UNIQ_KEY', msgId],
      ['WAIT', 'true'],
    ]
    const fields = {
      producerGroup: this.#group,
      topic: message.topic,
      defaultTopic: TOPIC_TO_COPY,
      defaultTopicQueueNums: NEW_TOPIC_QUEUES,
      queueId: queue.queueId,
      sysFlag: 0,
      bornTimestamp: nowMs,
      flag: 0,
      properties: encodeProperties(properties),
      reconsumeTimes: 0,
      unitMode: false,
      batch: false,
      bname: queue.brokerName,
    }
    const request = { code: RequestCode.SEND_MESSAGE, fields, body: message.body }
    const answer = await this.#client.ask(address, request, SEND_TIMEOUT_MS)
    const status = SEND_STATUS[answer.code]
    if (status === undefined) throw new RefusedError(address, request.code, answer.code, answer.remark)
    return {
      status,
      msgId,
      offsetMsgId: answer.fields['msgId'] ?? '',
      queue: { ...queue, queueId: Number(answer.fields['queueId'] ?? queue.queueId) },
      queueOffset: Number(answer.fields['queueOffset'] ?? 0),
    }
  }

  async #nextQueue(topic: string): Promise<MessageQueue> {
    const queues = await this.queues(topic)
    const queue = queues[this.#turn++ % queues.length]
    if (queue) return queue
    throw new AdminError(`topic ${topic} has no queue to send to`)
  }

  async #masterOf({ topic, brokerName }: MessageQueue): Promise<string> {
    const route = await this.#route(topic)
    const address = route.brokerDatas.find((broker) => broker.brokerName === brokerName)?.brokerAddrs.get(MASTER_ID)
    if (address !== undefined) return address
    const known = route.brokerDatas.map((broker) => broker.brokerName).join(', ')
    throw new AdminError(`broker ${brokerName} has no master that serves topic ${topic}; its brokers: ${known}`)
  }

  async #route(topic: string): Promise<TopicRouteData> {
    const known = this.#routes.get(topic)
    if (known) return known
    const route = await this.#findRoute(topic)
    this.#routes.set(topic, route)
    return route
  }

  async #findRoute(topic: string): Promise<TopicRouteData> {
    try {
      return await this.#client.route(topic)
    } catch (error) {
      if (!(error instanceof AbsentError)) throw error
    }
    try {
      const model = await this.#client.route(TOPIC_TO_COPY)
      const queueDatas = model.queueDatas.map((data) => {
        return { ...data, writeQueueNums: Math.min(NEW_TOPIC_QUEUES, data.writeQueueNums) }
      })
      return { ...model, queueDatas }
    } catch (error) {
      if (!(error instanceof AbsentError)) throw error
      throw new AdminError(`topic ${topic} does not exist and brokers do not create topics: create it with updateTopic`)
    }
  }
}

export function sendResultText(result: SendResult): string {
  return (
    `SendResult [sendStatus=${result.status}, msgId=${result.msgId}, offsetMsgId=${result.offsetMsgId}, ` +
    `messageQueue=${queueText(result.queue)}, queueOffset=${result.queueOffset}, recallHandle=null]`
  )
}
