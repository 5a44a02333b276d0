import { ProxyError } from '../proxy-error.ts'
import type { GrpcCall } from '../transport/grpc-call.ts'
import type { Settings } from '../wire/definition.ts'
import type { TelemetryCommandDraft } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'

/** The stream on which a client is told things. */
export type Telemetry = GrpcCall<TelemetryCommandDraft>

/** A client that has introduced itself, until it says goodbye or is not heard of any more. */
export interface KnownClient {
  readonly id: string
  /** What it said of itself last. */
  settings: Settings
  /** Topics it sends to. */
  readonly topics: Set<string>
  /** The group it consumes for. */
  group: string | undefined
  telemetry: Telemetry | undefined
  /** Clock.monotonic() of its last settings or heartbeat. */
  lastSeenMs: number
}

/** The clients of this proxy. */
export class ClientTable {
  readonly #clientsMax: number
  readonly #clients = new Map<string, KnownClient>()
  readonly #producers = new Map<string, Set<KnownClient>>()
  #turn = 0

  constructor(clientsMax: number) {
    this.#clientsMax = clientsMax
  }

  get size(): number {
    return this.#clients.size
  }

  get(id: string): KnownClient | undefined {
    return this.#clients.get(id)
  }

  all(): Iterable<KnownClient> {
    return this.#clients.values()
  }

  /** @throws ProxyError TOO_MANY_REQUESTS */
  introduce(id: string, settings: Settings, nowMs: number): KnownClient {
    const known = this.#clients.get(id)
    if (known !== undefined) {
      known.settings = settings
      known.lastSeenMs = nowMs
      return known
    }
    if (this.#clients.size >= this.#clientsMax) {
      throw new ProxyError(
        StatusCode.TOO_MANY_REQUESTS,
        `this proxy has ${this.#clientsMax} clients, which is what clientsMax allows; connect to another one`,
      )
    }
    const client: KnownClient = {
      id,
      settings,
      topics: new Set(),
      group: undefined,
      telemetry: undefined,
      lastSeenMs: nowMs,
    }
    this.#clients.set(id, client)
    return client
  }

  addTopic(client: KnownClient, topic: string): void {
    if (client.topics.has(topic)) return
    client.topics.add(topic)
    const producers = this.#producers.get(topic)
    if (producers === undefined) this.#producers.set(topic, new Set([client]))
    else producers.add(client)
  }

  remove(client: KnownClient): void {
    this.#clients.delete(client.id)
    for (const topic of client.topics) {
      const producers = this.#producers.get(topic)
      producers?.delete(client)
      if (producers?.size === 0) this.#producers.delete(topic)
    }
  }

  hasProducer(topic: string): boolean {
    return this.#producers.has(topic)
  }

  /** A producer of a topic that can be told something; another one each time. */
  producerOf(topic: string): { readonly client: KnownClient; readonly telemetry: Telemetry } | undefined {
    const found = [...(this.#producers.get(topic) ?? [])].flatMap((client) => {
      const { telemetry } = client
      return telemetry === undefined || telemetry.isOver ? [] : [{ client, telemetry }]
    })
    return found[this.#turn++ % Math.max(1, found.length)]
  }
}
