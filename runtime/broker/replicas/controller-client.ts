import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode, requestCodeName } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import type { Logger } from '../../observe/logger.ts'

/** The leader answered, but not with success. */
export class ControllerRefusal extends Error {
  override readonly name = 'ControllerRefusal'
  readonly code: number
  readonly answer: RemotingCommand
  /** Whether this is what came of the request: an attempt before, to another leader, may yet come to something. */
  readonly isFirstAnswer: boolean

  constructor(request: number, address: string, answer: RemotingCommand, isFirstAnswer = true) {
    super(
      `controller ${address} answers ${requestCodeName(request)} with ${responseCodeName(answer.code)}: ${answer.remark ?? ''}`,
    )
    this.code = answer.code
    this.answer = answer
    this.isFirstAnswer = isFirstAnswer
  }
}

/** None of the addresses is a controller that knows a leader. */
export class NoControllerError extends Error {
  override readonly name = 'NoControllerError'
}

export interface ControllerClientParts {
  /** controllerAddr: `host:port` each; it may change. */
  readonly addresses: () => readonly string[]
  /** Sends a request and gives its answer; rejects when there is none. */
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
  readonly logger: Logger
}

/** As official brokers wait for a controller. */
const REQUEST_TIMEOUT_MS = 3_000
/** Finding the leader asks all controllers at once; one that does not answer must not hold the others up. */
const METADATA_TIMEOUT_MS = 1_000
/** The leader that was found may have been told from memory by a follower that has not noticed its death yet. */
const ATTEMPTS = 3

/** Asks the leader of the controllers, and finds it when it is another one than last time. */
export class ControllerClient {
  readonly #parts: ControllerClientParts
  #leader = ''

  constructor(parts: ControllerClientParts) {
    this.#parts = parts
  }

  /** `host:port` of the leader last found; '' while none is known. */
  get leader(): string {
    return this.#leader
  }

  /**
   * @throws ControllerRefusal for an answer that is no success; NoControllerError or another Error when no leader answers
   */
  async ask(request: RequestDraft): Promise<RemotingCommand> {
    let problem: unknown
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const leader = this.#leader || (await this.#findLeader())
      try {
        const answer = await this.#parts.invoke(leader, request, REQUEST_TIMEOUT_MS)
        if (answer.code === ResponseCode.SUCCESS) return answer
        problem = new ControllerRefusal(request.code, leader, answer, attempt === 0)
        if (answer.code !== ResponseCode.CONTROLLER_NOT_LEADER) throw problem
      } catch (error) {
        if (error instanceof ControllerRefusal && error.code !== ResponseCode.CONTROLLER_NOT_LEADER) throw error
        problem = error
      }
      this.#forget(leader)
    }
    throw problem
  }

  /** The connection to an address is gone: if it was the leader's, another one may lead now. */
  connectionLost(address: string): void {
    this.#forget(address)
  }

  #forget(address: string): void {
    if (this.#leader === address) this.#leader = ''
  }

  /** Asks every controller; the first that knows a leader is believed. @throws NoControllerError when none does */
  async #findLeader(): Promise<string> {
    const addresses = this.#parts.addresses()
    const found = addresses.map((address) => this.#leaderKnownBy(address))
    try {
      this.#leader = await Promise.any(found)
      return this.#leader
    } catch (error) {
      const reasons = (error as AggregateError).errors.map((reason) => (reason as Error).message)
      throw new NoControllerError(`no leader is known to the controllers ${addresses.join(';')}: ${reasons.join('; ')}`)
    }
  }

  async #leaderKnownBy(address: string): Promise<string> {
    const request = { code: RequestCode.CONTROLLER_GET_METADATA_INFO }
    const answer = await this.#parts.invoke(address, request, METADATA_TIMEOUT_MS)
    if (answer.code !== ResponseCode.SUCCESS) throw new ControllerRefusal(request.code, address, answer)
    const { controllerLeaderAddress, isLeader } = answer.fields
    // Who leads is reached where it was asked: what it calls itself may not be an address from here.
    if (isLeader === 'true') return address
    if (!controllerLeaderAddress) throw new Error(`${address} knows no leader`)
    return controllerLeaderAddress
  }
}
