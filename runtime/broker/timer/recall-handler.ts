import { encodeHost } from '../../codec/message/host.ts'
import { Property } from '../../codec/message/properties.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import type { Current } from '../metadata/current.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTargets, SendTopics } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { decodeRecallHandle, type RecallHandle } from './recall-handle.ts'

export interface RecallParts {
  readonly config: Current<{
    readonly brokerName: string
    readonly brokerPermission: number
    readonly regionId: string
    readonly recallMessageEnable: boolean
    readonly allowRecallWhenBrokerNotWriteable: boolean
    readonly appendTopicForTimerDeleteKey: boolean
    readonly timerMaxDelaySec: number
    readonly startAcceptSendRequestTimeStamp: number
  }>
  readonly topics: Pick<SendTopics, 'find'>
  readonly targets: SendTargets
  readonly gate: StoreGate
  readonly acks: Acknowledgements
  readonly isMaster: () => boolean
  readonly wallClock: () => number
  readonly storeHost: Uint8Array
  readonly commit: () => void
}

const PERM_WRITE = 2
const TAG = '_RECALL_TAG_'
const BODY = Buffer.from('0')
const NOT_AVAILABLE = 'recall failed, broker service not available'

/**
 * RECALL_MESSAGE: a message that waits for its time is not to be delivered. A message that deletes it goes into the same slot.
 * Rules and remarks as in Apache RocketMQ's RecallMessageProcessor.
 */
export class RecallHandler {
  readonly #parts: RecallParts
  readonly #draft = new MessageDraft()

  constructor(parts: RecallParts) {
    this.#parts = parts
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    const { config, acks, commit, gate } = this.#parts
    this.#checkBroker()
    const topic = request.requiredText('topic')
    const topicConfig = this.#parts.topics.find(topic)
    if (topicConfig === undefined) {
      throw new RequestError(ResponseCode.TOPIC_NOT_EXIST, `recall failed, the topic[${topic}] not exist`)
    }
    const handle = this.#checkHandle(request.text('recallHandle') ?? '', topic)
    acks.check(true)
    if (acks.isFull) commit()
    this.#fill(handle, request.text('producerGroup') ?? '', channel)
    gate.put(this.#draft, this.#parts.targets.of(topicConfig), 0, undefined)
    if (request.isOneway) return undefined
    const { phyOffset, sizeBytes } = gate.log.lastAppend
    const { opaque, serializeType } = request
    const fields = { MSG_REGION: config.current.regionId }
    acks.addLate(acks.ringFor(true), phyOffset + sizeBytes, {
      complete: (code, remark) => {
        // Stored is stored, however safely.
        const answer =
          remark === undefined
            ? { code: ResponseCode.SUCCESS, fields: { ...fields, msgId: handle.uniqueKey } }
            : { code, remark, fields }
        channel.respond(opaque, serializeType, answer)
      },
    })
    return undefined
  }

  /** @throws RequestError */
  #checkBroker(): void {
    const { config, isMaster, wallClock } = this.#parts
    const { recallMessageEnable, brokerPermission, allowRecallWhenBrokerNotWriteable } = config.current
    if (!recallMessageEnable) {
      throw new RequestError(ResponseCode.NO_PERMISSION, 'recall failed, operation is forbidden')
    }
    if (!isMaster()) throw new RequestError(ResponseCode.SLAVE_NOT_AVAILABLE, NOT_AVAILABLE)
    const isWriteable = (brokerPermission & PERM_WRITE) !== 0 || allowRecallWhenBrokerNotWriteable
    if (!isWriteable || wallClock() < config.current.startAcceptSendRequestTimeStamp) {
      throw new RequestError(ResponseCode.SERVICE_NOT_AVAILABLE, NOT_AVAILABLE)
    }
  }

  /** @throws RequestError */
  #checkHandle(text: string, topic: string): RecallHandle {
    const { config, wallClock } = this.#parts
    const handle = decodeRecallHandle(text)
    if (handle === undefined) throw illegal('recall handle is invalid')
    if (handle.topic !== topic) throw illegal('recall failed, topic not match')
    if (handle.brokerName !== config.current.brokerName) throw illegal(NOT_AVAILABLE)
    const leftMs = (/^\d{1,15}$/.test(handle.timeText) ? Number(handle.timeText) : -1) - wallClock()
    if (leftMs <= 0 || leftMs >= config.current.timerMaxDelaySec * 1000) {
      throw illegal('recall failed, timestamp invalid')
    }
    return handle
  }

  #fill({ topic, timeText, uniqueKey }: RecallHandle, producerGroup: string, channel: Channel): void {
    const { config, wallClock, storeHost } = this.#parts
    const nowMs = wallClock()
    const draft = this.#draft
    draft.flag = 0
    draft.sysFlag = 0
    draft.bornTimestampMs = nowMs
    draft.bornHost = encodeHost(channel.remote.host, channel.remote.port)
    draft.storeHost = storeHost
    draft.reconsumeTimes = 0
    draft.preparedTransactionOffset = 0
    draft.body.bytes = BODY
    draft.body.start = 0
    draft.body.length = BODY.length
    const key = config.current.appendTopicForTimerDeleteKey ? `${topic}+${uniqueKey}` : uniqueKey
    const properties: [string, string][] = [
      [Property.tags, TAG],
      [Property.timerDeleteUniqueKey, key],
      [Property.uniqKey, uniqueKey],
      [Property.timerDeliverMs, timeText],
      [Property.bornTimestamp, String(nowMs)],
    ]
    if (producerGroup !== '') properties.push([Property.producerGroup, producerGroup])
    setProperties(draft, new Map(properties))
  }
}

function illegal(remark: string): RequestError {
  return new RequestError(ResponseCode.ILLEGAL_OPERATION, remark)
}
