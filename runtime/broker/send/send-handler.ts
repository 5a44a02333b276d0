import { encodeHost } from '../../codec/message/host.ts'
import type { UniqueKeyMaker } from '../../codec/message/message-id.ts'
import { scanProperties } from '../../codec/message/properties.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { LogicQueueItem } from '../../codec/static-topic/logic-queue-item.ts'
import { staticOffsetWithin } from '../../codec/static-topic/logic-queue-item.ts'
import type { TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import type { Random } from '../../io/random.ts'
import type { Channel } from '../../net/channel.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import { type PendingSends, UNIQUE_KEY_MAX } from '../acks/pending-sends.ts'
import { logicQueue } from '../static-topics/logic-queue.ts'
import { notLeader } from '../static-topics/static-requests.ts'
import type { TopicQueueMappingTable } from '../static-topics/topic-queue-mapping-table.ts'
import { type TopicConfig, TopicSysFlag } from '../topics/topic-config.ts'
import { RETRY_TOPIC_PREFIX, topicNameProblem } from '../topics/topic-name.ts'
import type { HalfMessages } from '../transaction/half-messages.ts'
import { BatchSender } from './batch-sender.ts'
import { aimAtLiteTopic } from './lite-message.ts'
import { queueByPriority } from './priority-queue.ts'
import { requireKey } from './required-key.ts'
import { DLQ_QUEUE_NUMS, deadLetterTopicFor, type RetryGroups } from './retry-topic.ts'
import { completeProperties } from './rewritten-properties.ts'
import { isTrue, SendRequest } from './send-request.ts'
import type { SendTarget, SendTargets, SendTopics } from './send-target.ts'
import { levelOf, type StoreGate } from './store-gate.ts'

interface SendConfig {
  readonly brokerClusterName: string
  readonly brokerIP1: string
  readonly brokerName: string
  /** Bits as a topic's perm. May change while the broker runs. */
  readonly brokerPermission: () => number
  readonly regionId: string
  readonly traceOn: boolean
  readonly rejectTransactionMessage: () => boolean
  /** enableLmq and enableMultiDispatch. */
  readonly keepsLightQueues: boolean
}

export interface SendParts {
  readonly config: SendConfig
  readonly topics: SendTopics
  /** Static topics. */
  readonly mappings: Pick<TopicQueueMappingTable, 'isEmpty' | 'find'>
  readonly targets: SendTargets
  readonly groups: RetryGroups
  readonly halves: Pick<HalfMessages, 'put'>
  readonly gate: StoreGate
  readonly acks: Acknowledgements
  /** A slave refuses messages. */
  readonly isMaster: () => boolean
  readonly uniqueKeys: UniqueKeyMaker
  readonly random: Random
  readonly wallClock: () => number
  /** 8 or 20 bytes: brokerIP1 and listenPort. */
  readonly storeHost: Uint8Array
  /** Writes the batch gathered so far and answers what waits only for that. */
  readonly commit: () => void
}

const PERM_WRITE = 2

/**
 * SEND_MESSAGE, SEND_MESSAGE_V2 and SEND_BATCH_MESSAGE. Rules and remarks as in Apache RocketMQ's SendMessageProcessor.
 * A plain message goes from the receive buffer into the log's staging memory without an object of its own.
 */
export class SendHandler {
  readonly #parts: SendParts
  readonly #request = new SendRequest()
  readonly #draft = new MessageDraft()
  readonly #batches: BatchSender
  /** Properties every message gets: they follow what the client sent, so they win over it. */
  #extra = Buffer.alloc(0)
  readonly #bornHosts = new WeakMap<Channel, Uint8Array>()
  #lastChannel: Channel | undefined
  #lastBornHost: Uint8Array
  /** Of a static topic: the stretch that takes the message, and the number that clients use of its queue. */
  #stretch: LogicQueueItem | undefined
  #globalId = 0
  /** The offset in the answer is one of the half topic: by it the transaction is ended. */
  #isHalf = false

  constructor(parts: SendParts) {
    this.#parts = parts
    this.#lastBornHost = parts.storeHost
    this.#batches = new BatchSender(parts)
    this.settingsChanged()
  }

  settingsChanged(): void {
    const { regionId, traceOn, brokerClusterName } = this.#parts.config
    this.#extra = Buffer.from(
      `MSG_REGION\x01${regionId}\x02TRACE_ON\x01${traceOn}\x02CLUSTER\x01${brokerClusterName}\x02`,
    )
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    if (!this.#parts.isMaster()) throw rejected()
    const send = this.#request
    send.parse(request)
    if (this.#parts.acks.isFull) this.#makeRoom()
    const topic = this.#parts.topics.findByBytes(request.bytes, send.topicStart, send.topicLength)
    const target = this.#parts.targets.of(topic ?? this.#createTopic(request, channel))
    this.#stretch = undefined
    this.#isHalf = false
    if (!this.#parts.mappings.isEmpty) this.#map(send, this.#parts.mappings.find(target.topicName))
    if (target.isForbidden || send.queueId >= target.queueIdBound || this.#parts.config.brokerPermission() !== 6) {
      this.#check(target, channel)
    }
    const draft = this.#draft
    draft.bornHost = channel === this.#lastChannel ? this.#lastBornHost : this.#bornHost(channel)
    draft.storeHost = this.#parts.storeHost
    let queueId = send.queueId < 0 ? this.#anyQueue(target.config.writeQueueNums) : send.queueId
    if (send.isBatch) return this.#sendBatch(request, channel, draft, target, queueId)
    this.#fill(request, send, draft)
    const { ranges } = draft
    if (ranges.liteTopicStart >= 0) aimAtLiteTopic(draft, target.config, this.#parts.config.keepsLightQueues)
    if ((draft.sysFlag & SysFlag.innerBatch) !== 0 || ranges.innerNumStart >= 0) throw noInnerBatch()
    if (ranges.uniqKeyStart < 0 || ranges.hasReserved) {
      completeProperties(draft, () => this.#parts.uniqueKeys.next(this.#parts.wallClock()))
    }
    if (ranges.priorityStart >= 0) queueId = queueByPriority(draft, target.config.writeQueueNums, queueId)
    if (ranges.lightQueuesStart >= 0) this.#parts.gate.checkLightQueues(draft)
    if (ranges.transactionPreparedStart >= 0 && isHalf(draft)) this.#storeHalf(request, channel, draft, target, queueId)
    else if (target.isPlain) this.#store(request, channel, draft, target, queueId)
    else this.#storeSpecial(request, channel, draft, target, queueId)
    return undefined
  }

  /** Aims a message for a queue of a static topic at the queue that it is here. @throws RequestError */
  #map(send: SendRequest, detail: TopicQueueMappingDetail | undefined): void {
    if (detail === undefined) return
    const globalId = send.queueId >= 0 ? send.queueId : [...detail.hostedQueues.keys()][0]
    const { leader } = logicQueue(detail, globalId)
    if (leader === undefined) throw notLeader({ detail, globalId })
    this.#stretch = leader
    this.#globalId = globalId!
    send.queueId = leader.queueId
  }

  #fill(request: CommandView, send: SendRequest, draft: MessageDraft): void {
    const { bytes } = request
    draft.flag = send.flag
    draft.sysFlag = send.sysFlag
    draft.bornTimestampMs = send.bornTimestampMs
    draft.reconsumeTimes = send.reconsumeTimes
    draft.preparedTransactionOffset = 0
    draft.body.bytes = bytes
    draft.body.start = request.bodyStart
    draft.body.length = request.bodyLength
    draft.properties.bytes = bytes
    draft.properties.start = send.propertiesStart
    draft.properties.length = send.propertiesLength
    scanProperties(bytes, send.propertiesStart, send.propertiesLength, draft.ranges)
    draft.isScanned = true
  }

  #sendBatch(
    request: CommandView,
    channel: Channel,
    draft: MessageDraft,
    target: SendTarget,
    queueId: number,
  ): Response | undefined {
    const stretch = this.#stretch
    const queue = stretch === undefined ? undefined : { stretch, globalId: this.#globalId }
    return this.#batches.send(request, channel, this.#request, draft, target, queueId, queue)
  }

  #store(request: CommandView, channel: Channel, draft: MessageDraft, target: SendTarget, queueId: number): void {
    const ring = this.#ringOf(draft)
    this.#parts.gate.put(draft, target, queueId, this.#extra)
    this.#stored(request, channel, draft, target, queueId, ring)
  }

  /** The first half of a transaction. */
  #storeHalf(request: CommandView, channel: Channel, draft: MessageDraft, target: SendTarget, queueId: number): void {
    const { config, halves } = this.#parts
    if (config.rejectTransactionMessage()) {
      const remark = `the broker[${config.brokerIP1}] sending transaction message is forbidden`
      throw new RequestError(ResponseCode.NO_PERMISSION, remark)
    }
    if (target.isCompaction) requireKey(draft)
    const ring = this.#ringOf(draft)
    halves.put(draft, target, queueId, this.#extra)
    this.#isHalf = true
    this.#stored(request, channel, draft, target, queueId, ring)
  }

  /** Where the message's answer will wait. @throws RequestError when such messages are not taken at present */
  #ringOf({ ranges, properties }: MessageDraft): PendingSends {
    const { acks } = this.#parts
    const waits = ranges.waitStart < 0 || isTrue(properties.bytes, ranges.waitStart, ranges.waitLength)
    acks.check(waits)
    return acks.ringFor(waits)
  }

  #stored(
    request: CommandView,
    channel: Channel,
    draft: MessageDraft,
    target: SendTarget,
    queueId: number,
    ring: PendingSends,
  ): void {
    const { gate, acks, config } = this.#parts
    const { phyOffset, queueOffset, sizeBytes } = gate.log.lastAppend
    target.puts.messages++
    target.puts.bytes += sizeBytes
    target.puts.times++
    if (request.isOneway) return
    const slot = acks.add(ring, phyOffset + sizeBytes, channel)
    ring.phyOffset[slot] = phyOffset
    const stretch = this.#stretch
    ring.queueOffset[slot] =
      stretch === undefined || this.#isHalf ? queueOffset : staticOffsetWithin(stretch, queueOffset)
    ring.queueId[slot] = stretch === undefined ? queueId : this.#globalId
    ring.opaque[slot] = request.opaque
    ring.serializeType[slot] = request.serializeType
    ring.uniqueKeyLength[slot] = copyKey(draft, ring.uniqueKey, slot * UNIQUE_KEY_MAX)
    // Consumers send retries back with a delay level; whoever sends one with a time of its own has nobody to recall it.
    if (Number.isNaN(gate.timerSlotMs) || target.isRetry) return
    ring.recallMs[slot] = gate.timerSlotMs + 1
    ring.recallStart[slot] = target.recallStart(config.brokerName)
  }

  /** Topics with rules of their own. */
  #storeSpecial(
    request: CommandView,
    channel: Channel,
    draft: MessageDraft,
    target: SendTarget,
    queueId: number,
  ): void {
    if (target.isMultiTag) draft.sysFlag |= SysFlag.multiTags
    if (target.isCompaction) requireKey(draft)
    if (!target.isRetry) {
      this.#store(request, channel, draft, target, queueId)
      return
    }
    const { groups, topics, targets } = this.#parts
    const { reconsumeTimes, maxReconsumeTimes } = this.#request
    const name = target.topicName
    const dead = deadLetterTopicFor(name, reconsumeTimes, maxReconsumeTimes, request.version, draft, groups, topics)
    if (dead === undefined) this.#store(request, channel, draft, target, queueId)
    else this.#store(request, channel, draft, targets.of(dead), this.#anyQueue(DLQ_QUEUE_NUMS))
  }

  /** The limit of unanswered sends is reached: those of this turn can be answered now, if that is all they wait for. */
  #makeRoom(): void {
    this.#parts.commit()
    if (!this.#parts.acks.isFull) return
    throw new RequestError(ResponseCode.SYSTEM_BUSY, '[OVERLOAD]system busy, start flow control for a while')
  }

  #anyQueue(queueNums: number): number {
    return queueNums > 0 ? this.#parts.random.below(99_999_999) % queueNums : 0
  }

  #bornHost(channel: Channel): Uint8Array {
    let host = this.#bornHosts.get(channel)
    if (host === undefined) {
      host = encodeHost(channel.remote.host, channel.remote.port)
      this.#bornHosts.set(channel, host)
    }
    this.#lastChannel = channel
    this.#lastBornHost = host
    return host
  }

  /** @throws RequestError */
  #check(target: SendTarget, channel: Channel): void {
    const { config } = this.#parts
    const name = target.topicName
    if ((config.brokerPermission() & PERM_WRITE) === 0 && target.config.order) {
      const remark = `the broker[${config.brokerIP1}] sending message is forbidden`
      throw new RequestError(ResponseCode.NO_PERMISSION, remark)
    }
    if (target.isForbidden) {
      throw new RequestError(ResponseCode.NO_PERMISSION, `Sending message to topic[${name}] is forbidden.`)
    }
    if (this.#request.queueId < target.queueIdBound) return
    throw new RequestError(
      ResponseCode.INVALID_PARAMETER,
      `request queueId[${this.#request.queueId}] is illegal, topic ${name} has ${target.config.readQueueNums} read ` +
        `queues and ${target.config.writeQueueNums} write queues Producer: ${channel.remoteText}`,
    )
  }

  /** @throws RequestError when the topic may not be made */
  #createTopic(request: CommandView, channel: Channel): TopicConfig {
    const send = this.#request
    const { topics } = this.#parts
    const { bytes } = request
    const name = bytes.toString('utf8', send.topicStart, send.topicStart + send.topicLength)
    const problem = topicNameProblem(name)
    if (problem !== undefined) throw new RequestError(ResponseCode.INVALID_PARAMETER, problem)
    const isRetry = name.startsWith(RETRY_TOPIC_PREFIX)
    const unitFlag = isRetry ? TopicSysFlag.UNIT_SUB : TopicSysFlag.UNIT
    const sysFlag = send.isUnitMode ? unitFlag : 0
    const model = bytes.toString('utf8', send.defaultTopicStart, send.defaultTopicStart + send.defaultTopicLength)
    const created =
      topics.createForSend(name, model, send.defaultTopicQueueNums, channel.remoteText, sysFlag) ??
      (isRetry ? topics.createForSendBack(name, 1, 6, sysFlag) : undefined)
    if (created !== undefined) return created
    throw new RequestError(
      ResponseCode.TOPIC_NOT_EXIST,
      `topic[${name}] not exist, apply first please!` +
        '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.',
    )
  }
}

function noInnerBatch(): RequestError {
  return new RequestError(
    ResponseCode.MESSAGE_ILLEGAL,
    'the message says that it holds others (INNER_NUM, or bit 128 of sysFlag): send those as a batch, with SEND_BATCH_MESSAGE',
  )
}

/** Whether it is the first half of a transaction. Retries of old clients still carry the mark of the one they came from. */
function isHalf({ ranges, properties, reconsumeTimes }: MessageDraft): boolean {
  const { transactionPreparedStart, transactionPreparedLength } = ranges
  if (!isTrue(properties.bytes, transactionPreparedStart, transactionPreparedLength)) return false
  return !(reconsumeTimes > 0 && ranges.delayStart >= 0 && levelOf(properties.bytes, ranges) > 0)
}

/** What official brokers answer on behalf of a whole processor that takes no requests now. */
export function rejected(): RequestError {
  return new RequestError(ResponseCode.SYSTEM_BUSY, '[REJECTREQUEST]system busy, start flow control for a while')
}

/** Copies the unique key for the answer; 0 when it is too long or not plain ASCII: the answer then goes without it. */
function copyKey(draft: MessageDraft, into: Uint8Array, at: number): number {
  const { uniqKeyStart: start, uniqKeyLength: length } = draft.ranges
  if (start < 0 || length > UNIQUE_KEY_MAX) return 0
  const { bytes } = draft.properties
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]!
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return 0
    into[at + i] = byte
  }
  return length
}
