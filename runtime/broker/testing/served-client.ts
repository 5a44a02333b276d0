import type { RemotingCommand, RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { createNetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { silentLogger } from '../../observe/logger.ts'
import type { WholeBroker } from './whole-broker.ts'

/** A client with a connection of its own to a whole broker, which answers what the broker asks of it. */
export class ServedClient {
  /** What the broker sent, oldest first. */
  readonly pushed: RemotingCommand[] = []
  /** Undefined: no answer. */
  answer: (request: RemotingCommand) => Response | undefined = () => undefined
  readonly #whole: WholeBroker
  readonly #clientId: string
  readonly #client: RemotingClient

  constructor(whole: WholeBroker, clientId: string) {
    this.#whole = whole
    this.#clientId = clientId
    const context = createNetContext(whole.clock, whole.network, silentLogger)
    this.#client = new RemotingClient(context, {
      connectTimeoutMs: 1000,
      onRequest: (request, channel) => {
        const command = request.toCommand()
        this.pushed.push(command)
        const answer = this.answer(command)
        if (answer !== undefined) channel.respond(command.opaque, command.serializeType, answer)
      },
    })
  }

  /** Becomes a member of producer groups. */
  async produceFor(...groups: string[]): Promise<void> {
    const producerDataSet = groups.map((groupName) => ({ groupName }))
    const body = JSON.stringify({ clientID: this.#clientId, consumerDataSet: [], producerDataSet })
    await this.ask(RequestCode.HEART_BEAT, { body: Buffer.from(body) })
  }

  async ask(code: number, request: Omit<RequestDraft, 'code'> = {}): Promise<RemotingCommand> {
    const answer = this.#client.invoke(this.#whole.address, { code, ...request }, 600_000)
    let isSettled = false
    const done = () => {
      isSettled = true
    }
    answer.then(done, done)
    await this.#whole.settle()
    if (!isSettled) throw new Error(`request ${code} is not answered at once`)
    return answer
  }

  async sendOneway(code: number, request: Omit<RequestDraft, 'code'> = {}): Promise<void> {
    await this.#client.sendOneway(this.#whole.address, { code, ...request })
    await this.#whole.settle()
  }

  /** The connection ends. */
  async leave(): Promise<void> {
    this.#client.close()
    await this.#whole.settle()
  }
}
