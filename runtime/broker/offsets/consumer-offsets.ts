import { asInteger, asObject, integerField, integerKeyed, objectField } from '../../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../../codec/json/json-value.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { type DataVersionFields, readDataVersion } from '../../codec/route/data-version.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { Current } from '../metadata/current.ts'
import { DataVersion } from '../metadata/data-version.ts'
import { objectText, valueText } from '../metadata/object-text.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'
import { OffsetTable } from './offset-table.ts'

export interface OffsetSettings {
  /** The data version grows once per this many commits, so that slaves do not fetch the table all the time. */
  readonly consumerOffsetUpdateVersionStep: number
  readonly useServerSideResetOffset: boolean
}

/** Where the messages of a queue end in this broker's log. */
type QueueEnd = (topic: string, queueId: number) => number

export interface ConsumerOffsetsOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/consumerOffset.json` */
  readonly path: string
  /**
   * `<storePathRootDir>/config/lmqConsumerOffset.json`: where there are light queues, Apache RocketMQ keeps all offsets in it.
   * What the other file has is taken in once, while there is none of this name.
   */
  readonly lightPath?: string | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly settings: Current<OffsetSettings>
}

/**
 * How far each consumer group has come in each queue. Saved every flushConsumerOffsetInterval and at the end, not with
 * each commit: after a crash some messages are consumed again, as with Apache RocketMQ.
 */
export class ConsumerOffsets {
  readonly dataVersion: DataVersion
  readonly state: Persisted
  readonly #file: StateFile
  readonly #plainFile: StateFile | undefined
  readonly #clock: Clock
  readonly #settings: Current<OffsetSettings>
  readonly #committed = new OffsetTable()
  /** How far the group has pulled; ahead of what it has committed. In the file, too, but not read from it. */
  readonly #pulled = new OffsetTable()
  /** Positions set by an administrator that the next pull of the queue takes up and erases. */
  readonly #reset = new OffsetTable()
  #endOf: QueueEnd = () => Number.MAX_SAFE_INTEGER
  /** See {@link coveredEnd}, of what was read or taken over; NaN when that did not say. */
  #knownEnd = 0
  #coveredEnd: (() => number) | undefined
  #commitCount = 0

  constructor(options: ConsumerOffsetsOptions) {
    this.#clock = options.clock
    this.#settings = options.settings
    this.dataVersion = new DataVersion(options.clock.now())
    const { disk, path, lightPath, logger } = options
    this.#file = new StateFile(disk, lightPath ?? path, logger)
    this.#plainFile = lightPath === undefined ? undefined : new StateFile(disk, path, logger)
    this.state = new Persisted(this.#file, () => this.#text(), options.logger)
  }

  /** Takes in consumerOffset.json, or the file of its place. @throws DamagedStateError */
  load(): void {
    const take = (content: JsonValue): void => {
      const { offsets, dataVersion, logEnd } = readConsumerOffsets(content)
      this.#committed.replaceAll(offsets)
      this.#knownEnd = logEnd
      this.dataVersion.assign(dataVersion)
    }
    if (!this.#file.load(take)) this.#plainFile?.load(take)
  }

  /**
   * The offsets are those of the log up to there: of pops whose check points lie behind it they do not know. NaN when that is
   * not known: Apache RocketMQ does not write it down.
   */
  get coveredEnd(): number {
    return this.#coveredEnd?.() ?? this.#knownEnd
  }

  /** From now on they are kept up with the log; undefined: no longer, they are as far as they have come. */
  coverWith(coveredEnd: (() => number) | undefined): void {
    if (coveredEnd === undefined) this.#knownEnd = this.coveredEnd
    this.#coveredEnd = coveredEnd
  }

  /** From now on no position is taken that lies behind the end of its queue: the group would pass over what comes to stand there. */
  boundBy(endOf: QueueEnd): void {
    this.#endOf = endOf
  }

  /**
   * A group that stands behind the end of its queue, because a power cut or a change of masters took messages that it had
   * consumed, goes on at that end. To be called once it is known where the queues end: in controller mode a broker that
   * has just started shows only what it knows to be confirmed, and the rest of its log may be so as well.
   */
  clampToEnds(): void {
    if (this.#committed.clamp(this.#endOf)) this.state.markChanged()
  }

  commit(group: string, topic: string, queueId: number, offset: number): void {
    const known = offset > 0 ? Math.min(offset, this.#endOf(topic, queueId)) : offset
    this.#committed.set(topic, group, queueId, known)
    this.state.markChanged()
    if (++this.#commitCount % this.#settings.current.consumerOffsetUpdateVersionStep === 0) {
      this.dataVersion.next(this.#clock.now())
    }
  }

  /** Where the group goes on: a reset that was not taken up yet, else what it committed, else -1. */
  query(group: string, topic: string, queueId: number): number {
    if (this.#settings.current.useServerSideResetOffset) {
      const reset = this.#reset.get(topic, group, queueId)
      if (reset !== undefined) return reset
    }
    return this.#committed.get(topic, group, queueId) ?? -1
  }

  commitPulled(group: string, topic: string, queueId: number, offset: number): void {
    this.#pulled.set(topic, group, queueId, offset)
    this.state.markChanged()
  }

  /** How far the group has pulled, or where it would go on. */
  queryPulled(group: string, topic: string, queueId: number): number {
    return this.#pulled.get(topic, group, queueId) ?? this.query(group, topic, queueId)
  }

  clearPulled(group: string, topic: string): void {
    this.#pulled.deleteEntry(topic, group)
  }

  /** All queues of a group and topic that have a committed offset. */
  queuesOf(group: string, topic: string): ReadonlyMap<number, number> | undefined {
    return this.#committed.queuesOf(topic, group)
  }

  /** Sets a position that the next pull or query takes up, and what is committed with it. Negative ones are ignored. */
  assignReset(group: string, topic: string, queueId: number, offset: number): void {
    if (queueId < 0 || offset < 0) return
    this.#reset.set(topic, group, queueId, offset)
    this.#committed.set(topic, group, queueId, offset)
    this.state.markChanged()
  }

  /** Pairs of topic and group that have a committed offset. */
  get count(): number {
    return this.#committed.count
  }

  /** No reset waits anywhere: lets the pull path skip the look-up. */
  get hasNoResets(): boolean {
    return this.#reset.isEmpty
  }

  hasReset(group: string, topic: string, queueId: number): boolean {
    return !this.#reset.isEmpty && this.#reset.get(topic, group, queueId) !== undefined
  }

  /** The reset position, which counts as taken up from now on. */
  takeReset(group: string, topic: string, queueId: number): number | undefined {
    return this.#reset.isEmpty ? undefined : this.#reset.delete(topic, group, queueId)
  }

  /** `toGroup` gets the positions of `fromGroup` in the topic; nothing happens when that has none. */
  clone(fromGroup: string, toGroup: string, topic: string): void {
    const queues = this.#committed.queuesOf(topic, fromGroup)
    if (!queues) return
    this.#committed.replaceEntry(topic, toGroup, queues)
    this.state.markChanged()
  }

  topicsOf(group: string): string[] {
    return this.#committed.topicsOf(group)
  }

  groupsOf(topic: string): string[] {
    return this.#committed.groupsOf(topic)
  }

  removeGroup(group: string): void {
    for (const table of [this.#committed, this.#pulled, this.#reset]) table.deleteGroup(group)
    this.state.markChanged()
  }

  removeTopic(topic: string): void {
    for (const table of [this.#committed, this.#pulled, this.#reset]) table.deleteTopic(topic)
    this.state.markChanged()
  }

  /** Drops entries of which `isStale(group, topic, queues)` holds: nobody subscribes and all messages are gone. */
  removeStale(isStale: (group: string, topic: string, queues: ReadonlyMap<number, number>) => boolean): void {
    if (this.#committed.deleteWhere(isStale)) this.state.markChanged()
  }

  /**
   * A slave takes over its master's positions, but none behind the messages that it has itself: those may never come. Groups
   * the master does not know are kept, as in Apache RocketMQ. Returns whether all were taken over as they are.
   */
  merge(
    offsets: ReadonlyMap<string, ReadonlyMap<number, number>>,
    dataVersion: DataVersionFields,
    logEnd = Number.NaN,
  ): boolean {
    this.#knownEnd = logEnd
    this.#committed.putAll(offsets)
    const isClamped = this.#committed.clamp(this.#endOf)
    this.dataVersion.assign(dataVersion)
    this.state.markChanged()
    return !isClamped
  }

  /**
   * A master that comes back takes over what was recorded by the slave that acted for it: all of it, if the slave's version
   * is not older than its own; else what goes farther, since the last that consumers said here never reached the slave.
   */
  takeOver(offsets: ReadonlyMap<string, ReadonlyMap<number, number>>, dataVersion: DataVersionFields): void {
    if (!this.dataVersion.isNewerThan(dataVersion)) this.merge(offsets, dataVersion)
    else {
      this.#committed.advanceAll(offsets)
      this.#committed.clamp(this.#endOf)
      this.state.markChanged()
    }
  }

  /**
   * The body of GET_ALL_CONSUMER_OFFSET. Queue numbers have quotes in it, unlike in what an Apache RocketMQ master sends:
   * its slaves cannot skip unquoted ones in pullOffsetTable, a field their class does not have, and so take over no offsets
   * at all once anybody has pulled.
   */
  body(): Buffer {
    const version = JSON.stringify(this.dataVersion.toJson())
    const groupTopicMap = encodeJson(this.#committed.topicsByGroup(this.#isLight)).toString()
    const end = this.#logEnd
    const logEnd = end === undefined ? '' : `"logEnd":${end},`
    const light = this.#isLight ? `"lmqOffsetTable":${this.#committed.lightText('body')},` : ''
    const offsetTable = this.#committed.text('body', this.#isLight)
    const tables = `${light}"offsetTable":${offsetTable},"pullOffsetTable":${this.#pulled.text('body')}`
    return Buffer.from(`{"dataVersion":${version},"groupTopicMap":${groupTopicMap},${logEnd}${tables}}`)
  }

  get #isLight(): boolean {
    return this.#plainFile !== undefined
  }

  /** Ours: Apache RocketMQ passes over it. */
  get #logEnd(): number | undefined {
    const end = this.coveredEnd
    return end > 0 || (end === 0 && this.#coveredEnd !== undefined) ? end : undefined
  }

  #text(): string {
    const end = this.#logEnd
    const logEnd = end === undefined ? [] : ([['logEnd', String(end)]] as const)
    const light = this.#isLight ? ([['lmqOffsetTable', this.#committed.lightText('file')]] as const) : []
    const fields = [
      ['dataVersion', valueText(this.dataVersion.toJson(), 1)],
      ['groupTopicMap', valueText(this.#committed.topicsByGroup(this.#isLight), 1)],
      ...light,
      ...logEnd,
      ['offsetTable', this.#committed.text('file', this.#isLight)],
      ['pullOffsetTable', this.#pulled.text('file')],
    ] as const
    return objectText(fields, 0)
  }
}

/** consumerOffset.json, and the body a master sends its slave: offsets by `topic@group` and queue. @throws JsonFieldError */
export function readConsumerOffsets(content: JsonValue): {
  offsets: Map<string, Map<number, number>>
  dataVersion: DataVersionFields
  /** {@link ConsumerOffsets.coveredEnd} */
  logEnd: number
} {
  const object = asObject(content, 'consumer offsets')
  const offsets = new Map<string, Map<number, number>>()
  for (const [key, queues] of Object.entries(objectField(object, 'offsetTable') ?? {})) {
    offsets.set(key, readQueues(asObject(queues, key), key))
  }
  for (const [key, offset] of Object.entries(objectField(object, 'lmqOffsetTable') ?? {})) {
    offsets.set(key, new Map([[LMQ_QUEUE_ID, asInteger(offset, key)]]))
  }
  // Files of 4.x have no version.
  const dataVersion = object['dataVersion'] ?? {}
  const logEnd = integerField(object, 'logEnd') ?? Number.NaN
  return { offsets, dataVersion: readDataVersion(dataVersion), logEnd }
}

function readQueues(queues: JsonObject, key: string): Map<number, number> {
  return new Map(integerKeyed(queues).map(([queueId, offset]) => [queueId, asInteger(offset, `${key} ${queueId}`)]))
}
