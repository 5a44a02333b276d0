import { Property } from '../../codec/message/properties.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { ProtocolVersion } from '../../codec/remoting/protocol-version.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { isCompactionTopic } from '../topics/compaction-topics.ts'
import { PERM_READ_WRITE, Perm, TopicSysFlag } from '../topics/topic-config.ts'
import { dlqTopic, retryTopic } from '../topics/topic-name.ts'
import { DLQ_QUEUE_NUMS, noSuchGroup, type RetryGroup } from './retry-topic.ts'
import { setProperties } from './rewritten-properties.ts'
import { rejected, type SendParts } from './send-handler.ts'
import type { SendTarget } from './send-target.ts'
import { readBack, type StoredMessage } from './stored-message.ts'

export interface SendBackParts extends SendParts {
  readonly store: Pick<MessageStore, 'recordAt'>
  /** Counts retries and dead letters. */
  readonly sendBacks: {
    sendBack(topic: string, group: string): { messages: number }
    sendBackToDlq(topic: string, group: string): { messages: number }
  }
}

/** The first retry comes after this delay level, each following one level later. */
const FIRST_RETRY_LEVEL = 3

/**
 * CONSUMER_SEND_MSG_BACK: a message that could not be consumed goes to the group's retry topic after a delay, or to its
 * dead-letter topic after the last attempt.
 */
export class SendBackHandler {
  readonly #parts: SendBackParts
  readonly #draft = new MessageDraft()

  constructor(parts: SendBackParts) {
    this.#parts = parts
  }

  handle(request: CommandView, channel: Channel): Response | undefined {
    const { config, groups, isMaster, acks } = this.#parts
    const groupName = request.requiredText('group')
    const phyOffset = request.requiredInteger('offset')
    const delayLevel = request.requiredInteger('delayLevel')
    if (!isMaster()) throw rejected()
    const group = groups.find(groupName)
    if (group === undefined) throw noSuchGroup(groupName)
    if ((config.brokerPermission() & Perm.WRITE) === 0) {
      const remark = `the broker[${config.brokerIP1}] sending message is forbidden`
      throw new RequestError(ResponseCode.NO_PERMISSION, remark)
    }
    if (group.retryQueueNums <= 0) return { code: ResponseCode.SUCCESS }
    const retry = this.#retryTarget(groupName, group, request.flagField('unitMode') === true)
    if (acks.isFull) this.#parts.commit()
    const draft = this.#draft
    draft.storeHost = this.#parts.storeHost
    this.#refuseCompacted(request.text('originTopic'))
    const stored = phyOffset < 0 ? undefined : this.#parts.store.recordAt(phyOffset)
    const message = stored && readBack(stored.bytes, stored.start, stored.length, draft)
    if (message === undefined) throw failed(`look message by offset failed, ${phyOffset}`)
    // Only the client knows which message of the batch it means: it sends that one to the retry topic when this is refused.
    if ((draft.sysFlag & SysFlag.innerBatch) !== 0) throw failed(`the record at ${phyOffset} holds several messages`)
    const saidMax = request.version >= ProtocolVersion.V3_4_9 ? request.integer('maxReconsumeTimes') : undefined
    const isDead = delayLevel < 0 || message.reconsumeTimes >= (saidMax ?? group.retryMaxTimes)
    const level = isDead ? 0 : delayLevel === 0 ? FIRST_RETRY_LEVEL + message.reconsumeTimes : delayLevel
    this.#prepare(draft, message, level)
    const target = isDead ? this.#dlqTarget(groupName) : retry
    const queueNums = isDead ? DLQ_QUEUE_NUMS : group.retryQueueNums
    this.#put(draft, target, queueNums, request, channel)
    const origin = message.properties.get(Property.retryTopic) ?? message.topic
    this.#parts.sendBacks.sendBack(origin, groupName).messages++
    if (isDead) this.#parts.sendBacks.sendBackToDlq(origin, groupName).messages++
    return undefined
  }

  /**
   * Messages of compaction topics say where they stand in the files of their topic, not in the commit log, where another one
   * stands. A client that is refused sends such a message to the retry topic itself.
   */
  #refuseCompacted(originTopic: string | undefined): void {
    if (originTopic === undefined || !isCompactionTopic(this.#parts.topics.find(originTopic))) return
    throw failed(`messages of the compaction topic ${originTopic} cannot be sent back by their offset: send them anew`)
  }

  #prepare(draft: MessageDraft, message: StoredMessage, level: number): void {
    const { properties } = message
    if (!properties.has(Property.retryTopic)) properties.set(Property.retryTopic, message.topic)
    if (!properties.get(Property.originMessageId)?.trim()) properties.set(Property.originMessageId, message.msgId)
    properties.set(Property.wait, 'false')
    properties.set(Property.delay, String(level))
    // Where an earlier retry was headed; a delayed retry gets its own.
    properties.delete(Property.realTopic)
    properties.delete(Property.realQueueId)
    setProperties(draft, properties)
    draft.reconsumeTimes = message.reconsumeTimes + 1
  }

  #put(draft: MessageDraft, target: SendTarget, queueNums: number, request: CommandView, channel: Channel): void {
    const { gate, acks, random } = this.#parts
    try {
      gate.put(draft, target, random.below(queueNums), undefined)
    } catch (error) {
      if (error instanceof RequestError) throw failed(error.message)
      throw error
    }
    if (request.isOneway) return
    const { opaque, serializeType } = request
    const { phyOffset, sizeBytes } = gate.log.lastAppend
    acks.addLate(acks.ringFor(false), phyOffset + sizeBytes, {
      complete: (code, remark) => {
        const isStored = remark === undefined
        channel.respond(opaque, serializeType, { code: isStored ? code : ResponseCode.SYSTEM_ERROR, remark })
      },
    })
  }

  #retryTarget(groupName: string, group: RetryGroup, isUnitMode: boolean): SendTarget {
    const name = retryTopic(groupName)
    const sysFlag = isUnitMode ? TopicSysFlag.UNIT_SUB : 0
    const topic = this.#parts.topics.createForSendBack(name, group.retryQueueNums, PERM_READ_WRITE, sysFlag)
    if (topic === undefined) throw failed(`topic[${name}] not exist`)
    if ((topic.perm & Perm.WRITE) === 0) {
      throw new RequestError(ResponseCode.NO_PERMISSION, `the topic[${name}] sending message is forbidden`)
    }
    return this.#parts.targets.of(topic)
  }

  #dlqTarget(groupName: string): SendTarget {
    const name = dlqTopic(groupName)
    const topic = this.#parts.topics.createForSendBack(name, DLQ_QUEUE_NUMS, PERM_READ_WRITE, 0)
    if (topic === undefined) throw failed(`topic[${name}] not exist`)
    return this.#parts.targets.of(topic)
  }
}

function failed(remark: string): RequestError {
  return new RequestError(ResponseCode.SYSTEM_ERROR, remark)
}
