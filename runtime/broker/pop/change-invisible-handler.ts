import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import type { OrderedAcks } from './ordered-acks.ts'
import { ORDER_REVIVE_QUEUE } from './pop-names.ts'
import type { PoppedMessages } from './popped-message.ts'
import type { ReceiptHandle } from './receipt-handle.ts'
import type { ReviveLog } from './revive-log.ts'

export interface ChangeInvisibleParts {
  readonly messages: PoppedMessages
  readonly reviveLog: ReviveLog
  readonly ordered: OrderedAcks
  readonly acks: Acknowledgements
  readonly maxInvisibleMs: () => number
  readonly isMaster: () => boolean
  readonly wallClock: () => number
  readonly commit: () => void
}

/**
 * CHANGE_MESSAGE_INVISIBLETIME: a message that was popped comes again at another time, if nobody acknowledges it: it gets a
 * check point of its own, and after that is acknowledged in the one it was in: at no time it is in none.
 */
export class ChangeInvisibleHandler {
  readonly #parts: ChangeInvisibleParts

  constructor(parts: ChangeInvisibleParts) {
    this.#parts = parts
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    const { messages, acks, isMaster, commit, wallClock } = this.#parts
    if (!isMaster()) throw new RequestError(ResponseCode.SLAVE_NOT_AVAILABLE, 'messages are held by the master')
    if (acks.isFull) commit()
    const topic = request.requiredText('topic')
    const group = request.requiredText('consumerGroup')
    const queueId = request.requiredInteger('queueId')
    const offset = request.requiredInteger('offset')
    const invisibleMs = this.#invisibleMs(request)
    const extraInfo = request.requiredText('extraInfo')
    messages.checkPlace(topic, queueId, offset, channel.remoteText)
    const handle = messages.handleOf(extraInfo, queueId, offset)
    const { reviveQueue } = handle
    if (reviveQueue === ORDER_REVIVE_QUEUE) {
      const visibleMs = this.#parts.ordered.change({ topic, group, queueId }, offset, handle.popTime, invisibleMs)
      return answerOf(handle.popTime, visibleMs === undefined ? handle.invisibleMs : visibleMs - handle.popTime, handle)
    }
    messages.checkBroker(extraInfo, handle)
    messages.checkHeld(extraInfo, handle)
    messages.checkPopped(topic, group, queueId, offset)
    acks.check(true)
    // Within the millisecond of its pop it would be taken for the check point that it replaces.
    const popTime = Math.max(wallClock(), handle.popTime + 1)
    const isSuspended = request.flagField('suspend') === true
    const end = this.#put(handle, topic, group, offset, { popTime, invisibleMs, isSuspended })
    if (request.isOneway) return undefined
    const { opaque, serializeType } = request
    acks.addLate(acks.ringFor(true), end, {
      complete: (code, remark) => {
        const isStored = remark === undefined
        channel.respond(opaque, serializeType, isStored ? answerOf(popTime, invisibleMs, handle) : { code, remark })
      },
    })
    return undefined
  }

  #invisibleMs(request: CommandView): number {
    const invisibleMs = request.requiredInteger('invisibleTime')
    const max = this.#parts.maxInvisibleMs()
    if (invisibleMs >= 0 && invisibleMs <= max) return invisibleMs
    const remark = `invisibleTime is ${invisibleMs} ms, from 0 to ${max} are allowed (timerMaxDelaySec)`
    throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
  }

  /** Returns where the records end. @throws RequestError */
  #put(
    handle: ReceiptHandle,
    topic: string,
    group: string,
    offset: number,
    point: { readonly popTime: number; readonly invisibleMs: number; readonly isSuspended: boolean },
  ): number {
    const { reviveLog } = this.#parts
    const { reviveQueue, brokerName, queueId } = handle
    const whose = { topic, group, queueId, brokerName }
    reviveLog.putCheckPoint({ ...whose, ...point, startOffset: offset, diffs: [0], putBackTimes: 0 }, reviveQueue)
    const { startOffset, popTime, invisibleMs } = handle
    return reviveLog.putAck({ ...whose, startOffset, popTime, invisibleMs }, [offset], reviveQueue)
  }
}

function answerOf(popTime: number, invisibleTime: number, { reviveQueue }: ReceiptHandle): Response {
  return { code: ResponseCode.SUCCESS, fields: { popTime, invisibleTime, reviveQid: reviveQueue } }
}
