import { asObject, integerField, objectField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { type DataVersionFields, readDataVersion } from '../../codec/route/data-version.ts'
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

export interface TimerMetricsOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/timermetrics` */
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
}

/** How many messages of each topic wait for their time. Saved now and then: after a crash the counts may be off. */
export class TimerMetrics {
  readonly state: Persisted
  readonly #file: StateFile
  readonly #clock: Clock
  readonly #dataVersion: DataVersion
  readonly #metrics = new Map<string, Metric>()

  constructor(options: TimerMetricsOptions) {
    this.#clock = options.clock
    this.#dataVersion = new DataVersion(options.clock.now())
    this.#file = new StateFile(options.disk, options.path, options.logger)
    this.state = new Persisted(this.#file, () => this.encode().toString(), options.logger)
  }

  /** @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => this.#take(readMetrics(content)))
  }

  count(topic: string): number {
    return this.#metrics.get(topic)?.count ?? 0
  }

  add(topic: string, change: number): void {
    const now = this.#clock.now()
    const metric = this.#metrics.get(topic)
    if (metric === undefined) this.#metrics.set(topic, { count: change, timeStamp: now })
    else {
      metric.count += change
      metric.timeStamp = now
    }
    this.#dataVersion.next(now)
    this.state.markChanged()
  }

  /** Topics that no longer exist are left out. */
  save(nowMs: number, exists: (topic: string) => boolean): void {
    for (const topic of this.#metrics.keys()) if (!exists(topic)) this.#metrics.delete(topic)
    if (this.state.prepare(nowMs)) this.state.savePrepared(nowMs)
  }

  /** A slave takes over its master's. */
  replaceAll(content: JsonValue): void {
    const read = readMetrics(content)
    this.#metrics.clear()
    this.#take(read)
    this.state.markChanged()
  }

  /** Body of GET_TIMER_METRICS, and the file. */
  encode(): Buffer {
    return encodeJson({ dataVersion: this.#dataVersion.toJson(), timingCount: this.#metrics })
  }

  #take({ counts, dataVersion }: ReturnType<typeof readMetrics>): void {
    for (const [topic, metric] of counts) this.#metrics.set(topic, metric)
    this.#dataVersion.assign(dataVersion)
  }
}

function readMetrics(content: JsonValue): { counts: [string, Metric][]; dataVersion: DataVersionFields } {
  const object = asObject(content, 'timer metrics')
  const counts = Object.entries(objectField(object, 'timingCount') ?? {}).map(([topic, value]): [string, Metric] => {
    const metric = asObject(value, topic)
    return [topic, { count: integerField(metric, 'count') ?? 0, timeStamp: integerField(metric, 'timeStamp') ?? 0 }]
  })
  return { counts, dataVersion: readDataVersion(object['dataVersion'] ?? {}) }
}
