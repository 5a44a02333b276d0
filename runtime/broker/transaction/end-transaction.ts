import { Property } from '../../codec/message/properties.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTargets, SendTopics } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { TRANS_HALF_TOPIC } from '../topics/topic-name.ts'
import { wasDelivered } from './delivered-copy.ts'
import type { Standing } from './half-progress.ts'
import { type HalfRecord, readHalf } from './half-record.ts'
import { immunityMs } from './immunity.ts'

/** How a transaction ends, as the broker that keeps it hears of it. */
export interface TransactionEnds {
  /** Whether all is known of what happened before this broker became master. */
  isReady(): boolean
  standing(halfOffset: number, uniqueKey: string): Standing
  /** `endOffset`: where the message it was committed to ends in the log; 0 for a roll-back. */
  end(halfOffset: number, endOffset: number, topic: string): void
}

export interface EndTransactionParts {
  readonly store: Pick<MessageStore, 'recordAt' | 'queryByKey'>
  readonly gate: StoreGate
  readonly topics: Pick<SendTopics, 'find'>
  readonly targets: SendTargets
  readonly acks: Acknowledgements
  readonly ends: TransactionEnds
  readonly isMaster: () => boolean
  /** transactionTimeOut */
  readonly timeOutMs: () => number
  readonly wallClock: () => number
  readonly commit: () => void
}
const NOT_READY = 'this broker has just become master and still reads its transactions; the producer will be asked'
const NOT_FOUND = 'Find prepared transaction message failed'

/**
 * END_TRANSACTION: a producer commits or rolls back a half message, of itself or because it was asked. Rules and remarks
 * as in Apache RocketMQ's EndTransactionProcessor; but one transaction ends once, whoever says it again.
 */
export class EndTransactionHandler {
  readonly #parts: EndTransactionParts
  readonly #draft = new MessageDraft()

  constructor(parts: EndTransactionParts) {
    this.#parts = parts
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    if (!this.#parts.isMaster()) return { code: ResponseCode.SLAVE_NOT_AVAILABLE }
    const decision = request.requiredInteger('commitOrRollback')
    const isCommit = decision === SysFlag.transactionCommit
    // Undecided: the producer will be asked (again). Official brokers give no answer, and nobody waits for one.
    if (!isCommit && decision !== SysFlag.transactionRollback) return undefined
    const { ends } = this.#parts
    if (!ends.isReady()) throw new RequestError(ResponseCode.SYSTEM_BUSY, NOT_READY)
    const half = this.#find(request)
    this.#checkOwner(request, half)
    const topic = half.message.properties.get(Property.realTopic) ?? ''
    const uniqueKey = half.message.properties.get(Property.uniqKey) ?? ''
    checkMeant(request, uniqueKey)
    const standing = ends.standing(half.queueOffset, uniqueKey)
    if (standing === 'ended') return { code: ResponseCode.SUCCESS }
    if (!isCommit) {
      if (standing === 'open') ends.end(half.queueOffset, 0, topic)
      return { code: ResponseCode.SUCCESS }
    }
    if (
      (standing === 'unknown' || isAnswer(request)) &&
      wasDelivered(this.#parts.store, half, this.#parts.wallClock())
    ) {
      // Its op message is missing: a crash cut the log right before it.
      if (standing === 'open') ends.end(half.queueOffset, 0, topic)
      return { code: ResponseCode.SUCCESS }
    }
    if (this.#parts.acks.isFull) this.#parts.commit()
    const endOffset = this.#deliver(half, topic)
    if (standing === 'open') ends.end(half.queueOffset, endOffset, topic)
    if (!request.isOneway) this.#answerLater(request, channel, endOffset)
    return undefined
  }

  /** @throws RequestError when there is no half message */
  #find(request: CommandView): HalfRecord {
    const phyOffset = request.requiredInteger('commitLogOffset')
    const stored = phyOffset < 0 ? undefined : this.#parts.store.recordAt(phyOffset)
    const half = stored && readHalf(stored, this.#draft)
    if (half === undefined || half.message.topic !== TRANS_HALF_TOPIC) throw failed(NOT_FOUND)
    return half
  }

  /** @throws RequestError */
  #checkOwner(request: CommandView, half: HalfRecord): void {
    const { timeOutMs, wallClock } = this.#parts
    const { properties } = half.message
    const immunity = properties.get(Property.checkImmunityTime)
    if (immunity !== undefined && !isAnswer(request)) {
      const isLate = wallClock() - half.bornTimestampMs > immunityMs(immunity, timeOutMs())
      if (isLate) throw new RequestError(ResponseCode.ILLEGAL_OPERATION, 'the producer will be asked, its time is over')
    }
    if (properties.get(Property.producerGroup) !== request.requiredText('producerGroup')) {
      throw failed('The producer group wrong')
    }
    if (half.queueOffset !== request.requiredInteger('tranStateTableOffset')) {
      throw failed('The transaction state table offset wrong')
    }
  }

  /** Stages the message for its real topic, with its delay if it has one. Returns where it ends. @throws RequestError */
  #deliver(half: HalfRecord, topic: string): number {
    const { gate, topics, targets } = this.#parts
    const { properties } = half.message
    const queueId = Number(properties.get(Property.realQueueId))
    if (topic === '' || !Number.isInteger(queueId) || queueId < 0) throw failed(NOT_FOUND)
    const draft = this.#draft
    draft.sysFlag = (draft.sysFlag & ~SysFlag.transactionMask) | SysFlag.transactionCommit
    draft.preparedTransactionOffset = half.phyOffset
    properties.delete(Property.realTopic)
    properties.delete(Property.realQueueId)
    setProperties(draft, properties)
    // A topic that was deleted meanwhile still gets its message.
    const target = targets.of(topics.find(topic) ?? topicConfig(topic))
    gate.put(draft, target, queueId, undefined)
    const { phyOffset, sizeBytes } = gate.log.lastAppend
    target.puts.messages++
    target.puts.bytes += sizeBytes
    target.puts.times++
    return phyOffset + sizeBytes
  }

  #answerLater(request: CommandView, channel: Channel, endOffset: number): void {
    const { acks } = this.#parts
    const { opaque, serializeType } = request
    acks.addLate(acks.ringFor(false), endOffset, {
      complete: (code, remark) => channel.respond(opaque, serializeType, { code, remark }),
    })
  }
}

/**
 * Offsets alone do not say which transaction is meant: where a former master had one whose half message was taken back, its
 * successor may have another one at the very same offsets. Both fields of official clients bring the key.
 * @throws RequestError
 */
function checkMeant(request: CommandView, uniqueKey: string): void {
  const named = [request.text('transactionId'), request.text('msgId')].filter(
    (name) => name !== undefined && name !== '',
  )
  if (uniqueKey === '' || named.length === 0 || named.includes(uniqueKey)) return
  throw failed(`${NOT_FOUND}: [${uniqueKey}] lies there, not [${named.join(', ')}]`)
}

/** Whether the producer says it because it was asked. */
function isAnswer(request: CommandView): boolean {
  return request.flagField('fromTransactionCheck') === true
}

function failed(remark: string): RequestError {
  return new RequestError(ResponseCode.SYSTEM_ERROR, remark)
}
