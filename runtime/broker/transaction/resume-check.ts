import { decodeMessageId } from '../../codec/message/message-id.ts'
import { Property } from '../../codec/message/properties.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { TRANS_CHECK_MAX_TIME_TOPIC } from '../topics/topic-name.ts'
import { wasDelivered } from './delivered-copy.ts'
import { HALF_QUEUE, HALF_TOPIC } from './half-messages.ts'
import { readHalf } from './half-record.ts'
import type { TransactionMetrics } from './transaction-metrics.ts'

export interface ResumeCheckParts {
  readonly store: Pick<MessageStore, 'recordAt' | 'queryByKey'>
  readonly gate: StoreGate
  readonly targets: SendTargets
  readonly acks: Acknowledgements
  readonly metrics: TransactionMetrics
  readonly isMaster: () => boolean
  readonly wallClock: () => number
  readonly commit: () => void
}

/**
 * RESUME_CHECK_HALF_MESSAGE (AdminBrokerProcessor.resumeCheckHalfMessage): a message that was put aside after too many
 * questions becomes a half message again, and its producer is asked anew.
 */
export class ResumeCheckHandler {
  readonly #parts: ResumeCheckParts
  readonly #draft = new MessageDraft()

  constructor(parts: ResumeCheckParts) {
    this.#parts = parts
  }

  /** `msgId`: the offset message id of the message in TRANS_CHECK_MAX_TIME_TOPIC. @throws RequestError */
  handle(request: CommandView, channel: Channel): Response | undefined {
    const { acks, gate, targets, metrics, isMaster, commit } = this.#parts
    if (!isMaster()) throw refusal('this broker is not the master of its group: ask the master')
    const realTopic = this.#load(request.requiredText('msgId'))
    acks.check(true)
    if (acks.isFull) commit()
    gate.putAsIs(this.#draft, targets.of(HALF_TOPIC), HALF_QUEUE, undefined)
    metrics.add(realTopic, 1)
    if (request.isOneway) return undefined
    const { phyOffset, sizeBytes } = gate.log.lastAppend
    const { opaque, serializeType } = request
    acks.addLate(acks.ringFor(true), phyOffset + sizeBytes, {
      // Stored is stored, however safely.
      complete: (code, remark) =>
        channel.respond(
          opaque,
          serializeType,
          remark === undefined ? { code: ResponseCode.SUCCESS } : { code, remark },
        ),
    })
    return undefined
  }

  /** Fills the draft and returns the topic that the message is meant for. @throws RequestError */
  #load(msgId: string): string {
    const id = decodeMessageId(msgId)
    if (id === undefined)
      throw refusal(`msgId [${msgId}] is no offset message id: 32 or 56 hex digits, as answers to sends bring it`)
    const stored = this.#parts.store.recordAt(id.phyOffset)
    const half = stored && readHalf(stored, this.#draft)
    if (half === undefined) throw refusal(`no message begins at commit log offset ${id.phyOffset} of this broker`)
    const { topic, properties } = half.message
    const realTopic = properties.get(Property.realTopic)
    if (topic !== TRANS_CHECK_MAX_TIME_TOPIC || realTopic === undefined) {
      throw refusal(`the message is one of topic [${topic}]: only those in ${TRANS_CHECK_MAX_TIME_TOPIC} were given up`)
    }
    if (wasDelivered(this.#parts.store, half, this.#parts.wallClock())) {
      throw refusal('its producer has committed the message since it was put aside, and it was delivered')
    }
    const renewed = new Map(properties)
    renewed.set(Property.transactionCheckTimes, '0')
    // Names a half message that is settled: this one is not.
    renewed.delete(Property.preparedQueueOffset)
    setProperties(this.#draft, renewed)
    return realTopic
  }
}

function refusal(remark: string): RequestError {
  return new RequestError(ResponseCode.SYSTEM_ERROR, remark)
}
