import { asObject, integerField, objectField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { readDataVersion } from '../../codec/route/data-version.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { DataVersion } from '../metadata/data-version.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'

interface Metric {
  count: number
  /** Ms; when it last changed. */
  timeStamp: number
}

export interface TransactionMetricsOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/transactionMetrics.json` */
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * How many transactions of each topic are under way: counted when half messages come and when they are settled, saved
 * now and then. After a crash the counts may be off, as with Apache RocketMQ.
 */
export class TransactionMetrics {
  readonly state: Persisted
  readonly #file: StateFile
  readonly #clock: Clock
  readonly #dataVersion: DataVersion
  readonly #metrics = new Map<string, Metric>()
  #savedMs: number

  constructor(options: TransactionMetricsOptions) {
    this.#clock = options.clock
    this.#savedMs = options.clock.now()
    this.#dataVersion = new DataVersion(options.clock.now())
    this.#file = new StateFile(options.disk, options.path, options.logger)
    this.state = new Persisted(this.#file, () => this.#text(), options.logger)
  }

  /** @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => this.#take(content))
  }

  count(topic: string): number {
    return this.#metrics.get(topic)?.count ?? 0
  }

  add(topic: string, change: number): void {
    const now = this.#clock.now()
    const metric = this.#metrics.get(topic)
    if (metric === undefined) {
      this.#metrics.set(topic, { count: change, timeStamp: now })
    } else {
      metric.count += change
      metric.timeStamp = now
    }
    this.#dataVersion.next(now)
    this.state.markChanged()
  }

  /** Saves when `intervalMs` have passed since the last time. Topics that no longer exist are left out. */
  tick(nowMs: number, intervalMs: number, exists: (topic: string) => boolean): void {
    if (Math.abs(nowMs - this.#savedMs) < intervalMs) return
    this.#savedMs = nowMs
    for (const topic of this.#metrics.keys()) if (!exists(topic)) this.#metrics.delete(topic)
    if (this.state.prepare(nowMs)) this.state.savePrepared(nowMs)
  }

  #text(): string {
    return encodeJson({ dataVersion: this.#dataVersion.toJson(), transactionCount: this.#metrics }).toString()
  }

  #take(content: JsonValue): void {
    const object = asObject(content, 'transaction metrics')
    const read = Object.entries(objectField(object, 'transactionCount') ?? {}).map(([topic, value]) => {
      const metric = asObject(value, topic)
      const [count, timeStamp] = [integerField(metric, 'count') ?? 0, integerField(metric, 'timeStamp') ?? 0]
      return [topic, { count, timeStamp }] as const
    })
    for (const [topic, metric] of read) this.#metrics.set(topic, metric)
    this.#dataVersion.assign(readDataVersion(object['dataVersion'] ?? {}))
  }
}
