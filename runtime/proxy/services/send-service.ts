import { decodeMessageId } from '../../codec/message/message-id.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { queueByHash } from '../../codec/route/queue-by-hash.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Clock } from '../../io/clock.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import type { TopicType } from '../brokers/message-type.ts'
import type { QueueTarget, RouteView } from '../brokers/route-view.ts'
import { batchBody } from '../messages/batch-body.ts'
import { topicName } from '../messages/names.ts'
import { type OutgoingMessage, outgoingMessage } from '../messages/outgoing-message.ts'
import { transactionIdText } from '../messages/transaction-id.ts'
import { commonStatus, OK, ProxyError, refusal, status } from '../proxy-error.ts'
import type { WireMessage } from '../wire/definition.ts'
import type { SendResultEntryDraft } from '../wire/service.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { ClientCall } from './client-call.ts'

const SEND_TIMEOUT_MS = 3000

/** What a broker says of a message that it has taken, though not as safely as it should. */
const HALF_SUCCESSES = new Map<number, readonly [StatusCode, string]>([
  [ResponseCode.FLUSH_DISK_TIMEOUT, [StatusCode.MASTER_PERSISTENCE_TIMEOUT, 'FLUSH_DISK_TIMEOUT']],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, [StatusCode.SLAVE_PERSISTENCE_TIMEOUT, 'FLUSH_SLAVE_TIMEOUT']],
  [ResponseCode.SLAVE_NOT_AVAILABLE, [StatusCode.HA_NOT_AVAILABLE, 'SLAVE_NOT_AVAILABLE']],
])

/** Sends messages (source: SendMessageActivity, ProducerProcessor). */
export class SendService {
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf
  readonly #clock: Clock
  readonly #onTransaction: (clientId: string, topic: string) => void
  #turn = 0

  /** `onTransaction`: a client has begun a transaction. */
  constructor(
    gateway: BrokerGateway,
    conf: ProxyConf,
    clock: Clock,
    onTransaction: (clientId: string, topic: string) => void,
  ) {
    this.#gateway = gateway
    this.#conf = conf
    this.#clock = clock
    this.#onTransaction = onTransaction
  }

  async send(call: ClientCall, given: readonly WireMessage[]) {
    const [first] = given
    if (first === undefined) throw new ProxyError(StatusCode.MESSAGE_CORRUPTED, 'no message to send')
    const topic = topicName(first.topic)
    if (given.some((one) => one.topic?.name !== topic)) {
      throw new ProxyError(StatusCode.MESSAGE_CORRUPTED, 'topic in message is not same')
    }
    const now = this.#clock.now()
    const messages = given.map((one) => outgoingMessage(one, topic, this.#conf, call.remoteHost, now))
    const [message] = messages as [OutgoingMessage]
    if (messages.length > 1) checkBatch(messages)
    if (this.#conf.enableTopicMessageTypeCheck) checkType(await this.#gateway.topicType(topic), message.type)
    const queue = this.#queue(await this.#gateway.route(topic), message.shard)
    if (message.type === 'TRANSACTION') this.#onTransaction(call.clientId, topic)
    const answer = await this.#gateway.invoke(queue.address, request(topic, queue, messages), SEND_TIMEOUT_MS)
    const entries = messages.map((one, i) => entryOf(answer, queue, one, i))
    return {
      status: commonStatus(
        entries.map((entry) => entry.status?.code),
        'send status is empty',
      ),
      entries,
    }
  }

  #queue(route: RouteView, shard: string): QueueTarget {
    const { writeQueues } = route
    const index = shard === '' ? this.#turn++ % writeQueues.length : queueByHash(shard, writeQueues.length)
    const queue = writeQueues[index]
    if (queue === undefined) throw new ProxyError(StatusCode.FORBIDDEN, 'no writable queue')
    return queue
  }
}

/** What brokers would not keep to in a batch. */
function checkBatch(messages: readonly OutgoingMessage[]): void {
  if (messages.some(({ type }) => type === 'DELAY' || type === 'TRANSACTION')) {
    throw new ProxyError(
      StatusCode.BAD_REQUEST,
      'messages with a time of delivery, and those of transactions, have to be sent one by one',
    )
  }
  if (new Set(messages.map(({ shard }) => shard)).size > 1) {
    throw new ProxyError(
      StatusCode.BAD_REQUEST,
      'messages of several message groups, or lite topics, have to be sent one by one',
    )
  }
  if (messages.some(({ sysFlag }) => sysFlag !== messages[0]!.sysFlag)) {
    throw new ProxyError(StatusCode.BAD_REQUEST, 'messages of one request have to be compressed all or none')
  }
}

/** Source: DefaultTopicMessageTypeValidator. */
export function checkType(expected: TopicType, actual: TopicType): void {
  if (expected === 'MIXED' || expected === actual) return
  throw new ProxyError(
    StatusCode.MESSAGE_PROPERTY_CONFLICT_WITH_TYPE,
    `TopicMessageType validate failed, the expected type is ${expected}, but actual type is ${actual}`,
  )
}

/** The header of SEND_MESSAGE_V2, whose fields have names of one letter (source: SendMessageRequestHeaderV2). */
function request(topic: string, queue: QueueTarget, messages: readonly OutgoingMessage[]) {
  const [message] = messages as [OutgoingMessage]
  const isBatch = messages.length > 1
  return {
    code: isBatch ? RequestCode.SEND_BATCH_MESSAGE : RequestCode.SEND_MESSAGE_V2,
    fields: {
      a: topic,
      b: topic,
      c: 'TBW102',
      d: 4,
      e: queue.queueId,
      f: message.sysFlag,
      g: message.bornTimestampMs,
      h: 0,
      i: message.properties,
      j: 0,
      k: false,
      m: isBatch,
      n: queue.brokerName,
    },
    body: isBatch ? batchBody(messages) : message.body,
  }
}

/** The result of one of the messages of a request; `index`: which. @throws ProxyError when the broker refused them */
function entryOf(
  { code, remark, fields }: RemotingCommand,
  queue: QueueTarget,
  message: OutgoingMessage,
  index: number,
): SendResultEntryDraft {
  const half = HALF_SUCCESSES.get(code)
  if (half !== undefined) return { status: status(half[0], `send message failed, sendStatus=${half[1]}`) }
  if (code !== ResponseCode.SUCCESS) throw refusal(code, remark)
  const queueOffset = Number(fields['queueOffset'] ?? 0)
  const brokerId = fields['transactionId'] || message.messageId
  const isTransaction = (message.sysFlag & SysFlag.transactionMask) === SysFlag.transactionPrepared
  const commitLogOffset = isTransaction ? decodeMessageId(fields['msgId'] ?? '')?.phyOffset : undefined
  return {
    status: OK,
    messageId: message.messageId,
    offset: queueOffset + index,
    transactionId:
      commitLogOffset === undefined
        ? brokerId
        : transactionIdText({ brokerId, brokerName: queue.brokerName, queueOffset, commitLogOffset }),
    recallHandle: fields['recallHandle'] ?? '',
  }
}
