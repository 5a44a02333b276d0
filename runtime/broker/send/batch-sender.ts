import { encodeMessageId } from '../../codec/message/message-id.ts'
import { scanProperties } from '../../codec/message/properties.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { SerializeType } from '../../codec/remoting/frame.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { type LogicQueueItem, staticOffsetWithin } from '../../codec/static-topic/logic-queue-item.ts'
import type { Channel } from '../../net/channel.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { MESSAGES_PER_UNIT_MAX } from '../../store/consume-queue/queue-unit.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import type { LateAnswer } from '../acks/pending-sends.ts'
import { aimAtLiteTopic } from './lite-message.ts'
import { requireKey } from './required-key.ts'
import { completeProperties } from './rewritten-properties.ts'
import type { SendParts } from './send-handler.ts'
import { isTrue, type SendRequest } from './send-request.ts'
import type { SendTarget } from './send-target.ts'

/*
 * Body of a batch: messages one after the other, each
 *
 *   int32 total size · int32 magic · int32 body CRC · int32 flag · int32 n, n bytes of body · int16 n, n bytes of properties
 *
 * Magic and CRC are not filled in by clients.
 */
const HEAD_BYTES = 20

/** Of a record, beside topic, body and properties. */
const RECORD_OVERHEAD_MAX = 128

/** Messages of one batch. The largest body holds far fewer real ones. */
const BATCH_MESSAGES_MAX = 65_536
const TOPIC_LENGTH_MAX = 127

/** A queue of a static topic as its clients see it. */
interface LogicTarget {
  readonly globalId: number
  /** Where it takes messages. */
  readonly stretch: LogicQueueItem
}

/**
 * SEND_BATCH_MESSAGE: the messages become records of their own, with queue offsets in a row; in a topic with batch consume
 * queues they stay one record.
 */
export class BatchSender {
  readonly #parts: SendParts

  constructor(parts: SendParts) {
    this.#parts = parts
  }

  /** `draft` has its hosts already. @throws RequestError */
  send(
    request: CommandView,
    channel: Channel,
    send: SendRequest,
    draft: MessageDraft,
    target: SendTarget,
    queueId: number,
    logic: LogicTarget | undefined,
  ): Response | undefined {
    const waits = this.#checkHeader(request, send, draft, target)
    this.#parts.acks.check(waits)
    if (request.bodyLength > this.#parts.gate.maxMessageSize) {
      throw illegal(`the batch has ${request.bodyLength} bytes, the limit is ${this.#parts.gate.maxMessageSize}`)
    }
    const count = countMessages(request)
    draft.sysFlag = send.sysFlag | (target.isMultiTag ? SysFlag.multiTags : 0)
    draft.bornTimestampMs = send.bornTimestampMs
    draft.reconsumeTimes = send.reconsumeTimes
    draft.preparedTransactionOffset = 0
    const uniqueKey = uniqueKeyOf(request, draft)
    const isInner = target.isBatchCq && uniqueKey !== undefined && mayBeInner(send, target.queue(queueId))
    const answer = new BatchAnswer(this.#parts, request, channel, logic ?? queueId, uniqueKey, isInner)
    const bytes = isInner
      ? this.#stageInner(request, send, draft, target, queueId, count, answer)
      : this.#stageAll(request, draft, target, queueId, count, answer)
    target.puts.messages += count
    target.puts.bytes += bytes
    target.puts.times++
    if (request.isOneway) return undefined
    const { acks, gate } = this.#parts
    const { phyOffset, sizeBytes } = gate.log.lastAppend
    acks.addLate(acks.ringFor(waits), phyOffset + sizeBytes, answer)
    return undefined
  }

  /** Returns the bytes of the records. */
  #stageAll(
    request: CommandView,
    draft: MessageDraft,
    target: SendTarget,
    queueId: number,
    count: number,
    answer: BatchAnswer,
  ): number {
    let bytes = 0
    let at = request.bodyStart
    this.#parts.gate.putTogether(
      count,
      request.bodyLength + count * (RECORD_OVERHEAD_MAX + target.topicBytes.length),
      () => {
        for (let i = 0; i < count; i++) {
          at = this.#stage(request, draft, target, queueId, at)
          const { phyOffset, queueOffset, sizeBytes } = this.#parts.gate.log.lastAppend
          answer.note(phyOffset, queueOffset, i)
          bytes += sizeBytes
        }
      },
    )
    return bytes
  }

  /** The batch as it came becomes one record. Its properties are those of the request; clients take it apart. */
  #stageInner(
    request: CommandView,
    send: SendRequest,
    draft: MessageDraft,
    target: SendTarget,
    queueId: number,
    count: number,
    answer: BatchAnswer,
  ): number {
    const { gate } = this.#parts
    prepareInner(request, send, draft, count)
    const { regionId, traceOn, brokerClusterName } = this.#parts.config
    const extra =
      `MSG_REGION\x01${regionId}\x02TRACE_ON\x01${traceOn}\x02CLUSTER\x01${brokerClusterName}\x02` +
      `INNER_NUM\x01${count}\x02INNER_BASE\x01`
    draft.messageCount = count
    try {
      // As a group, so that the offset is that of the record even if what is staged before has to be committed first.
      gate.putTogether(1, draft.body.length + draft.properties.length + RECORD_OVERHEAD_MAX + extra.length, () => {
        gate.put(draft, target, queueId, Buffer.from(`${extra}${target.queue(queueId).nextOffset}\x02`))
      })
    } finally {
      draft.messageCount = 1
    }
    const { phyOffset, queueOffset, sizeBytes } = gate.log.lastAppend
    answer.note(phyOffset, queueOffset, 0)
    return sizeBytes
  }

  /** Returns whether the batch waits for flush and slaves. */
  #checkHeader(request: CommandView, send: SendRequest, draft: MessageDraft, target: SendTarget): boolean {
    const name = target.topicName
    if (name.length > TOPIC_LENGTH_MAX) throw illegal(`message topic length too long ${name.length}`)
    if (target.isRetry) throw illegal(`batch request does not support retry group ${name}`)
    const { ranges } = draft
    scanProperties(request.bytes, send.propertiesStart, send.propertiesLength, ranges)
    if ((send.sysFlag & SysFlag.transactionMask) !== 0) throw illegal('a batch cannot be part of a transaction')
    if (ranges.delayStart >= 0) throw illegal('a batch cannot be delayed')
    return ranges.waitStart < 0 || isTrue(request.bytes, ranges.waitStart, ranges.waitLength)
  }

  /** Puts the message at `at` into the log; returns where the next one starts. */
  #stage(request: CommandView, draft: MessageDraft, target: SendTarget, queueId: number, at: number): number {
    const { bytes, view } = request
    draft.flag = view.getInt32(at + 12)
    const bodyLength = view.getInt32(at + 16)
    const propertiesAt = at + HEAD_BYTES + bodyLength
    const propertiesLength = view.getInt16(propertiesAt)
    draft.body.bytes = bytes
    draft.body.start = at + HEAD_BYTES
    draft.body.length = bodyLength
    draft.properties.bytes = bytes
    draft.properties.start = propertiesAt + 2
    draft.properties.length = propertiesLength
    scanProperties(bytes, propertiesAt + 2, propertiesLength, draft.ranges)
    draft.isScanned = true
    if (target.isCompaction) requireKey(draft)
    // As official brokers do: delays and broker properties are of the batch, not of the messages in it.
    draft.ranges.delayStart = -1
    draft.ranges.hasTimer = false
    if (draft.ranges.liteTopicStart >= 0) aimAtLiteTopic(draft, target.config, this.#parts.config.keepsLightQueues)
    if (draft.ranges.lightQueuesStart >= 0) this.#parts.gate.checkLightQueues(draft)
    this.#parts.gate.put(draft, target, queueId, undefined)
    return propertiesAt + 2 + propertiesLength
  }
}

/**
 * Messages that are compressed, each by itself, become records of their own (clients would take the flag for one of the whole);
 * so do those for a queue that was there before this broker knew of its topic: the next start makes it one for batches. As
 * with official brokers, those without a key together do so, too.
 */
function mayBeInner({ sysFlag }: SendRequest, { isBatch }: ConsumeQueue): boolean {
  return isBatch && (sysFlag & SysFlag.compressed) === 0
}

/** @throws RequestError for what cannot be had with several messages in one record */
function prepareInner(request: CommandView, send: SendRequest, draft: MessageDraft, count: number): void {
  const { ranges } = draft
  if (count > MESSAGES_PER_UNIT_MAX) throw illegal(`the batch has more than ${MESSAGES_PER_UNIT_MAX} messages`)
  if (ranges.hasTimer) throw illegal('a batch cannot be delayed')
  if (ranges.lightQueuesStart >= 0)
    throw illegal(`a batch of a topic with queue.type=BatchCQ goes into no light queues`)
  if (ranges.liteTopicStart >= 0) throw illegal('a batch of a topic with queue.type=BatchCQ belongs to no lite topic')
  draft.flag = send.flag
  draft.sysFlag |= SysFlag.innerBatch | SysFlag.needUnwrap
  draft.body.bytes = request.bytes
  draft.body.start = request.bodyStart
  draft.body.length = request.bodyLength
  draft.properties.bytes = request.bytes
  draft.properties.start = send.propertiesStart
  draft.properties.length = send.propertiesLength
  draft.isScanned = true
  if (ranges.hasReserved) completeProperties(draft, () => '')
}

/** Number of messages in the body, all of them whole: a batch is stored wholly or not at all. */
function countMessages(request: CommandView): number {
  const { view, bodyStart } = request
  const end = bodyStart + request.bodyLength
  let count = 0
  let at = bodyStart
  while (at < end) {
    if (at + HEAD_BYTES > end) throw illegal(`message ${count + 1} of the batch is cut off`)
    const bodyLength = view.getInt32(at + 16)
    const propertiesAt = at + HEAD_BYTES + bodyLength
    if (bodyLength < 0 || propertiesAt + 2 > end) throw illegal(`message ${count + 1} of the batch is cut off`)
    const propertiesLength = view.getInt16(propertiesAt)
    at = propertiesAt + 2 + propertiesLength
    if (propertiesLength < 0 || at > end) throw illegal(`message ${count + 1} of the batch is cut off`)
    if (++count > BATCH_MESSAGES_MAX) throw illegal(`the batch has more than ${BATCH_MESSAGES_MAX} messages`)
  }
  if (count === 0) throw illegal('the batch is empty')
  return count
}

function illegal(remark: string): RequestError {
  return new RequestError(ResponseCode.MESSAGE_ILLEGAL, remark)
}

/** The key of the batch as a whole; its ranges must still be in the draft. */
function uniqueKeyOf(request: CommandView, { ranges }: MessageDraft): string | undefined {
  if (ranges.uniqKeyStart < 0) return undefined
  return request.bytes.toString('utf8', ranges.uniqKeyStart, ranges.uniqKeyStart + ranges.uniqKeyLength)
}

class BatchAnswer implements LateAnswer {
  readonly #parts: SendParts
  readonly #channel: Channel
  readonly #opaque: number
  readonly #serializeType: SerializeType
  readonly #queueId: number
  readonly #stretch: LogicQueueItem | undefined
  readonly #uniqueKey: string | undefined
  readonly #isInner: boolean
  readonly #msgIds: string[] = []
  #queueOffset = 0

  constructor(
    parts: SendParts,
    request: CommandView,
    channel: Channel,
    queue: number | LogicTarget,
    uniqueKey: string | undefined,
    isInner: boolean,
  ) {
    this.#isInner = isInner
    this.#uniqueKey = uniqueKey
    this.#parts = parts
    this.#channel = channel
    this.#opaque = request.opaque
    this.#serializeType = request.serializeType
    this.#queueId = typeof queue === 'number' ? queue : queue.globalId
    this.#stretch = typeof queue === 'number' ? undefined : queue.stretch
  }

  note(phyOffset: number, queueOffset: number, index: number): void {
    const { storeHost } = this.#parts
    this.#msgIds.push(encodeMessageId(storeHost, 0, storeHost.length, phyOffset))
    if (index !== 0) return
    this.#queueOffset = this.#stretch === undefined ? queueOffset : staticOffsetWithin(this.#stretch, queueOffset)
  }

  complete(code: number, remark: string | undefined): void {
    const { regionId, traceOn } = this.#parts.config
    const fields = { MSG_REGION: regionId, TRACE_ON: traceOn }
    if (remark !== undefined) {
      this.#channel.respond(this.#opaque, this.#serializeType, { code, remark, fields })
      return
    }
    this.#channel.respond(this.#opaque, this.#serializeType, {
      code,
      fields: {
        ...fields,
        msgId: this.#msgIds.join(','),
        queueId: this.#queueId,
        queueOffset: this.#queueOffset,
        transactionId: this.#uniqueKey,
        // By it producers know that the messages have no ids of their own.
        batchUniqId: this.#isInner ? this.#uniqueKey : undefined,
      },
    })
  }
}
