import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { InvocationError } from '../../runtime/net/pending-invocations.ts'
import type { RemotingClient } from '../../runtime/net/remoting-client.ts'

/** A message the broker acknowledged, and where it said it is. */
export interface Acked {
  readonly sequence: number
  readonly queueId: number
  readonly queueOffset: number
}

export const TOPIC = 'CrashTopic'
export const QUEUES = 4

const IN_FLIGHT = 32
const SEND_TIMEOUT_MS = 2_000
const RETRY_DELAY_MS = 20

/** The body carries its number and a pattern that depends on it, so that a changed byte shows. */
export function bodyOf(sequence: number): Buffer {
  const body = Buffer.alloc(16 + (sequence % 700), sequence % 251)
  body.writeDoubleBE(sequence, 0)
  return body
}

/** Sends numbered messages without a pause, `IN_FLIGHT` at a time, and notes which were acknowledged. */
export class Load {
  readonly acked: Acked[] = []
  /** Answers that are neither success nor a failure of the connection, by code. */
  readonly otherAnswers = new Map<number, number>()
  sent = 0
  readonly #client: RemotingClient
  readonly #address: string
  #stopped = false
  #workers: Promise<void>[] = []

  constructor(client: RemotingClient, address: string) {
    this.#client = client
    this.#address = address
  }

  start(): void {
    this.#workers = Array.from({ length: IN_FLIGHT }, () => this.#work())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers)
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const sequence = this.sent++
      try {
        await this.#send(sequence)
      } catch (error) {
        if (!(error instanceof InvocationError)) throw error
        // The broker is down or has just died: this message may or may not be there.
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS))
      }
    }
  }

  async #send(sequence: number): Promise<void> {
    const queueId = sequence % QUEUES
    const fields = {
      a: 'crash-test',
      b: TOPIC,
      c: 'TBW102',
      d: 4,
      e: queueId,
      f: 0,
      g: Date.now(),
      h: 0,
      i: `KEYS\u0001${sequence}\u0002`,
      j: 0,
      k: false,
      m: false,
    }
    const request = { code: RequestCode.SEND_MESSAGE_V2, fields, body: bodyOf(sequence) }
    const answer = await this.#client.invoke(this.#address, request, SEND_TIMEOUT_MS)
    if (answer.code === ResponseCode.SUCCESS) {
      this.acked.push({ sequence, queueId, queueOffset: Number(answer.fields['queueOffset']) })
    } else {
      this.otherAnswers.set(answer.code, (this.otherAnswers.get(answer.code) ?? 0) + 1)
    }
  }
}
