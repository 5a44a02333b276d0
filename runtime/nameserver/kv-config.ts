import { asObject, asText, objectField } from '../codec/json/json-fields.ts'
import { parseJsonBytes } from '../codec/json/parse-json.ts'
import { encodeJson } from '../codec/json/write-json.ts'
import { writeFileAtomic } from '../io/atomic-file.ts'
import type { Disk } from '../io/disk.ts'

/** Namespace of the queue layout of ordered topics: topic -> `broker-a:4;broker-b:4`. */
export const ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG'

/** The whole file is written at each change; more than this is not what the feature is for. */
export const KV_CONFIG_MAX_BYTES = 8 * 1024 * 1024

/**
 * Settings that operators keep on a name server, by namespace and key, in the file that Apache RocketMQ keeps them in:
 * {"configTable":{namespace:{key:value}}}. Every change is on disk before it is acknowledged.
 */
export class KvConfig {
  readonly #disk: Disk
  readonly #path: string
  #namespaces = new Map<string, ReadonlyMap<string, string>>()

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  /**
   * Reads the file, or the previous one if it is damaged. Neither there: empty.
   * @returns what was wrong with the file, for the log
   * @throws Error when there is a file but none can be read
   */
  load(): string | undefined {
    const damaged = this.#read(this.#path)
    if (damaged === undefined) return undefined
    const backup = `${this.#path}.bak`
    if (this.#disk.stat(backup) && this.#read(backup) === undefined) return `${damaged}; ${backup} is used in its place`
    throw new Error(`${damaged}; repair or remove it`)
  }

  get(namespace: string, key: string): string | undefined {
    return this.#namespaces.get(namespace)?.get(key)
  }

  /** KVTable with all keys of a namespace; undefined when there is none. */
  encodeNamespace(namespace: string): Buffer | undefined {
    const table = this.#namespaces.get(namespace)
    return table && encodeJson({ table })
  }

  /** @throws Error when it cannot be saved; nothing is changed then. */
  put(namespace: string, key: string, value: string): void {
    this.#replace(namespace, new Map(this.#namespaces.get(namespace)).set(key, value))
  }

  /** @throws Error when it cannot be saved; nothing is changed then. */
  delete(namespace: string, key: string): void {
    const table = new Map(this.#namespaces.get(namespace))
    if (table.delete(key)) this.#replace(namespace, table)
  }

  #replace(namespace: string, table: ReadonlyMap<string, string>): void {
    const changed = new Map(this.#namespaces).set(namespace, table)
    const content = encodeJson({ configTable: changed })
    if (content.length > KV_CONFIG_MAX_BYTES) {
      throw new Error(
        `the key-value configuration would take ${content.length} bytes; the limit is ${KV_CONFIG_MAX_BYTES}`,
      )
    }
    writeFileAtomic(this.#disk, this.#path, content)
    this.#namespaces = changed
  }

  #read(path: string): string | undefined {
    if (!this.#disk.stat(path)) return undefined
    const bytes = this.#disk.readFile(path)
    if (bytes.length === 0) return undefined
    try {
      const table = objectField(asObject(parseJsonBytes(bytes), 'the file'), 'configTable') ?? {}
      const namespaces = Object.keys(table).map((namespace) => {
        const entries = Object.entries(objectField(table, namespace) ?? {})
        return [namespace, new Map(entries.map(([key, value]) => [key, asText(value, key)]))] as const
      })
      this.#namespaces = new Map(namespaces)
      return undefined
    } catch (error) {
      return `${path} is damaged: ${(error as Error).message}`
    }
  }
}
