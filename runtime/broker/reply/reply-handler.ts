import { decodeHost, encodeHost } from '../../codec/message/host.ts'
import { encodeMessageId } from '../../codec/message/message-id.ts'
import { decodeProperties, Property } from '../../codec/message/properties.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { InvocationError } from '../../net/pending-invocations.ts'
import type { Logger } from '../../observe/logger.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { ProducerRegistry } from '../clients/producer-registry.ts'
import type { Current } from '../metadata/current.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTargets, SendTopics } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { Perm } from '../topics/topic-config.ts'
import { type ReplyRequest, readReplyRequest } from './reply-request.ts'

interface ReplyConfig {
  readonly brokerIP1: string
  readonly brokerPermission: number
  readonly storeReplyMessageEnable: boolean
  readonly regionId: string
  readonly traceOn: boolean
}

export interface ReplyParts {
  readonly config: Current<ReplyConfig>
  readonly topics: Pick<SendTopics, 'find'>
  readonly targets: SendTargets
  readonly gate: StoreGate
  readonly isMaster: () => boolean
  readonly producers: Pick<ProducerRegistry, 'channelOf'>
  readonly wallClock: () => number
  /** 8 or 20 bytes: brokerIP1 and listenPort. */
  readonly storeHost: Uint8Array
  readonly logger: Logger
}

/** Where the copy of a reply lies. */
interface StoredReply {
  readonly msgId: string
  readonly queueId: number
  readonly queueOffset: number
}

/** As long as official brokers wait for the asking client to take its reply. */
const PUSH_TIMEOUT_MS = 10_000

/**
 * SEND_REPLY_MESSAGE and SEND_REPLY_MESSAGE_V2: a consumer's reply to a request. It is pushed to the client that asked,
 * over the connection its producer has here; a copy is stored in the reply topic (storeReplyMessageEnable). Rules and
 * remarks as in Apache RocketMQ's ReplyMessageProcessor. A slave pushes, too, and stores nothing.
 */
export class ReplyHandler {
  readonly #parts: ReplyParts
  readonly #draft = new MessageDraft()
  readonly #storeHostText: string

  constructor(parts: ReplyParts) {
    this.#parts = parts
    this.#storeHostText = decodeHost(parts.storeHost, 0, parts.storeHost.length)
  }

  handle(request: CommandView, channel: Channel): Promise<Response> {
    const reply = readReplyRequest(request)
    this.#check(reply)
    const properties = decodeProperties(reply.properties)
    const body = Buffer.from(request.body())
    const stored = this.#store(reply, properties, body, channel)
    return this.#push(reply, properties, body, channel).then(
      () => this.#answer(ResponseCode.SUCCESS, undefined, reply, stored),
      (error: unknown) => {
        if (!(error instanceof PushFailed)) throw error
        return this.#answer(ResponseCode.SYSTEM_ERROR, error.message, reply, stored)
      },
    )
  }

  /** @throws RequestError */
  #check({ topic, queueId }: ReplyRequest): void {
    const { config, topics } = this.#parts
    if ((config.current.brokerPermission & Perm.WRITE) === 0) {
      const remark = `the broker[${config.current.brokerIP1}] sending message is forbidden`
      throw new RequestError(ResponseCode.NO_PERMISSION, remark)
    }
    const known = topics.find(topic)
    if (known === undefined) {
      const remark = `topic[${topic}] not exist, apply first please!`
      throw new RequestError(ResponseCode.TOPIC_NOT_EXIST, remark)
    }
    if (queueId < Math.max(known.writeQueueNums, known.readQueueNums)) return
    const remark = `request queueId[${queueId}] is illegal, topic ${topic} has ${known.writeQueueNums} write queues`
    throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
  }

  /** Nobody waits for the copy: a store that takes none is no failure of the reply. */
  #store(
    reply: ReplyRequest,
    properties: ReadonlyMap<string, string>,
    body: Buffer,
    channel: Channel,
  ): StoredReply | undefined {
    const { config, gate, targets, topics, isMaster, storeHost, logger } = this.#parts
    const topic = topics.find(reply.topic)
    if (!config.current.storeReplyMessageEnable || !isMaster() || topic === undefined) return undefined
    const draft = this.#draft
    draft.flag = reply.flag
    draft.sysFlag = reply.sysFlag
    draft.bornTimestampMs = reply.bornTimestamp
    draft.bornHost = encodeHost(channel.remote.host, channel.remote.port)
    draft.storeHost = storeHost
    draft.reconsumeTimes = reply.reconsumeTimes
    draft.preparedTransactionOffset = 0
    draft.body.bytes = body
    draft.body.start = 0
    draft.body.length = body.length
    setProperties(draft, properties)
    const queueId = Math.max(reply.queueId, 0)
    const target = targets.of(topic)
    try {
      gate.put(draft, target, queueId, undefined)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      logger.warn({ topic: reply.topic, reason: error.message }, 'the copy of a reply is not stored')
      return undefined
    }
    const { phyOffset, queueOffset, sizeBytes } = gate.log.lastAppend
    target.puts.messages++
    target.puts.bytes += sizeBytes
    target.puts.times++
    return { msgId: encodeMessageId(storeHost, 0, storeHost.length, phyOffset), queueId, queueOffset }
  }

  /** @throws PushFailed when the client that asked did not take the reply */
  async #push(
    reply: ReplyRequest,
    properties: ReadonlyMap<string, string>,
    body: Buffer,
    channel: Channel,
  ): Promise<void> {
    const clientId = properties.get(Property.replyToClient)
    if (clientId === undefined) {
      throw new PushFailed(`reply message properties[${Property.replyToClient}] is null`)
    }
    const asking = this.#parts.producers.channelOf(clientId)
    if (asking === undefined) throw new PushFailed(`push reply message fail, channel of <${clientId}> not found.`)
    const now = this.#parts.wallClock()
    const separator = reply.properties === '' || reply.properties.endsWith('\x02') ? '' : '\x02'
    const fields = {
      ...reply,
      properties: `${reply.properties}${separator}${Property.pushReplyTime}\x01${now}\x02`,
      bornHost: channel.remoteText,
      storeHost: this.#storeHostText,
      storeTimestamp: now,
    }
    try {
      const push = { code: RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, fields, body }
      const { code, remark } = await asking.invoke(push, PUSH_TIMEOUT_MS)
      if (code !== ResponseCode.SUCCESS) throw new PushFailed(`${failureOf(clientId)} ${remark ?? `code ${code}`}`)
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error
      throw new PushFailed(`${failureOf(clientId)} ${error.message}`, { cause: error })
    }
  }

  #answer(code: number, remark: string | undefined, reply: ReplyRequest, stored: StoredReply | undefined): Response {
    const { regionId, traceOn } = this.#parts.config.current
    const region = { MSG_REGION: regionId, TRACE_ON: traceOn }
    const place = stored ?? { msgId: '0', queueId: Math.max(reply.queueId, 0), queueOffset: 0 }
    const isPlaced = stored !== undefined || code === ResponseCode.SUCCESS
    return { code, remark, fields: isPlaced ? { ...region, ...place } : region }
  }
}

/** The reply did not reach the client that asked; the message is the remark of the answer. */
class PushFailed extends Error {
  override readonly name = 'PushFailed'
}

function failureOf(clientId: string): string {
  return `push reply message to ${clientId}fail.`
}
