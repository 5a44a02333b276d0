import { decodeMessages, type MessageExt } from '../../codec/message/message-ext.ts'
import { Property } from '../../codec/message/properties.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { ProxyError } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'
import { topicKindOf } from './receipt-handle.ts'
import { ProxyProperty } from './system-property.ts'

/** A message that a broker has given out, and the handle by which it is acknowledged. */
export interface PoppedMessage {
  readonly message: MessageExt
  readonly handle: string
  /** How often it has been delivered before. */
  readonly reconsumeTimes: number
  readonly messageId: string
  readonly liteTopic: string | undefined
  /** Its offset in the queue of its lite topic; undefined for other messages. */
  readonly liteOffset: number | undefined
}

/**
 * The messages of the answer to POP_MESSAGE. Its header has, per kind of topic and queue, the offset at which the pop
 * began, the offsets of the messages, and for ordered groups how often they have been delivered
 * (source: MQClientAPIImpl.processPopResponse).
 */
export function poppedMessages(answer: RemotingCommand, brokerName: string, isOrdered: boolean): PoppedMessage[] {
  const { fields, body } = answer
  if (body === undefined) return []
  const popTime = number(fields['popTime'], 'popTime')
  const head = `${popTime} ${number(fields['invisibleTime'], 'invisibleTime')} ${number(fields['reviveQid'], 'reviveQid')}`
  const starts = table(fields['startOffsetInfo'])
  const counts = isOrdered ? table(fields['orderCountInfo']) : undefined
  const messages = decodeMessages(body, { decompress: false, checkCrc: false })
  const firstOffsets = new Map<string, number>()
  return messages.map((message) => {
    const { topic, queueId, queueOffset, properties } = message
    const kind = topicKindOf(topic)
    const key = `${kind} ${queueId}`
    if (!firstOffsets.has(key)) firstOffsets.set(key, queueOffset)
    const given = properties.get(ProxyProperty.popHandle)
    const start = starts?.get(key) ?? String(firstOffsets.get(key))
    const brokerHandle = given ?? `${start} ${head} ${kind} ${brokerName} ${queueId} ${queueOffset}`
    const count = Number(counts?.get(`${kind} qo${queueId}%${queueOffset}`) ?? counts?.get(key) ?? 0)
    return {
      message,
      handle: `${brokerHandle} ${message.phyOffset}`,
      reconsumeTimes: count > 0 ? count : message.reconsumeTimes,
      messageId: properties.get(Property.uniqKey) ?? message.msgId,
      liteTopic: undefined,
      liteOffset: undefined,
    }
  })
}

/**
 * The messages of the answer to POP_LITE_MESSAGE: each says itself where it lies in the queue of its lite topic, and the answer
 * how often it has been delivered: `0;0 qo0%5 2` (source: MQClientAPIImpl.processPopLiteResponse).
 */
export function poppedLiteMessages({ fields, body }: RemotingCommand, brokerName: string): PoppedMessage[] {
  if (body === undefined) return []
  const popTime = number(fields['popTime'], 'popTime')
  const head = `${popTime} ${number(fields['invisibleTime'], 'invisibleTime')} ${number(fields['reviveQid'], 'reviveQid')}`
  const messages = decodeMessages(body, { decompress: false, checkCrc: false })
  const counts = (fields['orderCountInfo'] ?? '').split(';')
  return messages.map((message, i) => {
    const { properties, phyOffset, msgId } = message
    const liteOffset = number(properties.get(Property.innerMultiQueueOffset), Property.innerMultiQueueOffset)
    const count = counts.length === messages.length ? Number(counts[i]!.split(' ').at(-1)) : 0
    return {
      message,
      handle: `0 ${head} 0 ${brokerName} 0 ${liteOffset} ${phyOffset}`,
      reconsumeTimes: Math.max(0, count || 0),
      messageId: properties.get(Property.uniqKey) ?? msgId,
      liteTopic: properties.get(Property.liteTopic),
      liteOffset,
    }
  })
}

/** `kind queue value;kind queue value` as a map from `kind queue`; undefined when there is none. */
function table(text: string | undefined): Map<string, string> | undefined {
  if (text === undefined || text === '') return undefined
  return new Map(
    text.split(';').map((entry) => {
      const [kind = '', key = '', value = ''] = entry.split(' ')
      return [`${kind} ${key}`, value]
    }),
  )
}

function number(text: string | undefined, name: string): number {
  const value = Number(text)
  if (text !== undefined && Number.isSafeInteger(value)) return value
  throw new ProxyError(StatusCode.INTERNAL_SERVER_ERROR, `the broker's answer to a pop has ${name} = ${text}`)
}
