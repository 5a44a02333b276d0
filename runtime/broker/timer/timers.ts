import type { Logger } from '../../observe/logger.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { TimerProgress, TimerReport } from '../../store/timer/timer-checkpoint.ts'
import type { TimerStore } from '../../store/timer/timer-store.ts'
import { rolls, type TimerUnit } from '../../store/timer/timer-unit.ts'
import { WHEEL_SLOTS } from '../../store/timer/timer-wheel.ts'
import { MastersReport } from '../metadata/masters-report.ts'
import type { DoubtfulTimers } from './doubtful-timers.ts'
import type { DueMessage } from './open-slot.ts'
import { SlotWalk } from './slot-walk.ts'
import { TakenBack } from './taken-back.ts'
import type { TimerDelivery } from './timer-delivery.ts'
import { type IntakeListener, type LateMessage, TimerIntake } from './timer-intake.ts'
import type { TimerMessage } from './timer-message.ts'
import type { TimerMetrics } from './timer-metrics.ts'
import { BLANK_SLOTS, windowMsOf } from './timer-time.ts'
import { TimerTraffic } from './timer-traffic.ts'

interface TimerSettings {
  readonly timerRollWindowSlot: number
  readonly timerFlushIntervalMs: number
  readonly timerStopEnqueue: boolean
  readonly timerStopDequeue: boolean
}

export interface TimersParts {
  readonly store: MessageStore
  readonly files: TimerStore
  readonly delivery: TimerDelivery
  readonly doubts: DoubtfulTimers
  readonly metrics: TimerMetrics
  readonly settings: () => TimerSettings
  readonly topicExists: (topic: string) => boolean
  /** Commits what is staged; what could not be written is gone. */
  readonly commit: () => void
  readonly logger: Logger
  readonly nowMs: number
}

/** For tools. */
export interface TimerStats {
  readonly behindMs: number
  /** Messages that are not placed yet. */
  readonly unplaced: number
  readonly waiting: number
  readonly placedPerSecond: number
  readonly deliveredPerSecond: number
}

/** Messages delivered in one batch. */
const BATCH_MAX = 256
/** After a message that could not be stored. */
const RETRY_AFTER_MS = 100
const EXPIRE_EVERY_MS = 30_000
/** When nothing but the time has changed. */
const IDLE_FLUSH_MS = 60_000

/**
 * The messages of a broker that wait for their time. What is known of them stands in the timer topic; where each waits, in the
 * timer log and the wheel; how far all that has come, in the checkpoint. A master places and delivers; a slave places what its
 * master has placed, so that it can go on at once.
 */
export class Timers implements IntakeListener {
  readonly #parts: TimersParts
  readonly walk: SlotWalk
  readonly intake: TimerIntake
  readonly #takenBack: TakenBack
  readonly #batch: DueMessage[] = Array.from({ length: BATCH_MAX }, () => ({
    ...{ phyOffset: 0, sizeBytes: 0, magic: 0, writeMs: 0, dueMs: 0 },
  }))
  readonly #topics: string[] = []
  #doneOffset: number
  #doneMs: number
  /** Progress was taken over from another broker: what this one has placed beyond it is placed again. */
  #isForeign = true
  readonly #mastersReport = new MastersReport<TimerReport>()
  #version: Pick<TimerProgress, 'stateVersion' | 'timestampMs' | 'counter'>
  readonly #traffic: TimerTraffic
  /** No slot is left before the messages of the timer topic below are placed: they may belong to it. NaN: not yet known. */
  #holdUntil = Number.NaN
  #retryMs = 0
  #deliveredMs = 0
  #isChanged = false
  #flushedMs: number
  #expiredMs: number
  /** Messages delivered late by the present intake. */
  #lateEnd = 0
  #hasFailed = false

  constructor(parts: TimersParts) {
    this.#parts = parts
    const { store, files, logger, nowMs } = parts
    const { progress } = files.checkpoint
    this.intake = new TimerIntake({ store, files, windowMs: () => this.#windowMs, logger })
    // What it deletes, if it is there, is counted as one less when its turn comes.
    const onDeletion = (topic: string): void => parts.metrics.add(topic, 1)
    const readMs = progress.readMs > 0 ? progress.readMs : this.#oldestMs(nowMs)
    this.walk = new SlotWalk({ store, slots: files.slots, logger, onDeletion }, readMs)
    // When it is not known how far delivery came, all there is may have been delivered.
    this.#doneOffset = progress.readMs > 0 ? progress.masterQueueOffset : (this.intake.queue?.maxOffset ?? 0)
    this.#doneMs = readMs
    const { stateVersion, timestampMs, counter } = progress
    this.#version = { stateVersion, timestampMs, counter }
    this.#traffic = new TimerTraffic(nowMs)
    this.#flushedMs = nowMs
    this.#expiredMs = nowMs
    const closeSlots = (): void => this.walk.close()
    this.#takenBack = new TakenBack({ store, files, queue: () => this.intake.queue, closeSlots, logger })
    store.onCut((phyOffset) => this.#takenBack.cut(phyOffset))
    this.reset(nowMs)
  }

  get #precisionMs(): number {
    return this.#parts.files.slots.wheel.precisionMs
  }

  get #windowMs(): number {
    return windowMsOf(this.#parts.settings().timerRollWindowSlot, this.#precisionMs)
  }

  get readMs(): number {
    return this.walk.readMs
  }

  get doneOffset(): number {
    return this.#doneOffset
  }

  get doneMs(): number {
    return this.#doneMs
  }

  /** When there is something to be delivered before `untilMs`, in ms; infinite when there is not. */
  nextBefore(untilMs: number, nowMs: number): number {
    return this.walk.nextBefore(untilMs, nowMs)
  }

  /** Since this broker is master: every message that was stored by then and due by then has been delivered. */
  get deliveredMs(): number {
    return this.#deliveredMs
  }

  /** Messages that wait for a slot. */
  waitingIn(slotMs: number): number {
    return this.#parts.files.slots.wheel.countAt(slotMs)
  }

  stats(nowMs: number): TimerStats {
    const behindMs = Math.max(0, nowMs - this.readMs)
    const waiting = this.#parts.files.slots.wheel.countFrom(this.readMs)
    const { perSecond } = this.#traffic
    return { behindMs, unplaced: this.intake.behind, waiting, ...perSecond }
  }

  /** Something is to be made durable. */
  noteChanged(): void {
    this.#isChanged = true
  }

  /** This broker became master, or begins. */
  reset(nowMs: number): void {
    const { doubts } = this.#parts
    if (this.#isForeign) this.#takenBack.placeAgain(this.#doneOffset)
    this.#isForeign = false
    this.#mastersReport.forget()
    this.walk.close()
    this.#doneMs = this.readMs
    this.#retryMs = 0
    this.#deliveredMs = 0
    this.#holdUntil = Number.NaN
    doubts.begin(nowMs)
  }

  /** Called often while this broker is master. True when more can be done at once: call again soon. */
  tick(nowMs: number): boolean {
    const { store, doubts, settings } = this.#parts
    if (store.dispatchedOffset < doubts.mark || this.#isWaiting(nowMs) || !this.#hasSettled(nowMs)) return false
    const { timerStopEnqueue, timerStopDequeue } = settings()
    const hasMore = !timerStopEnqueue && this.#takeIn(nowMs)
    const hasDue = !timerStopDequeue && this.#deliver(nowMs)
    if (!hasDue && !hasMore) this.#noteDelivered(nowMs)
    return hasDue || hasMore
  }

  #noteDelivered(nowMs: number): void {
    const isPresent = this.readMs > nowMs - this.#precisionMs && !this.#isHeld(nowMs)
    if (isPresent && this.walk.nextDueMs > nowMs && this.intake.behind <= 0) this.#deliveredMs = nowMs
  }

  #isWaiting(nowMs: number): boolean {
    return nowMs < this.#retryMs && nowMs >= this.#retryMs - RETRY_AFTER_MS
  }

  /** What is placed up to the end of the window may not come to lie upon slots from then on. */
  #oldestMs(nowMs: number): number {
    return (Math.floor(nowMs / this.#precisionMs) - WHEEL_SLOTS + BLANK_SLOTS) * this.#precisionMs
  }

  #takeIn(nowMs: number): boolean {
    if (this.readMs < this.#oldestMs(nowMs)) return false
    if (this.#parts.files.queueOffset >= (this.intake.queue?.maxOffset ?? 0)) return false
    this.#isChanged = true
    this.#lateEnd = 0
    this.#hasFailed = false
    const from = this.#parts.files.queueOffset
    try {
      const hasMore = this.intake.step(nowMs, Number.POSITIVE_INFINITY, this)
      this.#settleLate(from, nowMs)
      return hasMore && !this.#hasFailed
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'timer log not written, trying again')
      this.#retryMs = nowMs + RETRY_AFTER_MS
      // What was delivered in passing may be refused as well.
      this.#settleLate(from, nowMs)
      return false
    }
  }

  /** False while what has to be placed again cannot be taken back. */
  #hasSettled(nowMs: number): boolean {
    const isDone = this.#takenBack.settle()
    if (!isDone) this.#retryMs = nowMs + RETRY_AFTER_MS
    return isDone
  }

  placed(unit: TimerUnit, topic: string): void {
    this.#parts.metrics.add(topic, unit.weight)
    this.#traffic.placed++
    this.walk.placed(unit)
  }

  late(message: TimerMessage, draft: MessageDraft, { phyOffset, isRolled }: LateMessage): boolean {
    const { delivery } = this.#parts
    delivery.deliverLate(message, draft, phyOffset, isRolled)
    const { end } = delivery.outcome
    if (end < 0 || (end > 0 && end <= this.#lateEnd)) {
      this.#hasFailed = true
      return false
    }
    this.#lateEnd = Math.max(this.#lateEnd, end)
    return true
  }

  /** What was delivered in passing has to be in the log, or it is taken in again with all that followed. */
  #settleLate(from: number, nowMs: number): void {
    const { commit, store } = this.#parts
    if (this.#lateEnd > 0) commit()
    if (this.#hasFailed) this.#retryMs = nowMs + RETRY_AFTER_MS
    if (store.writtenOffset >= this.#lateEnd) return
    this.#retryMs = nowMs + RETRY_AFTER_MS
    this.#hasFailed = true
    this.#takenBack.placeAgain(from)
  }

  /** While the wheel has gone round since, nothing is placed before old slots are left: what belonged to them comes late. */
  #isHeld(nowMs: number): boolean {
    const { files, settings } = this.#parts
    if (Number.isNaN(this.#holdUntil)) this.#holdUntil = this.intake.queue?.maxOffset ?? 0
    if (this.readMs < this.#oldestMs(nowMs)) return false
    return files.queueOffset < this.#holdUntil && !settings().timerStopEnqueue
  }

  #deliver(nowMs: number): boolean {
    const state = this.walk.step(nowMs, this.#isHeld(nowMs))
    return state === 'due' ? this.#deliverBatch(nowMs) : state === 'more'
  }

  /** True when more is due. */
  #deliverBatch(nowMs: number): boolean {
    const { delivery, commit, store, metrics } = this.#parts
    const { open, deleted, slotMs } = this.walk.slot
    this.#isChanged = true
    let count = 0
    let lastEnd = 0
    let isRefused = false
    let hasRolled = false
    while (count < BATCH_MAX && open.firstDueMs <= nowMs && !isRefused) {
      const due = this.#batch[count]!
      open.take(due)
      delivery.deliver(due, slotMs, deleted)
      const { end, topic } = delivery.outcome
      // Below the one before, the log went back: what was staged so far could not be written.
      isRefused = end < 0 || (end > 0 && end <= lastEnd)
      if (isRefused) open.add(due)
      else {
        this.#topics[count++] = topic
        hasRolled ||= rolls(due.magic)
        lastEnd = Math.max(lastEnd, end)
      }
      if (end > 0 && isRefused) lastEnd = Number.POSITIVE_INFINITY
    }
    if (lastEnd > 0) commit()
    // A loss of the master's role within the commit has closed the slot.
    if (this.walk.slot.slotMs !== slotMs) return false
    if (store.writtenOffset < lastEnd) {
      for (let i = 0; i < count; i++) open.add(this.#batch[i]!)
      isRefused = true
    } else {
      this.#traffic.delivered += count
      if (hasRolled) this.#holdUntil = this.intake.queue?.nextOffset ?? 0
      for (let i = 0; i < count; i++) if (this.#topics[i] !== '') metrics.add(this.#topics[i]!, -1)
    }
    if (isRefused) this.#retryMs = nowMs + RETRY_AFTER_MS
    // The slot may be over: messages of the next one are as late as these are.
    return !isRefused && (open.firstDueMs <= nowMs || slotMs + this.#precisionMs <= nowMs)
  }

  // Replication

  /** How far this broker has come, for its slaves and for a master that comes back. */
  report(): TimerReport {
    return { progress: this.#progress(), logEnd: this.#parts.store.writtenOffset }
  }

  #progress(): TimerProgress {
    const { queueOffset } = this.#takenBack
    return {
      ...this.#version,
      readMs: this.readMs,
      logPosition: this.#parts.files.checkpoint.progress.logPosition,
      queueOffset,
      masterQueueOffset: this.#isForeign ? this.#doneOffset : queueOffset,
    }
  }

  /** This broker is no master any more: what it did beyond what is durable may be taken back. */
  demoted(): void {
    this.#apply(this.#parts.files.checkpoint.progress)
  }

  /** A slave has another master, or its master a new term. */
  hasNewMaster(): void {
    this.#mastersReport.forget()
  }

  /** A slave is told how far its master has come. False for what is to be told again. */
  learn(report: TimerReport): boolean {
    return this.#mastersReport.learn(report, this.#parts.store.dispatchedOffset)
  }

  /** A master that was away takes over from the broker that acted in its place, if that has gone farther. */
  takeOver({ progress }: TimerReport): void {
    const { counter, timestampMs } = this.#version
    const isNewer = progress.counter > counter || (progress.counter === counter && progress.timestampMs > timestampMs)
    if (isNewer && progress.readMs > 0) this.#apply(progress)
  }

  #apply(progress: TimerProgress): void {
    this.walk.moveTo(progress.readMs)
    this.#doneOffset = progress.masterQueueOffset
    this.#doneMs = progress.readMs
    const { stateVersion, timestampMs, counter } = progress
    this.#version = { stateVersion, timestampMs, counter }
    this.#isForeign = true
    this.#isChanged = true
  }

  /** Called often while this broker is a slave. True when more can be done at once. */
  follow(nowMs: number): boolean {
    const { store, logger } = this.#parts
    const report = this.#mastersReport.take(store.dispatchedOffset)
    if (report !== undefined) this.#apply(report.progress)
    if (!this.#isForeign || this.#isWaiting(nowMs) || !this.#hasSettled(nowMs)) return false
    this.walk.close()
    try {
      return this.intake.step(nowMs, this.#doneOffset, this.#follower)
    } catch (error) {
      logger.error({ err: error }, 'timer log not written, trying again')
      this.#retryMs = nowMs + RETRY_AFTER_MS
      return false
    }
  }

  /** A slave neither counts nor delivers: its master does. */
  get #follower(): IntakeListener {
    const { readMs, doneOffset, doneMs } = this
    return { readMs, doneOffset, doneMs, placed: () => {}, late: () => true }
  }

  // Upkeep

  /** Called every 100 ms or so, whatever the role. */
  upkeep(nowMs: number): void {
    const { files, store, metrics, settings, topicExists } = this.#parts
    this.#traffic.sample(nowMs)
    if (files.isUnused && !this.#isChanged) return
    files.flush.tick()
    if (Math.abs(nowMs - this.#expiredMs) >= EXPIRE_EVERY_MS) {
      this.#expiredMs = nowMs
      files.slots.log.expire(store.minOffset)
    }
    const sinceMs = Math.abs(nowMs - this.#flushedMs)
    const intervalMs = this.#isChanged ? settings().timerFlushIntervalMs : IDLE_FLUSH_MS
    if (sinceMs < intervalMs || !files.flush.isIdle) return
    this.#flushedMs = nowMs
    metrics.save(nowMs, topicExists)
    if (!this.#isChanged && this.readMs === files.checkpoint.progress.readMs) return
    this.#noteVersion(nowMs)
    this.#isChanged = false
    if (store.flushedOffset < store.writtenOffset) store.flush()
    files.flush.begin({ progress: this.#progress(), logEnd: store.writtenOffset })
  }

  #noteVersion(nowMs: number): void {
    if (this.#isForeign) return
    this.#version = { ...this.#version, timestampMs: nowMs, counter: this.#version.counter + 1 }
  }

  /** After a start that failed. */
  abandon(): void {
    this.#parts.files.close()
  }

  /** `isLogDurable`: whether everything of the commit log is. @throws the operating system's error */
  close(nowMs: number, isLogDurable: boolean): void {
    const { files, metrics } = this.#parts
    try {
      if (isLogDurable && !(files.isUnused && !this.#isChanged)) {
        this.#noteVersion(nowMs)
        this.walk.markDelivered()
        files.flush.now(this.#progress())
      }
      metrics.state.saveIfChanged(nowMs)
    } finally {
      files.close()
    }
  }
}
