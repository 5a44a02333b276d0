import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { Traffic } from '../stats/traffic.ts'
import { recallHandleStart } from '../timer/recall-handle.ts'
import { isBatchTopic } from '../topics/batch-topics.ts'
import { isCompactionTopic } from '../topics/compaction-topics.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import { isNotAllowedToSend, RETRY_TOPIC_PREFIX } from '../topics/topic-name.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import type { SendLog } from './send-log.ts'

/** The topics of the broker as sends and pulls need them. */
export type SendTopics = Pick<TopicTable, 'find' | 'findByBytes' | 'createForSend' | 'createForSendBack'>

export type PutStats = Pick<BrokerStats, 'topicPut'>

/** What a send needs of its topic, worked out once per topic configuration. */
export class SendTarget {
  /** The configuration the rest was worked out from; a topic that changes gets another one. */
  readonly config: TopicConfig
  readonly topicName: string
  readonly topicBytes: Buffer
  readonly isRetry: boolean
  readonly isForbidden: boolean
  readonly isCompaction: boolean
  readonly isMultiTag: boolean
  /** Whether the messages of a batch stay one record. */
  readonly isBatchCq: boolean
  /** Whether a message needs no look at the topic beyond its queue. */
  readonly isPlain: boolean
  /** A queue id from here on is refused. */
  readonly queueIdBound: number
  readonly puts: Traffic
  readonly #queues: (ConsumeQueue | undefined)[] = []
  readonly #delayExtras: (Buffer | undefined)[] = []
  #recallStart: Buffer | undefined
  readonly #log: SendLog

  constructor(config: TopicConfig, log: SendLog, stats: PutStats) {
    const { topicName } = config
    this.config = config
    this.topicName = topicName
    this.topicBytes = Buffer.from(topicName)
    this.isRetry = topicName.startsWith(RETRY_TOPIC_PREFIX)
    this.isForbidden = isNotAllowedToSend(topicName)
    this.isCompaction = isCompactionTopic(config)
    this.isMultiTag = config.topicFilterType === 'MULTI_TAG'
    this.isBatchCq = isBatchTopic(config)
    this.isPlain = !this.isRetry && !this.isForbidden && !this.isCompaction && !this.isMultiTag
    this.queueIdBound = Math.max(config.writeQueueNums, config.readQueueNums)
    this.puts = stats.topicPut(topicName)
    this.#log = log
  }

  queue(queueId: number): ConsumeQueue {
    const known = this.#queues[queueId]
    if (known !== undefined && !known.isRemoved) return known
    const queue = this.#log.queue(this.topicName, queueId)
    this.#queues[queueId] = queue
    return queue
  }

  /** How the handles of this topic's messages begin. `brokerName` is always the same. */
  recallStart(brokerName: string): Buffer {
    this.#recallStart ??= recallHandleStart(this.topicName, brokerName)
    return this.#recallStart
  }

  /** `extra` (always the same, or none) followed by where a delayed message goes when its time has come. */
  delayExtra(queueId: number, extra: Buffer | undefined): Buffer {
    const known = this.#delayExtras[queueId]
    if (extra !== undefined && known !== undefined) return known
    const real = Buffer.from(`REAL_TOPIC\x01${this.topicName}\x02REAL_QID\x01${queueId}\x02`)
    if (extra === undefined) return real
    const both = Buffer.concat([extra, real])
    this.#delayExtras[queueId] = both
    return both
  }
}

/** Targets by configuration object: a topic that changes has another one, and what hung on the old one goes with it. */
export class SendTargets {
  readonly #log: SendLog
  readonly #stats: PutStats
  readonly #targets = new WeakMap<TopicConfig, SendTarget>()
  #last: SendTarget | undefined

  constructor(log: SendLog, stats: PutStats) {
    this.#log = log
    this.#stats = stats
  }

  of(config: TopicConfig): SendTarget {
    const last = this.#last
    if (last !== undefined && last.config === config) return last
    let target = this.#targets.get(config)
    if (target === undefined) {
      target = new SendTarget(config, this.#log, this.#stats)
      this.#targets.set(config, target)
    }
    this.#last = target
    return target
  }
}
