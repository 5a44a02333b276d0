import type { Logger } from '../../observe/logger.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { CompiledFilters } from '../filter/compiled-filters.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import { REVIVE_TOPIC_PREFIX } from '../topics/topic-name.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { AckHandler } from './ack-handler.ts'
import { ChangeInvisibleHandler } from './change-invisible-handler.ts'
import type { ConsumerOrderInfo, OrderedQueue } from './consumer-order-info.ts'
import { GatheredAcks } from './gathered-acks.ts'
import { InflightCount } from './inflight-count.ts'
import { NotificationHandler } from './notification-handler.ts'
import { OrderedAcks } from './ordered-acks.ts'
import { PeekHandler } from './peek-handler.ts'
import { PopAccess } from './pop-access.ts'
import { PopBacklog } from './pop-backlog.ts'
import { PopHandler, type PopSettings } from './pop-handler.ts'
import { PopPositions } from './pop-positions.ts'
import { PopSubjects } from './pop-subject.ts'
import { PopTakeover, type PopTakeoverParts } from './pop-takeover.ts'
import { PoppedMessages } from './popped-message.ts'
import { RequestAges } from './request-age.ts'
import { RetryMessages } from './retry-messages.ts'
import { Revive } from './revive.ts'
import { ReviveLog } from './revive-log.ts'

export interface PopServiceParts {
  readonly config: Current<PopSettings & { readonly brokerClusterName: string; readonly brokerPermission: number }>
  readonly store: MessageStore
  readonly gate: StoreGate
  readonly targets: SendTargets
  readonly topics: TopicTable
  readonly groups: SubscriptionGroupTable
  readonly offsets: ConsumerOffsets
  readonly order: ConsumerOrderInfo
  readonly consumers: ConsumerRegistry
  readonly compiledFilters: CompiledFilters
  readonly acks: Acknowledgements
  readonly stats: BrokerStats
  /** Up to when all timers have been delivered; undefined where there are none (timerWheelEnable). */
  readonly deliveredMs: (() => number) | undefined
  readonly startsAtZero: (topic: string, queueId: number) => boolean
  readonly isMaster: () => boolean
  readonly storeHost: Uint8Array
  readonly wallClock: () => number
  readonly touch: () => void
  readonly commit: () => void
  readonly logger: Logger
}

/** Slices of reading that a pop may wait for. */
const TAKEOVER_STEPS = 16
/** How often unused things are forgotten. */
const EXPIRE_EVERY_MS = 60_000

/** POP: consumers take messages for a time, and those they do not acknowledge come again. What it is made of. */
export class Pop {
  readonly pops: PopHandler
  readonly notifications: NotificationHandler
  readonly acks: AckHandler
  readonly changes: ChangeInvisibleHandler
  readonly peeks: PeekHandler
  readonly access: PopAccess
  readonly #parts: PopServiceParts
  readonly #positions: PopPositions
  readonly #gathered: GatheredAcks
  readonly #inflight = new InflightCount()
  readonly #subjects = new PopSubjects()
  readonly #revive: Revive
  readonly #retries: RetryMessages
  readonly #takeoverParts: PopTakeoverParts
  /** Until it is known where groups stand. */
  #takeover: PopTakeover | undefined
  #isWaking = false
  #expiredMs = 0

  constructor(parts: PopServiceParts) {
    this.#parts = parts
    const { config, store, wallClock, deliveredMs } = parts
    const { brokerName, brokerClusterName, reviveQueueNum, timerMaxDelaySec } = config.current
    const topic = REVIVE_TOPIC_PREFIX + brokerClusterName
    // Where there were more queues once, check points may still wait in them.
    const reviveQueues = Math.max(reviveQueueNum, parts.topics.find(topic)?.readQueueNums ?? 0)
    const inflight = this.#inflight
    const subjects = this.#subjects
    const ages = new RequestAges()
    const positions = new PopPositions(parts)
    const reviveLog = new ReviveLog({ ...parts, topic, queues: reviveQueues })
    const access = new PopAccess(parts)
    const backlog = new PopBacklog({ store, positions, subjects })
    const messages = new PoppedMessages({ access, store, backlog, reviveQueues, brokerName, wallClock })
    const freed = (queue: OrderedQueue): void => this.#freed(queue)
    const ordered = new OrderedAcks({ ...parts, inflight, freed })
    const gathered = new GatheredAcks({ ...parts, reviveLog, inflight })
    this.#retries = new RetryMessages(parts)
    this.#takeoverParts = { ...parts, reviveTopic: topic, reviveQueues }
    this.access = access
    this.#positions = positions
    this.#gathered = gathered
    const hasTimers = deliveredMs !== undefined
    this.pops = new PopHandler({
      ...parts,
      access,
      positions,
      reviveLog,
      inflight,
      subjects,
      ages,
      hasTimers,
      isReady: () => this.#isReady(),
    })
    this.notifications = new NotificationHandler({ ...parts, access, subjects, ages, backlog })
    this.acks = new AckHandler({ ...parts, messages, gathered, ordered, reviveQueues, brokerName })
    const maxInvisibleMs = (): number => timerMaxDelaySec * 1000
    this.changes = new ChangeInvisibleHandler({ ...parts, messages, reviveLog, ordered, maxInvisibleMs })
    this.peeks = new PeekHandler({ ...parts, access, backlog })
    this.#takeover = parts.isMaster() ? new PopTakeover(this.#takeoverParts) : undefined
    this.#revive = new Revive(
      { ...parts, ...this.#reviveParts(reviveLog), deliveredMs: deliveredMs ?? (() => 0) },
      reviveQueues,
    )
  }

  #reviveParts(reviveLog: ReviveLog) {
    const { topics, groups, config } = this.#parts
    return {
      retries: this.#retries,
      reviveLog,
      inflight: this.#inflight,
      brokerName: config.current.brokerName,
      isWanted: (topic: string, group: string) => topics.find(topic) !== undefined && groups.find(group) !== undefined,
    }
  }

  /** This broker became master, or is none any more: what it knew from before does not count. */
  reset(isMaster: boolean): void {
    const { offsets, wallClock, store } = this.#parts
    offsets.coverWith(undefined)
    this.#positions.clear()
    this.#inflight.reset(wallClock())
    this.#revive.reset()
    this.#retries.doubtBefore(isMaster ? store.writtenOffset : 0, wallClock())
    this.#takeover = isMaster ? new PopTakeover(this.#takeoverParts) : undefined
  }

  /** Whether it is known where groups stand. */
  #isReady(): boolean {
    for (let i = 0; i < TAKEOVER_STEPS && this.#takeover !== undefined; i++) {
      if (!this.#takeover.step()) continue
      this.#takeover = undefined
      this.#parts.offsets.coverWith(() => this.#coveredEnd())
    }
    return this.#takeover === undefined
  }

  #coveredEnd(): number {
    this.#positions.settle()
    return this.#parts.store.dispatchedOffset
  }

  /** Answers all that wait. */
  releaseAll(): void {
    this.pops.releaseAll()
    this.notifications.releaseAll()
  }

  /** A message was staged for the queue, or is shown from now on. */
  touch(queue: ConsumeQueue): void {
    this.pops.polls.touch(queue)
    this.notifications.polls.touch(queue)
  }

  /** A group's position was set: those of it who wait look again. */
  moved(group: string, topic: string, queueId: number): void {
    this.#freed({ topic, group, queueId })
  }

  /** Before the batch is written. */
  stage(): void {
    this.#gathered.stage()
  }

  /** After the batch was written, or was not. */
  committed(isWritten: boolean): void {
    this.#positions.committed(isWritten)
  }

  /** Serves those who wait and for whom there is something now. True when that has staged something. */
  wake(): boolean {
    // What it stages may fill a batch, and so come back here.
    if (this.#isWaking) return false
    this.#isWaking = true
    try {
      this.notifications.polls.wake()
      let hasServed = false
      while (this.pops.polls.wake()) hasServed = true
      return hasServed
    } finally {
      this.#isWaking = false
    }
  }

  /** Called often while this broker is master. True when more can be done at once: call again soon. */
  tick(): boolean {
    if (!this.#isReady()) return this.#takeover?.isWaiting === false
    return this.#parts.deliveredMs === undefined ? false : this.#revive.tick()
  }

  /** Called every 100 ms or so, whatever the role. */
  upkeep(nowMs: number): void {
    this.#positions.settle()
    this.pops.polls.sweep(nowMs)
    this.notifications.polls.sweep(nowMs)
    if (Math.abs(nowMs - this.#expiredMs) < EXPIRE_EVERY_MS) return
    this.#expiredMs = nowMs
    const { config, topics, groups, order } = this.#parts
    this.#subjects.expire(nowMs, config.current.popPollingMapExpireTimeSeconds * 1000)
    const queuesOf = (topic: string): number => topics.find(topic)?.readQueueNums ?? 0
    order.expire(nowMs, queuesOf, (group) => groups.has(group))
  }

  #freed(queue: OrderedQueue): void {
    this.pops.polls.touchGroup(queue, queue.queueId)
    this.notifications.polls.touchGroup(queue, queue.queueId)
    this.#parts.touch()
  }
}
