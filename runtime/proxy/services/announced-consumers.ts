import type { Credentials } from '../../auth/remoting/signed-content.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { NetContext } from '../../net/net-context.ts'
import type { Brokers } from '../remoting/brokers.ts'
import { ClientLink } from '../remoting/client-link.ts'
import type { KnownClient } from './client-table.ts'
import { consumerHeartbeat } from './consumer-heartbeat.ts'
import type { OperatorQuestions } from './operator-questions.ts'

export interface AnnouncedConsumersParts {
  /** Of the connections to brokers. */
  readonly context: NetContext
  readonly brokers: Brokers
  readonly credentials: Credentials | undefined
  readonly questions: OperatorQuestions
}

interface Announced {
  readonly client: KnownClient
  readonly link: ClientLink
  heartbeat: RequestDraft
}

/**
 * Makes consumers of gRPC known to brokers, over connections of each consumer: brokers list them, whatever proxy they
 * are on, and put to them what operators ask. Consuming does not depend on it: what fails is told again with the next
 * heartbeat of the client.
 */
export class AnnouncedConsumers {
  readonly #parts: AnnouncedConsumersParts
  readonly #announced = new Map<string, Announced>()

  constructor(parts: AnnouncedConsumersParts) {
    this.#parts = parts
  }

  /** A client has introduced itself, or has other settings than before. */
  announce(client: KnownClient): void {
    if (client.group === undefined) return
    const heartbeat = consumerHeartbeat(client.id, client.group, client.settings)
    const known = this.#announced.get(client.id)
    if (known?.client === client) known.heartbeat = heartbeat
    else {
      known?.link.close()
      this.#announced.set(client.id, { client, link: this.#link(client), heartbeat })
    }
    this.renew(client)
  }

  /** The client is still there. */
  renew(client: KnownClient): void {
    const known = this.#announced.get(client.id)
    if (known?.client === client) void this.#tell(known)
  }

  /** The client is gone: brokers see its connections end. */
  withdraw(client: KnownClient): void {
    const known = this.#announced.get(client.id)
    if (known?.client !== client) return
    this.#announced.delete(client.id)
    known.link.close()
  }

  close(): void {
    for (const { link } of this.#announced.values()) link.close()
    this.#announced.clear()
  }

  /** Never rejects. */
  async #tell({ client, link, heartbeat }: Announced): Promise<void> {
    try {
      const { code, remark } = await link.heartbeat(heartbeat, await this.#parts.brokers.all())
      if (code !== ResponseCode.SUCCESS) throw new Error(`code ${code}: ${remark}`)
    } catch (error) {
      const fields = { client: client.id, group: client.group, error: String(error) }
      this.#parts.context.logger.warn(fields, 'not all brokers were told of a consumer')
    }
  }

  #link(client: KnownClient): ClientLink {
    const { context, credentials } = this.#parts
    return new ClientLink({ context, credentials, onAsked: (request, from) => this.#asked(client, request, from) })
  }

  #asked(client: KnownClient, request: CommandView, from: Channel): void {
    // What brokers only tell (others have come, offsets were set) consumers that pop need not know.
    if (request.isOneway) return
    const { opaque, serializeType, code } = request
    this.#parts.questions.answer(client, request.toCommand()).then(
      (answer) => from.respond(opaque, serializeType, answer),
      (error: unknown) => {
        const remark = `${requestCodeName(code)}: ${error instanceof Error ? error.message : String(error)}`
        from.respond(opaque, serializeType, { code: ResponseCode.SYSTEM_ERROR, remark })
      },
    )
  }
}
