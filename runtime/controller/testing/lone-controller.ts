import { setImmediate } from 'node:timers/promises'
import { LoopNetwork } from '../../../test/sim/loop-network.ts'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { parseControllerConf } from '../../config/controller-conf.ts'
import { parsePeers } from '../../config/controller-peers.ts'
import { testEnv } from '../../config/test-env.ts'
import { createNetContext, type NetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { RemotingServer } from '../../net/remoting-server.ts'
import type { Logger } from '../../observe/logger.ts'
import { Controller } from '../controller.ts'
import { SingleConsensus } from './single-consensus.ts'

export interface Notice {
  readonly to: string
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A clock that can run on while its process does not: no timer fires. */
class StallingClock extends ManualClock {
  #stalledMs = 0

  stall(ms: number): void {
    this.#stalledMs += ms
  }

  override monotonic(): number {
    return super.monotonic() + this.#stalledMs
  }
}

/** A controller that agrees with itself, on a simulated network, disk and clock, and brokers played by the test. */
export class LoneController {
  readonly clock = new StallingClock()
  readonly disk = new SimDisk()
  readonly notices: Notice[] = []
  readonly lines: LogLine[] = []
  readonly controller: Controller
  consensus!: SingleConsensus
  /** Nothing is agreed on while it is. */
  isHeld = false
  readonly #network = new LoopNetwork()
  readonly #context: NetContext
  readonly #address: string
  readonly #clients = new Map<string, RemotingClient>()
  readonly #listeners = new Map<string, RemotingServer>()

  /** `conf`: further lines of controller.conf. */
  constructor(peers = 'n0-127.0.0.1:9878', conf = '') {
    const text = `controllerDLegerGroup=group1\ncontrollerDLegerPeers=${peers}\ncontrollerDLegerSelfId=n0\n${conf}`
    const parsed = parseControllerConf(text, 'controller.conf', testEnv)
    if (!parsed.ok) throw new Error(parsed.errors.join('; '))
    this.#context = createNetContext(this.clock, this.#network, this.#logger())
    this.#address = parsePeers(peers).peers.find(({ id }) => id === 'n0')!.address
    this.controller = new Controller({
      context: this.#context,
      disk: this.disk,
      conf: parsed.conf,
      env: testEnv,
      confFile: '/etc/controller.conf',
      join: (machine) => {
        this.consensus = new SingleConsensus(machine, parsePeers(peers).peers, 'n0')
        return this.consensus
      },
    })
  }

  async start(): Promise<void> {
    await this.controller.start()
    await this.settle()
  }

  /** Sends a request on the connection of this name and waits for the answer. */
  async ask(connection: string, request: RequestDraft): Promise<RemotingCommand> {
    let answer: RemotingCommand | undefined
    const asked = this.#client(connection)
      .invoke(this.#address, request, 5000)
      .then((response) => {
        answer = response
      })
    await this.settle()
    if (answer === undefined) await asked
    return answer!
  }

  async sendOneway(connection: string, request: RequestDraft): Promise<void> {
    void this.#client(connection).sendOneway(this.#address, request)
    await this.settle()
  }

  /** The connection of this name ends; the next request on it opens another. */
  async close(connection: string): Promise<void> {
    this.#clients.get(connection)?.close()
    this.#clients.delete(connection)
    await this.settle()
  }

  /** A broker listens at this address for notices. */
  async listen(address: string): Promise<void> {
    const server = new RemotingServer(this.#context, { idleTimeoutMs: 2 ** 31 })
    server.handle(RequestCode.NOTIFY_BROKER_ROLE_CHANGED, (request) => {
      this.notices.push({ to: address, fields: request.allFields(), body: request.body().toString() })
      return undefined
    })
    await server.listen({ host: '127.0.0.1', port: Number(address.split(':')[1]) })
    this.#listeners.set(address, server)
  }

  unlisten(address: string): void {
    this.#listeners.get(address)?.close()
    this.#listeners.delete(address)
  }

  /** Lets time pass in steps in which everything settles. */
  async advance(ms: number, stepMs = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed))
      await this.settle()
    }
  }

  /** Until nothing is under way any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      await setImmediate()
      this.clock.finishTurn()
      const isBusy = [!this.isHeld && this.consensus.settle(), this.#network.deliver()].some(Boolean)
      quiet = isBusy ? 0 : quiet + 1
    }
  }

  #client(connection: string): RemotingClient {
    const known = this.#clients.get(connection)
    if (known) return known
    const client = new RemotingClient(this.#context, { connectTimeoutMs: 1000 })
    this.#clients.set(connection, client)
    return client
  }

  #logger(): Logger {
    const keep =
      (level: LogLine['level']) =>
      (fields: object, message: string): void => {
        this.lines.push({ level, message, fields: fields as LogLine['fields'] })
      }
    return { debug() {}, info: keep('info'), warn: keep('warn'), error: keep('error') }
  }
}
