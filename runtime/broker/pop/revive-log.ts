import { scanProperties } from '../../codec/message/properties.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { SendTarget, SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { topicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { ACK_TAG, type AckedPoint, ackBody, ackUniqueKey, BATCH_ACK_TAG } from './ack-message.ts'
import { CHECK_POINT_TAG, type CheckPoint, checkPointBody, checkPointUniqueKey } from './check-point.ts'

export interface ReviveLogParts {
  readonly gate: StoreGate
  readonly topics: Pick<TopicTable, 'find'>
  readonly targets: SendTargets
  /** The revive topic of the cluster. */
  readonly topic: string
  /** reviveQueueNum */
  readonly queues: number
  readonly storeHost: Uint8Array
  readonly wallClock: () => number
}

/** A check point comes into the revive topic so much before its messages are to come again, and its acks with that time. */
const AHEAD_MS = 1_000
const SCRATCH_BYTES = 4_096

/**
 * Writes check points and acks. They wait in the timer topic, as all messages with a time of delivery do, and get into the
 * revive topic when it is time to look whether what was popped was acknowledged.
 */
export class ReviveLog {
  readonly #parts: ReviveLogParts
  readonly #draft = new MessageDraft()
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  #target: SendTarget | undefined

  constructor(parts: ReviveLogParts) {
    this.#parts = parts
  }

  get topic(): string {
    return this.#parts.topic
  }

  get queues(): number {
    return this.#parts.queues
  }

  /** Returns where the record ends. @throws RequestError when the store takes none */
  putCheckPoint(point: CheckPoint, reviveQueue: number): number {
    const deliverMs = point.popTime + point.invisibleMs - AHEAD_MS
    return this.#put(checkPointBody(point), CHECK_POINT_TAG, checkPointUniqueKey(point), deliverMs, reviveQueue)
  }

  /** Returns where the record ends. @throws RequestError when the store takes none */
  putAck(
    point: AckedPoint & { readonly invisibleMs: number },
    offsets: readonly number[],
    reviveQueue: number,
  ): number {
    const tag = offsets.length === 1 ? ACK_TAG : BATCH_ACK_TAG
    const deliverMs = point.popTime + point.invisibleMs
    return this.#put(ackBody(point, offsets), tag, ackUniqueKey(point, offsets), deliverMs, reviveQueue)
  }

  #put(body: string, tag: string, uniqueKey: string, deliverMs: number, reviveQueue: number): number {
    const { gate, storeHost, wallClock } = this.#parts
    const properties = `UNIQ_KEY\x01${uniqueKey}\x02TAGS\x01${tag}\x02TIMER_DELIVER_MS\x01${deliverMs}\x02`
    const room = 3 * (body.length + properties.length)
    if (this.#scratch.length < room) this.#scratch = Buffer.allocUnsafeSlow(room * 2)
    const bytes = this.#scratch
    const draft = this.#draft
    draft.body.bytes = bytes
    draft.body.start = 0
    draft.body.length = bytes.write(body, 0)
    draft.properties.bytes = bytes
    draft.properties.start = draft.body.length
    draft.properties.length = bytes.write(properties, draft.body.length)
    scanProperties(bytes, draft.properties.start, draft.properties.length, draft.ranges)
    draft.isScanned = true
    draft.bornTimestampMs = wallClock()
    draft.bornHost = storeHost
    draft.storeHost = storeHost
    gate.put(draft, this.#targetNow(), reviveQueue, undefined)
    return gate.log.lastAppend.phyOffset + gate.log.lastAppend.sizeBytes
  }

  #targetNow(): SendTarget {
    const { topics, topic, queues, targets } = this.#parts
    const config = topics.find(topic)
    if (this.#target === undefined || (config !== undefined && this.#target.config !== config)) {
      this.#target = targets.of(config ?? topicConfig(topic, { readQueueNums: queues, writeQueueNums: queues }))
    }
    return this.#target
  }
}
