import { encodeProperties, Property } from '../../codec/message/properties.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import { delayLevelsMs } from '../../config/delay-levels.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { TopicType } from '../brokers/message-type.ts'
import { ProxyError } from '../proxy-error.ts'
import { Encoding, MessageKind, type WireMessage } from '../wire/definition.ts'
import { StatusCode } from '../wire/status-code.ts'
import { toMs } from '../wire/time-types.ts'
import { checkLiteTopic, hasControlCharacter } from './names.ts'
import { ProxyProperty, SYSTEM_PROPERTIES } from './system-property.ts'

/** A message as a broker takes it. */
export interface OutgoingMessage {
  readonly body: Buffer
  readonly sysFlag: number
  readonly properties: string
  readonly bornTimestampMs: number
  readonly messageId: string
  /** Messages with the same one lie in the same queue: of the message group, or of the lite topic; empty: none. */
  readonly shard: string
  readonly messageGroup: string
  readonly type: TopicType
}

type System = NonNullable<WireMessage['systemProperties']>

/**
 * Checks a client's message and turns it into one of the remoting protocol; `producerGroup` is the topic, as producers of
 * gRPC have no group. @throws ProxyError (source: SendMessageActivity)
 */
export function outgoingMessage(
  message: WireMessage,
  producerGroup: string,
  conf: ProxyConf,
  remoteHost: string,
  nowMs: number,
): OutgoingMessage {
  const { body, systemProperties } = message
  checkBody(body, conf)
  if (systemProperties === undefined) refuse(StatusCode.MESSAGE_CORRUPTED, 'a message without system properties')
  const bornTimestampMs = systemProperties.bornTimestamp === undefined ? nowMs : toMs(systemProperties.bornTimestamp)
  const properties = new Map(message.userProperties)
  addTagAndKeys(properties, message.userProperties, systemProperties, conf)
  if (systemProperties.messageId.trim() === '') refuse(StatusCode.ILLEGAL_MESSAGE_ID, 'message id cannot be empty')
  properties.set(Property.uniqKey, systemProperties.messageId)
  const isTransaction = systemProperties.messageType === MessageKind.transaction
  if (isTransaction) addTransaction(properties, systemProperties, conf)
  addDelivery(properties, systemProperties, conf, nowMs)
  if (systemProperties.priority !== undefined) {
    properties.set(ProxyProperty.priority, String(systemProperties.priority))
  }
  const liteTopic = systemProperties.liteTopic ?? ''
  if (liteTopic !== '') {
    checkLiteTopic(liteTopic, conf.maxLiteTopicSize)
    properties.set(Property.liteTopic, liteTopic)
  }
  properties.set(Property.reconsumeTime, String(systemProperties.deliveryAttempt ?? 0))
  properties.set(Property.producerGroup, producerGroup)
  const messageGroup = systemProperties.messageGroup ?? ''
  if (messageGroup !== '') {
    checkMessageGroup(messageGroup, conf)
    properties.set(Property.shardingKey, messageGroup)
  }
  if ((systemProperties.traceContext ?? '') !== '') {
    properties.set(ProxyProperty.traceContext, systemProperties.traceContext!)
  }
  properties.set(ProxyProperty.bornHost, systemProperties.bornHost.trim() || remoteHost)
  properties.set(Property.bornTimestamp, String(bornTimestampMs))
  const compressed = systemProperties.bodyEncoding === Encoding.gzip ? SysFlag.compressed : 0
  return {
    body,
    sysFlag: compressed | (isTransaction ? SysFlag.transactionPrepared : 0),
    properties: encodeProperties(properties),
    bornTimestampMs,
    messageId: systemProperties.messageId,
    messageGroup,
    shard: messageGroup.trim() === '' ? liteTopic : messageGroup,
    type: typeOf(properties),
  }
}

/** What a message is by its properties, whatever it says it is (source: TopicMessageType.parseFromMessageProperty). */
function typeOf(properties: ReadonlyMap<string, string>): TopicType {
  if (properties.get(Property.transactionPrepared) === 'true') return 'TRANSACTION'
  if (properties.has(Property.delay) || properties.has(Property.timerDeliverMs)) return 'DELAY'
  if (properties.has(Property.shardingKey)) return 'FIFO'
  if (properties.has(ProxyProperty.priority)) return 'PRIORITY'
  return properties.has(Property.liteTopic) ? 'LITE' : 'NORMAL'
}

function checkBody(body: Buffer, conf: ProxyConf): void {
  if (conf.enableMessageBodyEmptyCheck && body.length === 0) {
    refuse(StatusCode.MESSAGE_BODY_EMPTY, 'message body cannot be empty')
  }
  if (conf.maxMessageSize > 0 && body.length > conf.maxMessageSize) {
    refuse(StatusCode.MESSAGE_BODY_TOO_LARGE, `message body cannot exceed the max ${conf.maxMessageSize}`)
  }
}

function addTagAndKeys(
  properties: Map<string, string>,
  own: ReadonlyMap<string, string>,
  system: System,
  conf: ProxyConf,
): void {
  if (own.size > conf.userPropertyMaxNum) {
    refuse(StatusCode.MESSAGE_PROPERTIES_TOO_LARGE, `too many user properties, max is ${conf.userPropertyMaxNum}`)
  }
  const { tag = '', keys } = system
  let size = Buffer.byteLength(tag)
  for (const [name, value] of own) {
    checkProperty(name, value)
    size += Buffer.byteLength(name) + Buffer.byteLength(value)
  }
  checkText(tag, StatusCode.ILLEGAL_MESSAGE_TAG, 'tag')
  if (tag.includes('|')) refuse(StatusCode.ILLEGAL_MESSAGE_TAG, "tag cannot contain '|'")
  if (tag !== '') properties.set(Property.tags, tag)
  for (const key of keys) {
    checkText(key, StatusCode.ILLEGAL_MESSAGE_KEY, 'key')
    size += Buffer.byteLength(key)
  }
  if (keys.length > 0) properties.set(Property.keys, keys.join(' '))
  if (size > conf.maxUserPropertySize) {
    refuse(
      StatusCode.MESSAGE_PROPERTIES_TOO_LARGE,
      `the total size of user property is too large, max is ${conf.maxUserPropertySize}`,
    )
  }
}

function checkProperty(name: string, value: string): void {
  const code = StatusCode.ILLEGAL_MESSAGE_PROPERTY_KEY
  if (SYSTEM_PROPERTIES.has(name)) refuse(code, `property is used by system: ${name}`)
  if (hasControlCharacter(name)) refuse(code, 'the key of property cannot contain control character')
  if (hasControlCharacter(value)) refuse(code, 'the value of property cannot contain control character')
}

function addTransaction(properties: Map<string, string>, system: System, conf: ProxyConf): void {
  properties.set(Property.transactionPrepared, 'true')
  const recovery = system.orphanedTransactionRecoveryDuration
  if (recovery === undefined) return
  const longest = conf.maxTransactionRecoverySecond
  if (longest > 0 && recovery.seconds > longest) {
    refuse(StatusCode.BAD_REQUEST, `the max transaction recovery time of message is too large, max is ${longest}`)
  }
  properties.set(Property.checkImmunityTime, String(recovery.seconds))
}

function addDelivery(properties: Map<string, string>, system: System, conf: ProxyConf, nowMs: number): void {
  if (system.deliveryTimestamp === undefined) return
  const deliveryMs = toMs(system.deliveryTimestamp)
  if (conf.maxDelayTimeMills > 0 && deliveryMs - nowMs > conf.maxDelayTimeMills) {
    refuse(
      StatusCode.ILLEGAL_DELIVERY_TIME,
      `the max delay time of message is too large, max is ${conf.maxDelayTimeMills}`,
    )
  }
  if (conf.useDelayLevel) properties.set(Property.delay, String(delayLevel(conf.messageDelayLevel, deliveryMs - nowMs)))
  properties.set(Property.timerDeliverMs, String(deliveryMs))
}

/** The first level that is longer than a delay, or the last one (source: ProxyConfig.computeDelayLevel). */
function delayLevel(levels: string, delayMs: number): number {
  const delays = delayLevelsMs(levels)
  if ('wrong' in delays) throw new Error(`messageDelayLevel was checked at the start: ${delays.wrong}`)
  const index = delays.findIndex((ms) => ms > delayMs)
  return index < 0 ? delays.length : index + 1
}

function checkMessageGroup(group: string, conf: ProxyConf): void {
  checkText(group, StatusCode.ILLEGAL_MESSAGE_GROUP, 'message group')
  if (conf.maxMessageGroupSize > 0 && Buffer.byteLength(group) >= conf.maxMessageGroupSize) {
    refuse(StatusCode.ILLEGAL_MESSAGE_GROUP, `message group exceed the max size ${conf.maxMessageGroupSize}`)
  }
}

function checkText(text: string, code: StatusCode, what: string): void {
  if (text === '') return
  if (text.trim() === '') refuse(code, `${what} cannot be the char sequence of whitespace`)
  if (hasControlCharacter(text)) refuse(code, `${what} cannot contain control character`)
}

function refuse(code: StatusCode, message: string): never {
  throw new ProxyError(code, message)
}
