import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { LMQ_QUEUE_ID } from '../../store/light/light-queues.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { Commit } from '../pop/order-info.ts'
import { ORDER_REVIVE_QUEUE } from '../pop/pop-names.ts'
import { type ReceiptHandle, readReceiptHandle } from '../pop/receipt-handle.ts'
import type { LiteAccess } from './lite-access.ts'
import type { LiteEvents } from './lite-events.ts'
import type { LiteGroup } from './lite-group.ts'
import type { LiteOrders, LitePlace } from './lite-orders.ts'
import { liteQueueName } from './lite-queue-name.ts'

export interface LiteAckParts {
  readonly access: LiteAccess
  readonly groupOf: (group: string) => LiteGroup | undefined
  readonly store: Pick<MessageStore, 'findQueue'>
  readonly offsets: Pick<ConsumerOffsets, 'query' | 'commit' | 'hasReset'>
  readonly orders: LiteOrders
  readonly events: LiteEvents
  readonly maxInvisibleMs: () => number
  readonly wallClock: () => number
}

interface Popped {
  readonly place: LitePlace
  readonly offset: number
  readonly handle: ReceiptHandle
}

/**
 * ACK_MESSAGE and CHANGE_MESSAGE_INVISIBLETIME of messages of lite topics: requests with a field liteTopic. The topic in them is the
 * parent. As Apache RocketMQ's AckMessageProcessor.ackLite and ChangeInvisibleTimeProcessor.processChangeInvisibleTimeForLite.
 */
export class LiteAcks {
  readonly #parts: LiteAckParts

  constructor(parts: LiteAckParts) {
    this.#parts = parts
  }

  /** Whether a request is about a lite topic. */
  isMeant(request: CommandView): boolean {
    return (request.text('liteTopic') ?? '').trim() !== ''
  }

  ack(request: CommandView): Response {
    const { orders, offsets, events, wallClock } = this.#parts
    const { place, offset, handle } = this.#read(request)
    const position = offsets.query(place.group, place.queue, LMQ_QUEUE_ID)
    if (offset < position) return { code: ResponseCode.SUCCESS }
    const next = orders.commit(place, offset, handle.popTime, position)
    if (next === Commit.illegal) throw new RequestError(ResponseCode.MESSAGE_ILLEGAL, 'ack offset illegal.')
    if (next >= 0) {
      if (!offsets.hasReset(place.group, place.queue, LMQ_QUEUE_ID)) {
        offsets.commit(place.group, place.queue, LMQ_QUEUE_ID, next)
      }
      const isFree = orders.blockedUntil(place, undefined, handle.invisibleMs, wallClock()) === 0
      if (isFree && this.#endOf(place.queue) > next) events.arrivedFor(place.group, place.queue)
    }
    return { code: ResponseCode.SUCCESS }
  }

  change(request: CommandView): Response {
    const { orders, offsets, wallClock } = this.#parts
    const { place, offset, handle } = this.#read(request)
    const invisibleMs = this.#invisibleMs(request)
    const { popTime, reviveQueue } = handle
    if (offset < offsets.query(place.group, place.queue, LMQ_QUEUE_ID)) return { code: ResponseCode.SUCCESS }
    const visibleMs = wallClock() + invisibleMs
    if (request.flagField('suspend') === true) orders.suspend(place, popTime, visibleMs)
    else orders.setNextVisible(place, offset, popTime, visibleMs)
    const fields = { invisibleTime: visibleMs - popTime, popTime, reviveQid: reviveQueue }
    return { code: ResponseCode.SUCCESS, fields }
  }

  /** @throws RequestError */
  #read(request: CommandView): Popped {
    const { access, groupOf } = this.#parts
    access.checkServed()
    const group = request.requiredText('consumerGroup')
    const topic = request.requiredText('topic')
    const offset = request.requiredInteger('offset')
    const extraInfo = request.requiredText('extraInfo')
    if (groupOf(group)?.bindTopic !== topic) throw invalid('group type or bind topic not match.')
    const queue = liteQueueName(topic, request.requiredText('liteTopic'))
    if (offset < 0 || offset > this.#endOf(queue)) {
      throw new RequestError(ResponseCode.NO_MESSAGE, 'ack offset illegal.')
    }
    const handle = readReceiptHandle(extraInfo, 0)
    if (request.requiredInteger('queueId') !== LMQ_QUEUE_ID || handle.reviveQueue !== ORDER_REVIVE_QUEUE) {
      throw invalid('ack queue illegal.')
    }
    return { place: { group, queue }, offset, handle }
  }

  #invisibleMs(request: CommandView): number {
    const invisibleMs = request.requiredInteger('invisibleTime')
    const max = this.#parts.maxInvisibleMs()
    if (invisibleMs >= 0 && invisibleMs <= max) return invisibleMs
    throw invalid(`invisibleTime is ${invisibleMs} ms, from 0 to ${max} are allowed (timerMaxDelaySec)`)
  }

  #endOf(queue: string): number {
    return this.#parts.store.findQueue(queue, LMQ_QUEUE_ID)?.maxOffset ?? 0
  }
}

function invalid(remark: string): RequestError {
  return new RequestError(ResponseCode.INVALID_PARAMETER, remark)
}
