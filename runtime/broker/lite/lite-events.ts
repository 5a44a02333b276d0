import type { Random } from '../../io/random.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Current } from '../metadata/current.ts'
import { ClientEvents } from './client-events.ts'
import type { LiteGroup } from './lite-group.ts'
import { liteNameOf } from './lite-queue-name.ts'
import type { LiteClient, LiteSubscriptions } from './lite-subscriptions.ts'

export interface LiteEventSettings {
  readonly enableLiteEventMode: boolean
  readonly maxClientEventCount: number
  readonly liteEventCheckInterval: number
  readonly liteEventFullDispatchDelayTime: number
  readonly liteEventFullDispatchDelayTimeForWildcardGroup: number
}

export interface LiteEventParts {
  readonly config: Current<LiteEventSettings>
  readonly subscriptions: LiteSubscriptions
  readonly groupOf: (group: string) => LiteGroup | undefined
  /** Whether a lite topic's queue has messages behind the group's position. */
  readonly hasMore: (group: string, queue: string) => boolean
  /** The queues of all lite topics of a topic. */
  readonly queuesOf: (topic: string) => readonly string[]
  /** Polls of the client look again. */
  readonly wake: (clientId: string) => void
  readonly random: Random
  readonly wallClock: () => number
  readonly logger: Logger
}

/** A client that was silent although there was something for it is passed over for so long. */
const PASSED_OVER_MS = 10_000
/** Groups that take all lite topics look through all of them so long after a client has come. */
const WILDCARD_JOIN_MS = 5_000
/** Looking again at what was missed is spread over so long, that not all do it at once. */
const SPREAD_MS = 15_000

/**
 * Tells clients which lite topics have messages for them, so that nobody looks through thousands of queues (Apache RocketMQ's
 * LiteEventDispatcher). Of the subscribers that a group has, one is told. What a client has no room for it gets when it is looked
 * through anew: nothing is missed for good.
 */
export class LiteEvents {
  readonly #parts: LiteEventParts
  readonly #clients = new Map<string, ClientEvents>()
  /** Until when. */
  readonly #passedOver = new Map<string, number>()
  /** When all lite topics of a client, or of a group that takes all, are looked through. */
  readonly #due = new Map<
    string,
    { readonly group: string; readonly clientId: string | undefined; readonly atMs: number }
  >()
  #checkedMs = 0

  constructor(parts: LiteEventParts) {
    this.#parts = parts
    parts.subscriptions.onChange({
      added: (client, queue) => this.#joined(client, queue),
      removed: (client) => this.#left(client),
    })
  }

  /** Clients for which events are kept. */
  get clientCount(): number {
    return this.#clients.size
  }

  /** When the client asked last; -1: never. */
  askedMs(clientId: string): number {
    return this.#clients.get(clientId)?.askedMs ?? -1
  }

  /** There are messages in a lite topic's queue: one client of each group is told. */
  arrived(queue: string): void {
    if (!this.#parts.config.current.enableLiteEventMode) return
    const { subscriptions } = this.#parts
    for (const clients of subscriptions.subscribers(queue).values()) this.#tellOne(queue, clients, undefined)
    const name = liteNameOf(queue)
    const groups = name && subscriptions.wildcardGroups(name.parent)
    if (groups === undefined) return
    for (const group of groups) this.#tellOne(queue, subscriptions.wildcardSubscribers(name!.parent, group), undefined)
  }

  /** The same for one group. */
  arrivedFor(group: string, queue: string, except?: string): void {
    if (!this.#parts.config.current.enableLiteEventMode) return
    this.#tellOne(queue, this.#parts.subscriptions.subscribersIn(group, queue), except)
  }

  /** The next lite topic's queue that has something for the client. */
  take(clientId: string, group: string): string | undefined {
    const nowMs = this.#parts.wallClock()
    const known = this.#clients.get(clientId)
    if (known !== undefined) return known.take(nowMs)
    // Who asks is there, though nothing has come for it yet.
    if (this.#parts.subscriptions.find(clientId)?.group === group) this.#eventsOf(clientId, group, nowMs)
    return undefined
  }

  /** Looks through all lite topics that the client subscribes to. */
  lookThrough(clientId: string, group: string): void {
    const { config, subscriptions, hasMore, wake, wallClock } = this.#parts
    if (!config.current.enableLiteEventMode) return
    const client = subscriptions.find(clientId)
    if (client === undefined || client.queues.size === 0) return
    const nowMs = wallClock()
    const events = this.#eventsOf(clientId, group, nowMs)
    if (events.isSilent(nowMs) || !events.isLow) {
      this.#lookLater(clientId, group, this.#spread(events, nowMs))
      return
    }
    for (const queue of client.queues) {
      if (!hasMore(group, queue) || events.offer(queue)) continue
      this.#lookLater(clientId, group, this.#spread(events, nowMs))
      break
    }
    wake(clientId)
  }

  /** The same for all clients of a group. */
  lookThroughGroup(group: string): void {
    const { subscriptions, groupOf } = this.#parts
    if (groupOf(group)?.isWildcard) this.#lookThroughAll(group)
    else for (const { clientId } of subscriptions.clientsOf(group)) this.lookThrough(clientId, group)
  }

  /** Called often. */
  upkeep(nowMs: number): void {
    if (Math.abs(nowMs - this.#checkedMs) < this.#parts.config.current.liteEventCheckInterval) return
    this.#checkedMs = nowMs
    for (const [clientId, untilMs] of this.#passedOver) if (untilMs <= nowMs) this.#passedOver.delete(clientId)
    for (const [clientId, events] of this.#clients) if (events.isSilent(nowMs)) this.#pass(clientId, events, nowMs)
    for (const [key, { group, clientId, atMs }] of [...this.#due]) {
      if (atMs > nowMs) continue
      this.#due.delete(key)
      if (clientId === undefined) this.#lookThroughAll(group)
      else this.lookThrough(clientId, group)
    }
  }

  /** What waits for a silent client goes to others of its group. */
  #pass(clientId: string, events: ClientEvents, nowMs: number): void {
    this.#clients.delete(clientId)
    this.#passedOver.set(clientId, nowMs + PASSED_OVER_MS)
    if (events.size > 0) {
      this.#parts.logger.warn({ clientId, group: events.group, liteTopics: events.size }, 'a lite consumer is silent')
    }
    for (const queue of events.takeAll()) this.arrivedFor(events.group, queue, clientId)
  }

  #joined({ clientId, group }: LiteClient, queue: string): void {
    if (this.#parts.groupOf(group)?.isWildcard) this.#lookAllLater(group, WILDCARD_JOIN_MS)
    else if (this.#parts.hasMore(group, queue)) this.#tell(queue, clientId, group, false)
  }

  #left({ clientId, group }: LiteClient): void {
    const events = this.#clients.get(clientId)
    this.#clients.delete(clientId)
    this.#due.delete(clientId)
    for (const queue of events?.takeAll() ?? []) this.arrivedFor(group, queue, clientId)
  }

  /** Whether one of the clients, all of one group, has room for it. */
  #tellOne(queue: string, clients: readonly LiteClient[], except: string | undefined): boolean {
    const count = clients.length
    if (count === 0) return true
    const { group } = clients[0]!
    const isWildcard = this.#parts.groupOf(group)?.isWildcard === true
    const start = count === 1 ? 0 : this.#parts.random.below(count)
    for (let i = 0; i < count; i++) {
      const { clientId } = clients[(start + i) % count]!
      if (clientId === except || this.#passedOver.has(clientId)) continue
      if (this.#tell(queue, clientId, group, isWildcard)) return true
    }
    // Nobody else has room: those who were silent or have just left it may be there after all.
    for (const { clientId } of clients) {
      const isLast = clientId === except || (this.#passedOver.has(clientId) && !isWildcard)
      if (isLast && this.#tell(queue, clientId, group, isWildcard)) return true
    }
    if (isWildcard) {
      this.#lookAllLater(group, this.#parts.config.current.liteEventFullDispatchDelayTimeForWildcardGroup)
    }
    return false
  }

  #tell(queue: string, clientId: string, group: string, isWildcard: boolean): boolean {
    const nowMs = this.#parts.wallClock()
    const events = this.#eventsOf(clientId, group, nowMs)
    if (events.offer(queue)) {
      this.#parts.wake(clientId)
      return true
    }
    if (!isWildcard) this.#lookLater(clientId, group, this.#passedOver.has(clientId) ? this.#spread(events, nowMs) : 0)
    return false
  }

  #lookThroughAll(group: string): void {
    const { config, groupOf, subscriptions, queuesOf, hasMore } = this.#parts
    const lite = groupOf(group)
    if (!config.current.enableLiteEventMode || !lite?.isWildcard) return
    const clients = subscriptions.wildcardSubscribers(lite.bindTopic, group)
    if (clients.length === 0) return
    for (const queue of queuesOf(lite.bindTopic)) {
      if (hasMore(group, queue) && !this.#tellOne(queue, clients, undefined)) return
    }
  }

  #eventsOf(clientId: string, group: string, nowMs: number): ClientEvents {
    const known = this.#clients.get(clientId)
    if (known !== undefined) return known
    const max = this.#parts.groupOf(group)?.eventsMax ?? this.#parts.config.current.maxClientEventCount
    const events = new ClientEvents(group, max, nowMs)
    this.#clients.set(clientId, events)
    return events
  }

  #spread(events: ClientEvents, nowMs: number): number {
    return events.isActive(nowMs) ? 0 : this.#parts.random.below(SPREAD_MS)
  }

  #lookLater(clientId: string, group: string, moreMs: number): void {
    if (this.#due.has(clientId)) return
    const delayMs = this.#parts.config.current.liteEventFullDispatchDelayTime + moreMs
    this.#due.set(clientId, { group, clientId, atMs: this.#parts.wallClock() + delayMs })
  }

  #lookAllLater(group: string, delayMs: number): void {
    // No client is named like that.
    const key = `$${group}$`
    if (!this.#due.has(key)) this.#due.set(key, { group, clientId: undefined, atMs: this.#parts.wallClock() + delayMs })
  }
}
