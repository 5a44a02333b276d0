import type { Message } from './message.ts'

/**
 * Messages on their way out. A vote or an acknowledgement promises something that must survive a power cut, so it is held
 * back until everything that was to be written when it was made is durable. The rest leaves at once.
 */
export class Outbox {
  #ready: Message[] = []
  /** Made since the last write was handed out. */
  #held: Message[] = []
  /** Wait for the write with that number. */
  readonly #behind: { readonly number: number; readonly messages: readonly Message[] }[] = []
  #lastWrite = 0
  #durable = 0

  send(message: Message): void {
    this.#ready.push(message)
  }

  sendDurable(message: Message): void {
    this.#held.push(message)
  }

  /** A write is about to be handed out, which what is held waits for; returns its number. */
  beginWrite(): number {
    this.#lastWrite++
    return this.#lastWrite
  }

  /** Write `number` and those before it are durable. */
  durable(number: number): void {
    this.#durable = Math.max(this.#durable, number)
    while (this.#behind.length > 0 && this.#behind[0]!.number <= this.#durable) {
      this.#ready.push(...this.#behind.shift()!.messages)
    }
  }

  /** What may leave, once the writes that were due have been handed out. */
  take(): Message[] {
    if (this.#held.length > 0) {
      if (this.#lastWrite <= this.#durable) this.#ready.push(...this.#held)
      else this.#behind.push({ number: this.#lastWrite, messages: this.#held })
      this.#held = []
    }
    const messages = this.#ready
    this.#ready = []
    return messages
  }

  /** What a node sent to itself and may arrive. */
  takeTo(id: string): Message[] {
    const own = this.#ready.filter(({ to }) => to === id)
    if (own.length > 0) this.#ready = this.#ready.filter(({ to }) => to !== id)
    return own
  }
}
