import type { DataVersionFields } from '../../codec/route/data-version.ts'

/** What tells that a broker is alive. */
export interface LiveBroker {
  readonly cluster: string
  readonly address: string
  /** Monotonic milliseconds: a jump of the wall clock must not expire a cluster. */
  lastSeenMs: number
  readonly timeoutMs: number
  readonly dataVersion: DataVersionFields
  /** The connection it registered over, whatever the caller knows it by. */
  readonly connection: object
  readonly haServerAddr: string
}

/** Registered brokers by cluster and address: an address may serve two clusters, one after the other. */
export class LiveBrokers {
  readonly #byKey = new Map<string, LiveBroker>()

  get(cluster: string, address: string): LiveBroker | undefined {
    return this.#byKey.get(keyOf(cluster, address))
  }

  put(broker: LiveBroker): void {
    this.#byKey.set(keyOf(broker.cluster, broker.address), broker)
  }

  remove(cluster: string, address: string): LiveBroker | undefined {
    const key = keyOf(cluster, address)
    const broker = this.#byKey.get(key)
    this.#byKey.delete(key)
    return broker
  }

  ofConnection(connection: object): LiveBroker[] {
    return [...this.#byKey.values()].filter((broker) => broker.connection === connection)
  }

  expired(nowMs: number): LiveBroker[] {
    return [...this.#byKey.values()].filter((broker) => broker.lastSeenMs + broker.timeoutMs < nowMs)
  }
}

function keyOf(cluster: string, address: string): string {
  return `${cluster}\n${address}`
}
