import { asObject, integerField, objectField } from '../../codec/json/json-fields.ts'
import { parseJson } from '../../codec/json/parse-json.ts'
import { writeFileAtomic } from '../../io/atomic-file.ts'
import type { Disk } from '../../io/disk.ts'
import type { StoreReporter } from '../store-options.ts'

/**
 * `position-checkpoint`: up to which offset each queue has been compacted, `{"queueOffsetMap":{"Topic_0":17}}` (Java's
 * `CompactionPositionMgr`). What it does not know is looked at once more, which does no harm.
 */
export class CompactionPositions {
  readonly #disk: Disk
  readonly #path: string
  readonly #offsets = new Map<string, number>()

  constructor(disk: Disk, folder: string, reporter: StoreReporter) {
    this.#disk = disk
    this.#path = `${folder}/position-checkpoint`
    for (const path of [this.#path, `${this.#path}.bak`]) {
      if (disk.stat(path) === undefined) continue
      try {
        this.#read(path)
        return
      } catch (error) {
        this.#offsets.clear()
        reporter.warn(
          `${path} cannot be read, its compaction topics are compacted from their beginning: ${String(error)}`,
        )
      }
    }
  }

  /** -1 for a queue that was never compacted. */
  of(topic: string, queueId: number): number {
    return this.#offsets.get(`${topic}_${queueId}`) ?? -1
  }

  /** Durable when it returns. */
  set(topic: string, queueId: number, offset: number): void {
    this.#offsets.set(`${topic}_${queueId}`, offset)
    this.#write()
  }

  lower(topic: string, queueId: number, offset: number): void {
    if (offset < this.of(topic, queueId)) this.set(topic, queueId, offset)
  }

  forget(topic: string, queueIds: readonly number[]): void {
    let hasChanged = false
    for (const queueId of queueIds) hasChanged = this.#offsets.delete(`${topic}_${queueId}`) || hasChanged
    if (hasChanged) this.#write()
  }

  #read(path: string): void {
    const table = objectField(asObject(parseJson(this.#disk.readFile(path).toString()), path), 'queueOffsetMap') ?? {}
    for (const queue of Object.keys(table)) this.#offsets.set(queue, integerField(table, queue) ?? -1)
  }

  /** To the byte what Java writes. */
  #text(): string {
    const offsets = Array.from(this.#offsets, ([queue, offset]) => `\t\t${JSON.stringify(queue)}:${offset}`)
    const table = offsets.length === 0 ? '{}' : `{\n${offsets.join(',\n')}\n\t}`
    return `{\n\t"empty":${offsets.length === 0},\n\t"queueOffsetMap":${table}\n}`
  }

  #write(): void {
    writeFileAtomic(this.#disk, this.#path, Buffer.from(this.#text()))
  }
}
