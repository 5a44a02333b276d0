import { Property } from '../../codec/message/properties.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { TRANS_HALF_TOPIC } from '../topics/topic-name.ts'
import { isStoredAnew } from './delivered-copy.ts'
import { HALF_QUEUE } from './half-messages.ts'
import { COPIES_MAX, type HalfProgress } from './half-progress.ts'
import { type HalfRecord, readHalf } from './half-record.ts'

/** Half messages looked at in one go. */
const AT_ONCE_MAX = 64

const draft = new MessageDraft()
const unit = new QueueUnits(1)

export interface FoundCopiesParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read'>
  /** The half message at `halfOffset` is open, and so is its copy, whose record ends at `endOffset`: its op message is missing. */
  readonly copied: (halfOffset: number, copy: number, endOffset: number) => void
}

/**
 * What a broker that starts or becomes master looks for among the open half messages: which of them are copies of earlier
 * ones. A crash may have cut the log between a copy and the op message that names what it stands for; of one transaction
 * two half messages would be asked about then, and both be committed.
 */
export class FoundCopies {
  readonly #parts: FoundCopiesParts
  /** By unique key, the last open half message; a few of the oldest are forgotten when there are very many. */
  readonly #open = new Map<string, number>()
  /** Up to where they were looked at; NaN: all of them were. */
  #next = 0

  constructor(parts: FoundCopiesParts) {
    this.#parts = parts
  }

  get isDone(): boolean {
    return Number.isNaN(this.#next)
  }

  reset(): void {
    this.#next = 0
    this.#open.clear()
  }

  /** Tells `progress` of copies among the next few. */
  look(progress: HalfProgress): void {
    for (let i = 0; i < AT_ONCE_MAX && !this.isDone; i++) this.#next = this.#lookAt(progress)
    if (this.isDone) this.#open.clear()
  }

  #lookAt(progress: HalfProgress): number {
    const { store } = this.#parts
    const queue = store.findQueue(TRANS_HALF_TOPIC, HALF_QUEUE)
    if (queue === undefined) return Number.NaN
    const offset = progress.nextOpen(Math.max(this.#next, progress.halfOffset))
    if (offset >= queue.maxOffset || queue.readUnits(offset, 1, unit) === 0) return Number.NaN
    const stored = store.read(unit.phyOffsets[0]!, unit.sizes[0]!)
    const half = stored && readHalf(stored, draft)
    if (half !== undefined) this.#note(half, offset, unit.phyOffsets[0]! + unit.sizes[0]!, progress)
    return offset + 1
  }

  #note({ message: { properties } }: HalfRecord, offset: number, endOffset: number, progress: HalfProgress): void {
    const uniqueKey = properties.get(Property.uniqKey)
    if (uniqueKey === undefined) return
    if (isStoredAnew(properties)) {
      progress.found(offset, uniqueKey)
      const earlier = this.#open.get(uniqueKey)
      if (earlier !== undefined) this.#parts.copied(earlier, offset, endOffset)
    }
    this.#open.delete(uniqueKey)
    this.#open.set(uniqueKey, offset)
    if (this.#open.size > COPIES_MAX) this.#open.delete(this.#open.keys().next().value!)
  }
}
