import type { Random } from '../../io/random.ts'
import type { Logger } from '../../observe/logger.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { TopicQueues } from '../assignment/topic-queues.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { RequestAges } from '../pop/request-age.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { LiteAccess } from './lite-access.ts'
import { LiteAcks } from './lite-acks.ts'
import { type LiteEventSettings, LiteEvents } from './lite-events.ts'
import { liteGroupOf } from './lite-group.ts'
import { LiteHomes } from './lite-homes.ts'
import { LiteLifecycle } from './lite-lifecycle.ts'
import { LiteOrders } from './lite-orders.ts'
import { LitePopHandler, type LitePopSettings } from './lite-pop-handler.ts'
import { isLiteQueue } from './lite-queue-name.ts'
import { LiteSubscriptionHandler } from './lite-subscription-handler.ts'
import { LiteSubscriptions } from './lite-subscriptions.ts'

interface LiteSettings extends LitePopSettings, LiteEventSettings {
  readonly brokerName: string
  readonly brokerPermission: number
  readonly liteTtlCheckInterval: number
  readonly minLiteTTl: number
  readonly liteSubscriptionCheckInterval: number
  readonly liteSubscriptionCheckTimeoutMills: number
  readonly maxLiteSubscriptionCount: number
}

export interface LiteParts {
  readonly config: Current<LiteSettings>
  /** Whether light queues are kept: enableLmq and enableMultiDispatch. */
  readonly isServed: boolean
  readonly store: MessageStore
  readonly topics: TopicTable
  readonly groups: SubscriptionGroupTable
  readonly offsets: ConsumerOffsets
  readonly stats: BrokerStats
  readonly topicQueues: TopicQueues
  readonly startsAtZero: (topic: string, queueId: number) => boolean
  readonly isMaster: () => boolean
  readonly wallClock: () => number
  readonly random: Random
  readonly touch: () => void
  readonly logger: Logger
}

/** How often what nobody consumes any more is forgotten. */
const FORGET_EVERY_MS = 300_000
const KEPT_MS = 24 * 3_600_000

/** Lite topics: thousands of small topics on one, each consumed in order by those who subscribe to it. What they are made of. */
export class Lite {
  readonly subscriptions: LiteSubscriptions
  readonly events: LiteEvents
  readonly orders: LiteOrders
  readonly lifecycle: LiteLifecycle
  readonly homes: LiteHomes
  readonly access: LiteAccess
  readonly pops: LitePopHandler
  readonly acks: LiteAcks
  readonly control: LiteSubscriptionHandler
  readonly #parts: LiteParts
  /** Queues of lite topics that messages have come into in this batch. */
  readonly #arrived = new Set<string>()
  #subscriptionsMs = 0
  #forgottenMs = 0

  constructor(parts: LiteParts) {
    this.#parts = parts
    const { config, groups, wallClock, offsets } = parts
    const groupOf = (group: string) => liteGroupOf(groups.get(group))
    const subscriptions = new LiteSubscriptions({
      ...{ max: () => config.current.maxLiteSubscriptionCount, groupOf, wallClock },
    })
    const orders = new LiteOrders(wallClock())
    const lifecycle = new LiteLifecycle({ ...parts, orders, subscriptions }, wallClock())
    const events = new LiteEvents({
      ...{ config, subscriptions, groupOf, wallClock, random: parts.random, logger: parts.logger },
      hasMore: (group, queue) => lifecycle.endOf(queue) > Math.max(0, offsets.query(group, queue, LMQ_QUEUE_ID)),
      queuesOf: (topic) => lifecycle.queuesOf(topic),
      wake: (clientId) => this.pops.touch(clientId),
    })
    const access = new LiteAccess(parts)
    const homes = new LiteHomes(parts.topicQueues, config.current.brokerName)
    this.subscriptions = subscriptions
    this.orders = orders
    this.lifecycle = lifecycle
    this.events = events
    this.access = access
    this.homes = homes
    this.pops = new LitePopHandler({ ...parts, access, events, subscriptions, orders, ages: new RequestAges() })
    const maxInvisibleMs = (): number => config.current.timerMaxDelaySec * 1000
    this.acks = new LiteAcks({ ...parts, access, groupOf, orders, events, maxInvisibleMs })
    this.control = new LiteSubscriptionHandler({ ...parts, access, subscriptions, groupOf, homes, orders })
  }

  /** A message was staged for the queue, or is shown from now on; {@link wake} follows once it is written. */
  touch({ topic }: ConsumeQueue): void {
    if (this.subscriptions.count > 0 && isLiteQueue(topic)) this.#arrived.add(topic)
  }

  /** Tells subscribers of what has come, and serves those who wait. */
  wake(): void {
    if (this.#arrived.size > 0) {
      for (const queue of this.#arrived) this.events.arrived(queue)
      this.#arrived.clear()
    }
    this.pops.wakeAll()
  }

  /** Answers all that wait. */
  releaseAll(): void {
    this.pops.releaseAll()
  }

  /** This broker became master, or is none any more: what it knew from before does not count. */
  reset(): void {
    const nowMs = this.#parts.wallClock()
    this.subscriptions.clear()
    this.orders.clearAll(nowMs)
    this.lifecycle.reset(nowMs)
    this.#arrived.clear()
  }

  /** A group's position in a lite topic was set: its consumers look again. */
  moved(group: string, queue: string): void {
    if (!isLiteQueue(queue)) return
    this.orders.clear({ group, queue })
    this.events.arrivedFor(group, queue)
  }

  /** Called every 100 ms or so, whatever the role. */
  upkeep(nowMs: number): void {
    if (!this.#parts.isServed) return
    this.orders.sweep(nowMs, ({ group, queue }) => this.events.arrivedFor(group, queue))
    this.events.upkeep(nowMs)
    this.pops.sweep(nowMs)
    const { liteSubscriptionCheckInterval, liteSubscriptionCheckTimeoutMills } = this.#parts.config.current
    if (Math.abs(nowMs - this.#subscriptionsMs) >= liteSubscriptionCheckInterval) {
      this.#subscriptionsMs = nowMs
      this.subscriptions.expire(nowMs, liteSubscriptionCheckTimeoutMills)
    }
    if (Math.abs(nowMs - this.#forgottenMs) >= FORGET_EVERY_MS) {
      this.#forgottenMs = nowMs
      this.orders.expire(nowMs, KEPT_MS)
    }
    if (this.#parts.isMaster()) this.lifecycle.upkeep(nowMs)
  }
}
