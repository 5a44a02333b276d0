import { innerCredentials } from '../auth/inner-credentials.ts'
import { signer } from '../auth/remoting/signed-content.ts'
import type { ConfEnv } from '../config/conf-key.ts'
import {
  type ControllerConf,
  type LiveControllerConf,
  liveControllerConf,
  portOfSelf,
} from '../config/controller-conf.ts'
import type { Timer } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'
import type { Address } from '../io/network.ts'
import type { Channel } from '../net/channel.ts'
import type { NetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { RemotingServer } from '../net/remoting-server.ts'
import type { Consensus, StateMachine } from '../raft/consensus.ts'
import { Elections } from './elections/elections.ts'
import { HandOver } from './hand-over.ts'
import { Agreement } from './handlers/agreement.ts'
import { brokerIds } from './handlers/broker-ids.ts'
import { cleaning } from './handlers/cleaning.ts'
import { config } from './handlers/config.ts'
import { heartbeat } from './handlers/heartbeat.ts'
import { masters } from './handlers/masters.ts'
import { members } from './handlers/members.ts'
import { metadata } from './handlers/metadata.ts'
import { registerBroker } from './handlers/register-broker.ts'
import type { Handlers, Services } from './handlers/services.ts'
import { syncStateSets } from './handlers/sync-state-sets.ts'
import { LiveTable } from './liveness/live-table.ts'
import { TICK_MS } from './liveness/uptime.ts'
import { RoleNotifier } from './role-notifier.ts'
import { ControllerState } from './state/controller-state.ts'

/** A member of a consensus group with its life. */
export interface ConsensusMember extends Consensus {
  /** Rejects when what it has stored cannot be used. */
  start(): Promise<void>
  /** Gives leadership away first, if there is somebody to take it. */
  stop(): Promise<void>
}

export interface ControllerOptions {
  readonly context: NetContext
  readonly disk: Disk
  readonly conf: ControllerConf
  readonly env: ConfEnv
  /** Where configuration changes are saved. */
  readonly confFile: string
  /** The group of controllers, which replicates `machine` and talks to the other members through `server`. */
  readonly join: (machine: StateMachine, server: RemotingServer) => ConsensusMember
}

/** A controller: it and its peers agree on who is master of which broker group. */
export class Controller {
  readonly state: ControllerState
  readonly #context: NetContext
  readonly #settings: LiveControllerConf
  readonly #live: LiveTable
  readonly #server: RemotingServer
  readonly #client: RemotingClient
  /** For questions that wait for an answer: notices end their connection as soon as they have left. */
  readonly #asking: RemotingClient
  readonly #consensus: ConsensusMember
  readonly #elections: Elections
  #tick: Timer | undefined

  constructor({ context, disk, conf, env, confFile, join }: ControllerOptions) {
    const { clock, logger } = context
    this.#context = context
    this.#settings = liveControllerConf({ conf, env, disk, file: confFile })
    this.#live = new LiveTable(clock.monotonic())
    this.state = new ControllerState((brokerName, group) => this.#live.keep(brokerName, group))
    const { connectTimeoutMillis: connectTimeoutMs, innerClientAuthenticationCredentials } = conf
    const sign = signer(innerCredentials(innerClientAuthenticationCredentials))
    this.#client = new RemotingClient(context, { connectTimeoutMs, sign })
    this.#asking = new RemotingClient(context, { connectTimeoutMs, sign })
    this.#server = new RemotingServer(context, {
      idleTimeoutMs: conf.serverChannelMaxIdleTimeSeconds * 1000,
      onClosed: (channel, error) => this.#closed(channel, error),
    })
    this.#consensus = join(this.state, this.#server)
    const notifier = new RoleNotifier(this.#client, this.#live, logger)
    const shared = { consensus: this.#consensus, state: this.state, live: this.#live, notifier, logger }
    this.#elections = new Elections({ ...shared, settings: this.#settings, clock })
    this.#serve({
      ...shared,
      settings: this.#settings,
      agreement: new Agreement(this.#consensus),
      elections: this.#elections,
      handOver: new HandOver(this.#asking, logger),
    })
  }

  /** Joins its peers and listens at its own address among them. Rejects when the port or the stored log cannot be had. */
  async start(): Promise<Address> {
    const { clock } = this.#context
    this.#consensus.onLeaderChange((leaderId, term) => this.#leaderChanged(leaderId, term))
    const address = await this.#server.listen(this.#ownAddress())
    await this.#consensus.start()
    this.#elections.start()
    this.#tick = clock.every(TICK_MS, () => this.#look())
    return address
  }

  async stop(): Promise<void> {
    this.#tick?.cancel()
    this.#elections.stop()
    await this.#consensus.stop()
    this.#server.close()
    this.#client.close()
    this.#asking.close()
  }

  #serve(services: Services): void {
    const families: readonly Handlers[] = [
      heartbeat(services),
      brokerIds(services),
      registerBroker(services),
      syncStateSets(services),
      masters(services),
      cleaning(services),
      metadata(services),
      members(services),
      config(services),
    ]
    for (const family of families) for (const [code, handler] of family) this.#server.handle(code, handler)
  }

  /** Peers are named by what others reach them at; on which address of the machine that is does not matter here. */
  #ownAddress(): Address {
    const { controllerDLegerPeers, controllerDLegerSelfId, bindAddress } = this.#settings.conf
    return { host: bindAddress, port: portOfSelf(controllerDLegerPeers, controllerDLegerSelfId) }
  }

  #leaderChanged(leaderId: string | undefined, term: number): void {
    const { selfId } = this.#consensus
    this.#context.logger.info(
      { selfId, leaderId, term, brokersAlive: this.#live.aliveCount },
      'leader of the controllers',
    )
    if (leaderId === selfId) this.#elections.led()
  }

  #closed(channel: Channel, error: Error | undefined): void {
    const reason = error?.message ?? 'its connection was closed'
    for (const broker of this.#live.closed(channel)) this.#elections.gone(broker, reason)
  }

  #look(): void {
    for (const broker of this.#live.tick(this.#context.clock.monotonic())) {
      this.#elections.gone(broker, `silent for ${broker.timeoutMs} ms`)
    }
    if (this.#live.isGraceEnding) this.#elections.scan('not heard of within the time of grace')
  }
}
