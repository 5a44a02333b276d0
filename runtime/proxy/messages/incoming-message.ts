import { decompressBody, type MessageExt } from '../../codec/message/message-ext.ts'
import { Property } from '../../codec/message/properties.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import { md5Hex } from '../../io/digest.ts'
import {
  DigestType,
  Encoding,
  MessageKind,
  type SystemPropertiesDraft,
  type WireMessageDraft,
} from '../wire/definition.ts'
import { fromMs } from '../wire/time-types.ts'
import { ProxyProperty, SYSTEM_PROPERTIES } from './system-property.ts'

export interface Delivery {
  /** The topic that the client has subscribed to, which a retried message does not lie in. */
  readonly topic: string
  readonly handle?: string
  readonly reconsumeTimes: number
  /** Where it stands in the queue that it was popped from, if that is not its topic's. */
  readonly queueOffset?: number | undefined
}

/** A message as clients of gRPC get it (source: GrpcConverter). */
export function incomingMessage(
  message: MessageExt,
  { topic, handle, reconsumeTimes, queueOffset }: Delivery,
): WireMessageDraft {
  const { properties } = message
  const { body, encoding } = encodedBody(message)
  const userProperties = new Map([...properties].filter(([name]) => !SYSTEM_PROPERTIES.has(name)))
  const dlqTopic = properties.get(Property.dlqOriginTopic)
  const dlqMessageId = properties.get(Property.dlqOriginMessageId)
  const priority = properties.get(ProxyProperty.priority)
  const deliveryMs = deliveryTimeMs(properties, message.storeTimestampMs)
  const systemProperties: SystemPropertiesDraft = {
    tag: properties.get(Property.tags),
    keys: properties.get(Property.keys)?.split(' ') ?? [],
    messageId: properties.get(Property.uniqKey) ?? message.msgId,
    bodyDigest: { type: DigestType.md5, checksum: md5Hex(body) },
    bodyEncoding: encoding,
    messageType: kindOf(properties),
    bornTimestamp: fromMs(message.bornTimestampMs),
    bornHost: properties.get(ProxyProperty.bornHost) ?? hostOf(message.bornHost),
    storeTimestamp: fromMs(message.storeTimestampMs),
    storeHost: message.storeHost,
    deliveryTimestamp: deliveryMs === undefined ? undefined : fromMs(deliveryMs),
    messageGroup: properties.get(Property.shardingKey),
    liteTopic: properties.get(Property.liteTopic),
    receiptHandle: handle,
    queueId: message.queueId,
    queueOffset: queueOffset ?? message.queueOffset,
    deliveryAttempt: reconsumeTimes + 1,
    traceContext: properties.get(ProxyProperty.traceContext),
    deadLetterQueue:
      dlqTopic === undefined || dlqMessageId === undefined ? undefined : { topic: dlqTopic, messageId: dlqMessageId },
    priority: priority === undefined ? undefined : Number(priority),
  }
  return { topic: { name: topic }, userProperties, systemProperties, body }
}

function kindOf(properties: ReadonlyMap<string, string>): number {
  if (properties.get(Property.transactionPrepared) === 'true') return MessageKind.transaction
  const isTimed = [Property.delay, Property.timerDeliverMs, Property.timerDelaySec].some((name) => properties.has(name))
  if (isTimed) return MessageKind.delay
  if (properties.has(Property.shardingKey)) return MessageKind.fifo
  if (properties.has(ProxyProperty.priority)) return MessageKind.priority
  return properties.has(Property.liteTopic) ? MessageKind.lite : MessageKind.normal
}

function deliveryTimeMs(properties: ReadonlyMap<string, string>, storeTimestampMs: number): number | undefined {
  const delaySec = properties.get(Property.timerDelaySec)
  if (delaySec !== undefined) return storeTimestampMs + Number(delaySec) * 1000
  const deliverMs = properties.get(Property.timerDeliverMs)
  return deliverMs === undefined ? undefined : Number(deliverMs)
}

const GZIP_FIRST_BYTES = 0x1f8b

/**
 * Clients of gRPC know gzip and nothing else. What producers of the remoting protocol have compressed in other ways is
 * unpacked here; Apache's proxy hands it on and calls it gzip.
 */
function encodedBody(message: MessageExt): { body: Buffer; encoding: number } {
  const { body, sysFlag } = message
  if ((sysFlag & SysFlag.compressed) === 0 || body.length < 2) return { body, encoding: Encoding.identity }
  if (body.readUInt16BE(0) === GZIP_FIRST_BYTES) return { body, encoding: Encoding.gzip }
  return { body: decompressBody(body, sysFlag), encoding: Encoding.identity }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'))
}
