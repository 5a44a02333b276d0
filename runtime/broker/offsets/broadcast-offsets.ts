import type { Logger } from '../../observe/logger.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerOffsets } from './consumer-offsets.ts'

interface BroadcastSettings {
  readonly enableBroadcastOffsetStore: boolean
  /** Seconds. */
  readonly broadcastOffsetExpireSecond: number
  readonly broadcastOffsetExpireMaxSecond: number
}

interface BroadcastParts {
  readonly config: Current<BroadcastSettings>
  readonly consumers: Pick<ConsumerRegistry, 'get'>
  readonly offsets: Pick<ConsumerOffsets, 'commit' | 'query'>
  /** Where a group without an offset begins. */
  readonly firstOffset: (topic: string, queueId: number) => number
  readonly wallClock: () => number
  readonly logger: Logger
}

/** A pull as far as it matters here. */
export interface BroadcastPull {
  readonly topic: string
  readonly group: string
  readonly queueId: number
  /** Below 0: the proxy asks where to begin. */
  readonly queueOffset: number
  readonly clientId: string
  readonly isFromProxy: boolean
}

interface Tracked {
  /** How far it has pulled, by queue. */
  readonly queues: Map<number, number>
  pulledMs: number
  isFromProxy: boolean
}

interface TrackedGroup {
  readonly topic: string
  readonly group: string
  readonly clients: Map<string, Tracked>
}

/** Clients remembered in all: some 50 MB. */
const CLIENTS_MAX = 100_000
/** Under which the least offset of a group's clients stands among the consumer offsets. */
const COMMITTED_AS = '@broadcast'

/**
 * How far each client of a broadcasting group has pulled. Clients behind a proxy keep no offsets of their own: they go on here,
 * and one that moves between proxy and broker is told where it was. The least of a group's offsets is committed for it, so that
 * new clients, and those of a new master, begin there. As Apache RocketMQ's BroadcastOffsetManager.
 */
export class BroadcastOffsets {
  readonly #parts: BroadcastParts
  readonly #groups = new Map<string, TrackedGroup>()
  #clientCount = 0
  #isFullReported = false

  constructor(parts: BroadcastParts) {
    this.#parts = parts
  }

  /** Where the client has to go on instead of where it asks for messages; undefined: just there. */
  beginOf(pull: BroadcastPull): number | undefined {
    if (!this.#parts.config.current.enableBroadcastOffsetStore) return undefined
    const client = this.#groups.get(keyOf(pull))?.clients.get(pull.clientId)
    const asksForIt = pull.isFromProxy && pull.queueOffset < 0
    const hasMoved = client !== undefined && client.isFromProxy !== pull.isFromProxy
    return asksForIt || hasMoved ? this.#known(pull, client) : undefined
  }

  #known({ topic, group, queueId }: BroadcastPull, client: Tracked | undefined): number {
    const { offsets, firstOffset } = this.#parts
    const pulled = client?.queues.get(queueId)
    if (pulled !== undefined) return pulled
    const committed = offsets.query(group + COMMITTED_AS, topic, queueId)
    return committed >= 0 ? committed : firstOffset(topic, queueId)
  }

  /** The client has everything below `offset`. */
  pulled(pull: BroadcastPull, offset: number): void {
    // Who asks where to begin has not pulled yet.
    if (!this.#parts.config.current.enableBroadcastOffsetStore || offset < 0) return
    const client = this.#track(pull)
    if (client === undefined) return
    client.pulledMs = this.#parts.wallClock()
    client.isFromProxy = pull.isFromProxy
    client.queues.set(pull.queueId, Math.max(offset, client.queues.get(pull.queueId) ?? 0))
  }

  #track(pull: BroadcastPull): Tracked | undefined {
    const key = keyOf(pull)
    const known = this.#groups.get(key)?.clients.get(pull.clientId)
    if (known !== undefined) return known
    if (this.#clientCount >= CLIENTS_MAX) {
      if (!this.#isFullReported) {
        this.#parts.logger.warn(
          { clients: CLIENTS_MAX, group: pull.group },
          'offsets of further broadcasting clients are not kept: they begin where their group is',
        )
      }
      this.#isFullReported = true
      return undefined
    }
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { topic: pull.topic, group: pull.group, clients: new Map() }
      this.#groups.set(key, group)
    }
    const client = { queues: new Map<number, number>(), pulledMs: 0, isFromProxy: pull.isFromProxy }
    group.clients.set(pull.clientId, client)
    this.#clientCount++
    return client
  }

  /** Forgets clients that are gone and commits the least offsets of the others. To be called every few seconds. */
  sweep(): void {
    for (const [key, tracked] of this.#groups) {
      this.#commit(tracked)
      this.#forget(tracked)
      if (tracked.clients.size === 0) this.#groups.delete(key)
    }
    if (this.#clientCount < CLIENTS_MAX) this.#isFullReported = false
  }

  #commit({ topic, group, clients }: TrackedGroup): void {
    const expireMs = this.#parts.config.current.broadcastOffsetExpireSecond * 1000
    const least = new Map<number, number>()
    for (const [clientId, client] of clients) {
      if (!this.#isOnline(group, clientId) && this.#silentMs(client) >= expireMs) continue
      for (const [queueId, offset] of client.queues) {
        least.set(queueId, Math.min(offset, least.get(queueId) ?? offset))
      }
    }
    const { offsets } = this.#parts
    for (const [queueId, offset] of least) {
      // What has not changed is not written again and again.
      if (offsets.query(group + COMMITTED_AS, topic, queueId) === offset) continue
      offsets.commit(group + COMMITTED_AS, topic, queueId, offset)
    }
  }

  #forget({ group, clients }: TrackedGroup): void {
    const { broadcastOffsetExpireSecond, broadcastOffsetExpireMaxSecond } = this.#parts.config.current
    for (const [clientId, client] of clients) {
      const seconds = this.#isOnline(group, clientId) ? broadcastOffsetExpireMaxSecond : broadcastOffsetExpireSecond
      if (this.#silentMs(client) < seconds * 1000) continue
      clients.delete(clientId)
      this.#clientCount--
    }
  }

  #isOnline(group: string, clientId: string): boolean {
    return this.#parts.consumers.get(group)?.member(clientId) !== undefined
  }

  #silentMs(client: Tracked): number {
    return this.#parts.wallClock() - client.pulledMs
  }
}

function keyOf({ topic, group }: BroadcastPull): string {
  return `${topic}@${group}`
}
