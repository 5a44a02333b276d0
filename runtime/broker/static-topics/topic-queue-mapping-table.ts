import { asObject } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { formatJson } from '../../codec/json/write-json.ts'
import { type DataVersionFields, readDataVersion } from '../../codec/route/data-version.ts'
import { checkStretches, checkSuccession, MappingError } from '../../codec/static-topic/mapping-checks.ts'
import { readMappingDetails, type TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { DataVersion } from '../metadata/data-version.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'

/** One change of the table, and its version afterwards. Undefined: the topic is no static one any more. */
export interface MappingEdit {
  readonly topic: string
  readonly detail: TopicQueueMappingDetail | undefined
  readonly dataVersion: DataVersionFields
}

export interface MappingTableOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/topicQueueMapping.json` */
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
  readonly brokerName: string
}

/** The static topics of this broker: in memory and in topicQueueMapping.json (source: TopicQueueMappingManager). */
export class TopicQueueMappingTable {
  readonly dataVersion: DataVersion
  readonly state: Persisted
  readonly #file: StateFile
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #brokerName: string
  readonly #details = new Map<string, TopicQueueMappingDetail>()
  readonly #listeners: ((topic: string) => void)[] = []
  readonly #journals: ((edit: MappingEdit) => void)[] = []

  constructor(options: MappingTableOptions) {
    this.#clock = options.clock
    this.#logger = options.logger
    this.#brokerName = options.brokerName
    // Of a broker that never had a static topic.
    this.dataVersion = new DataVersion(0)
    this.#file = new StateFile(options.disk, options.path, options.logger)
    this.state = new Persisted(this.#file, () => this.#text(), options.logger)
  }

  /** @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => {
      const { details, dataVersion } = readMappingTable(content)
      for (const [topic, detail] of details) this.#details.set(topic, detail)
      this.dataVersion.assign(dataVersion)
    })
  }

  /** Then nothing has to be looked up. */
  get isEmpty(): boolean {
    return this.#details.size === 0
  }

  find(topic: string): TopicQueueMappingDetail | undefined {
    return this.#details.get(topic)
  }

  all(): IterableIterator<TopicQueueMappingDetail> {
    return this.#details.values()
  }

  /** Called with the topic when its mapping is another one, here or at the master it is copied from. */
  onChanged(listener: (topic: string) => void): void {
    this.#listeners.push(listener)
  }

  /** Called for every change that is made here. */
  onEdited(listener: (edit: MappingEdit) => void): void {
    this.#journals.push(listener)
  }

  /**
   * What is to take the place of a topic's mapping: queues that `detail` does not name stay as they were.
   * @param isForced whatever was before
   * @throws MappingError when the queues' past would be another one
   */
  succession(detail: TopicQueueMappingDetail, isForced: boolean): TopicQueueMappingDetail {
    const { topic, bname, epoch, scope } = detail
    if (bname !== this.#brokerName) {
      throw new MappingError(`the mapping of topic ${topic} is one of broker ${bname}, this is ${this.#brokerName}`)
    }
    for (const items of detail.hostedQueues.values()) checkStretches(items)
    const before = this.#details.get(topic)
    if (before === undefined) return detail
    const hostedQueues = new Map([...before.hostedQueues, ...detail.hostedQueues])
    if (isForced) return { ...detail, hostedQueues }
    if (epoch < before.epoch) throw new MappingError(`Can't accept data with small epoch ${epoch} < ${before.epoch}`)
    if (scope !== before.scope) {
      throw new MappingError(`Can't accept data with unmatched scope ${scope} != ${before.scope}`)
    }
    const isSameEpoch = epoch === before.epoch
    for (const [globalId, items] of before.hostedQueues) {
      const after = detail.hostedQueues.get(globalId)
      if (after !== undefined) checkSuccession(items, after, isSameEpoch)
      else if (isSameEpoch) throw new MappingError('Cannot accept equal epoch with null data')
    }
    return { ...detail, hostedQueues }
  }

  /** With nothing looked at. The caller saves. */
  put(detail: TopicQueueMappingDetail): void {
    this.#details.set(detail.topic, detail)
    this.#changed(detail.topic)
    this.#logger.info({ topic: detail.topic, epoch: detail.epoch, queues: detail.totalQueues }, 'static topic mapped')
  }

  /** Returns false when it was no static topic. The caller saves. */
  delete(topic: string): boolean {
    if (!this.#details.delete(topic)) return false
    this.#changed(topic)
    this.#logger.info({ topic }, 'static topic deleted')
    return true
  }

  #changed(topic: string): void {
    this.nextVersion()
    const edit = { topic, detail: this.#details.get(topic), dataVersion: this.dataVersion.toJson() }
    for (const listener of this.#journals) listener(edit)
    for (const listener of this.#listeners) listener(topic)
  }

  /** A broker that never had a static topic keeps no file of them. */
  nextVersion(): void {
    if (this.#details.size === 0 && this.dataVersion.counter === 0) return
    this.dataVersion.next(this.#clock.now())
    this.state.markChanged()
  }

  /** A slave takes over its master's table, version included. False when it knows of later changes. */
  replaceAll(details: ReadonlyMap<string, TopicQueueMappingDetail>, dataVersion: DataVersionFields): boolean {
    if (this.dataVersion.isPast(dataVersion)) return false
    // Slaves of Apache RocketMQ note the version without the table: a store that was one's may say that it has what it lacks.
    const isKnown = this.dataVersion.equals(dataVersion) && details.size === this.#details.size
    if (isKnown || (details.size === 0 && this.#details.size === 0)) return true
    const topics = new Set([...this.#details.keys(), ...details.keys()])
    this.#details.clear()
    for (const [topic, detail] of details) this.#details.set(topic, detail)
    this.dataVersion.assign(dataVersion)
    this.state.markChanged()
    for (const topic of topics) for (const listener of this.#listeners) listener(topic)
    return true
  }

  /** A replica repeats a change of its master, unless it knows of later ones. True when it did. */
  repeat({ topic, detail, dataVersion }: MappingEdit): boolean {
    if (this.dataVersion.isNewerThan(dataVersion)) return false
    if (detail === undefined) this.#details.delete(topic)
    else this.#details.set(topic, detail)
    this.dataVersion.assign(dataVersion)
    this.state.markChanged()
    for (const listener of this.#listeners) listener(topic)
    return true
  }

  /** Of these topics, or of all: the map that bodies carry. */
  detailMap(topics?: Iterable<string>): Map<string, TopicQueueMappingDetail> {
    if (topics === undefined) return new Map(this.#details)
    const map = new Map<string, TopicQueueMappingDetail>()
    for (const topic of topics) {
      const detail = this.#details.get(topic)
      if (detail !== undefined) map.set(topic, detail)
    }
    return map
  }

  #text(): string {
    return formatJson({ dataVersion: this.dataVersion.toJson(), topicQueueMappingInfoMap: this.#details })
  }
}

/** topicQueueMapping.json. @throws JsonFieldError */
function readMappingTable(content: JsonValue): {
  details: Map<string, TopicQueueMappingDetail>
  dataVersion: DataVersionFields
} {
  const object = asObject(content, 'topic queue mappings')
  return {
    details: readMappingDetails(object['topicQueueMappingInfoMap']),
    dataVersion: readDataVersion(object['dataVersion']),
  }
}

/** What a master says of static topics beside its topics. @throws JsonFieldError */
export function readToldMappings(content: JsonValue): {
  details: Map<string, TopicQueueMappingDetail>
  dataVersion: DataVersionFields
} {
  const object = asObject(content, 'topic table')
  return {
    details: readMappingDetails(object['topicQueueMappingDetailMap']),
    dataVersion: readDataVersion(object['mappingDataVersion'] ?? {}),
  }
}
