import { LMQ_PREFIX } from '../../store/consume-queue/topic-map.ts'

/** Entries kept; beyond that they are made again. As many as light queues are by default. */
const KEPT_MAX = 20_000
const PREFIX = Buffer.from(LMQ_PREFIX)

export function isLightName(name: string): boolean {
  return name.startsWith(LMQ_PREFIX)
}

/**
 * Topics and groups of light queues: whatever has such a name exists, and is in no table. The same object for a name as long
 * as it is kept.
 */
export class LightNames<V> {
  readonly #isEnabled: boolean
  readonly #make: (name: string) => V
  readonly #made = new Map<string, V>()

  constructor(isEnabled: boolean, make: (name: string) => V) {
    this.#isEnabled = isEnabled
    this.#make = make
  }

  has(name: string): boolean {
    return this.#isEnabled && isLightName(name)
  }

  get(name: string): V | undefined {
    if (!this.has(name)) return undefined
    let made = this.#made.get(name)
    if (made === undefined) {
      if (this.#made.size >= KEPT_MAX) this.#made.clear()
      made = this.#make(name)
      this.#made.set(name, made)
    }
    return made
  }

  getBytes(bytes: Uint8Array, start: number, length: number): V | undefined {
    if (!this.#isEnabled || length < PREFIX.length) return undefined
    for (let i = 0; i < PREFIX.length; i++) if (bytes[start + i] !== PREFIX[i]) return undefined
    return this.get(Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8'))
  }
}
