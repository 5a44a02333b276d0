import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import type { RemotingClient } from '../../../runtime/net/remoting-client.ts'
import { markedSend } from '../marked-send.ts'

const EVERY_MS = 50
/** Longer than a broker lets a message wait for its replicas. */
const TIMEOUT_MS = 5_000

export interface StubbornAck {
  readonly key: string
  readonly offset: number
  /** Since the producer began. */
  readonly afterMs: number
}

/**
 * Sends to one broker and to no other, whoever is master: what a broker that has been replaced and doesn't know it would
 * acknowledge. It does not wait for answers, so that each moment has its send.
 */
export class StubbornProducer {
  readonly acks: StubbornAck[] = []
  readonly #client: RemotingClient
  readonly #address: string
  readonly #topic: string
  readonly #startedMs = Date.now()
  readonly #timer: NodeJS.Timeout
  readonly #underWay = new Set<Promise<void>>()
  readonly #prefix: string
  #count = 0

  constructor(client: RemotingClient, address: string, topic: string, prefix: string) {
    this.#client = client
    this.#address = address
    this.#topic = topic
    this.#prefix = prefix
    this.#timer = setInterval(() => this.#send(), EVERY_MS)
  }

  get sent(): number {
    return this.#count
  }

  #send(): void {
    const key = `${this.#prefix}-${this.#count++}`
    const sending = this.#acknowledged(key).finally(() => this.#underWay.delete(sending))
    this.#underWay.add(sending)
  }

  async #acknowledged(key: string): Promise<void> {
    // No answer, or a refusal: nothing was promised.
    const answer = await this.#client
      .invoke(this.#address, markedSend(this.#topic, key), TIMEOUT_MS)
      .catch(() => undefined)
    if (answer?.code !== ResponseCode.SUCCESS) return
    this.acks.push({ key, offset: Number(answer.fields['queueOffset']), afterMs: Date.now() - this.#startedMs })
  }

  /** Sends nothing more, and waits for the answers. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
  }
}
