import { viewOf } from '../../codec/bytes.ts'
import { Property } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { Logger } from '../../observe/logger.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { StoredBytes } from '../../store/log-reader.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTarget, SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { readBack } from '../send/stored-message.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { RETRY_TOPIC_PREFIX } from '../topics/topic-name.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import type { CheckPoint } from './check-point.ts'
import { normalTopic, retryTopicV1, retryTopicV2 } from './pop-names.ts'

export interface RetryMessageParts {
  readonly config: Current<{ readonly enableRetryTopicV2: boolean; readonly useSeparateRetryQueue: boolean }>
  readonly store: Pick<MessageStore, 'findQueue' | 'read' | 'recordAt' | 'queryByKey'>
  readonly gate: StoreGate
  readonly topics: Pick<TopicTable, 'find' | 'createIfAbsent' | 'update'>
  readonly targets: SendTargets
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'commit'>
  readonly storeHost: Uint8Array
  readonly logger: Logger
}

const FIRST_POP_TIME = '1ST_POP_TIME'
/** Messages with one unique key that are looked at. */
const FOUND_MAX = 64
/** The index knows times by the second. */
const INDEX_MARGIN_MS = 2_000

/** Puts messages that nobody acknowledged in time into the group's retry topic, as PopReviveService does. */
export class RetryMessages {
  readonly #parts: RetryMessageParts
  readonly #draft = new MessageDraft()
  readonly #unit = new QueueUnits(1)
  readonly #found = new MessageDraft()
  readonly #record = new RecordView()
  #mark = 0
  #markMs = 0

  constructor(parts: RetryMessageParts) {
    this.#parts = parts
  }

  /** Of what is in the log by now it is not known exactly what has come again: it is looked for first. */
  doubtBefore(phyOffset: number, nowMs: number): void {
    this.#mark = phyOffset
    this.#markMs = nowMs
  }

  /**
   * Stages the message at a queue offset. Returns where its record ends; 0 when there is no message any more.
   * @throws RequestError when the store takes nothing now
   */
  put(point: CheckPoint, offset: number): number {
    const { gate, storeHost } = this.#parts
    const draft = this.#draft
    const message = this.#read(point, offset)
    if (message === undefined) return 0
    const { properties, reconsumeTimes } = message
    if (reconsumeTimes === 0 || !properties.has(FIRST_POP_TIME)) properties.set(FIRST_POP_TIME, String(point.popTime))
    properties.set(Property.originGroup, point.group)
    setProperties(draft, properties)
    draft.reconsumeTimes = point.isSuspended ? reconsumeTimes : reconsumeTimes + 1
    draft.bornHost = storeHost
    draft.storeHost = storeHost
    const target = this.#target(point)
    if (this.#hasCome(point, properties.get(Property.uniqKey), draft.reconsumeTimes)) return 0
    gate.putAsIs(draft, target, this.#queueOf(point, target), undefined)
    const { phyOffset, sizeBytes } = gate.log.lastAppend
    target.puts.messages++
    target.puts.bytes += sizeBytes
    target.puts.times++
    return phyOffset + sizeBytes
  }

  /** Whether the message was put into a retry topic on account of this check point, shortly before this broker began. */
  #hasCome(point: CheckPoint, uniqueKey: string | undefined, reconsumeTimes: number): boolean {
    const fromMs = point.popTime + point.invisibleMs
    // What became due later cannot be among them.
    if (this.#mark === 0 || uniqueKey === undefined || fromMs > this.#markMs) return false
    const { topic, group } = point
    const isRetry = topic.startsWith(RETRY_TOPIC_PREFIX)
    // The setting may have been another one.
    const names = isRetry ? [topic] : [retryTopicV1(topic, group), retryTopicV2(topic, group)]
    return names.some((name) => this.#isIn(name, uniqueKey, reconsumeTimes, fromMs))
  }

  #isIn(topic: string, uniqueKey: string, reconsumeTimes: number, fromMs: number): boolean {
    const { store } = this.#parts
    const beginMs = fromMs - INDEX_MARGIN_MS
    const { phyOffsets } = store.queryByKey(topic, uniqueKey, FOUND_MAX, beginMs, Number.MAX_SAFE_INTEGER)
    for (const phyOffset of phyOffsets) {
      const stored = phyOffset < this.#mark ? store.recordAt(phyOffset) : undefined
      if (stored === undefined || this.#storedMs(stored) < fromMs) continue
      const other = readBack(stored.bytes, stored.start, stored.length, this.#found)
      if (other?.topic !== topic || other.properties.get(Property.uniqKey) !== uniqueKey) continue
      if (other.reconsumeTimes === reconsumeTimes) return true
    }
    return false
  }

  #storedMs({ bytes, start, length }: StoredBytes): number {
    return this.#record.parse(viewOf(bytes), start, length) === RecordState.ok ? this.#record.storeTimestampMs : 0
  }

  #read({ topic, queueId }: CheckPoint, offset: number): ReturnType<typeof readBack> {
    const { store, logger } = this.#parts
    const unit = this.#unit
    const isThere = (store.findQueue(topic, queueId)?.readUnits(offset, 1, unit) ?? 0) > 0
    const stored = isThere ? store.read(unit.phyOffsets[0]!, unit.sizes[0]!) : undefined
    const message = stored && readBack(stored.bytes, stored.start, stored.length, this.#draft)
    if (message === undefined) logger.warn({ topic, queueId, offset }, 'a popped message is gone, it cannot come again')
    return message
  }

  #target({ topic, group }: CheckPoint): SendTarget {
    const { topics, targets, config } = this.#parts
    const build = config.current.enableRetryTopicV2 ? retryTopicV2 : retryTopicV1
    const name = topic.startsWith(RETRY_TOPIC_PREFIX) ? topic : build(topic, group)
    const known = topics.find(name)
    const queues = this.#queuesFor(topic, group)
    if (known !== undefined && known.writeQueueNums >= queues) return targets.of(known)
    const sizes = { readQueueNums: queues, writeQueueNums: queues }
    if (known === undefined) topics.createIfAbsent(topicConfig(name, sizes))
    else topics.update([{ ...known, ...sizes, attributes: new Map() }])
    this.#beginAtFirst(group, name, queues)
    return targets.of(topics.find(name)!)
  }

  /** A retry topic has one queue, or as many as the topic. */
  #queuesFor(topic: string, group: string): number {
    const { topics, config } = this.#parts
    if (!config.current.useSeparateRetryQueue) return 1
    return Math.max(1, topics.find(normalTopic(topic, group))?.writeQueueNums ?? 1)
  }

  #queueOf({ queueId }: CheckPoint, { config: { writeQueueNums } }: SendTarget): number {
    return this.#parts.config.current.useSeparateRetryQueue && queueId < writeQueueNums ? queueId : 0
  }

  #beginAtFirst(group: string, topic: string, queues: number): void {
    const { offsets } = this.#parts
    for (let queueId = 0; queueId < queues; queueId++) {
      if (offsets.query(group, topic, queueId) < 0) offsets.commit(group, topic, queueId, 0)
    }
  }
}
