import { ByteKeyMap } from '../../codec/byte-key-map.ts'
import { asInteger, asObject, objectField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { type DataVersionFields, readDataVersion } from '../../codec/route/data-version.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { changeAttributes } from '../attributes/attribute.ts'
import { GROUP_ATTRIBUTES } from '../attributes/known-attributes.ts'
import type { Current } from '../metadata/current.ts'
import { DataVersion } from '../metadata/data-version.ts'
import { objectText, TextCache, valueText } from '../metadata/object-text.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'
import { LightNames } from '../topics/light-names.ts'
import { groupNameProblem } from '../topics/topic-name.ts'
import { readSubscriptionGroup, type SubscriptionGroupConfig, subscriptionGroup } from './subscription-group.ts'
import { PREDEFINED_GROUPS, SYSTEM_GROUP_PREFIX } from './system-groups.ts'

export interface GroupSettings {
  readonly autoCreateSubscriptionGroup: boolean
  readonly enableCreateSysGroup: boolean
}

export interface SubscriptionGroupTableOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/subscriptionGroup.json` */
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
  readonly settings: Current<GroupSettings & { readonly enableLmq: boolean }>
}

/** A set of bits per group and topic: which kinds of access are forbidden. */
type ForbiddenTable = Map<string, Map<string, number>>

/** One change of the table, and its version afterwards. Undefined: the group was deleted. */
export interface GroupEdit {
  readonly groupName: string
  readonly config: SubscriptionGroupConfig | undefined
  /** Bits by topic. */
  readonly forbidden: ReadonlyMap<string, number> | undefined
  readonly dataVersion: DataVersionFields
}

/** All consumer groups this broker knows. */
export class SubscriptionGroupTable {
  readonly dataVersion: DataVersion
  readonly state: Persisted
  readonly #file: StateFile
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #settings: Current<GroupSettings>
  readonly #groups = new ByteKeyMap<SubscriptionGroupConfig>()
  /** Groups of light queues: every one is there. */
  readonly #lightGroups: LightNames<SubscriptionGroupConfig>
  readonly #forbidden: ForbiddenTable = new Map()
  readonly #texts = new TextCache(2)
  readonly #journals: ((edit: GroupEdit) => void)[] = []

  constructor(options: SubscriptionGroupTableOptions) {
    this.#clock = options.clock
    this.#logger = options.logger
    this.#settings = options.settings
    this.#lightGroups = new LightNames(options.settings.current.enableLmq, subscriptionGroup)
    this.dataVersion = new DataVersion(options.clock.now())
    this.#file = new StateFile(options.disk, options.path, options.logger)
    this.state = new Persisted(this.#file, () => this.#text(), options.logger)
    for (const name of PREDEFINED_GROUPS) this.#groups.set(name, subscriptionGroup(name))
  }

  /** Takes in subscriptionGroup.json. @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => {
      const { configs, forbidden, dataVersion } = readSubscriptionGroupTable(content)
      for (const config of configs) this.#groups.set(config.groupName, config)
      for (const [group, topics] of forbidden) this.#forbidden.set(group, topics)
      this.dataVersion.assign(dataVersion)
    })
  }

  get size(): number {
    return this.#groups.size
  }

  has(name: string): boolean {
    return this.#groups.has(name) || this.#lightGroups.has(name)
  }

  get(name: string): SubscriptionGroupConfig | undefined {
    return this.#groups.get(name) ?? this.#lightGroups.get(name)
  }

  /** The group whose name lies in `bytes`, if it is known; creates nothing. */
  getBytes(bytes: Uint8Array, start: number, length: number): SubscriptionGroupConfig | undefined {
    return this.#groups.getBytes(bytes, start, length) ?? this.#lightGroups.getBytes(bytes, start, length)
  }

  all(): IterableIterator<SubscriptionGroupConfig> {
    return this.#groups.values()
  }

  /** The group; a new one when it is unknown, has a legal name and groups may be created by using them. */
  find(name: string): SubscriptionGroupConfig | undefined {
    const known = this.get(name)
    if (known) return known
    const { autoCreateSubscriptionGroup, enableCreateSysGroup } = this.#settings.current
    const mayCreate = autoCreateSubscriptionGroup || (enableCreateSysGroup && name.startsWith(SYSTEM_GROUP_PREFIX))
    if (!mayCreate || groupNameProblem(name) !== undefined) return undefined
    const created = subscriptionGroup(name)
    this.#groups.set(name, created)
    this.#logger.info({ group: name }, 'consumer group created')
    this.#changed(name)
    return created
  }

  /**
   * Creates or replaces groups; `attributes` are changes with signs. All are changed or none. The caller saves.
   * @throws AttributeError
   */
  update(requested: readonly SubscriptionGroupConfig[]): void {
    const stored = requested.filter(({ groupName }) => !this.#lightGroups.has(groupName))
    const merged = stored.map((config) => {
      const current = this.#groups.get(config.groupName)
      const before = current?.attributes ?? new Map<string, string>()
      const attributes = changeAttributes(current === undefined, GROUP_ATTRIBUTES, before, config.attributes)
      return { ...config, attributes }
    })
    for (const config of merged) {
      this.#groups.set(config.groupName, config)
      this.#logger.info({ group: config.groupName, config }, 'consumer group created or updated')
      this.#changed(config.groupName)
    }
  }

  /** No consumer of the group gets messages any more, because it reads too slowly (disableConsumeIfConsumerReadSlowly). */
  disableConsume(name: string): void {
    const config = this.#groups.get(name)
    if (!config?.consumeEnable) return
    this.#groups.set(name, { ...config, consumeEnable: false })
    this.#changed(name)
  }

  /** Returns false when there is no such group. The caller saves. */
  delete(name: string): boolean {
    this.#forbidden.delete(name)
    const wasThere = this.#groups.delete(name)
    if (wasThere) this.#logger.info({ group: name }, 'consumer group deleted')
    // What is asked for again is written down again, see TopicTable.
    else if (this.#journals.length === 0) return false
    this.#changed(name)
    return wasThere
  }

  isForbidden(group: string, topic: string, bit: number): boolean {
    return (this.#forbiddenBits(group, topic) & (1 << bit)) !== 0
  }

  /** Sets or clears one bit. Clearing a topic's last bit clears all of the group's topics, as `updateForbiddenValue` does. */
  setForbidden(group: string, topic: string, bit: number, isForbidden: boolean): void {
    const before = this.#forbiddenBits(group, topic)
    const bits = isForbidden ? before | (1 << bit) : before & ~(1 << bit)
    if (bits <= 0) this.#forbidden.delete(group)
    else {
      const topics = this.#forbidden.get(group) ?? new Map<string, number>()
      this.#forbidden.set(group, topics.set(topic, bits))
    }
    if (bits !== before || this.#journals.length > 0) this.#changed(group)
  }

  /** Called for every change that is made here, before anything that rests on it. */
  onEdited(listener: (edit: GroupEdit) => void): void {
    this.#journals.push(listener)
  }

  /** A replica repeats a change of its master, unless it knows of later ones. True when it did. */
  repeat({ groupName, config, forbidden, dataVersion }: GroupEdit): boolean {
    if (this.dataVersion.isNewerThan(dataVersion)) return false
    if (config === undefined) this.#groups.delete(groupName)
    else this.#groups.set(groupName, config)
    if (forbidden === undefined) this.#forbidden.delete(groupName)
    else this.#forbidden.set(groupName, new Map(forbidden))
    this.dataVersion.assign(dataVersion)
    this.state.markChanged()
    return true
  }

  /** A slave takes over its master's table, version included. False when it knows of later changes. */
  replaceAll(
    configs: readonly SubscriptionGroupConfig[],
    forbidden: ForbiddenTable,
    version: DataVersionFields,
  ): boolean {
    if (this.dataVersion.isPast(version)) return false
    const kept = new Set(configs.map((config) => config.groupName))
    for (const name of [...this.#groups.keys()]) if (!kept.has(name)) this.#groups.delete(name)
    for (const config of configs) this.#groups.set(config.groupName, config)
    this.#forbidden.clear()
    for (const [group, topics] of forbidden) this.#forbidden.set(group, topics)
    this.dataVersion.assign(version)
    this.state.markChanged()
    return true
  }

  /** The body of GET_ALL_SUBSCRIPTIONGROUP_CONFIG; of these groups only, if given. */
  content(groups: Iterable<SubscriptionGroupConfig> = this.all()): object {
    const table = new Map<string, SubscriptionGroupConfig>()
    const forbiddenTable: ForbiddenTable = new Map()
    for (const config of groups) {
      table.set(config.groupName, config)
      const topics = this.#forbidden.get(config.groupName)
      if (topics) forbiddenTable.set(config.groupName, topics)
    }
    return { dataVersion: this.dataVersion.toJson(), forbiddenTable, subscriptionGroupTable: table }
  }

  #text(): string {
    const configs = Array.from(this.all(), (config) => [config.groupName, this.#texts.of(config)] as const)
    const fields = [
      ['dataVersion', valueText(this.dataVersion.toJson(), 1)],
      ['forbiddenTable', valueText(this.#forbidden, 1)],
      ['subscriptionGroupTable', objectText(configs, 1)],
    ] as const
    return objectText(fields, 0)
  }

  #forbiddenBits(group: string, topic: string): number {
    return Math.max(0, this.#forbidden.get(group)?.get(topic) ?? 0)
  }

  #changed(groupName: string): void {
    this.nextVersion()
    if (this.#journals.length === 0) return
    const [config, forbidden] = [this.#groups.get(groupName), this.#forbidden.get(groupName)]
    const edit = { groupName, config, forbidden, dataVersion: this.dataVersion.toJson() }
    for (const listener of this.#journals) listener(edit)
  }

  /** Something other than a group is new, such as the master. */
  nextVersion(): void {
    this.dataVersion.next(this.#clock.now())
    this.state.markChanged()
  }
}

/** subscriptionGroup.json, and the body a master sends its slave. @throws JsonFieldError */
export function readSubscriptionGroupTable(content: JsonValue): {
  configs: SubscriptionGroupConfig[]
  forbidden: ForbiddenTable
  dataVersion: DataVersionFields
} {
  const object = asObject(content, 'subscription group table')
  const forbidden: ForbiddenTable = new Map()
  for (const [group, topics] of Object.entries(objectField(object, 'forbiddenTable') ?? {})) {
    const bits = Object.entries(asObject(topics, group)).map(
      ([topic, value]) => [topic, asInteger(value, topic)] as const,
    )
    forbidden.set(group, new Map(bits))
  }
  return {
    configs: Object.values(objectField(object, 'subscriptionGroupTable') ?? {}).map(readSubscriptionGroup),
    forbidden,
    dataVersion: readDataVersion(object['dataVersion']),
  }
}
