import { ResponseCode } from '../../codec/remoting/response-code.ts'
import {
  endOfStretch,
  isEndDecided,
  type LogicQueueItem,
  physicalOffset,
  staticOffset,
  stretchAfter,
  stretchOf,
} from '../../codec/static-topic/logic-queue-item.ts'
import type { TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import { logicQueue } from './logic-queue.ts'
import { failed, notLeader } from './static-requests.ts'

/** The part of a pull's answer that depends on where its queue lies. */
export interface PullOutcome {
  code: number
  nextBeginOffset: number
  minOffset: number
  maxOffset: number
  /** What clients add to the offsets of the messages. */
  offsetDelta: number | undefined
}

/**
 * A pull from a queue of a static topic: which stretch it reads, and its answer in the numbers that clients use (source:
 * PullMessageProcessor.rewriteRequestForStaticTopic and rewriteResponseForStaticTopic).
 */
export class MappedPull {
  readonly detail: TopicQueueMappingDetail
  /** The offset as the client gave it. */
  readonly offset: number
  readonly #items: readonly LogicQueueItem[]
  readonly #leader: LogicQueueItem
  /** The stretch that is read. */
  readonly item: LogicQueueItem
  /** Where the pull begins in the queue of the stretch. */
  readonly physicalOffset: number

  /** @throws RequestError when another broker leads the queue */
  constructor(detail: TopicQueueMappingDetail, globalId: number, offset: number) {
    const { items, leader } = logicQueue(detail, globalId)
    if (leader === undefined) throw notLeader({ detail, globalId })
    const item = stretchOf(items, offset)
    if (item === undefined)
      throw failed(new Error(`no stretch of ${detail.topic}-${globalId} has its offsets decided yet`))
    this.detail = detail
    this.offset = offset
    this.#items = items
    this.#leader = leader
    this.item = item
    this.physicalOffset = physicalOffset(item, offset)
  }

  /** Whether the messages lie on another broker. */
  get isAway(): boolean {
    return this.item.bname !== this.detail.bname
  }

  /** As many messages as are asked for, but none beyond the end of the stretch. */
  countMax(asked: number): number {
    if (!isEndDecided(this.item)) return asked
    return Math.max(1, Math.min(asked, this.item.endOffset - this.physicalOffset))
  }

  /** What a consumer has committed, in the queue of the stretch; undefined when it belongs to another one. */
  committed(offset: number): number | undefined {
    return stretchOf(this.#items, offset) === this.item ? Math.max(0, physicalOffset(this.item, offset)) : undefined
  }

  /** From the stretch's numbers to the client's; at its end to the next one. `isReset`: an operator says where to go on. */
  rewrite(outcome: PullOutcome, isReset = false): void {
    const isFound = outcome.code === ResponseCode.SUCCESS
    const item = isFound || isReset ? this.item : this.#move(outcome)
    if (isEndDecided(item)) outcome.nextBeginOffset = Math.min(outcome.nextBeginOffset, item.endOffset)
    outcome.nextBeginOffset = staticOffset(item, outcome.nextBeginOffset)
    outcome.minOffset = staticOffset(item, Math.max(item.startOffset, outcome.minOffset))
    outcome.maxOffset = Math.max(staticOffset(item, outcome.maxOffset), endOfStretch(this.#leader))
    outcome.offsetDelta = item.logicOffset - item.startOffset
  }

  /** The stretch where the pull goes on when nothing was found. */
  #move(outcome: PullOutcome): LogicQueueItem {
    const { item } = this
    const isLeader = item.gen === this.#leader.gen
    const isEarliest = item.gen === stretchOf(this.#items, 0)?.gen
    if (this.physicalOffset < outcome.minOffset) {
      outcome.code = isEarliest ? ResponseCode.PULL_OFFSET_MOVED : ResponseCode.PULL_RETRY_IMMEDIATELY
      outcome.nextBeginOffset = outcome.minOffset
      return item
    }
    if (isLeader) {
      const isBeyond = this.physicalOffset > outcome.maxOffset && outcome.code === ResponseCode.PULL_OFFSET_MOVED
      if (isBeyond) outcome.nextBeginOffset = outcome.maxOffset
      return item
    }
    if (this.physicalOffset < outcome.maxOffset) return item
    const next = stretchAfter(this.#items, item)
    if (next === undefined) {
      // The one that takes messages does not know yet where it begins.
      outcome.code = ResponseCode.PULL_NOT_FOUND
      return item
    }
    outcome.code = ResponseCode.PULL_RETRY_IMMEDIATELY
    outcome.nextBeginOffset = next.startOffset
    outcome.minOffset = next.startOffset
    outcome.maxOffset = next.startOffset
    return next
  }
}
