import { ByteKeyMap } from '../../codec/byte-key-map.ts'
import { asObject, objectField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { type DataVersionFields, readDataVersion } from '../../codec/route/data-version.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { changeAttributes } from '../attributes/attribute.ts'
import { TOPIC_ATTRIBUTES } from '../attributes/known-attributes.ts'
import type { Current } from '../metadata/current.ts'
import { DataVersion } from '../metadata/data-version.ts'
import { objectText, TextCache, valueText } from '../metadata/object-text.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'
import { LightNames } from './light-names.ts'
import { type SystemTopicSettings, systemTopics } from './system-topics.ts'
import {
  isSameTopicConfig,
  Perm,
  readTopicConfig,
  type TopicConfig,
  TopicSysFlag,
  topicConfig,
} from './topic-config.ts'
import { AUTO_CREATE_TOPIC, COMMON_SYSTEM_TOPICS, SYSTEM_TOPIC_PREFIX } from './topic-name.ts'

/** Told to the name servers: these topics are new or have changed. */
export type TopicListener = (changed: readonly TopicConfig[]) => void

/** One change of the table, and its version afterwards. Undefined: the topic was deleted. */
export interface TopicEdit {
  readonly topicName: string
  readonly config: TopicConfig | undefined
  readonly dataVersion: DataVersionFields
}

export interface TopicTableOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/topics.json` */
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
  readonly settings: Current<SystemTopicSettings & { readonly enableLmq: boolean }>
}

/** All topics of this broker: in memory, in topics.json, and announced to the name servers through listeners. */
export class TopicTable {
  readonly dataVersion: DataVersion
  readonly state: Persisted
  readonly #file: StateFile
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #settings: Current<SystemTopicSettings>
  readonly #topics = new ByteKeyMap<TopicConfig>()
  readonly #lightTopics: LightNames<TopicConfig>
  readonly #systemTopics = new Set(COMMON_SYSTEM_TOPICS)
  readonly #listeners: TopicListener[] = []
  readonly #journals: ((edit: TopicEdit) => void)[] = []
  readonly #copyListeners: ((configs: readonly TopicConfig[]) => void)[] = []
  readonly #texts = new TextCache(2)

  constructor(options: TopicTableOptions) {
    this.#clock = options.clock
    this.#logger = options.logger
    this.#settings = options.settings
    const sizes = { readQueueNums: 1, writeQueueNums: 1 }
    this.#lightTopics = new LightNames(options.settings.current.enableLmq, (name) => topicConfig(name, sizes))
    this.dataVersion = new DataVersion(options.clock.now())
    this.#file = new StateFile(options.disk, options.path, options.logger)
    this.state = new Persisted(this.#file, () => this.#text(), options.logger)
    for (const config of systemTopics(options.settings.current)) {
      this.#systemTopics.add(config.topicName)
      this.#topics.set(config.topicName, config)
    }
  }

  /** Takes in topics.json, on top of the topics every broker has. @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => {
      const { configs, dataVersion } = readTopicTable(content)
      for (const config of configs) this.#topics.set(config.topicName, config)
      this.dataVersion.assign(dataVersion)
    })
  }

  get size(): number {
    return this.#topics.size
  }

  /** The same object until the topic changes. Every light topic is there. */
  find(name: string): TopicConfig | undefined {
    return this.#topics.get(name) ?? this.#lightTopics.get(name)
  }

  /** The topic whose name lies in `bytes`; makes no string. */
  findByBytes(bytes: Uint8Array, start: number, length: number): TopicConfig | undefined {
    return this.#topics.getBytes(bytes, start, length) ?? this.#lightTopics.getBytes(bytes, start, length)
  }

  all(): IterableIterator<TopicConfig> {
    return this.#topics.values()
  }

  isOrder(name: string): boolean {
    return this.find(name)?.order ?? false
  }

  isSystem(name: string): boolean {
    return this.#systemTopics.has(name) || name.startsWith(SYSTEM_TOPIC_PREFIX)
  }

  systemTopicNames(): string[] {
    return [...this.#systemTopics]
  }

  onChanged(listener: TopicListener): void {
    this.#listeners.push(listener)
  }

  /** Called with topics that were taken over from a master. */
  onCopied(listener: (configs: readonly TopicConfig[]) => void): void {
    this.#copyListeners.push(listener)
  }

  /** Called for every change that is made here, before anything that rests on it. */
  onEdited(listener: (edit: TopicEdit) => void): void {
    this.#journals.push(listener)
  }

  /**
   * Creates the topic of a message on the model of `defaultTopic` (TBW102 as a rule), if that one lets it.
   * Returns the topic, or undefined when it may not be created.
   */
  createForSend(
    name: string,
    defaultTopic: string,
    clientQueueNums: number,
    producer: string,
    topicSysFlag: number,
  ): TopicConfig | undefined {
    const known = this.find(name)
    if (known) return known
    const model = this.find(defaultTopic)
    const isClosed = defaultTopic === AUTO_CREATE_TOPIC && !this.#settings.current.autoCreateTopicEnable
    if (!model || isClosed || (model.perm & Perm.INHERIT) === 0) {
      this.#logger.warn(
        { topic: name, defaultTopic, producer },
        'topic not created: its default topic does not allow it',
      )
      return undefined
    }
    const queueNums = Math.max(0, Math.min(clientQueueNums, model.writeQueueNums))
    return this.createIfAbsent(
      topicConfig(name, {
        readQueueNums: queueNums,
        writeQueueNums: queueNums,
        perm: model.perm & ~Perm.INHERIT,
        topicSysFlag,
        topicFilterType: model.topicFilterType,
      }),
    )
  }

  /** Obtains a retry or dead-letter topic. One that exists keeps all but its `order`, which follows the subscriptions. */
  createForSendBack(name: string, queueNums: number, perm: number, topicSysFlag: number, order = false): TopicConfig {
    const known = this.find(name)
    if (!known) {
      const sizes = { readQueueNums: queueNums, writeQueueNums: queueNums }
      return this.createIfAbsent(topicConfig(name, { ...sizes, perm, topicSysFlag, order }))
    }
    if (known.order === order) return known
    const changed = { ...known, order }
    this.#change([changed])
    return changed
  }

  createIfAbsent(config: TopicConfig): TopicConfig {
    const known = this.find(config.topicName)
    if (known) return known
    this.#logger.info({ topic: config.topicName, config }, 'topic created')
    this.#change([config])
    return config
  }

  /**
   * Creates or replaces topics. The `attributes` of each are changes with signs (`+message.type`), applied to what it
   * has; all topics are changed or none, and one that stays as it is counts for nothing but in the journal. The caller saves.
   * @throws AttributeError
   */
  update(requested: readonly TopicConfig[]): void {
    const merged = requested.map((config) => {
      const current = this.find(config.topicName)
      const before = current?.attributes ?? new Map<string, string>()
      const attributes = changeAttributes(current === undefined, TOPIC_ATTRIBUTES, before, config.attributes)
      return { ...config, attributes }
    })
    const changed = merged.filter((config) => {
      const current = this.find(config.topicName)
      return this.#isJournaled || current === undefined || !isSameTopicConfig(current, config)
    })
    for (const config of changed) this.#logger.info({ topic: config.topicName, config }, 'topic created or updated')
    if (changed.length > 0) this.#change(changed)
  }

  /** Marks or clears "has consumers in other units" (`updateTopicUnitSubFlag`). */
  setUnitSub(name: string, hasUnitSub: boolean): void {
    const config = this.find(name)
    if (!config) return
    const cleared = config.topicSysFlag & ~TopicSysFlag.UNIT_SUB
    const topicSysFlag = hasUnitSub ? cleared | TopicSysFlag.UNIT_SUB : cleared
    if (topicSysFlag !== config.topicSysFlag) this.#change([{ ...config, topicSysFlag }])
  }

  /** Topics that the name server's ORDER_TOPIC_CONFIG lists become ordered ones. */
  markOrdered(names: Iterable<string>): void {
    const changed: TopicConfig[] = []
    for (const name of names) {
      const config = this.find(name)
      if (config && !config.order) changed.push({ ...config, order: true })
    }
    if (changed.length > 0) this.#change(changed)
  }

  /** Something that is told of a topic beside its configuration has changed. */
  announce(name: string): void {
    this.nextVersion()
    const config = this.#topics.get(name)
    if (config !== undefined) for (const listener of this.#listeners) listener([config])
  }

  /** Returns false when there is no such topic. The caller saves. */
  delete(name: string): boolean {
    const wasThere = this.#topics.delete(name)
    if (wasThere) this.#logger.info({ topic: name }, 'topic deleted')
    else if (!this.#isJournaled) return false
    this.nextVersion()
    this.#journal(name)
    return wasThere
  }

  /** A slave takes over its master's table, version included. False when it knows of later changes. */
  replaceAll(configs: readonly TopicConfig[], dataVersion: DataVersionFields): boolean {
    if (this.dataVersion.isPast(dataVersion)) return false
    const kept = new Set(configs.map((config) => config.topicName))
    for (const name of [...this.#topics.keys()]) if (!kept.has(name)) this.#topics.delete(name)
    for (const config of configs) this.#topics.set(config.topicName, config)
    this.dataVersion.assign(dataVersion)
    this.state.markChanged()
    for (const listener of this.#copyListeners) listener(configs)
    return true
  }

  /** A replica repeats a change of its master, unless it knows of later ones. True when it did. */
  repeat({ topicName, config, dataVersion }: TopicEdit): boolean {
    if (this.dataVersion.isNewerThan(dataVersion)) return false
    if (config === undefined) this.#topics.delete(topicName)
    else this.#topics.set(topicName, config)
    this.dataVersion.assign(dataVersion)
    this.state.markChanged()
    if (config !== undefined) for (const listener of this.#copyListeners) listener([config])
    return true
  }

  /** A topic's configs by name: the map that bodies carry. */
  configMap(topics: Iterable<TopicConfig> = this.all()): Map<string, TopicConfig> {
    const map = new Map<string, TopicConfig>()
    for (const config of topics) map.set(config.topicName, config)
    return map
  }

  /** What name servers know of this broker is out of date. Also when what changed is no topic, such as its permission. */
  nextVersion(): void {
    this.dataVersion.next(this.#clock.now())
    this.state.markChanged()
  }

  #text(): string {
    const configs = Array.from(this.all(), (config) => [config.topicName, this.#texts.of(config)] as const)
    const fields = [
      ['dataVersion', valueText(this.dataVersion.toJson(), 1)],
      ['topicConfigTable', objectText(configs, 1)],
    ] as const
    return objectText(fields, 0)
  }

  #change(requested: readonly TopicConfig[]): void {
    const configs = requested.filter(({ topicName }) => !this.#lightTopics.has(topicName))
    if (configs.length === 0) return
    for (const config of configs) this.#topics.set(config.topicName, config)
    for (const { topicName } of configs) {
      this.nextVersion()
      this.#journal(topicName)
    }
    for (const listener of this.#listeners) listener(configs)
  }

  /**
   * Then a change is written down also when it changes nothing here: it was asked for before, and perhaps has not got to
   * other replicas yet, or not even into the log of this master, if it began with a table that was ahead of it.
   */
  get #isJournaled(): boolean {
    return this.#journals.length > 0
  }

  #journal(topicName: string): void {
    if (this.#journals.length === 0) return
    const edit = { topicName, config: this.#topics.get(topicName), dataVersion: this.dataVersion.toJson() }
    for (const listener of this.#journals) listener(edit)
  }
}

/** topics.json, and the body a master sends its slave. @throws JsonFieldError */
export function readTopicTable(content: JsonValue): { configs: TopicConfig[]; dataVersion: DataVersionFields } {
  const object = asObject(content, 'topic table')
  const table = objectField(object, 'topicConfigTable') ?? {}
  return {
    configs: Object.values(table).map(readTopicConfig),
    dataVersion: readDataVersion(object['dataVersion']),
  }
}
