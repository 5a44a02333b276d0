import type { Credentials } from '../../auth/remoting/signed-content.ts'
import { signer } from '../../auth/remoting/signed-content.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { RemotingCommand, RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { NetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import type { BrokerTarget } from '../brokers/route-view.ts'

const CONNECT_TIMEOUT_MS = 3000
const HEARTBEAT_TIMEOUT_MS = 3000
/** A client sends the same heartbeat once for each broker of its routes, and all of them come to the proxy. */
const SAME_AGAIN_MS = 5000

export interface LinkParts {
  readonly context: NetContext
  /** In whose name the proxy asks; undefined: the client's own signature is handed on. */
  readonly credentials: Credentials | undefined
  /** What a broker asks or tells the client; `brokerName`: where it is known. */
  readonly onAsked: (request: CommandView, from: Channel, brokerName: string | undefined) => void
}

/**
 * What one client of the proxy is to the brokers: connections that carry its requests and nobody else's. So
 * brokers know it as if it had connected itself: they list it among the consumers of its groups, ask it about its
 * transactions, tell it when others come and go, and see at once that it is gone. Two proxies need not tell one another.
 */
export class ClientLink {
  readonly #parts: LinkParts
  readonly #brokers: RemotingClient
  readonly #names = new Map<string, string>()
  /** The last heartbeat, and when each broker was told it over the connection that is open now. */
  #heartbeat: RequestDraft | undefined
  readonly #told = new Map<string, number>()
  /** Brokers that know the client. */
  readonly #linked = new Set<string>()

  constructor(parts: LinkParts) {
    this.#parts = parts
    this.#brokers = new RemotingClient(parts.context, {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      sign: signer(parts.credentials),
      onRequest: (request, from) => parts.onAsked(request, from, this.#names.get(String(from.attachment))),
      onClosed: (_, address) => {
        this.#told.delete(address)
        this.#linked.delete(address)
      },
    })
  }

  /** @throws InvocationError */
  async invoke({ brokerName, address }: BrokerTarget, request: RequestDraft, timeoutMs: number): Promise<Response> {
    await this.#introduce(address)
    this.#names.set(address, brokerName)
    return responseOf(await this.#brokers.invoke(address, request, timeoutMs))
  }

  async sendOneway({ brokerName, address }: BrokerTarget, request: RequestDraft): Promise<void> {
    await this.#introduce(address)
    this.#names.set(address, brokerName)
    await this.#brokers.sendOneway(address, request)
  }

  /** Tells the brokers that the client is there. The first refusal, or success when one of them has taken it. */
  async heartbeat(request: RequestDraft, brokers: readonly BrokerTarget[]): Promise<Response> {
    const isSame = this.#heartbeat !== undefined && sameBody(this.#heartbeat, request)
    this.#heartbeat = request
    if (!isSame) this.#told.clear()
    const answers = await Promise.allSettled(brokers.map((broker) => this.#tell(broker)))
    const given = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const refusal = given.find(({ code }) => code !== ResponseCode.SUCCESS)
    if (refusal !== undefined) return refusal
    if (given.length > 0 || brokers.length === 0) return { code: ResponseCode.SUCCESS }
    throw (answers[0] as PromiseRejectedResult).reason
  }

  /** The client leaves a group: brokers that it never spoke to need not know. Other groups of it are in its next heartbeat. */
  async unregister(request: RequestDraft): Promise<Response> {
    this.#heartbeat = undefined
    this.#told.clear()
    const leaving = [...this.#linked].map((address) => this.#brokers.invoke(address, request, HEARTBEAT_TIMEOUT_MS))
    const answers = await Promise.allSettled(leaving)
    const refusal = answers.find(
      (answer) => answer.status === 'fulfilled' && answer.value.code !== ResponseCode.SUCCESS,
    )
    return refusal?.status === 'fulfilled' ? responseOf(refusal.value) : { code: ResponseCode.SUCCESS }
  }

  close(): void {
    this.#brokers.close()
  }

  /** A broker that is asked for the first time, or again after its connection was lost, hears who asks. */
  async #introduce(address: string): Promise<void> {
    if (this.#heartbeat === undefined || this.#told.has(address)) return
    await this.#tell({ brokerName: '', address })
  }

  async #tell({ brokerName, address }: BrokerTarget): Promise<Response> {
    if (brokerName !== '') this.#names.set(address, brokerName)
    const now = this.#parts.context.clock.monotonic()
    const told = this.#told.get(address)
    if (told !== undefined && now - told < SAME_AGAIN_MS) return { code: ResponseCode.SUCCESS }
    this.#told.set(address, now)
    this.#linked.add(address)
    try {
      const answer = await this.#brokers.invoke(address, this.#heartbeat!, HEARTBEAT_TIMEOUT_MS)
      // What else a broker says of heartbeats (that it takes shorter ones) holds between it and its clients alone.
      if (answer.code === ResponseCode.SUCCESS) return { code: ResponseCode.SUCCESS }
      this.#told.delete(address)
      return responseOf(answer)
    } catch (error) {
      this.#told.delete(address)
      throw error
    }
  }
}

export function responseOf({ code, remark, fields, body }: RemotingCommand): Response {
  return { code, remark, fields, body }
}

function sameBody(a: RequestDraft, b: RequestDraft): boolean {
  return Buffer.compare(a.body ?? NOTHING, b.body ?? NOTHING) === 0
}

const NOTHING = Buffer.alloc(0)
