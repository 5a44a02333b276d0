import { Property } from '../../codec/message/properties.ts'

/** Properties of messages that the proxy reads or writes beside those in {@link Property} (source: MessageConst). */
export const ProxyProperty = {
  popHandle: 'POP_CK',
  bornHost: '__BORNHOST',
  traceContext: 'TRACE_CONTEXT',
  priority: Property.priority,
} as const

/** Names that a client may not use for properties of its own (source: MessageConst.STRING_HASH_SET). */
export const SYSTEM_PROPERTIES: ReadonlySet<string> = new Set([
  ...[Property.traceOn, Property.msgRegion, Property.keys, Property.tags, Property.wait, Property.delay],
  ...[Property.retryTopic, Property.realTopic, Property.realQueueId, Property.transactionPrepared],
  ...[Property.producerGroup, Property.minOffset, Property.maxOffset, 'BUYER_ID', Property.originMessageId],
  ...['TRANSFER_FLAG', 'CORRECTION_FLAG', 'MQ2_FLAG', Property.reconsumeTime, Property.uniqKey],
  ...[Property.maxReconsumeTimes, 'CONSUME_START_TIME', 'POP_CK', 'POP_CK_OFFSET', '1ST_POP_TIME'],
  ...[Property.preparedQueueOffset, 'DUP_INFO', 'EXTEND_UNIQ_INFO', 'INSTANCE_ID', 'CORRELATION_ID'],
  ...[Property.replyToClient, 'TTL', 'ARRIVE_TIME', Property.pushReplyTime, Property.cluster, Property.messageType],
  ...['INNER_MULTI_QUEUE_OFFSET', Property.timerDelayMs, Property.timerDelaySec, Property.timerDeliverMs],
  ...[Property.timerEnqueueMs, Property.timerDequeueMs, Property.timerRollTimes, Property.timerOutMs],
  ...[Property.timerDeleteUniqueKey, 'TIMER_DELAY_LEVEL', ProxyProperty.bornHost, Property.bornTimestamp],
  ...[Property.dlqOriginTopic, Property.dlqOriginMessageId, '__CRC32#', ProxyProperty.priority, '__LITE_TOPIC'],
])
