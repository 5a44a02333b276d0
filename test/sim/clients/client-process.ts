import type { CommandView } from '../../../runtime/codec/remoting/command-view.ts'
import type { RemotingCommand, RequestDraft } from '../../../runtime/codec/remoting/remoting-command.ts'
import type { Channel } from '../../../runtime/net/channel.ts'
import { createNetContext } from '../../../runtime/net/net-context.ts'
import { RemotingClient } from '../../../runtime/net/remoting-client.ts'
import type { Machine } from '../world/machine.ts'
import type { World } from '../world/world.ts'

/** Official clients: 3 s. */
const CONNECT_TIMEOUT_MS = 3000

/** A process in which model clients run: the real protocol over the simulated network. It does not crash. */
export class ClientProcess {
  readonly world: World
  readonly machine: Machine
  readonly #client: RemotingClient
  /** What brokers ask of a client, by code. */
  readonly #handlers = new Map<number, (request: CommandView, channel: Channel) => void>()

  constructor(machine: Machine) {
    this.machine = machine
    this.world = machine.world
    const { clock, network } = machine.boot()
    // Its lines would say of every request that fails that it does.
    const silent = { debug() {}, info() {}, warn() {}, error() {} }
    this.#client = new RemotingClient(createNetContext(clock, network, silent), {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onRequest: (request, channel) => this.#handlers.get(request.code)?.(request, channel),
    })
  }

  onRequest(code: number, handler: (request: CommandView, channel: Channel) => void): void {
    this.#handlers.set(code, handler)
  }

  /** Nobody answers, and nobody knows whether it arrives. */
  tell(address: string, request: RequestDraft): void {
    this.begin(async () => {
      try {
        await this.#client.sendOneway(address, request)
      } catch (error) {
        if ((error as Error).name !== 'InvocationError') throw error
      }
    })
  }

  /** Undefined when there is no answer. */
  async ask(address: string, request: RequestDraft, timeoutMs: number): Promise<RemotingCommand | undefined> {
    try {
      return await this.#client.invoke(address, request, timeoutMs)
    } catch (error) {
      if ((error as Error).name !== 'InvocationError') throw error
      return undefined
    }
  }

  after(ms: number, run: () => void): void {
    this.machine.process!.clock.after(ms, run)
  }

  /** Something that goes on by itself; that it fails is the end of the simulation. */
  begin(work: () => Promise<void>): void {
    work().catch((error) => this.world.fail(error))
  }
}
