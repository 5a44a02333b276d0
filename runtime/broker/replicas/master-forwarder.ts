import { type Credentials, PASSED_ON, SIGNATURE } from '../../auth/remoting/signed-content.ts'
import { voucherFor } from '../../auth/remoting/voucher.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import {
  type RemotingCommand,
  type RequestDraft,
  type Response,
  viewOfCommand,
} from '../../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Channel } from '../../net/channel.ts'
import { InvocationError } from '../../net/pending-invocations.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { Logger } from '../../observe/logger.ts'
import { STOOD_IN_FOR } from './master-requests.ts'

/** Where the master is. */
export interface MasterSource {
  /** `host:port`; 'self' when this broker is it; undefined while none is known. */
  readonly master: () => string | undefined
  /** The role is about to pass to another replica: what a replica could serve as well waits, too. */
  readonly isHandingOver: () => boolean
}

export interface MasterForwarderParts {
  readonly source: MasterSource
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
  readonly sendOneway: (address: string, request: RequestDraft) => Promise<void>
  /** How this broker vouches for where a request comes from; without it the master does not know. */
  readonly credentials?: Credentials | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** Requests that wait for a master to be known, or for its answer. One more is answered SYSTEM_BUSY. */
const WAITING_MAX = 10_000
const WAITING_MAX_BYTES = 64 * 1024 * 1024
/** As long as official clients wait for a send, less the way back. */
const WAIT_MS = 2_800
/** One timer looks after all that wait. */
const POLL_MS = 20
/** How a master of Apache's says that it was told to take no messages for a while (SendMessageProcessor.preSend). */
const HELD_REMARK = 'broker unable to service, until'

interface PassedRequest {
  readonly command: RemotingCommand
  readonly channel: Channel
  readonly handler: RequestHandler
  readonly isOneway: boolean
  readonly fallsBack: boolean
  readonly deadlineMs: number
  /** The master that could not be reached a moment ago. */
  unreachable: string | undefined
  /** The master that takes no messages, because its role is about to pass to another replica. */
  heldBy: string | undefined
}

/**
 * Passes requests that only a master may serve on to the master of the moment, for clients whose routes are out of date:
 * official ones look at the routes every 30 seconds. A request that comes while the group has no master waits a moment
 * for one. Original: the client gets an error until it asks for the route again.
 *
 * A request whose answer is lost with the connection is not passed on a second time: whether to send a message again is
 * the client's decision.
 */
export class MasterForwarder {
  readonly #parts: MasterForwarderParts
  readonly #waiting = new Set<PassedRequest>()
  #count = 0
  #bytes = 0
  #timer: Timer | undefined
  #isTold = false
  #refusal: string | undefined
  /** When the last one came. */
  lastPassedMs = Number.NEGATIVE_INFINITY

  constructor(parts: MasterForwarderParts) {
    this.#parts = parts
  }

  get hasPassed(): boolean {
    return this.lastPassedMs > Number.NEGATIVE_INFINITY
  }

  /** Requests that have not been answered yet. */
  get count(): number {
    return this.#count
  }

  /**
   * The handler for a master; on a replica the request goes to the master instead. `fallsBack`: a replica without a master
   * in reach serves it after all.
   */
  wrap(handler: RequestHandler, fallsBack = false): RequestHandler {
    return (request, channel) => {
      const master = this.#parts.source.master()
      if (master === 'self') return handler(request, channel)
      if (fallsBack && master === undefined && !this.#parts.source.isHandingOver()) return handler(request, channel)
      return this.#pass(request, channel, handler, fallsBack)
    }
  }

  /** Nothing more is passed on. */
  refuse(why: string): void {
    this.#refusal = why
  }

  /** The master may be another one now: what waits is looked at. */
  wake(): void {
    if (this.#waiting.size === 0) return
    const now = this.#parts.clock.monotonic()
    const master = this.#parts.source.master()
    for (const passed of this.#waiting) {
      // One that has just died has a successor in a moment.
      const isUseless = master === undefined || master === passed.unreachable || master === passed.heldBy
      if (isUseless && now < passed.deadlineMs) continue
      this.#waiting.delete(passed)
      this.#begin(passed)
    }
  }

  #pass(request: CommandView, channel: Channel, handler: RequestHandler, fallsBack: boolean): Response | undefined {
    if (this.#refusal !== undefined) throw notNow(this.#refusal)
    const bytes = request.bodyLength
    if (this.#count >= WAITING_MAX || this.#bytes + bytes > WAITING_MAX_BYTES) {
      return { code: ResponseCode.SYSTEM_BUSY, remark: `${this.#count} requests wait for the master already` }
    }
    const now = this.#parts.clock.monotonic()
    this.lastPassedMs = now
    this.#count++
    this.#bytes += bytes
    this.#begin({
      command: request.toCommand(),
      channel,
      handler,
      isOneway: request.isOneway,
      fallsBack,
      // What is popped may wait at the master for messages: a client that got no answer would not get them for a while.
      deadlineMs: now + WAIT_MS + (STOOD_IN_FOR.has(request.code) ? (request.integer('pollTime') ?? 0) : 0),
      unreachable: undefined,
      heldBy: undefined,
    })
    return undefined
  }

  #begin(passed: PassedRequest): void {
    const master = this.#parts.source.master()
    if (master === undefined && this.#parts.clock.monotonic() < passed.deadlineMs) this.#wait(passed)
    else void this.#serve(passed, master)
  }

  /** Never rejects: what fails becomes the answer. */
  async #serve(passed: PassedRequest, master: string | undefined): Promise<void> {
    const { command, channel, isOneway } = passed
    let answer: Response | undefined | typeof WAITS
    try {
      answer = await this.#answer(passed, master)
    } catch (error) {
      answer = this.#failure(error, command.code)
    }
    if (answer === WAITS) {
      this.#wait(passed)
      return
    }
    this.#count--
    this.#bytes -= command.body?.length ?? 0
    if (answer !== undefined && !isOneway) channel.respond(command.opaque, command.serializeType, answer)
  }

  async #answer(passed: PassedRequest, master: string | undefined): Promise<Response | undefined | typeof WAITS> {
    const { command, channel, handler, fallsBack, deadlineMs } = passed
    if (master === 'self') return handler(viewOfCommand(command), channel)
    // Two that take each other for the master must not play ball with it.
    if (command.fields[PASSED_ON] !== undefined) {
      throw notNow('this broker is not the master that another replica takes it for')
    }
    if (master === undefined) throw notNow('the broker group has no master at the moment')
    try {
      const answer = await this.#ask(master, passed)
      if (answer === undefined || !isHeld(answer) || this.#parts.clock.monotonic() >= deadlineMs) return answer
      passed.heldBy = master
      return WAITS
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error
      const isUnsent = error.reason === 'connection'
      if (fallsBack && (isUnsent || error.reason === 'lost')) return handler(viewOfCommand(command), channel)
      if (!isUnsent || this.#parts.clock.monotonic() >= deadlineMs) throw error
      passed.unreachable = master
      return WAITS
    }
  }

  async #ask(master: string, { command, channel, isOneway, deadlineMs }: PassedRequest): Promise<Response | undefined> {
    this.#tell(master)
    const { code, fields, body, serializeType } = command
    const { credentials } = this.#parts
    const voucher = credentials && voucherFor(channel.remote.host, fields[SIGNATURE] ?? '', credentials)
    const request = { code, fields: { ...fields, [PASSED_ON]: voucher ?? true }, body, serializeType, isPassedOn: true }
    const leftMs = Math.max(1, deadlineMs - this.#parts.clock.monotonic())
    if (!isOneway) return this.#parts.invoke(master, request, leftMs)
    await this.#parts.sendOneway(master, request)
    return undefined
  }

  #wait(passed: PassedRequest): void {
    this.#waiting.add(passed)
    this.#timer ??= this.#parts.clock.every(POLL_MS, () => this.#poll())
  }

  #poll(): void {
    for (const passed of this.#waiting) passed.unreachable = undefined
    this.wake()
    if (this.#waiting.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #failure(error: unknown, request: number): Response {
    if (error instanceof RequestError) return { code: error.code, remark: error.message }
    if (error instanceof InvocationError)
      return { code: ResponseCode.SERVICE_NOT_AVAILABLE, remark: `the master: ${error.message}` }
    this.#parts.logger.error({ request: requestCodeName(request), err: error }, 'request failed')
    return { code: ResponseCode.SYSTEM_ERROR, remark: `${requestCodeName(request)}: ${String(error)}` }
  }

  #tell(master: string): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#parts.logger.info({ master }, 'clients with old routes: their requests are passed on to the master')
  }
}

/** There is no answer yet. */
const WAITS = Symbol('waits')

/** Nothing was stored: whoever is elected next will. */
const isHeld = ({ code, remark }: Response): boolean =>
  code === ResponseCode.SYSTEM_ERROR && remark?.startsWith(HELD_REMARK) === true

const notNow = (why: string) => new RequestError(ResponseCode.SERVICE_NOT_AVAILABLE, why)
