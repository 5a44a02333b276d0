import { encodeMessageId } from '../../codec/message/message-id.ts'
import { Property } from '../../codec/message/properties.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import type { Logger } from '../../observe/logger.ts'
import type { ConsumeQueue } from '../../store/consume-queue/consume-queue.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ClientChannel } from '../clients/client-info.ts'
import type { ProducerRegistry } from '../clients/producer-registry.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTarget, SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { PERM_READ_WRITE } from '../topics/topic-config.ts'
import { TRANS_CHECK_MAX_TIME_TOPIC, TRANS_HALF_TOPIC } from '../topics/topic-name.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { type CheckRules, checkTimes, decideCheck } from './check-decision.ts'
import { HALF_QUEUE, HALF_TOPIC } from './half-messages.ts'
import { type HalfRecord, readHalf, recordOf } from './half-record.ts'

/** What is known of half messages, and what becomes of those a round deals with. */
export interface HalfLedger {
  readonly halfOffset: number
  /** The next half message from `from` on that nobody knows the end of. */
  nextOpen(from: number): number
  /** It was stored again, in a record that ends at `endOffset` in the log. */
  copied(halfOffset: number, copy: number, endOffset: number): void
  /** It is out of the way for good, put aside in a record that ends at `endOffset`. */
  discarded(halfOffset: number, endOffset: number, topic: string): void
  /** Its record is gone. */
  unreadable(halfOffset: number): void
}

export interface TransactionCheckParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read' | 'writtenOffset' | 'dispatchedOffset'>
  readonly gate: StoreGate
  readonly topics: Pick<TopicTable, 'createForSendBack'>
  readonly targets: SendTargets
  readonly producers: Pick<ProducerRegistry, 'anyChannel'>
  readonly rules: () => CheckRules
  readonly brokerName: string
  readonly logger: Logger
}

/** A question to a producer, sent once the copy it speaks of is written. */
interface Question {
  readonly channel: ClientChannel
  readonly fields: Readonly<Record<string, string | number>>
  readonly body: Buffer
  readonly endOffset: number
}

interface Round {
  readonly startMs: number
  /** The round begins when queues show the log up to here: what ended before it is known then. */
  readonly mark: number
  next: number
  discarded: number
  unasked: number
}

/** Half messages looked at in one go. */
const AT_ONCE_MAX = 64

/**
 * Asks producers about half messages nobody has ended (TransactionalMessageServiceImpl.check): in rounds over everything
 * that is open, each message stored again before its producer is asked, so that the queue before it can be forgotten.
 */
export class TransactionCheck {
  readonly #parts: TransactionCheckParts
  readonly #unit = new QueueUnits(1)
  readonly #draft = new MessageDraft()
  #questions: Question[] = []
  #round: Round | undefined

  constructor(parts: TransactionCheckParts) {
    this.#parts = parts
  }

  get isUnderWay(): boolean {
    return this.#round !== undefined
  }

  begin(nowMs: number, ledger: HalfLedger): void {
    const { writtenOffset } = this.#parts.store
    this.#round = { startMs: nowMs, mark: writtenOffset, next: ledger.halfOffset, discarded: 0, unasked: 0 }
  }

  /** Gives up the round: this broker is not the master any more. */
  reset(): void {
    this.#round = undefined
    this.#questions = []
  }

  /** Goes on with the round; every op message that can be seen was read. True when more can be done at once. */
  step(nowMs: number, ledger: HalfLedger): boolean {
    const round = this.#round
    const { store } = this.#parts
    if (round === undefined || store.dispatchedOffset < round.mark) return false
    const queue = store.findQueue(TRANS_HALF_TOPIC, HALF_QUEUE)
    for (let i = 0; i < AT_ONCE_MAX; i++) {
      const offset = ledger.nextOpen(Math.max(round.next, ledger.halfOffset))
      if (queue === undefined || offset >= queue.maxOffset || !this.#look(queue, offset, nowMs, ledger, round)) {
        this.#finish(round)
        return false
      }
      round.next = offset + 1
    }
    return true
  }

  /** The batch is written up to here: the questions about what it holds go out. */
  written(offset: number): void {
    if (this.#questions.length === 0) return
    const ready = this.#questions.filter(({ endOffset }) => endOffset <= offset)
    this.#questions = this.#questions.filter(({ endOffset }) => endOffset > offset)
    for (const { channel, fields, body } of ready) {
      channel.sendOneway({ code: RequestCode.CHECK_TRANSACTION_STATE, fields, body })
    }
  }

  /** What was to be written is not: nobody is asked about it. */
  lost(): void {
    this.#questions = []
  }

  /** False when the round is over: the rest is younger than it, or the store takes nothing now. */
  #look(queue: ConsumeQueue, offset: number, nowMs: number, ledger: HalfLedger, round: Round): boolean {
    const { store, producers, rules, logger } = this.#parts
    if (queue.readUnits(offset, 1, this.#unit) === 0) return false
    const phyOffset = this.#unit.phyOffsets[0]!
    const stored = store.read(phyOffset, this.#unit.sizes[0]!)
    const half = stored && readHalf(stored, this.#draft)
    if (half === undefined) {
      logger.warn({ offset, phyOffset }, 'a half message cannot be read any more, passed over')
      ledger.unreadable(offset)
      return true
    }
    if (half.storeTimestampMs >= round.startMs) return false
    const channel = producers.anyChannel(half.message.properties.get(Property.producerGroup) ?? '')
    const decision = decideCheck(half, rules(), nowMs, channel !== undefined)
    if (channel === undefined && decision !== 'discard') round.unasked++
    if (decision === 'wait') return true
    try {
      if (decision === 'discard') this.#discard(half, ledger, round)
      else if (decision === 'ask' && channel !== undefined) this.#ask(half, channel, ledger, nowMs)
      else this.#renew(half, ledger)
      return true
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      logger.warn({ reason: error.message }, 'checking transactions stops for now: the store takes no message')
      return false
    }
  }

  /** Too often asked about: out of the way, for somebody to look at. */
  #discard(half: HalfRecord, ledger: HalfLedger, round: Round): void {
    const { topics, targets } = this.#parts
    const { properties } = half.message
    const topic = topics.createForSendBack(TRANS_CHECK_MAX_TIME_TOPIC, 1, PERM_READ_WRITE, 0)
    const endOffset = this.#put(properties, targets.of(topic))
    ledger.discarded(half.queueOffset, endOffset, properties.get(Property.realTopic) ?? '')
    round.discarded++
  }

  #renew(half: HalfRecord, ledger: HalfLedger): void {
    const { properties } = half.message
    if (!properties.has(Property.preparedQueueOffset)) {
      properties.set(Property.preparedQueueOffset, String(half.queueOffset))
    }
    this.#copy(half, ledger)
  }

  #ask(half: HalfRecord, channel: ClientChannel, ledger: HalfLedger, nowMs: number): void {
    const { properties } = half.message
    properties.set(Property.transactionCheckTimes, String(checkTimes(properties) + 1))
    const endOffset = this.#copy(half, ledger)
    const { phyOffset, queueOffset } = this.#parts.gate.log.lastAppend
    const topic = properties.get(Property.realTopic) ?? ''
    const queueId = Number(properties.get(Property.realQueueId) ?? 0)
    const uniqueKey = properties.get(Property.uniqKey) ?? ''
    const { storeHost } = this.#draft
    const fields = {
      topic: TRANS_HALF_TOPIC,
      tranStateTableOffset: queueOffset,
      commitLogOffset: phyOffset,
      msgId: uniqueKey,
      transactionId: uniqueKey,
      offsetMsgId: encodeMessageId(storeHost, 0, storeHost.length, phyOffset),
      brokerName: this.#parts.brokerName,
    }
    const body = recordOf(this.#draft, topic, queueId, queueOffset, phyOffset, nowMs)
    this.#questions.push({ channel, fields, body, endOffset })
  }

  #copy(half: HalfRecord, ledger: HalfLedger): number {
    const endOffset = this.#put(half.message.properties, this.#parts.targets.of(HALF_TOPIC))
    ledger.copied(half.queueOffset, this.#parts.gate.log.lastAppend.queueOffset, endOffset)
    return endOffset
  }

  /** Returns where the record ends. @throws RequestError */
  #put(properties: ReadonlyMap<string, string>, target: SendTarget): number {
    const { gate } = this.#parts
    setProperties(this.#draft, properties)
    gate.putAsIs(this.#draft, target, HALF_QUEUE, undefined)
    return gate.log.lastAppend.phyOffset + gate.log.lastAppend.sizeBytes
  }

  #finish({ discarded, unasked }: Round): void {
    const { logger } = this.#parts
    this.#round = undefined
    if (discarded > 0) {
      const what = `transactions that nobody ended are now in ${TRANS_CHECK_MAX_TIME_TOPIC}`
      logger.warn({ discarded }, what)
    }
    if (unasked > 0) logger.warn({ unasked }, 'transactions are open and no producer of their groups is connected')
  }
}
