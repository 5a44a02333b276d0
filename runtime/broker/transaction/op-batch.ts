import { RequestError } from '../../codec/remoting/request-error.ts'
import type { Logger } from '../../observe/logger.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import { setProperties } from '../send/rewritten-properties.ts'
import type { SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { TRANS_OP_HALF_TOPIC } from '../topics/topic-name.ts'
import { HALF_QUEUE } from './half-messages.ts'

/** The tag of an op message: its body names half messages that are settled, `12,13,` and so on. */
const REMOVE_TAG = 'd'
const OP_PROPERTIES: ReadonlyMap<string, string> = new Map([
  ['WAIT', 'true'],
  ['TAGS', REMOVE_TAG],
])
const OP_TOPIC = topicConfig(TRANS_OP_HALF_TOPIC, { readQueueNums: 1, writeQueueNums: 1 })

export interface OpBatchParts {
  readonly gate: StoreGate
  readonly targets: SendTargets
  /** transactionOpMsgMaxSize: bytes of a body. */
  readonly bodyBytesMax: () => number
  readonly wallClock: () => number
  readonly storeHost: Uint8Array
  readonly logger: Logger
}

/**
 * The half messages that were settled in this turn become one op message in the same batch as the messages they were
 * committed to: after a crash either both are there or, the order of the log being what it is, at worst the message
 * without its op. Its producer is asked then, and the answer finds the message by its key (delivered-copy.ts); a copy
 * without its op is found by a start (found-copies.ts).
 */
export class OpBatch {
  readonly #parts: OpBatchParts
  readonly #draft = new MessageDraft()
  #waiting: number[] = []

  constructor(parts: OpBatchParts) {
    this.#parts = parts
  }

  add(halfOffset: number): void {
    this.#waiting.push(halfOffset)
  }

  clear(): void {
    this.#waiting.length = 0
  }

  /** Stages what waits. What the store does not take now goes with a later turn. */
  stage(): void {
    if (this.#waiting.length === 0) return
    // Staging may commit a full batch, and so come back here.
    const offsets = this.#waiting
    this.#waiting = []
    for (let next = 0; next < offsets.length; ) {
      const end = this.#bodyEnd(offsets, next)
      try {
        this.#put(`${offsets.slice(next, end).join(',')},`)
      } catch (error) {
        if (!(error instanceof RequestError)) throw error
        this.#parts.logger.warn({ reason: error.message }, 'settled transactions are noted later')
        this.#waiting = [...offsets.slice(next), ...this.#waiting]
        return
      }
      next = end
    }
  }

  /** How many offsets fit into one body; at least one. */
  #bodyEnd(offsets: readonly number[], start: number): number {
    const max = this.#parts.bodyBytesMax()
    let bytes = String(offsets[start]).length + 1
    let end = start + 1
    for (; end < offsets.length; end++) {
      bytes += String(offsets[end]).length + 1
      if (bytes > max) return end
    }
    return end
  }

  #put(body: string): void {
    const { gate, targets, wallClock, storeHost } = this.#parts
    const draft = this.#draft
    const bytes = Buffer.from(body)
    draft.body.bytes = bytes
    draft.body.start = 0
    draft.body.length = bytes.length
    draft.bornTimestampMs = wallClock()
    draft.bornHost = storeHost
    draft.storeHost = storeHost
    setProperties(draft, OP_PROPERTIES)
    gate.putToFollow(draft, targets.of(OP_TOPIC), HALF_QUEUE)
  }
}

/** The half offsets an op message names; what is no op message names none. */
export function readOpBody(tags: string | undefined, body: Uint8Array): number[] {
  if (tags !== REMOVE_TAG) return []
  return Buffer.from(body)
    .toString()
    .split(',')
    .filter((text) => /^\d{1,15}$/.test(text))
    .map(Number)
}
