import { asObject, integerKeyed, objectField } from '../../codec/json/json-fields.ts'
import { formatJson } from '../../codec/json/write-json.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'
import { OrderInfo, readOrderInfo } from './order-info.ts'
import { retryMark } from './pop-names.ts'

export interface ConsumerOrderInfoOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/consumerOrderInfo.json` */
  readonly path: string
  readonly logger: Logger
}

/** One queue of a group. */
export interface OrderedQueue {
  readonly topic: string
  readonly group: string
  readonly queueId: number
}

/** A queue that nobody has popped from for so long is forgotten. */
const KEPT_MS = 24 * 3_600_000

/**
 * What groups that pop in order have under way: a queue gives nothing more before that is acknowledged or its time is over. Saved
 * together with the consumer offsets; what a kill takes of it is popped again, in order.
 */
export class ConsumerOrderInfo {
  readonly state: Persisted
  readonly #file: StateFile
  readonly #table = new Map<string, Map<number, OrderInfo>>()

  constructor({ disk, path, logger }: ConsumerOrderInfoOptions) {
    this.#file = new StateFile(disk, path, logger)
    this.state = new Persisted(this.#file, () => this.#text(), logger)
  }

  /** @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => {
      for (const [key, queues] of Object.entries(objectField(asObject(content, 'order info'), 'table') ?? {})) {
        const entries = integerKeyed(asObject(queues, key)).map(([id, value]) => [id, readOrderInfo(value)] as const)
        if (entries.length > 0) this.#table.set(key, new Map(entries))
      }
    })
  }

  /** Notes a pop. Returns what the answer says of its messages: how often they were popped before. */
  popped(
    { topic, group, queueId }: OrderedQueue,
    attemptId: string | undefined,
    popTime: number,
    invisibleMs: number,
    offsets: readonly number[],
    nowMs: number,
  ): string {
    const key = `${topic}@${group}`
    const queues = this.#table.get(key) ?? new Map<number, OrderInfo>()
    this.#table.set(key, queues)
    const consumed = queues.get(queueId)?.consumedBefore(attemptId, offsets) ?? new Map<number, number>()
    const info = new OrderInfo({ attemptId, popTime, invisibleMs, offsets: [...offsets], lastPopMs: nowMs, consumed })
    queues.set(queueId, info)
    this.state.markChanged()
    const mark = retryMark(topic)
    const each = [...consumed].map(([offset, times]) => `${mark} qo${queueId}%${offset} ${times}`)
    // Older clients look at the queue as a whole.
    const least = consumed.size < offsets.length ? 0 : Math.min(...consumed.values())
    return [...each, `${mark} ${queueId} ${least}`].join(';')
  }

  /** Until when the queue gives nothing; 0 when it gives. */
  blockedUntil(queue: OrderedQueue, attemptId: string | undefined, invisibleMs: number, nowMs: number): number {
    return this.#find(queue)?.blockedUntil(attemptId, invisibleMs, nowMs) ?? 0
  }

  clear({ topic, group, queueId }: OrderedQueue): void {
    if (this.#table.get(`${topic}@${group}`)?.delete(queueId)) this.state.markChanged()
  }

  /** An ack. Returns where the group's offset goes, or one of {@link ./order-info.ts Commit}. */
  commit(queue: OrderedQueue, offset: number, popTime: number): number {
    const info = this.#find(queue)
    if (info === undefined) return offset + 1
    this.state.markChanged()
    return info.commit(offset, popTime)
  }

  /** A message that was popped at `popTime` may come again at another time than was said. False for what is not known. */
  setNextVisible(queue: OrderedQueue, offset: number, popTime: number, visibleMs: number): boolean {
    const info = this.#find(queue)
    if (info === undefined || info.popTime !== popTime || !info.offsets.includes(offset)) return false
    info.nextVisible.set(offset, visibleMs)
    this.state.markChanged()
    return true
  }

  /** Drops what is of no use any more. */
  expire(nowMs: number, queuesOf: (topic: string) => number, groupExists: (group: string) => boolean): void {
    for (const [key, queues] of this.#table) {
      const [topic = '', group = ''] = key.split('@')
      const isGone = queuesOf(topic) === 0 || !groupExists(group)
      for (const [queueId, { lastPopMs }] of queues) {
        if (isGone || queueId >= queuesOf(topic) || nowMs - lastPopMs > KEPT_MS) queues.delete(queueId)
      }
      if (queues.size > 0) continue
      this.#table.delete(key)
      this.state.markChanged()
    }
  }

  #find({ topic, group, queueId }: OrderedQueue): OrderInfo | undefined {
    return this.#table.get(`${topic}@${group}`)?.get(queueId)
  }

  #text(): string {
    const table = new Map<string, Map<number, object>>()
    for (const [key, queues] of this.#table) {
      table.set(key, new Map([...queues].map(([queueId, info]) => [queueId, info.toJson()])))
    }
    return formatJson({ orderInfoCount: table.size, orderedConsumptionLevel: 'QUEUE', table })
  }
}
