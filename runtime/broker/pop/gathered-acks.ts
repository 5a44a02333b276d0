import { RequestError } from '../../codec/remoting/request-error.ts'
import type { Acknowledgements } from '../acks/acknowledgements.ts'
import type { AckedPoint } from './ack-message.ts'
import type { InflightCount } from './inflight-count.ts'
import type { PlainAnswer } from './plain-answers.ts'
import type { ReviveLog } from './revive-log.ts'

/** The check point an ack is for. */
export interface AckTarget extends AckedPoint {
  readonly invisibleMs: number
  readonly reviveQueue: number
}

interface Gathered {
  readonly target: AckTarget
  readonly offsets: number[]
  answer: PlainAnswer | undefined
}

export interface GatheredAckParts {
  readonly reviveLog: ReviveLog
  readonly acks: Acknowledgements
  readonly inflight: InflightCount
  /** Makes sure that this turn ends with a batch. */
  readonly touch: () => void
}

/** As many as the bits of a check point. */
const OFFSETS_MAX = 32

/** The acks of one turn. Those for the same check point become one message, and are answered when that is as safe as a send is. */
export class GatheredAcks {
  readonly #parts: GatheredAckParts
  #gathered = new Map<string, Gathered>()

  constructor(parts: GatheredAckParts) {
    this.#parts = parts
  }

  /** `answer`: whom to tell; undefined for nobody. `key`: equal for acks of one check point. */
  add(key: string, target: AckTarget, offset: number, answer: PlainAnswer | undefined): void {
    let gathered = this.#gathered.get(key)
    if (gathered === undefined) {
      gathered = { target, offsets: [], answer: undefined }
      this.#gathered.set(key, gathered)
    }
    if (!gathered.offsets.includes(offset)) gathered.offsets.push(offset)
    if (answer !== undefined) {
      answer.next = gathered.answer
      gathered.answer = answer
    }
    if (gathered.offsets.length === OFFSETS_MAX) {
      this.#gathered.delete(key)
      this.#put(gathered)
    } else this.#parts.touch()
  }

  /** Before the batch is written. */
  stage(): void {
    if (this.#gathered.size === 0) return
    // Staging may commit a full batch, and so come back here.
    const gathered = this.#gathered
    this.#gathered = new Map()
    for (const one of gathered.values()) this.#put(one)
  }

  #put({ target, offsets, answer }: Gathered): void {
    const { reviveLog, acks, inflight } = this.#parts
    try {
      acks.check(true)
      const end = reviveLog.putAck(target, offsets, target.reviveQueue)
      inflight.remove(target.topic, target.group, target.queueId, target.popTime, offsets.length)
      if (answer !== undefined) acks.addLate(acks.ringFor(true), end, answer)
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      answer?.complete(error.code, error.message)
    }
  }
}
