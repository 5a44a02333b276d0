import { javaHashCode } from '../bytes.ts'

/*
 * A record's properties: name \x01 value \x02 name \x01 value \x02 ..., UTF-8. The last \x02 may be missing. Entries with an
 * empty name or an empty value are passed over, a repeated name keeps its last value: `MessageDecoder` does both.
 */

const NAME_VALUE_SEPARATOR = 1
const PROPERTY_SEPARATOR = 2

/** Names of properties the engine itself reads or writes (Apache RocketMQ's `MessageConst`). */
export const Property = {
  keys: 'KEYS',
  tags: 'TAGS',
  wait: 'WAIT',
  delay: 'DELAY',
  retryTopic: 'RETRY_TOPIC',
  originGroup: 'ORIGIN_GROUP',
  realTopic: 'REAL_TOPIC',
  realQueueId: 'REAL_QID',
  transactionPrepared: 'TRAN_MSG',
  producerGroup: 'PGROUP',
  transactionCheckTimes: 'TRANSACTION_CHECK_TIMES',
  checkImmunityTime: 'CHECK_IMMUNITY_TIME_IN_SECONDS',
  preparedQueueOffset: 'TRAN_PREPARED_QUEUE_OFFSET',
  minOffset: 'MIN_OFFSET',
  maxOffset: 'MAX_OFFSET',
  originMessageId: 'ORIGIN_MESSAGE_ID',
  reconsumeTime: 'RECONSUME_TIME',
  msgRegion: 'MSG_REGION',
  traceOn: 'TRACE_ON',
  uniqKey: 'UNIQ_KEY',
  maxReconsumeTimes: 'MAX_RECONSUME_TIMES',
  innerNum: 'INNER_NUM',
  innerBase: 'INNER_BASE',
  innerMultiDispatch: 'INNER_MULTI_DISPATCH',
  innerMultiQueueOffset: 'INNER_MULTI_QUEUE_OFFSET',
  liteTopic: '__LITE_TOPIC',
  cluster: 'CLUSTER',
  messageType: 'MSG_TYPE',
  shardingKey: '__SHARDINGKEY',
  priority: '_SYS_MSG_PRIORITY_',
  timerDelayMs: 'TIMER_DELAY_MS',
  timerDelaySec: 'TIMER_DELAY_SEC',
  timerDeliverMs: 'TIMER_DELIVER_MS',
  timerOutMs: 'TIMER_OUT_MS',
  timerEnqueueMs: 'TIMER_ENQUEUE_MS',
  timerDequeueMs: 'TIMER_DEQUEUE_MS',
  timerRollTimes: 'TIMER_ROLL_TIMES',
  timerDeleteUniqueKey: 'TIMER_DEL_UNIQKEY',
  bornTimestamp: 'BORN_TIMESTAMP',
  replyToClient: 'REPLY_TO_CLIENT',
  pushReplyTime: 'PUSH_REPLY_TIME',
  dlqOriginTopic: 'DLQ_ORIGIN_TOPIC',
  dlqOriginMessageId: 'DLQ_ORIGIN_MESSAGE_ID',
} as const

export function decodeProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const entry of text.split('\x02')) {
    const separator = entry.indexOf('\x01')
    if (separator > 0 && separator < entry.length - 1) {
      properties.set(entry.slice(0, separator), entry.slice(separator + 1))
    }
  }
  return properties
}

export function encodeProperties(properties: Iterable<readonly [string, string]>): string {
  let text = ''
  for (const [name, value] of properties) text += `${name}\x01${value}\x02`
  return text
}

/** The properties that ask for a time of delivery; of several the highest counts, as in Java's `HookUtils`. */
export const TimerKind = { none: 0, deliverMs: 1, delayMs: 2, delaySec: 3 } as const

export type TimerKind = (typeof TimerKind)[keyof typeof TimerKind]

/**
 * Where the values of the properties the data path needs stand in the scanned bytes. A start of -1 means that the
 * property is absent. Reused from message to message.
 */
export class PropertyRanges {
  tagsStart = -1
  tagsLength = 0
  keysStart = -1
  keysLength = 0
  uniqKeyStart = -1
  uniqKeyLength = 0
  delayStart = -1
  delayLength = 0
  waitStart = -1
  waitLength = 0
  transactionPreparedStart = -1
  transactionPreparedLength = 0
  /** Whether any of the TIMER_DELAY_SEC, TIMER_DELAY_MS and TIMER_DELIVER_MS properties is there. */
  hasTimer = false
  /** Which of them counts; its value, as text. */
  timerKind: TimerKind = TimerKind.none
  timerStart = -1
  timerLength = 0
  /** TIMER_OUT_MS: the message has been through the timer already, or waits there. */
  timerOutStart = -1
  timerOutLength = 0
  /** Whether TIMER_ROLL_TIMES is there. */
  hasTimerRoll = false
  realTopicStart = -1
  realTopicLength = 0
  realQueueIdStart = -1
  realQueueIdLength = 0
  /** Whether TIMER_DEL_UNIQKEY is there: the message deletes another one that waits for its time. */
  hasTimerDelete = false
  /** INNER_MULTI_DISPATCH: light queues that get the message, too. */
  lightQueuesStart = -1
  lightQueuesLength = 0
  /** INNER_MULTI_QUEUE_OFFSET: its offsets there. */
  lightOffsetsStart = -1
  lightOffsetsLength = 0
  /** INNER_NUM: how many messages the record holds. */
  innerNumStart = -1
  innerNumLength = 0
  /** Whether INNER_BASE, the queue offset of the first of them, is there. */
  hasInnerBase = false
  /** _SYS_MSG_PRIORITY_: which queue gets the message. */
  priorityStart = -1
  priorityLength = 0
  /** Whether __SHARDINGKEY is there: the message belongs to an order. */
  hasShardingKey = false
  /** Whether a property is there that a client's message must not bring: POP_CK, INNER_MULTI_QUEUE_OFFSET, INNER_NUM, INNER_BASE. */
  hasReserved = false
  /** __LITE_TOPIC: the lite topic, of those of the message's topic, that it belongs to. */
  liteTopicStart = -1
  liteTopicLength = 0

  clear(): void {
    this.tagsStart = -1
    this.tagsLength = 0
    this.keysStart = -1
    this.keysLength = 0
    this.uniqKeyStart = -1
    this.uniqKeyLength = 0
    this.delayStart = -1
    this.delayLength = 0
    this.waitStart = -1
    this.waitLength = 0
    this.transactionPreparedStart = -1
    this.transactionPreparedLength = 0
    this.hasTimer = false
    this.timerKind = TimerKind.none
    this.timerStart = -1
    this.timerLength = 0
    this.timerOutStart = -1
    this.timerOutLength = 0
    this.hasTimerRoll = false
    this.realTopicStart = -1
    this.realTopicLength = 0
    this.realQueueIdStart = -1
    this.realQueueIdLength = 0
    this.hasTimerDelete = false
    this.lightQueuesStart = -1
    this.lightQueuesLength = 0
    this.lightOffsetsStart = -1
    this.lightOffsetsLength = 0
    this.innerNumStart = -1
    this.innerNumLength = 0
    this.hasInnerBase = false
    this.priorityStart = -1
    this.priorityLength = 0
    this.hasShardingKey = false
    this.hasReserved = false
    this.liteTopicStart = -1
    this.liteTopicLength = 0
  }
}

/** Finds the properties of {@link PropertyRanges} without making strings. */
export function scanProperties(bytes: Uint8Array, start: number, length: number, out: PropertyRanges): void {
  out.clear()
  const end = start + length
  let entry = start
  while (entry < end) {
    let separator = entry
    while (separator < end && bytes[separator] !== NAME_VALUE_SEPARATOR && bytes[separator] !== PROPERTY_SEPARATOR) {
      separator++
    }
    let next = separator
    if (bytes[separator] === NAME_VALUE_SEPARATOR) {
      while (next < end && bytes[next] !== PROPERTY_SEPARATOR) next++
      if (separator > entry && next > separator + 1) {
        noteProperty(bytes, entry, separator - entry, next - separator - 1, out)
      }
    }
    entry = next + 1
  }
}

const NAME_TAGS = Buffer.from('TAGS')
const NAME_KEYS = Buffer.from('KEYS')
const NAME_WAIT = Buffer.from('WAIT')
const NAME_POP_CK = Buffer.from('POP_CK')
const NAME_DELAY = Buffer.from('DELAY')
const NAME_UNIQ_KEY = Buffer.from('UNIQ_KEY')
const NAME_TRAN_MSG = Buffer.from('TRAN_MSG')
const NAME_TIMER_DELAY_MS = Buffer.from('TIMER_DELAY_MS')
const NAME_TIMER_DELAY_SEC = Buffer.from('TIMER_DELAY_SEC')
const NAME_TIMER_DELIVER_MS = Buffer.from('TIMER_DELIVER_MS')
const NAME_LITE_TOPIC = Buffer.from('__LITE_TOPIC')
const NAME_REAL_QID = Buffer.from('REAL_QID')
const NAME_INNER_NUM = Buffer.from('INNER_NUM')
const NAME_INNER_BASE = Buffer.from('INNER_BASE')
const NAME_REAL_TOPIC = Buffer.from('REAL_TOPIC')
const NAME_TIMER_ROLL_TIMES = Buffer.from('TIMER_ROLL_TIMES')
const NAME_TIMER_OUT_MS = Buffer.from('TIMER_OUT_MS')
const NAME_TIMER_DEL_UNIQKEY = Buffer.from('TIMER_DEL_UNIQKEY')
const NAME_INNER_MULTI_DISPATCH = Buffer.from('INNER_MULTI_DISPATCH')
const NAME_SHARDING_KEY = Buffer.from('__SHARDINGKEY')
const NAME_PRIORITY = Buffer.from('_SYS_MSG_PRIORITY_')
const NAME_INNER_MULTI_QUEUE_OFFSET = Buffer.from('INNER_MULTI_QUEUE_OFFSET')

function noteProperty(bytes: Uint8Array, name: number, nameLength: number, length: number, out: PropertyRanges): void {
  const value = name + nameLength + 1
  switch (nameLength) {
    case 4:
      if (isAt(bytes, name, NAME_TAGS)) {
        out.tagsStart = value
        out.tagsLength = length
      } else if (isAt(bytes, name, NAME_KEYS)) {
        out.keysStart = value
        out.keysLength = length
      } else if (isAt(bytes, name, NAME_WAIT)) {
        out.waitStart = value
        out.waitLength = length
      }
      return
    case 5:
      if (isAt(bytes, name, NAME_DELAY)) {
        out.delayStart = value
        out.delayLength = length
      }
      return
    case 6:
      if (isAt(bytes, name, NAME_POP_CK)) out.hasReserved = true
      return
    case 8:
      if (isAt(bytes, name, NAME_UNIQ_KEY)) {
        out.uniqKeyStart = value
        out.uniqKeyLength = length
      } else if (isAt(bytes, name, NAME_TRAN_MSG)) {
        out.transactionPreparedStart = value
        out.transactionPreparedLength = length
      } else if (isAt(bytes, name, NAME_REAL_QID)) {
        out.realQueueIdStart = value
        out.realQueueIdLength = length
      }
      return
    case 9:
      if (isAt(bytes, name, NAME_INNER_NUM)) {
        out.innerNumStart = value
        out.innerNumLength = length
        out.hasReserved = true
      }
      return
    case 10:
      if (isAt(bytes, name, NAME_REAL_TOPIC)) {
        out.realTopicStart = value
        out.realTopicLength = length
      } else if (isAt(bytes, name, NAME_INNER_BASE)) {
        out.hasInnerBase = true
        out.hasReserved = true
      }
      return
    case 12:
      if (isAt(bytes, name, NAME_TIMER_OUT_MS)) {
        out.timerOutStart = value
        out.timerOutLength = length
      } else if (isAt(bytes, name, NAME_LITE_TOPIC)) {
        out.liteTopicStart = value
        out.liteTopicLength = length
      }
      return
    case 13:
      if (isAt(bytes, name, NAME_SHARDING_KEY)) out.hasShardingKey = true
      return
    case 14:
      if (isAt(bytes, name, NAME_TIMER_DELAY_MS)) noteTimer(out, TimerKind.delayMs, value, length)
      return
    case 15:
      if (isAt(bytes, name, NAME_TIMER_DELAY_SEC)) noteTimer(out, TimerKind.delaySec, value, length)
      return
    case 16:
      if (isAt(bytes, name, NAME_TIMER_DELIVER_MS)) noteTimer(out, TimerKind.deliverMs, value, length)
      else if (isAt(bytes, name, NAME_TIMER_ROLL_TIMES)) out.hasTimerRoll = true
      return
    case 17:
      if (isAt(bytes, name, NAME_TIMER_DEL_UNIQKEY)) out.hasTimerDelete = true
      return
    case 18:
      if (isAt(bytes, name, NAME_PRIORITY)) {
        out.priorityStart = value
        out.priorityLength = length
      }
      return
    case 20:
      if (isAt(bytes, name, NAME_INNER_MULTI_DISPATCH)) {
        out.lightQueuesStart = value
        out.lightQueuesLength = length
      }
      return
    case 24:
      if (isAt(bytes, name, NAME_INNER_MULTI_QUEUE_OFFSET)) {
        out.lightOffsetsStart = value
        out.lightOffsetsLength = length
        out.hasReserved = true
      }
  }
}

function noteTimer(out: PropertyRanges, kind: TimerKind, start: number, length: number): void {
  out.hasTimer = true
  if (kind < out.timerKind) return
  out.timerKind = kind
  out.timerStart = start
  out.timerLength = length
}

function isAt(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false
  return true
}

/** Java's String.hashCode of UTF-8 text, without making the string when it is ASCII. */
export function hashCodeOfUtf8(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]!
    if (byte >= 0x80) return javaHashCode(Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8'))
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  return hash
}

/** A decimal integer at `start`, NaN if it is none. */
export function integerOfAscii(bytes: Uint8Array, start: number, length: number): number {
  let at = start
  const end = start + length
  const isNegative = bytes[at] === 0x2d
  if (isNegative || bytes[at] === 0x2b) at++
  if (at === end) return Number.NaN
  let value = 0
  for (; at < end; at++) {
    const digit = bytes[at]! - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return isNegative ? -value : value
}
