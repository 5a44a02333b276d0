import { asObject, integerField, JsonFieldError, listField, textField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import { readBody } from '../metadata/request-body.ts'
import type { AckTarget, GatheredAcks } from './gathered-acks.ts'
import type { OrderedAcks } from './ordered-acks.ts'
import { PlainAnswers } from './plain-answers.ts'
import { markedTopic, ORDER_REVIVE_QUEUE } from './pop-names.ts'
import type { PoppedMessages } from './popped-message.ts'

export interface AckParts {
  readonly messages: PoppedMessages
  readonly gathered: GatheredAcks
  readonly ordered: OrderedAcks
  readonly acks: Acknowledgements
  readonly reviveQueues: number
  readonly brokerName: string
  readonly isMaster: () => boolean
  readonly commit: () => void
}

/** Bits of a batch ack's bit set: of as many messages as a check point has, but one may lie far behind the other. */
const BIT_SET_BYTES_MAX = 64 * 1024
/** Check points that one request may acknowledge messages of. */
const BATCH_ACKS_MAX = 4_096

/** ACK_MESSAGE and BATCH_ACK_MESSAGE. Rules and remarks as in Apache RocketMQ's AckMessageProcessor. */
export class AckHandler {
  readonly #parts: AckParts
  readonly #answers = new PlainAnswers()

  constructor(parts: AckParts) {
    this.#parts = parts
  }

  ack(request: CommandView, channel: Channel): Response | undefined {
    const { messages, gathered, ordered } = this.#parts
    this.#checkMaster()
    const topic = request.requiredText('topic')
    const group = request.requiredText('consumerGroup')
    const queueId = request.requiredInteger('queueId')
    const offset = request.requiredInteger('offset')
    const extraInfo = request.requiredText('extraInfo')
    messages.checkPlace(topic, queueId, offset, channel.remoteText)
    const handle = messages.handleOf(extraInfo, queueId, offset)
    const { reviveQueue, startOffset, popTime, invisibleMs, brokerName } = handle
    if (reviveQueue === ORDER_REVIVE_QUEUE) {
      ordered.ack({ topic, group, queueId }, offset, popTime, invisibleMs, channel.remoteText)
      return { code: ResponseCode.SUCCESS }
    }
    messages.checkBroker(extraInfo, handle)
    messages.checkPopped(topic, group, queueId, offset)
    const target = { topic, group, queueId, startOffset, popTime, brokerName, invisibleMs, reviveQueue }
    const answer = request.isOneway ? undefined : this.#answers.of(channel, request.opaque, request.serializeType)
    gathered.add(keyOf(target), target, offset, answer)
    return undefined
  }

  ackBatch(request: CommandView, channel: Channel): Response | undefined {
    const { gathered, ordered } = this.#parts
    this.#checkMaster()
    if (request.bodyLength === 0) return { code: ResponseCode.NO_MESSAGE }
    const { entries, brokerName } = readBody(request, readBatch)
    if (entries.length === 0) return { code: ResponseCode.NO_MESSAGE }
    let last: { key: string; target: AckTarget; offset: number } | undefined
    for (const entry of entries) {
      const { target, offsets } = this.#targetOf(entry, brokerName)
      const { topic, group, queueId, popTime, invisibleMs } = target
      for (const offset of offsets) {
        if (target.reviveQueue === ORDER_REVIVE_QUEUE) {
          ordered.ack({ topic, group, queueId }, offset, popTime, invisibleMs, channel.remoteText)
          continue
        }
        if (last !== undefined) gathered.add(last.key, last.target, last.offset, undefined)
        last = { key: keyOf(target), target, offset }
      }
    }
    if (last === undefined) return { code: ResponseCode.SUCCESS }
    // Records stand in the order of the log: what is true of the last one is true of all.
    const answer = request.isOneway ? undefined : this.#answers.of(channel, request.opaque, request.serializeType)
    gathered.add(last.key, last.target, last.offset, answer)
    return undefined
  }

  #checkMaster(): void {
    const { acks, isMaster, commit } = this.#parts
    if (!isMaster()) throw new RequestError(ResponseCode.SLAVE_NOT_AVAILABLE, 'messages are acknowledged to the master')
    if (acks.isFull) commit()
  }

  /** @throws RequestError */
  #targetOf(entry: BatchEntry, ownBroker: string): { target: AckTarget; offsets: number[] } {
    const { messages, reviveQueues } = this.#parts
    const { group, queueId, startOffset, popTime, invisibleMs, reviveQueue } = entry
    const topic = markedTopic(entry.retryMark, entry.topic, group)
    const isKnownQueue = (reviveQueue >= 0 && reviveQueue < reviveQueues) || reviveQueue === ORDER_REVIVE_QUEUE
    if (topic === undefined || !isKnownQueue || startOffset < 0 || popTime < 0 || invisibleMs < 0) {
      throw new RequestError(
        ResponseCode.MESSAGE_ILLEGAL,
        `the batch ack is of no check point: ${JSON.stringify(entry)}`,
      )
    }
    messages.checkTime(`batch ack of ${topic}@${queueId}`, popTime)
    const { min } = messages.range(topic, queueId)
    const end = messages.poppedEnd(topic, group, queueId, reviveQueue)
    const offsets = entry.offsets.filter((offset) => offset >= min && offset < end)
    const brokerName = ownBroker || this.#parts.brokerName
    return { target: { topic, group, queueId, startOffset, popTime, brokerName, invisibleMs, reviveQueue }, offsets }
  }
}

function keyOf({ topic, group, queueId, startOffset, popTime, brokerName, reviveQueue }: AckTarget): string {
  return `${reviveQueue} ${startOffset} ${popTime} ${queueId} ${topic} ${group} ${brokerName}`
}

/*
 * {"acks":[{"b":"<bits, base64>","c":"group","it":60000,"pt":1700000000000,"q":1,"r":"0","rq":3,"so":7,"t":"T"}],"brokerName":"broker-a"}
 *
 * Bit i of b (bit 0 of the first byte is the first): the message at offset so + i. r: retry mark.
 */
interface BatchEntry {
  readonly topic: string
  readonly group: string
  readonly retryMark: string
  readonly queueId: number
  readonly reviveQueue: number
  readonly startOffset: number
  readonly popTime: number
  readonly invisibleMs: number
  readonly offsets: readonly number[]
}

function readBatch(content: JsonValue): { entries: BatchEntry[]; brokerName: string } {
  const object = asObject(content, 'batch ack')
  const entries = listField(object, 'acks') ?? []
  if (entries.length > BATCH_ACKS_MAX) {
    throw new JsonFieldError(`acks has ${entries.length} entries, at most ${BATCH_ACKS_MAX} are allowed`)
  }
  return { entries: entries.map(readEntry), brokerName: textField(object, 'brokerName') ?? '' }
}

function readEntry(value: JsonValue): BatchEntry {
  const object = asObject(value, 'ack')
  // Brokers and clients of 5.0 write the long names.
  const text = (short: string, long: string) => textField(object, short) ?? textField(object, long)
  const integer = (short: string, long: string) => integerField(object, short) ?? integerField(object, long) ?? 0
  const [topic, group] = [text('t', 'topic'), text('c', 'consumerGroup')]
  if (topic === undefined || group === undefined)
    throw new JsonFieldError('an ack needs t, the topic, and c, the group')
  const startOffset = integer('so', 'startOffset')
  return {
    ...{ topic, group, retryMark: text('r', 'retry') ?? '0', queueId: integer('q', 'queueId'), startOffset },
    ...{ reviveQueue: integer('rq', 'reviveQueueId'), popTime: integer('pt', 'popTime') },
    ...{ invisibleMs: integer('it', 'invisibleTime'), offsets: offsetsOf(text('b', 'bitSet') ?? '', startOffset) },
  }
}

function offsetsOf(bitSet: string, startOffset: number): number[] {
  const bytes = Buffer.from(bitSet, 'base64')
  if (bytes.length > BIT_SET_BYTES_MAX) {
    throw new JsonFieldError(
      `b, the bits of an ack, has ${bytes.length} bytes, at most ${BIT_SET_BYTES_MAX} are allowed`,
    )
  }
  const offsets: number[] = []
  bytes.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) offsets.push(startOffset + at * 8 + bit)
  })
  return offsets
}
