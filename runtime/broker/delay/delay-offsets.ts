import { asInteger, asObject, integerKeyed, objectField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { encodeJson, formatJson } from '../../codec/json/write-json.ts'
import { type DataVersionFields, readDataVersion } from '../../codec/route/data-version.ts'
import type { Clock } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Logger } from '../../observe/logger.ts'
import { DataVersion } from '../metadata/data-version.ts'
import { Persisted } from '../metadata/persisted.ts'
import { StateFile } from '../metadata/state-file.ts'

export interface DelayOffsetsOptions {
  readonly disk: Disk
  /** `<storePathRootDir>/config/delayOffset.json` */
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
  /** delayOffsetUpdateVersionStep: the data version grows once per this many changes. */
  readonly versionStep: number
}

/** Per delay level, the offset in the schedule topic's queue up to which messages were delivered. */
export class DelayOffsets {
  readonly dataVersion: DataVersion
  readonly state: Persisted
  readonly #file: StateFile
  readonly #clock: Clock
  readonly #versionStep: number
  readonly #offsets = new Map<number, number>()
  #changes = 0

  constructor(options: DelayOffsetsOptions) {
    this.#clock = options.clock
    this.#versionStep = Math.max(1, options.versionStep)
    this.dataVersion = new DataVersion(options.clock.now())
    this.#file = new StateFile(options.disk, options.path, options.logger)
    this.state = new Persisted(this.#file, () => formatJson(this.#content()), options.logger)
  }

  /** @throws DamagedStateError */
  load(): void {
    this.#file.load((content) => this.#take(readDelayOffsets(content)))
  }

  get(level: number): number {
    return this.#offsets.get(level) ?? 0
  }

  set(level: number, offset: number): void {
    if (this.#offsets.get(level) === offset) return
    this.#offsets.set(level, offset)
    this.state.markChanged()
    if (++this.#changes % this.#versionStep === 0) this.dataVersion.next(this.#clock.now())
  }

  entries(): ReadonlyMap<number, number> {
    return this.#offsets
  }

  /** A slave takes over its master's offsets. */
  replaceAll(content: JsonValue): void {
    this.#take(readDelayOffsets(content))
    this.state.markChanged()
  }

  /** A master takes over what was delivered in its place: of each level what goes farther, a level never goes back. */
  advance(content: JsonValue): void {
    const { offsets, dataVersion } = readDelayOffsets(content)
    for (const [level, offset] of offsets) if (offset > this.get(level)) this.#offsets.set(level, offset)
    if (!this.dataVersion.isNewerThan(dataVersion)) this.dataVersion.assign(dataVersion)
    this.state.markChanged()
  }

  /** Body of GET_ALL_DELAY_OFFSET. */
  encode(): Buffer {
    return encodeJson(this.#content())
  }

  #take({ offsets, dataVersion }: { offsets: Map<number, number>; dataVersion: DataVersionFields }): void {
    for (const [level, offset] of offsets) this.#offsets.set(level, offset)
    this.dataVersion.assign(dataVersion)
  }

  #content(): { dataVersion: DataVersionFields; offsetTable: ReadonlyMap<number, number> } {
    return { dataVersion: this.dataVersion.toJson(), offsetTable: this.#offsets }
  }
}

function readDelayOffsets(content: JsonValue): { offsets: Map<number, number>; dataVersion: DataVersionFields } {
  const object = asObject(content, 'delay offsets')
  const table = objectField(object, 'offsetTable') ?? {}
  const offsets = integerKeyed(table).map(([level, offset]) => [level, asInteger(offset, `level ${level}`)] as const)
  return { offsets: new Map(offsets), dataVersion: readDataVersion(object['dataVersion'] ?? {}) }
}
