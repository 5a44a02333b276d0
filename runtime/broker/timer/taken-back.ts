import type { Logger } from '../../observe/logger.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { TimerStore } from '../../store/timer/timer-store.ts'

export interface TakenBackParts {
  readonly store: Pick<MessageStore, 'writtenOffset'>
  readonly files: TimerStore
  /** Of the timer topic. */
  readonly queue: () => ConsumeQueue | undefined
  /** What was read of slots counts no more. */
  readonly closeSlots: () => void
  readonly logger: Logger
}

/** Timers that were placed, and are taken back: to be placed again, or because their messages are gone. */
export class TakenBack {
  readonly #parts: TakenBackParts
  /** Offset of the timer topic's queue from which everything is still to be placed again; -1 for none. */
  #from = -1

  constructor(parts: TakenBackParts) {
    this.#parts = parts
  }

  /** Below it everything is placed, or delivered. */
  get queueOffset(): number {
    const { queueOffset } = this.#parts.files
    return this.#from < 0 ? queueOffset : Math.min(queueOffset, this.#from)
  }

  /**
   * Everything from an offset of the timer topic's queue on is to be placed again. A full disk may not take that now.
   * @returns whether it was taken back
   */
  placeAgain(queueOffset: number): boolean {
    this.#from = Math.min(this.queueOffset, queueOffset)
    return this.settle()
  }

  /** Once more what failed. False while it does: nothing may be placed or delivered before. */
  settle(): boolean {
    if (this.#from < 0) return true
    try {
      this.#placeAgainFrom(this.#from)
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'timers cannot be taken back to be placed again, trying again')
      return false
    }
    this.#from = -1
    return true
  }

  #placeAgainFrom(queueOffset: number): void {
    const { files, store, queue, closeSlots } = this.#parts
    if (files.queueOffset <= queueOffset) return
    const unit = new QueueUnits(1)
    const isThere = (queue()?.readUnits(queueOffset, 1, unit) ?? 0) > 0
    closeSlots()
    files.takeBackFrom(isThere ? unit.phyOffsets[0]! : store.writtenOffset, queueOffset)
  }

  /** Messages of the log from `phyOffset` on are about to be taken back. @throws the operating system's error */
  cut(phyOffset: number): void {
    const { files, closeSlots } = this.#parts
    const queue = this.#parts.queue()
    if (queue === undefined || queue.maxPhyOffset <= phyOffset) return
    closeSlots()
    const unit = new QueueUnits(1)
    let first = files.queueOffset
    while (queue.readUnits(first - 1, 1, unit) > 0 && unit.phyOffsets[0]! >= phyOffset) first--
    files.takeBackFrom(phyOffset, first)
  }
}
