import { viewOf } from '../../codec/bytes.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { Disk } from '../../io/disk.ts'
import type { ConsumeQueue } from '../consume-queue/consume-queue.ts'
import type { StoredBytes } from '../log-reader.ts'
import type { StoreReporter } from '../store-options.ts'
import { TimerCheckpoint } from './timer-checkpoint.ts'
import { TimerFlush } from './timer-flush.ts'
import { TimerSlots } from './timer-slots.ts'
import { TimerUnit } from './timer-unit.ts'

export interface TimerStoreOptions {
  readonly disk: Disk
  readonly storePathRootDir: string
  /** mappedFileSizeTimerLog */
  readonly logFileBytes: number
  /** timerPrecisionMs */
  readonly precisionMs: number
  /** timerWheelSnapshotFlush: Apache's broker, set so, keeps the wheel in `timerwheel.<position>` alone. */
  readonly hasSnapshots: boolean
  readonly reporter: StoreReporter
  readonly messages: {
    readonly writtenOffset: number
    readonly flushedOffset: number
    readonly confirmOffset: number
    readonly dispatchedOffset: number
    read(phyOffset: number, sizeBytes: number): StoredBytes | undefined
  }
  /** The queue of the timer topic; undefined before its first message. */
  readonly queue: () => ConsumeQueue | undefined
}

const SNAPSHOT = /^timerwheel\.(\d+)$/

/** The timers' files, open and in agreement with each other and with the messages. */
export class TimerStore {
  readonly slots: TimerSlots
  readonly checkpoint: TimerCheckpoint
  readonly flush: TimerFlush
  /** There is a unit of every message of the timer topic's queue below that needs one. */
  queueOffset: number
  readonly #options: TimerStoreOptions

  /** @throws Error naming file and remedy */
  constructor(options: TimerStoreOptions) {
    this.#options = options
    const { disk, storePathRootDir: root, precisionMs, messages, reporter } = options
    this.checkpoint = new TimerCheckpoint(disk, `${root}/config/timercheck`)
    const path = `${root}/timerwheel`
    const log = { disk, folder: `${root}/timerlog`, fileSizeBytes: options.logFileBytes }
    const snapshot = this.#newestSnapshot()
    const hasWheel = snapshot !== undefined || disk.stat(path) !== undefined
    this.slots = new TimerSlots(
      { log, wheel: { disk, path, precisionMs } },
      snapshot === undefined ? path : `${path}.${snapshot}`,
    )
    this.flush = new TimerFlush({
      slots: this.slots,
      checkpoint: this.checkpoint,
      reporter,
      isDurable: (end) => messages.flushedOffset >= end && messages.confirmOffset >= end,
    })
    const { progress, isOwn } = this.checkpoint
    const logPosition = snapshot ?? (isOwn && hasWheel ? progress.logPosition : 0)
    this.slots.recover({ logPosition, readMs: progress.readMs })
    this.queueOffset = this.#isUsable ? this.#continueAt() : this.#startOver()
  }

  #newestSnapshot(): number | undefined {
    const { hasSnapshots, disk, storePathRootDir } = this.#options
    // A checkpoint of our own is newer than any snapshot: this engine makes none.
    if (!hasSnapshots || this.checkpoint.isOwn) return undefined
    const positions = disk.list(storePathRootDir).flatMap((name) => SNAPSHOT.exec(name)?.[1] ?? [])
    return positions.length === 0 ? undefined : Math.max(...positions.map(Number))
  }

  get #isUsable(): boolean {
    const { progress, isOwn, precisionMs } = this.checkpoint
    const isSamePrecision = !isOwn || precisionMs === this.slots.wheel.precisionMs
    return isSamePrecision && progress.logPosition <= this.slots.log.end
  }

  /** Messages that a power cut took have no units. */
  #continueAt(): number {
    const { dispatchedOffset } = this.#options.messages
    const unit = new TimerUnit()
    const isCut = this.slots.last(unit) && unit.phyOffset >= dispatchedOffset
    if (isCut) {
      // Other units come to stand where the checkpoint says that the wheel has those that were there.
      this.forget(0)
      this.slots.takeBackFrom(dispatchedOffset)
    }
    const placed = this.slots.last(unit) ? this.#queueOffsetOf(unit) + 1 : 0
    return this.#within(isCut ? placed : Math.max(placed, this.checkpoint.progress.queueOffset))
  }

  /** Everything is placed again, from the oldest message on. */
  #startOver(): number {
    const { reporter, storePathRootDir } = this.#options
    reporter.warn(`timer files below ${storePathRootDir} do not fit together: they are made again from the messages`)
    this.forget(0)
    this.slots.clear()
    return this.#within(0)
  }

  #within(queueOffset: number): number {
    const queue = this.#options.queue()
    if (queue === undefined) return 0
    return Math.min(Math.max(queueOffset, queue.minOffset), queue.maxOffset)
  }

  /** -1 when the message is gone. */
  #queueOffsetOf({ phyOffset, sizeBytes }: TimerUnit): number {
    const stored = this.#options.messages.read(phyOffset, sizeBytes)
    const record = new RecordView()
    if (stored === undefined) return -1
    const state = record.parse(viewOf(stored.bytes), stored.start, sizeBytes)
    return state === RecordState.ok && record.phyOffset === phyOffset ? record.queueOffset : -1
  }

  /** Whether there never was a timer. */
  get isUnused(): boolean {
    return this.slots.log.end === 0 && this.checkpoint.progress.readMs === 0
  }

  /** Takes back what was placed of messages at or behind a position in the commit log, the first of which is at `queueOffset`. */
  takeBackFrom(phyOffset: number, queueOffset: number): void {
    this.flush.giveUp()
    this.forget(queueOffset)
    this.slots.takeBackFrom(phyOffset)
    this.queueOffset = Math.min(this.queueOffset, queueOffset)
  }

  /** The checkpoint, durable, may not say more than is about to be there. */
  forget(queueOffset: number): void {
    const { progress } = this.checkpoint
    if (progress.queueOffset <= queueOffset && progress.logPosition === 0) return
    const lowered = { ...progress, queueOffset: Math.min(progress.queueOffset, queueOffset), logPosition: 0 }
    this.checkpoint.write(lowered, this.checkpoint.precisionMs || this.slots.wheel.precisionMs)
  }

  close(): void {
    this.flush.giveUp()
    this.slots.close()
  }
}
