import type { Clock } from '../../io/clock.ts'

export interface CacheLimits {
  /** A value older than this is asked for again; until the new one is there, the old one is given out. */
  readonly refreshMs: number
  /** A value that nobody used for this long is asked for before it is given out. */
  readonly expireMs: number
  readonly sizeMax: number
}

interface Entry<V> {
  value: V
  loadedMs: number
  usedMs: number
}

/** Values by name that are asked of others, one question at a time for each name. Failures are not remembered. */
export class RefreshingCache<V> {
  readonly #clock: Clock
  readonly #limits: CacheLimits
  readonly #ask: (key: string) => Promise<V>
  readonly #onStale: (key: string, error: unknown) => boolean
  /** Least recently loaded first. */
  readonly #entries = new Map<string, Entry<V>>()
  readonly #asking = new Map<string, Promise<V>>()

  /** `keepsStale`: whether a value stays in use when it could not be asked for again because of an error. */
  constructor(
    clock: Clock,
    limits: CacheLimits,
    ask: (key: string) => Promise<V>,
    keepsStale: (key: string, error: unknown) => boolean,
  ) {
    this.#clock = clock
    this.#limits = limits
    this.#ask = ask
    this.#onStale = keepsStale
  }

  get(key: string): V | Promise<V> {
    const entry = this.#entries.get(key)
    const now = this.#clock.monotonic()
    if (entry === undefined || now - entry.usedMs > this.#limits.expireMs) return this.#load(key)
    entry.usedMs = now
    if (now - entry.loadedMs > this.#limits.refreshMs && !this.#asking.has(key)) {
      this.#load(key).catch((error: unknown) => {
        if (!this.#onStale(key, error)) this.#entries.delete(key)
        else entry.loadedMs = this.#clock.monotonic()
      })
    }
    return entry.value
  }

  /** The next one who asks gets the value of now. */
  forget(key: string): void {
    this.#entries.delete(key)
  }

  /** All values are asked for again when somebody uses them next, and given out until then. */
  doubtAll(): void {
    for (const entry of this.#entries.values()) entry.loadedMs = Number.NEGATIVE_INFINITY
  }

  #load(key: string): Promise<V> {
    const asking = this.#asking.get(key)
    if (asking !== undefined) return asking
    const loading = this.#ask(key).then((value) => {
      const now = this.#clock.monotonic()
      this.#entries.delete(key)
      this.#entries.set(key, { value, loadedMs: now, usedMs: now })
      if (this.#entries.size > this.#limits.sizeMax) this.#entries.delete(this.#entries.keys().next().value as string)
      return value
    })
    this.#asking.set(key, loading)
    const done = (): void => {
      this.#asking.delete(key)
    }
    loading.then(done, done)
    return loading
  }
}
