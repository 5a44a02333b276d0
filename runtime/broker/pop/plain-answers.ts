import type { SerializeType } from '../../codec/remoting/frame.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { LateAnswer } from '../acks/pending-sends.ts'

const KEPT_MAX = 4_096

/** The answer to a request that only says whether it is done. Reused. */
export class PlainAnswer implements LateAnswer {
  channel: Channel | undefined
  opaque = 0
  serializeType: SerializeType = 0
  /** In place of an answer to each of several acks that one message holds. */
  next: PlainAnswer | undefined
  readonly #pool: PlainAnswer[]

  constructor(pool: PlainAnswer[]) {
    this.#pool = pool
  }

  /** LateAnswer. What is stored is done, though the disk or the slaves took too long to say so. */
  complete(code: number, remark: string | undefined): void {
    for (let answer: PlainAnswer | undefined = this; answer !== undefined; ) {
      const { next, channel }: PlainAnswer = answer
      const response = remark === undefined ? { code: ResponseCode.SUCCESS } : { code, remark }
      if (channel?.isOpen === true) channel.respond(answer.opaque, answer.serializeType, response)
      answer.#giveBack()
      answer = next
    }
  }

  #giveBack(): void {
    this.channel = undefined
    this.next = undefined
    if (this.#pool.length < KEPT_MAX) this.#pool.push(this)
  }
}

/** Answers that are not in use. */
export class PlainAnswers {
  readonly #pool: PlainAnswer[] = []

  of(channel: Channel, opaque: number, serializeType: SerializeType): PlainAnswer {
    const answer = this.#pool.pop() ?? new PlainAnswer(this.#pool)
    answer.channel = channel
    answer.opaque = opaque
    answer.serializeType = serializeType
    return answer
  }
}
