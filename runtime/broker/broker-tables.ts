import { parseJson } from '../codec/json/parse-json.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import type { BrokerConf } from '../config/broker-conf.ts'
import type { Clock } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'
import type { Logger } from '../observe/logger.ts'
import type { MetadataSource } from '../replication/metadata-sync.ts'
import { RequestModes } from './admin/request-modes.ts'
import { DelayOffsets } from './delay/delay-offsets.ts'
import { CompiledFilters } from './filter/compiled-filters.ts'
import { ConsumerFilters } from './filter/consumer-filters.ts'
import { readSubscriptionGroupTable, SubscriptionGroupTable } from './groups/subscription-group-table.ts'
import type { Current } from './metadata/current.ts'
import { MastersReport } from './metadata/masters-report.ts'
import type { Persisted } from './metadata/persisted.ts'
import { ConsumerOffsets, readConsumerOffsets } from './offsets/consumer-offsets.ts'
import { ConsumerOrderInfo } from './pop/consumer-order-info.ts'
import { readToldMappings, TopicQueueMappingTable } from './static-topics/topic-queue-mapping-table.ts'
import { TimerMetrics } from './timer/timer-metrics.ts'
import { readTopicTable, TopicTable } from './topics/topic-table.ts'
import { TransactionMetrics } from './transaction/transaction-metrics.ts'

type ToldOffsets = ReturnType<typeof readConsumerOffsets>

/** The commit log, as far as saving offsets depends on it. */
export interface FlushedLog {
  readonly writtenOffset: number
  /** Everything below is in the consume queues. */
  readonly dispatchedOffset: number
  readonly flushedOffset: number
  flush(): void
}

/**
 * Saves a table of offsets into the log's queues every so often, but not before the log is durable as far as it was
 * then. After a power cut offsets could otherwise lie behind messages that are lost: a delayed message would count as
 * delivered, and a consumer would pass over the messages that come to stand at those offsets.
 */
class LaterSave {
  readonly #state: Persisted
  #lastMs: number
  #logEnd = 0

  constructor(state: Persisted, nowMs: number) {
    this.#state = state
    this.#lastMs = nowMs
  }

  tick(nowMs: number, intervalMs: number, log: FlushedLog): void {
    // A clock that was set back must not stop the saving.
    if (Math.abs(nowMs - this.#lastMs) >= intervalMs) {
      this.#lastMs = nowMs
      if (this.#state.prepare(nowMs)) {
        this.#logEnd = log.writtenOffset
        if (log.flushedOffset < this.#logEnd) log.flush()
      }
    }
    if (log.flushedOffset >= this.#logEnd) this.#state.savePrepared(nowMs)
  }
}

/** The tables under `<storePathRootDir>/config`: when they are saved, and how a slave keeps them equal to its master's. */
export class BrokerTables {
  readonly topics: TopicTable
  readonly mappings: TopicQueueMappingTable
  readonly groups: SubscriptionGroupTable
  readonly offsets: ConsumerOffsets
  readonly delayOffsets: DelayOffsets
  readonly modes: RequestModes
  readonly filters: ConsumerFilters
  readonly transactionMetrics: TransactionMetrics
  readonly timerMetrics: TimerMetrics
  readonly orderInfo: ConsumerOrderInfo
  readonly compiledFilters = new CompiledFilters()
  readonly #conf: Current<BrokerConf>
  readonly #offsetsSaving: LaterSave
  readonly #delaySaving: LaterSave
  readonly #orderSaving: LaterSave
  readonly #moreSources: MetadataSource[] = []
  readonly #toldOffsets = new MastersReport<ToldOffsets>()
  readonly #moreStates: Persisted[] = []

  /** @throws DamagedStateError */
  constructor(conf: Current<BrokerConf>, disk: Disk, clock: Clock, logger: Logger) {
    this.#conf = conf
    const { storePathRootDir, delayOffsetUpdateVersionStep } = conf.current
    const path = (name: string) => `${storePathRootDir}/config/${name}.json`
    const common = { disk, clock, logger, settings: conf }
    this.topics = new TopicTable({ ...common, path: path('topics') })
    const { brokerName } = conf.current
    this.mappings = new TopicQueueMappingTable({ ...common, brokerName, path: path('topicQueueMapping') })
    this.groups = new SubscriptionGroupTable({ ...common, path: path('subscriptionGroup') })
    const lightPath = conf.current.enableLmq ? path('lmqConsumerOffset') : undefined
    this.offsets = new ConsumerOffsets({ ...common, path: path('consumerOffset'), lightPath })
    const versionStep = delayOffsetUpdateVersionStep
    this.delayOffsets = new DelayOffsets({ disk, clock, logger, versionStep, path: path('delayOffset') })
    this.modes = new RequestModes(disk, path('messageRequestMode'), logger)
    this.filters = new ConsumerFilters({ ...common, path: path('consumerFilter'), compiled: this.compiledFilters })
    this.transactionMetrics = new TransactionMetrics({ disk, clock, logger, path: path('transactionMetrics') })
    this.timerMetrics = new TimerMetrics({ disk, clock, logger, path: `${storePathRootDir}/config/timermetrics` })
    this.orderInfo = new ConsumerOrderInfo({ disk, logger, path: path('consumerOrderInfo') })
    const { topics, mappings, groups, offsets, delayOffsets, modes, filters, transactionMetrics, timerMetrics } = this
    const { orderInfo } = this
    for (const table of [
      topics,
      mappings,
      groups,
      offsets,
      delayOffsets,
      modes,
      filters,
      transactionMetrics,
      orderInfo,
    ])
      table.load()
    timerMetrics.load()
    this.#offsetsSaving = new LaterSave(this.offsets.state, clock.now())
    this.#delaySaving = new LaterSave(this.delayOffsets.state, clock.now())
    this.#orderSaving = new LaterSave(this.orderInfo.state, clock.now())
  }

  /** What an answer of this turn may rest on is saved before the answer leaves. */
  endOfTurn(nowMs: number): void {
    this.topics.state.saveIfChanged(nowMs)
    this.mappings.state.saveIfChanged(nowMs)
    this.groups.state.saveIfChanged(nowMs)
    this.modes.state.saveIfChanged(nowMs)
    for (const state of this.#moreStates) state.saveIfChanged(nowMs)
  }

  /**
   * What a master says of offsets rests on its log, check points of popped messages above all. It comes into force when this
   * slave has that much of it; what was said before first, for a busy master is always a little ahead. False for what is to be
   * told again.
   */
  #learnOffsets(told: ToldOffsets): boolean {
    if (Number.isNaN(told.logEnd)) return this.offsets.merge(told.offsets, told.dataVersion)
    return this.#toldOffsets.learn(told)
  }

  #followOffsets(log: FlushedLog): void {
    const told = this.#toldOffsets.take(log.dispatchedOffset)
    if (told !== undefined) this.offsets.merge(told.offsets, told.dataVersion, told.logEnd)
  }

  /** Offsets change with every pull: they are saved now and then. */
  tick(nowMs: number, log: FlushedLog): void {
    this.#followOffsets(log)
    const { flushConsumerOffsetInterval, flushDelayOffsetInterval, transactionMetricFlushInterval } = this.#conf.current
    this.#offsetsSaving.tick(nowMs, flushConsumerOffsetInterval, log)
    this.#orderSaving.tick(nowMs, flushConsumerOffsetInterval, log)
    this.#delaySaving.tick(nowMs, flushDelayOffsetInterval, log)
    this.transactionMetrics.tick(
      nowMs,
      transactionMetricFlushInterval,
      (topic) => this.topics.find(topic) !== undefined,
    )
  }

  /** What clients tell anew after a start is saved without hurry. */
  saveFilters(nowMs: number): void {
    this.filters.expire()
    if (this.filters.state.prepare(nowMs)) this.filters.state.savePrepared(nowMs)
  }

  saveAll(nowMs: number): void {
    this.endOfTurn(nowMs)
    this.filters.state.saveIfChanged(nowMs)
    this.transactionMetrics.state.saveIfChanged(nowMs)
    this.offsets.state.saveIfChanged(nowMs)
    this.orderInfo.state.saveIfChanged(nowMs)
    this.delayOffsets.state.saveIfChanged(nowMs)
  }

  /** Controller mode: this broker is the master, and what it changes of topics and groups counts. */
  changedHere(masterEpoch: number): void {
    this.#toldOffsets.forget()
    for (const table of [this.topics, this.mappings, this.groups]) {
      Object.assign(table.dataVersion, { masterEpoch, isCopy: false })
      // By a version of the new epoch name servers tell a master of old from this one.
      table.nextVersion()
    }
  }

  /** Controller mode: topics and groups are those of the master of this epoch. */
  copied(masterEpoch: number): void {
    this.#toldOffsets.forget()
    for (const { dataVersion } of [this.topics, this.mappings, this.groups]) {
      Object.assign(dataVersion, { masterEpoch, isCopy: true })
    }
  }

  /** What {@link slaveSources} ends with. */
  addSources(sources: readonly MetadataSource[]): void {
    this.#moreSources.push(...sources)
  }

  /** What {@link endOfTurn} saves as well. */
  addStates(states: readonly Persisted[]): void {
    this.#moreStates.push(...states)
  }

  /** What a slave fetches from its master. `delayChanged` is told when the delay offsets were replaced. */
  slaveSources(): MetadataSource[] {
    const { topics, mappings, groups, delayOffsets, modes } = this
    return [
      source(RequestCode.GET_ALL_TOPIC_CONFIG, (content) => {
        const { configs, dataVersion } = readTopicTable(content)
        const told = readToldMappings(content)
        const hasMappings = mappings.replaceAll(told.details, told.dataVersion)
        return topics.replaceAll(configs, dataVersion) && hasMappings
      }),
      source(RequestCode.GET_ALL_CONSUMER_OFFSET, (content) => {
        return this.#learnOffsets(readConsumerOffsets(content))
      }),
      source(RequestCode.GET_ALL_DELAY_OFFSET, (content) => delayOffsets.replaceAll(content)),
      source(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, (content) => {
        const { configs, forbidden, dataVersion } = readSubscriptionGroupTable(content)
        return groups.replaceAll(configs, forbidden, dataVersion)
      }),
      source(RequestCode.GET_ALL_MESSAGE_REQUEST_MODE, (content) => modes.replaceAll(content)),
      ...this.#moreSources,
    ]
  }
}

function source(code: number, take: (content: ReturnType<typeof parseJson>) => unknown): MetadataSource {
  return { code, apply: (body) => take(parseJson(body.toString())) !== false }
}
