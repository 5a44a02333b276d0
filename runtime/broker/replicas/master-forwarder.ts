import { viewOf } from '../../codec/bytes.ts'
import { CommandView } from '../../codec/remoting/command-view.ts'
import {
  encodeCommand,
  type RemotingCommand,
  type RequestDraft,
  type Response,
} from '../../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock } from '../../io/clock.ts'
import type { Channel } from '../../net/channel.ts'
import { InvocationError } from '../../net/pending-invocations.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { Logger } from '../../observe/logger.ts'

export interface MasterForwarderParts {
  /** `host:port` of the master; 'self' when this broker is it; undefined while none is known. */
  readonly master: () => string | undefined
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
  readonly sendOneway: (address: string, request: RequestDraft) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

/** Requests that wait for a master to be known, or for its answer. One more is answered SYSTEM_BUSY. */
const WAITING_MAX = 10_000
const WAITING_MAX_BYTES = 64 * 1024 * 1024
/** As long as official clients wait for a send, less the way back. */
const WAIT_MS = 2_800
const POLL_MS = 20
/** Marks a request that another replica passed on: two that take each other for the master must not play ball with it. */
const FORWARDED = '__GANTRY_FORWARDED'

interface PassedRequest {
  readonly command: RemotingCommand
  readonly channel: Channel
  readonly handler: RequestHandler
  readonly isOneway: boolean
  readonly fallsBack: boolean
  readonly deadlineMs: number
}

/**
 * Passes requests that only a master may serve on to the master of the moment, for clients whose routes are out of date:
 * official ones look at the routes every 30 seconds. A request that comes while the group has no master waits a moment
 * for one. Original: the client gets an error until it asks for the route again.
 */
export class MasterForwarder {
  readonly #parts: MasterForwarderParts
  #waiting = 0
  #waitingBytes = 0
  #isTold = false

  constructor(parts: MasterForwarderParts) {
    this.#parts = parts
  }

  /**
   * The handler for a master; on a replica the request goes to the master instead. `fallsBack`: a replica without a master
   * in reach serves it after all.
   */
  wrap(handler: RequestHandler, fallsBack = false): RequestHandler {
    return (request, channel) => {
      const master = this.#parts.master()
      if (master === 'self' || (fallsBack && master === undefined)) return handler(request, channel)
      return this.#pass(request, channel, handler, fallsBack)
    }
  }

  #pass(request: CommandView, channel: Channel, handler: RequestHandler, fallsBack: boolean): Response | undefined {
    const bytes = request.bodyLength
    if (this.#waiting >= WAITING_MAX || this.#waitingBytes + bytes > WAITING_MAX_BYTES) {
      return { code: ResponseCode.SYSTEM_BUSY, remark: `${this.#waiting} requests wait for the master already` }
    }
    const deadlineMs = this.#parts.clock.monotonic() + WAIT_MS
    const passed = { command: request.toCommand(), channel, handler, isOneway: request.isOneway, fallsBack, deadlineMs }
    this.#waiting++
    this.#waitingBytes += bytes
    this.#serve(passed).finally(() => {
      this.#waiting--
      this.#waitingBytes -= bytes
    })
    return undefined
  }

  /** Never rejects: what fails becomes the answer. */
  async #serve(passed: PassedRequest): Promise<void> {
    const { command, channel, isOneway } = passed
    let answer: Response | undefined
    try {
      answer = await this.#answer(passed)
    } catch (error) {
      answer = this.#failure(error, command.code)
    }
    if (answer !== undefined && !isOneway) channel.respond(command.opaque, command.serializeType, answer)
  }

  async #answer(passed: PassedRequest): Promise<Response | undefined> {
    const { command, channel, handler, fallsBack, deadlineMs } = passed
    if (command.fields[FORWARDED] !== undefined) {
      throw noMaster('this broker is not the master that another replica takes it for')
    }
    for (;;) {
      const master = await this.#masterUntil(deadlineMs)
      if (master === 'self') return handler(viewOfCommand(command), channel)
      try {
        return await this.#ask(master, passed)
      } catch (error) {
        if (!(error instanceof InvocationError) || error.reason !== 'connection') throw error
        if (fallsBack) return handler(viewOfCommand(command), channel)
        // It has just died: its successor will be known in a moment.
        if (this.#parts.clock.monotonic() + POLL_MS >= deadlineMs) throw error
        await this.#pause()
      }
    }
  }

  async #ask(master: string, { command, isOneway, deadlineMs }: PassedRequest): Promise<Response | undefined> {
    this.#tell(master)
    const { code, fields, body, serializeType } = command
    const request = { code, fields: { ...fields, [FORWARDED]: true }, body, serializeType }
    const leftMs = Math.max(1, deadlineMs - this.#parts.clock.monotonic())
    if (!isOneway) return this.#parts.invoke(master, request, leftMs)
    await this.#parts.sendOneway(master, request)
    return undefined
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(POLL_MS, resolve))
  }

  /** @throws RequestError when no master is known in time */
  async #masterUntil(deadlineMs: number): Promise<string> {
    const { clock, master } = this.#parts
    for (;;) {
      const known = master()
      if (known !== undefined) return known
      if (clock.monotonic() >= deadlineMs) throw noMaster('the broker group has no master at the moment')
      await this.#pause()
    }
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

const noMaster = (why: string) => new RequestError(ResponseCode.SERVICE_NOT_AVAILABLE, why)

/** The request as it would lie in a receive buffer. */
function viewOfCommand(command: RemotingCommand): CommandView {
  const bytes = Buffer.from(encodeCommand(command))
  const view = new CommandView()
  view.parse(bytes, viewOf(bytes), 0, bytes.length - 4)
  return view
}
