import { innerCredentials } from '../../auth/inner-credentials.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { type RemotingCommand, viewOfCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Timer } from '../../io/clock.ts'
import type { Address } from '../../io/network.ts'
import type { Channel } from '../../net/channel.ts'
import type { NetContext } from '../../net/net-context.ts'
import { RemotingClient } from '../../net/remoting-client.ts'
import { type HandlerResult, RemotingServer, type RequestHandler } from '../../net/remoting-server.ts'
import { ControllerClient } from '../replicas/controller-client.ts'
import { MasterForwarder, type MasterSource } from '../replicas/master-forwarder.ts'
import { MASTERS_ONLY } from '../replicas/master-requests.ts'
import { readGroupRole } from '../replicas/role-answers.ts'

/** Keys of broker.conf that the door goes by. */
export interface DoorConf {
  readonly brokerName: string
  readonly bindAddress: string
  readonly listenPort: number
  readonly brokerIP1: string
  readonly controllerAddr: readonly string[]
  readonly connectTimeoutMillis: number
  readonly serverChannelMaxIdleTimeSeconds: number
  readonly innerClientAuthenticationCredentials: string | undefined
}

/** The fast port is this much below listenPort. */
const FAST_PORT_GAP = 2
/** Controllers are asked so often who is master: the broker that starts here may have been it a moment ago. */
const ASK_EVERY_MS = 20
/** Requests that wait for the broker itself. One more is answered SYSTEM_BUSY. */
const HELD_MAX = 1_000
const HELD_MAX_BYTES = 16 * 1024 * 1024

/** Clients whose broker has died try again at once: one that has not come by then is not about to. */
const HEAD_START_MS = 100
const HEAD_START_MAX_MS = 1_000
const LOOK_EVERY_MS = 2

interface HeldRequest {
  readonly command: RemotingCommand
  readonly channel: Channel
}

/**
 * What clients meet while a broker of controller mode starts: opened before the rest of the broker is loaded and its log
 * recovered. What only a master may serve goes to the master of the moment, everything else waits. So clients that know no
 * other address than that of a broker which has just been killed can go on as soon as its process is back.
 */
export class Door {
  readonly context: NetContext
  readonly server: RemotingServer
  /** Set by the broker: told after a connection is gone. */
  onClosed: ((channel: Channel) => void) | undefined
  readonly #conf: DoorConf
  readonly #client: RemotingClient
  readonly #controllers: ControllerClient
  readonly #forwarder: MasterForwarder
  readonly #forward: RequestHandler
  readonly #held: HeldRequest[] = []
  #heldBytes = 0
  #source: MasterSource
  #master: string | undefined
  #timer: Timer | undefined
  #isAsking = false
  #isOpen = false

  private constructor(conf: DoorConf, context: NetContext) {
    this.#conf = conf
    this.context = context
    this.server = new RemotingServer(context, {
      idleTimeoutMs: conf.serverChannelMaxIdleTimeSeconds * 1000,
      onClosed: (channel) => this.onClosed?.(channel),
    })
    this.server.handleOthers((request, channel) => this.#receive(request, channel))
    const { clock, logger } = context
    this.#client = new RemotingClient(context, { connectTimeoutMs: conf.connectTimeoutMillis })
    const invoke = this.#client.invoke.bind(this.#client)
    const sendOneway = this.#client.sendOneway.bind(this.#client)
    this.#controllers = new ControllerClient({ addresses: () => conf.controllerAddr, invoke, logger })
    this.#source = { master: () => this.#master, isHandingOver: () => true }
    const source = { master: () => this.#source.master(), isHandingOver: () => this.#source.isHandingOver() }
    const credentials = innerCredentials(conf.innerClientAuthenticationCredentials)
    this.#forwarder = new MasterForwarder({ source, invoke, sendOneway, credentials, clock, logger })
    // Served here after all: this broker was elected.
    this.#forward = this.#forwarder.wrap((request, channel) => {
      this.server.onRequest(request, channel)
      return undefined
    })
  }

  /** Listens. Rejects when a port cannot be had. */
  static async open(conf: DoorConf, context: NetContext): Promise<Door> {
    const door = new Door(conf, context)
    await door.#listen()
    return door
  }

  get address(): Address {
    return { host: this.#conf.bindAddress, port: this.#conf.listenPort }
  }

  /**
   * Resolves when what clients sent first has been passed on, or none has come: whatever keeps the event loop busy, as
   * loading the rest of the broker does, had better begin after that.
   */
  headStart(): Promise<void> {
    const { clock } = this.context
    const openedMs = clock.monotonic()
    return new Promise((resolve) => {
      const timer = clock.every(LOOK_EVERY_MS, () => {
        const passedMs = clock.monotonic() - openedMs
        const isQuiet = this.#forwarder.count === 0 && (passedMs >= HEAD_START_MS || this.#forwarder.hasPassed)
        if (!isQuiet && passedMs < HEAD_START_MAX_MS) return
        timer.cancel()
        resolve()
      })
    })
  }

  /** The broker has registered its handlers and runs: what waited is served by it; it knows who is master. */
  admit(source: MasterSource): void {
    this.#isOpen = true
    this.#source = source
    this.#timer?.cancel()
    this.#forwarder.wake()
    for (const { command, channel } of this.#held.splice(0)) this.server.onRequest(viewOfCommand(command), channel)
    this.#heldBytes = 0
  }

  close(): void {
    this.#timer?.cancel()
    this.#client.close()
    this.server.close()
  }

  async #listen(): Promise<void> {
    const { bindAddress: host, listenPort } = this.#conf
    await this.server.listen({ host, port: listenPort })
    if (listenPort > FAST_PORT_GAP) await this.server.listen({ host, port: listenPort - FAST_PORT_GAP })
    this.#timer = this.context.clock.every(ASK_EVERY_MS, () => void this.#askForMaster())
    void this.#askForMaster()
  }

  #receive(request: CommandView, channel: Channel): HandlerResult {
    const { code } = request
    // The broker knows this code no more than the door does.
    if (this.#isOpen)
      return { code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark: ` request type ${code} not supported` }
    if (MASTERS_ONLY.has(code)) return this.#forward(request, channel)
    const bytes = request.bodyLength
    if (this.#held.length >= HELD_MAX || this.#heldBytes + bytes > HELD_MAX_BYTES) {
      return { code: ResponseCode.SYSTEM_BUSY, remark: 'this broker is starting' }
    }
    this.#heldBytes += bytes
    this.#held.push({ command: request.toCommand(), channel })
    return undefined
  }

  async #askForMaster(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      const fields = { brokerName: this.#conf.brokerName }
      const answer = await this.#controllers.ask({ code: RequestCode.CONTROLLER_GET_REPLICA_INFO, fields })
      const { masterBrokerId, masterAddress } = readGroupRole(answer)
      // This broker: its former life, whose end the controllers have not noticed yet.
      const isUseless =
        masterBrokerId === undefined || masterAddress === `${this.#conf.brokerIP1}:${this.#conf.listenPort}`
      this.#master = isUseless ? undefined : masterAddress
      if (!this.#isOpen) this.#forwarder.wake()
    } catch (error) {
      this.context.logger.debug({ err: error }, 'the controllers do not say who is master')
    } finally {
      this.#isAsking = false
    }
  }
}
