import { asObject, objectField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { formatJson } from '../../codec/json/write-json.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { BloomFilter } from '../../filter/bloom-filter.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { isTagExpression, type SubscriptionData } from '../clients/subscription.ts'
import type { Current } from '../metadata/current.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'
import type { CompiledFilters } from './compiled-filters.ts'
import { type ConsumerFilter, consumerFilterJson, isDead, readConsumerFilter } from './consumer-filter.ts'

export interface ConsumerFiltersOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/consumerFilter.json` */
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
  readonly compiled: CompiledFilters
  readonly settings: Current<ConsumerFiltersSettings>
}

interface ConsumerFiltersSettings {
  readonly filterDataCleanTimeSpan: number
  readonly maxErrorRateOfBloomFilter: number
  readonly expectConsumerNumUseFilter: number
}

/** Filters known after a start count as left by their consumers this long before it, as in the original. */
const DEAD_BEFORE_START_MS = 30_000

/** The SQL92 filters of consumer groups, as their heartbeats gave them (Java's ConsumerFilterManager). */
export class ConsumerFilters {
  readonly state: Persisted
  readonly #file: StateFile
  readonly #options: ConsumerFiltersOptions
  readonly #bloom: BloomFilter
  /** By topic, then by group. */
  readonly #topics = new Map<string, Map<string, ConsumerFilter>>()

  constructor(options: ConsumerFiltersOptions) {
    this.#options = options
    const { maxErrorRateOfBloomFilter, expectConsumerNumUseFilter } = options.settings.current
    this.#bloom = new BloomFilter(maxErrorRateOfBloomFilter, expectConsumerNumUseFilter)
    this.#file = new StateFile(options.disk, options.path, options.logger)
    this.state = new Persisted(this.#file, () => formatJson(this.#content()), options.logger)
  }

  /** @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => this.#take(content))
  }

  get(topic: string, group: string): ConsumerFilter | undefined {
    return this.#topics.get(topic)?.get(group)
  }

  /** A group subscribes to exactly these. */
  register(group: string, subscriptions: readonly SubscriptionData[]): void {
    const topics = new Set<string>()
    for (const subscription of subscriptions) {
      topics.add(subscription.topic)
      if (!isTagExpression(subscription.expressionType) && subscription.subString !== '') {
        this.#registerOne(group, subscription)
      }
    }
    this.#leave(group, topics)
  }

  /** The last consumer of a group is gone. */
  unregister(group: string): void {
    this.#leave(group, NO_TOPICS)
  }

  /** Forgets the filters of consumers that have been gone for long. */
  expire(): void {
    const { clock, settings, logger } = this.#options
    const now = clock.now()
    for (const [topic, groups] of this.#topics) {
      for (const [group, filter] of groups) {
        if (!isDead(filter) || now - filter.deadTime < settings.current.filterDataCleanTimeSpan) continue
        logger.info({ topic, group }, 'the filter of a consumer gone for long is forgotten')
        groups.delete(group)
        this.state.markChanged()
      }
      if (groups.size === 0) this.#topics.delete(topic)
    }
  }

  #leave(group: string, except: ReadonlySet<string>): void {
    for (const [topic, groups] of this.#topics) {
      const filter = groups.get(group)
      if (filter === undefined || isDead(filter) || except.has(topic)) continue
      this.#set({ ...filter, deadTime: this.#options.clock.now() })
    }
  }

  /** Of two versions of a group's filter the later one counts; the same one brings its filter back to life. */
  #registerOne(consumerGroup: string, { topic, subString, expressionType, subVersion }: SubscriptionData): void {
    const known = this.get(topic, consumerGroup)
    if (known !== undefined && subVersion <= known.clientVersion) {
      if (subVersion === known.clientVersion && isDead(known)) this.#set({ ...known, deadTime: 0 })
      return
    }
    if (known?.compiled !== undefined && known.expression === subString && known.expressionType === expressionType) {
      this.#set({ ...known, clientVersion: subVersion, deadTime: 0 })
      return
    }
    const compiled = this.#compile(subString, expressionType)
    if (compiled === undefined) {
      // The client is told so by its next pull.
      if (known !== undefined) this.#forget(known)
      return
    }
    this.#set({
      topic,
      consumerGroup,
      expression: subString,
      expressionType,
      bornTime: this.#options.clock.now(),
      deadTime: 0,
      clientVersion: subVersion,
      bloomFilterData: this.#bloom.positions(`${consumerGroup}#${topic}`),
      compiled,
    })
  }

  #set(filter: ConsumerFilter): void {
    const groups = this.#topics.get(filter.topic) ?? new Map<string, ConsumerFilter>()
    this.#topics.set(filter.topic, groups.set(filter.consumerGroup, filter))
    this.state.markChanged()
  }

  #forget({ topic, consumerGroup }: ConsumerFilter): void {
    this.#topics.get(topic)?.delete(consumerGroup)
    this.state.markChanged()
  }

  #compile(expression: string, type: string): SqlFilter | undefined {
    try {
      return this.#options.compiled.get(expression, type)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      this.#options.logger.warn({ expression, type, reason: error.message }, 'a filter that cannot be compiled')
      return undefined
    }
  }

  #take(content: JsonValue): void {
    const byTopic = objectField(asObject(content, 'consumer filters'), 'filterDataByTopic') ?? {}
    const read = Object.entries(byTopic).flatMap(([topic, value]) => {
      const groups = objectField(asObject(value, topic), 'groupFilterData') ?? {}
      return Object.values(groups).map((filter) =>
        readConsumerFilter(filter, (expression, type) => this.#compile(expression, type)),
      )
    })
    const deadTime = this.#options.clock.now() - DEAD_BEFORE_START_MS
    for (const filter of read) {
      this.#set(filter.deadTime === 0 ? { ...filter, deadTime: Math.max(deadTime, filter.bornTime) } : filter)
    }
  }

  #content(): object {
    const filterDataByTopic = new Map<string, object>()
    for (const [topic, groups] of this.#topics) {
      const groupFilterData = new Map<string, object>()
      for (const [group, filter] of groups) groupFilterData.set(group, consumerFilterJson(filter))
      filterDataByTopic.set(topic, { groupFilterData, topic })
    }
    return { filterDataByTopic }
  }
}

const NO_TOPICS: ReadonlySet<string> = new Set()
