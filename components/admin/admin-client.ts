import { asObject } from '../../runtime/codec/json/json-fields.ts'
import type { JsonObject } from '../../runtime/codec/json/json-value.ts'
import { parseJsonBytes } from '../../runtime/codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import type { Network } from '../../runtime/io/network.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { parseAddress, RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'
import { currentToolAccess } from './tool-access.ts'

/** A node answered, but not with success. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  /** The ResponseCode of the answer. */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** What a node may take for an answer when it is asked how it is. */
const timeoutMsDefault = 3000

/** Speaks the admin protocol with live nodes, one connection each. Addresses are `host:port`. */
export class AdminClient {
  readonly #client: RemotingClient
  readonly #timeoutMs: number
  readonly #network: Network

  /** @throws Error when what the environment says of TLS, or of who this is, cannot be used */
  constructor(timeoutMs = timeoutMsDefault, given?: Network) {
    const access = currentToolAccess()
    access.check()
    const network = given ?? access.network
    this.#timeoutMs = timeoutMs
    this.#network = network
    const context = createNetContext(new RealClock(), network, silentLogger)
    this.#client = new RemotingClient(context, { connectTimeoutMs: timeoutMs, sign: access.sign })
  }

  /** @throws AdminError for an answer that is not success, InvocationError when there is none. */
  async ask(address: string, request: RequestDraft): Promise<RemotingCommand> {
    const response = await this.#client.invoke(address, request, this.#timeoutMs)
    if (response.code === ResponseCode.SUCCESS) return response
    throw new AdminError(
      response.code,
      `${address} answered request ${request.code} with ${response.code}: ${response.remark ?? 'no remark'}`,
    )
  }

  /** Opens and closes a connection. @throws Error when nobody takes it. */
  connect(address: string): Promise<void> {
    const buffer = new Uint8Array(1)
    return new Promise((resolve, reject) => {
      const ignore = { readBuffer: () => buffer, received: () => {}, drained: () => {} }
      this.#network.connect(parseAddress(address), this.#timeoutMs, {
        ...ignore,
        opened: (connection) => {
          connection.destroy()
          resolve()
        },
        closed: (error) => reject(error ?? new Error(`${address} closed the connection at once`)),
      })
    })
  }

  close(): void {
    this.#client.close()
  }
}

/** The body of an answer; an empty one counts as an empty object. */
export function bodyObject(response: RemotingCommand): JsonObject {
  return response.body === undefined ? {} : asObject(parseJsonBytes(response.body), 'body of the answer')
}
