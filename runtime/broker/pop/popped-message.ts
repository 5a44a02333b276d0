import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { PopAccess } from './pop-access.ts'
import type { PopBacklog } from './pop-backlog.ts'
import { ORDER_REVIVE_QUEUE } from './pop-names.ts'
import { type ReceiptHandle, readReceiptHandle } from './receipt-handle.ts'

/** A handle may come from a master whose clock was ahead by so much. */
const CLOCKS_DIFFER_MS = 60_000

export interface PoppedMessageParts {
  readonly access: PopAccess
  readonly store: Pick<MessageStore, 'findQueue' | 'minOffsetOf'>
  readonly backlog: Pick<PopBacklog, 'positionOf'>
  readonly reviveQueues: number
  readonly brokerName: string
  readonly wallClock: () => number
}

/** What a client says of a message it has popped: checked against what this broker can have given out. */
export class PoppedMessages {
  readonly #parts: PoppedMessageParts

  constructor(parts: PoppedMessageParts) {
    this.#parts = parts
  }

  /** @throws RequestError TOPIC_NOT_EXIST, MESSAGE_ILLEGAL (queue), NO_MESSAGE (offset) */
  checkPlace(topic: string, queueId: number, offset: number, peer: string): void {
    this.#parts.access.queueOf(topic, queueId, peer)
    const { min, max } = this.range(topic, queueId)
    if (offset >= min && offset < max) return
    const remark = `offset is illegal, key:${topic}@${queueId}, commit:${offset}, store:${min}~${max}`
    throw new RequestError(ResponseCode.NO_MESSAGE, remark)
  }

  /** Offsets of the messages that the queue has. */
  range(topic: string, queueId: number): { readonly min: number; readonly max: number } {
    const { store } = this.#parts
    const queue = store.findQueue(topic, queueId)
    return queue === undefined ? { min: 0, max: 0 } : { min: store.minOffsetOf(queue), max: queue.maxOffset }
  }

  /** @throws RequestError MESSAGE_ILLEGAL for a handle that is none, or of another message */
  handleOf(extraInfo: string, queueId: number, offset: number): ReceiptHandle {
    const handle = readReceiptHandle(extraInfo, this.#parts.reviveQueues)
    if (handle.queueId !== queueId) throw strange(extraInfo, `is of queue ${handle.queueId}, not of ${queueId}`)
    if (offset < handle.startOffset) throw strange(extraInfo, `is not of the message at offset ${offset}`)
    this.checkTime(extraInfo, handle.popTime)
    return handle
  }

  /** @throws RequestError MESSAGE_ILLEGAL */
  checkTime(what: string, popTime: number): void {
    if (popTime > this.#parts.wallClock() + CLOCKS_DIFFER_MS) throw strange(what, `is of a pop that is still to come`)
  }

  /** What the group can have popped of a queue lies below. In order, what is under way lies behind its position. */
  poppedEnd(topic: string, group: string, queueId: number, reviveQueue: number): number {
    const { max } = this.range(topic, queueId)
    if (reviveQueue === ORDER_REVIVE_QUEUE) return max
    return Math.min(max, this.#parts.backlog.positionOf(topic, group, queueId))
  }

  /**
   * @throws RequestError NO_MESSAGE for a message that the group has still before it: nobody of it has popped it, or what the
   * last master knew of that went with it, or an administrator has set the group back. It will be popped.
   */
  checkPopped(topic: string, group: string, queueId: number, offset: number): void {
    const position = this.#parts.backlog.positionOf(topic, group, queueId)
    if (offset < position) return
    const remark = `offset is illegal, key:${topic}@${queueId}, commit:${offset}, popped by ${group} is what lies below ${position}`
    throw new RequestError(ResponseCode.NO_MESSAGE, remark)
  }

  /** @throws RequestError MESSAGE_ILLEGAL for a handle whose time is over: the message comes again, or has done so */
  checkHeld(extraInfo: string, { popTime, invisibleMs }: ReceiptHandle): void {
    if (popTime + invisibleMs <= this.#parts.wallClock()) throw strange(extraInfo, 'has expired')
  }

  /** @throws RequestError MESSAGE_ILLEGAL for a handle of another broker */
  checkBroker(extraInfo: string, { brokerName }: ReceiptHandle): void {
    const own = this.#parts.brokerName
    if (brokerName !== own) throw strange(extraInfo, `is of broker ${brokerName}, this one is ${own}`)
  }
}

function strange(extraInfo: string, why: string): RequestError {
  return new RequestError(ResponseCode.MESSAGE_ILLEGAL, `the receipt handle [${extraInfo.slice(0, 200)}] ${why}`)
}
