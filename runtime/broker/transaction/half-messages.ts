import { SysFlag } from '../../codec/message/sys-flag.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import type { SendTarget, SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { TRANS_HALF_TOPIC } from '../topics/topic-name.ts'
import type { TransactionMetrics } from './transaction-metrics.ts'

export const HALF_QUEUE = 0
export const HALF_TOPIC = topicConfig(TRANS_HALF_TOPIC, { readQueueNums: 1, writeQueueNums: 1 })
const TRANSACTION_ID = Buffer.from('__transactionId__\x01')
const SEPARATOR = 2

export interface HalfMessageParts {
  readonly gate: StoreGate
  readonly targets: SendTargets
  readonly metrics: TransactionMetrics
}

/** The way of half messages into the store: to the half topic, with what is needed to deliver them when they are committed. */
export class HalfMessages {
  readonly #parts: HalfMessageParts
  /** `extra`, real topic and queue, and the transaction's id, which is the unique key. */
  #extra = Buffer.alloc(0)

  constructor(parts: HalfMessageParts) {
    this.#parts = parts
  }

  /** Stages the scanned draft, which is meant for `queueId` of `target`. @throws RequestError */
  put(draft: MessageDraft, target: SendTarget, queueId: number, extra: Buffer): void {
    const { gate, targets, metrics } = this.#parts
    const { hasTimer, timerOutStart, delayStart } = draft.ranges
    if (hasTimer && timerOutStart < 0 && delayStart < 0) gate.checkTimer(draft)
    draft.sysFlag &= ~SysFlag.transactionMask
    gate.putAsIs(draft, targets.of(HALF_TOPIC), HALF_QUEUE, this.#extraOf(draft, target.delayExtra(queueId, extra)))
    metrics.add(target.topicName, 1)
  }

  #extraOf(draft: MessageDraft, fixed: Buffer): Buffer {
    const { uniqKeyStart, uniqKeyLength } = draft.ranges
    const length = fixed.length + TRANSACTION_ID.length + uniqKeyLength + 1
    // Keys of one client are of one length: nearly every message finds what the last one left.
    if (this.#extra.length !== length) this.#extra = Buffer.allocUnsafeSlow(length)
    const bytes = this.#extra
    bytes.set(fixed, 0)
    bytes.set(TRANSACTION_ID, fixed.length)
    let at = fixed.length + TRANSACTION_ID.length
    const source = draft.properties.bytes
    for (let i = 0; i < uniqKeyLength; i++) bytes[at++] = source[uniqKeyStart + i]!
    bytes[at] = SEPARATOR
    return bytes
  }
}
