import {
  type Draft,
  enumeration,
  flag,
  int32,
  int64,
  type Message,
  manySubs,
  manyTexts,
  message,
  optionalFlag,
  optionalInt64,
  optionalText,
  sub,
  text,
} from '../../codec/protobuf/message-type.ts'
import {
  Assignment,
  Endpoints,
  FilterExpression,
  MessageQueue,
  Resource,
  Settings,
  Status,
  WireMessage,
} from './definition.ts'
import { Duration, Timestamp } from './time-types.ts'

/* Requests and answers of the service MessagingService: names and numbers of apache/rocketmq/v2/service.proto. */

export const QueryRouteRequest = message({ topic: sub(1, Resource), endpoints: sub(2, Endpoints) })
export const QueryRouteResponse = message({ status: sub(1, Status), messageQueues: manySubs(2, MessageQueue) })

export const SendMessageRequest = message({ messages: manySubs(1, WireMessage) })
const SendResultEntry = message({
  status: sub(1, Status),
  messageId: text(2),
  transactionId: text(3),
  offset: int64(4),
  recallHandle: text(5),
})
export type SendResultEntryDraft = Draft<typeof SendResultEntry>
export const SendMessageResponse = message({ status: sub(1, Status), entries: manySubs(2, SendResultEntry) })

export const QueryAssignmentRequest = message({
  topic: sub(1, Resource),
  group: sub(2, Resource),
  endpoints: sub(3, Endpoints),
})
export const QueryAssignmentResponse = message({ status: sub(1, Status), assignments: manySubs(2, Assignment) })

export const ReceiveMessageRequest = message({
  group: sub(1, Resource),
  messageQueue: sub(2, MessageQueue),
  filterExpression: sub(3, FilterExpression),
  batchSize: int32(4),
  invisibleDuration: sub(5, Duration),
  autoRenew: flag(6),
  longPollingTimeout: sub(7, Duration),
  attemptId: optionalText(8),
})
export type ReceiveMessageRequest = Message<typeof ReceiveMessageRequest>
export const ReceiveMessageResponse = message({
  status: sub(1, Status),
  message: sub(2, WireMessage),
  deliveryTimestamp: sub(3, Timestamp),
})

const AckMessageEntry = message({ messageId: text(1), receiptHandle: text(2), liteTopic: optionalText(3) })
export type AckMessageEntry = Message<typeof AckMessageEntry>
export const AckMessageRequest = message({
  group: sub(1, Resource),
  topic: sub(2, Resource),
  entries: manySubs(3, AckMessageEntry),
})
const AckMessageResultEntry = message({ messageId: text(1), receiptHandle: text(2), status: sub(3, Status) })
export const AckMessageResponse = message({ status: sub(1, Status), entries: manySubs(2, AckMessageResultEntry) })

export const ForwardMessageToDeadLetterQueueRequest = message({
  group: sub(1, Resource),
  topic: sub(2, Resource),
  receiptHandle: text(3),
  messageId: text(4),
  deliveryAttempt: int32(5),
  maxDeliveryAttempts: int32(6),
  liteTopic: optionalText(7),
})

export const HeartbeatRequest = message({ group: sub(1, Resource), clientType: enumeration(2) })
/** The answer of all requests that are answered with a status and nothing else. */
export const StatusResponse = message({ status: sub(1, Status) })

export const EndTransactionRequest = message({
  topic: sub(1, Resource),
  messageId: text(2),
  transactionId: text(3),
  resolution: enumeration(4),
  source: enumeration(5),
  traceContext: text(6),
})

const PrintThreadStackTraceCommand = message({ nonce: text(1) })
const ReconnectEndpointsCommand = message({ nonce: text(1) })
const ThreadStackTrace = message({ nonce: text(1), threadStackTrace: optionalText(2) })
const VerifyMessageCommand = message({ nonce: text(1), message: sub(2, WireMessage) })
const VerifyMessageResult = message({ nonce: text(1) })
const RecoverOrphanedTransactionCommand = message({ message: sub(1, WireMessage), transactionId: text(2) })
const NotifyUnsubscribeLiteCommand = message({ liteTopic: text(1) })

export const TelemetryCommand = message({
  status: sub(1, Status),
  settings: sub(2, Settings),
  threadStackTrace: sub(3, ThreadStackTrace),
  verifyMessageResult: sub(4, VerifyMessageResult),
  recoverOrphanedTransactionCommand: sub(5, RecoverOrphanedTransactionCommand),
  printThreadStackTraceCommand: sub(6, PrintThreadStackTraceCommand),
  verifyMessageCommand: sub(7, VerifyMessageCommand),
  reconnectEndpointsCommand: sub(8, ReconnectEndpointsCommand),
  notifyUnsubscribeLiteCommand: sub(9, NotifyUnsubscribeLiteCommand),
})
export type TelemetryCommand = Message<typeof TelemetryCommand>
export type TelemetryCommandDraft = Draft<typeof TelemetryCommand>

export const NotifyClientTerminationRequest = message({ group: sub(1, Resource) })

export const ChangeInvisibleDurationRequest = message({
  group: sub(1, Resource),
  topic: sub(2, Resource),
  receiptHandle: text(3),
  invisibleDuration: sub(4, Duration),
  messageId: text(5),
  liteTopic: optionalText(6),
  suspend: optionalFlag(7),
})
export const ChangeInvisibleDurationResponse = message({ status: sub(1, Status), receiptHandle: text(2) })

export const PullMessageRequest = message({
  group: sub(1, Resource),
  messageQueue: sub(2, MessageQueue),
  offset: int64(3),
  batchSize: int32(4),
  filterExpression: sub(5, FilterExpression),
  longPollingTimeout: sub(6, Duration),
})
export type PullMessageRequest = Message<typeof PullMessageRequest>
export const PullMessageResponse = message({
  status: sub(1, Status),
  message: sub(2, WireMessage),
  nextOffset: optionalInt64(3),
})

export const UpdateOffsetRequest = message({
  group: sub(1, Resource),
  messageQueue: sub(2, MessageQueue),
  offset: int64(3),
})
export const GetOffsetRequest = message({ group: sub(1, Resource), messageQueue: sub(2, MessageQueue) })
export const QueryOffsetRequest = message({
  messageQueue: sub(1, MessageQueue),
  queryOffsetPolicy: enumeration(2),
  timestamp: sub(3, Timestamp),
})
export type QueryOffsetRequest = Message<typeof QueryOffsetRequest>
/** The answer to GetOffset and to QueryOffset. */
export const OffsetResponse = message({ status: sub(1, Status), offset: int64(2) })

export const RecallMessageRequest = message({ topic: sub(1, Resource), recallHandle: text(2) })
export const RecallMessageResponse = message({ status: sub(1, Status), messageId: text(2) })

const OffsetOption = message({
  policy: optionalInt64(1),
  offset: optionalInt64(2),
  tailN: optionalInt64(3),
  timestamp: optionalInt64(4),
})
export const SyncLiteSubscriptionRequest = message({
  action: enumeration(1),
  topic: sub(2, Resource),
  group: sub(3, Resource),
  liteTopicSet: manyTexts(4),
  version: optionalInt64(5),
  offsetOption: sub(6, OffsetOption),
})
export type SyncLiteSubscriptionRequest = Message<typeof SyncLiteSubscriptionRequest>
