import { AdminError } from '../../../components/admin/admin-client.ts'
import type { LiveCluster } from '../../../components/rollout/live-cluster.ts'
import type { RemotingCommand, RequestDraft } from '../../../runtime/codec/remoting/remoting-command.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import { createNetContext } from '../../../runtime/net/net-context.ts'
import { parseAddress, RemotingClient } from '../../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../../runtime/observe/logger.ts'
import type { Machine } from '../world/machine.ts'
import type { SimProcess } from '../world/sim-process.ts'

const TIMEOUT_MS = 5000

/** A process of the tool that rolls changes out. When it is killed nothing that it began goes on. */
export class Operator {
  readonly machine: Machine
  readonly #process: SimProcess
  readonly #client: RemotingClient

  constructor(machine: Machine) {
    this.machine = machine
    this.#process = machine.boot()
    const { clock, network } = this.#process
    this.#client = new RemotingClient(createNetContext(clock, network, silentLogger), { connectTimeoutMs: TIMEOUT_MS })
  }

  get isDead(): boolean {
    return this.#process.isDead
  }

  /** The cluster as this process reaches it. */
  reach(nameServers: readonly string[], controllers: readonly string[]): LiveCluster {
    const { clock } = this.#process
    const { trace } = this.machine.world
    return {
      asker: { ask: (address, request) => this.#ask(address, request), connect: (address) => this.#connect(address) },
      clock,
      name: 'c',
      nameServers,
      controllers,
      tell: (waitsFor) => trace.line(`rollout: waits: ${waitsFor}`),
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#process.clock.after(ms, resolve))
  }

  #connect(address: string): Promise<void> {
    const buffer = new Uint8Array(1)
    return new Promise((resolve, reject) => {
      this.#process.network.connect(parseAddress(address), TIMEOUT_MS, {
        ...{ readBuffer: () => buffer, received: () => undefined, drained: () => undefined },
        opened: (connection) => {
          connection.destroy()
          resolve()
        },
        closed: (error) => reject(error ?? new Error(`${address} closed the connection at once`)),
      })
    })
  }

  async #ask(address: string, request: RequestDraft): Promise<RemotingCommand> {
    const answer = await this.#client.invoke(address, request, TIMEOUT_MS)
    if (answer.code === ResponseCode.SUCCESS) return answer
    throw new AdminError(
      answer.code,
      `${address} answers request ${request.code} with ${answer.code}: ${answer.remark}`,
    )
  }
}
