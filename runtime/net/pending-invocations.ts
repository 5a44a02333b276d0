import type { CommandView } from '../codec/remoting/command-view.ts'
import type { RemotingCommand } from '../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../codec/remoting/request-code.ts'
import type { Clock, Timer } from '../io/clock.ts'
import type { Channel } from './channel.ts'

/** `lost`: the connection went when the request was under way: nobody knows whether it was served. */
export type InvocationFailure = 'timeout' | 'connection' | 'lost' | 'limit'

/** A request got no answer. `reason` says whether to retry elsewhere. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError'
  readonly reason: InvocationFailure

  constructor(reason: InvocationFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

interface Invocation {
  readonly channel: Channel
  readonly code: number
  readonly timeoutMs: number
  readonly deadlineMs: number
  readonly resolve: (response: RemotingCommand) => void
  readonly reject: (error: InvocationError) => void
}

/** How late a timeout may be noticed. One timer serves all requests. */
const SCAN_PERIOD_MS = 50

/** Requests of this process that wait for their answer, by `opaque`. Control plane only. */
export class PendingInvocations {
  readonly #clock: Clock
  readonly #max: number
  readonly #pending = new Map<number, Invocation>()
  #lastOpaque = 0
  #timer: Timer | undefined

  constructor(clock: Clock, max: number) {
    this.#clock = clock
    this.#max = max
  }

  nextOpaque(): number {
    this.#lastOpaque = (this.#lastOpaque + 1) & 0x7fffffff
    return this.#lastOpaque
  }

  /** Notes a request that is about to be sent; undefined (and rejected) when it cannot be. */
  add(
    channel: Channel,
    code: number,
    timeoutMs: number,
    resolve: (response: RemotingCommand) => void,
    reject: (error: InvocationError) => void,
  ): number | undefined {
    if (!channel.isOpen) {
      reject(
        new InvocationError('connection', `${requestCodeName(code)}: connection to ${channel.remoteText} is closed`),
      )
      return undefined
    }
    if (this.#pending.size >= this.#max) {
      reject(new InvocationError('limit', `${requestCodeName(code)}: ${this.#max} requests already wait for an answer`))
      return undefined
    }
    const opaque = this.nextOpaque()
    const deadlineMs = this.#clock.monotonic() + timeoutMs
    this.#pending.set(opaque, { channel, code, timeoutMs, deadlineMs, resolve, reject })
    this.#timer ??= this.#clock.every(SCAN_PERIOD_MS, () => this.#expire())
    return opaque
  }

  /** An answer that nobody waits for any more (it came after the timeout) is dropped. */
  complete(channel: Channel, response: CommandView): void {
    const invocation = this.#pending.get(response.opaque)
    if (!invocation || invocation.channel !== channel) return
    this.#remove(response.opaque)
    invocation.resolve(response.toCommand())
  }

  failAllOf(channel: Channel): void {
    for (const [opaque, { channel: of, code, reject }] of this.#pending) {
      if (of !== channel) continue
      this.#remove(opaque)
      reject(new InvocationError('lost', `${requestCodeName(code)}: connection to ${channel.remoteText} was lost`))
    }
  }

  #expire(): void {
    const now = this.#clock.monotonic()
    for (const [opaque, { channel, code, timeoutMs, deadlineMs, reject }] of this.#pending) {
      if (deadlineMs > now) continue
      this.#remove(opaque)
      const what = `${requestCodeName(code)}: no answer from ${channel.remoteText} within ${timeoutMs} ms`
      reject(new InvocationError('timeout', what))
    }
  }

  #remove(opaque: number): void {
    this.#pending.delete(opaque)
    if (this.#pending.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
