import { innerCredentials } from '../auth/inner-credentials.ts'
import { signer } from '../auth/remoting/signed-content.ts'
import type { ConfEnv } from '../config/conf-key.ts'
import { type LiveNamesrvConf, liveNamesrvConf, type NamesrvConf } from '../config/namesrv-conf.ts'
import type { Timer } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'
import type { Address } from '../io/network.ts'
import type { Channel } from '../net/channel.ts'
import type { NetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { RemotingServer } from '../net/remoting-server.ts'
import { BrokerDepartures } from './broker-departures.ts'
import { brokerLiveness } from './handlers/broker-liveness.ts'
import { clusterInfo } from './handlers/cluster-info.ts'
import { config } from './handlers/config.ts'
import { kvConfig } from './handlers/kv-config.ts'
import { registerBroker } from './handlers/register-broker.ts'
import type { Handlers, Services } from './handlers/services.ts'
import { topicLists } from './handlers/topic-lists.ts'
import { topicRoute } from './handlers/topic-route.ts'
import { topics } from './handlers/topics.ts'
import { unregisterBroker } from './handlers/unregister-broker.ts'
import { writePerm } from './handlers/write-perm.ts'
import { KvConfig } from './kv-config.ts'
import { MinBrokerIdNotifier } from './min-broker-id-notifier.ts'
import { RouteCache } from './route-cache.ts'
import { type MinBrokerIdChange, RouteTable } from './route-table/route-table.ts'

export interface NameServerOptions {
  readonly context: NetContext
  readonly disk: Disk
  readonly conf: NamesrvConf
  readonly env: ConfEnv
}

/** A name server: brokers register with it, clients ask it where topics are. It shares nothing with other name servers. */
export class NameServer {
  readonly table: RouteTable
  readonly #context: NetContext
  readonly #live: LiveNamesrvConf
  readonly #kv: KvConfig
  readonly #server: RemotingServer
  readonly #client: RemotingClient
  readonly #notifier: MinBrokerIdNotifier
  readonly #departures: BrokerDepartures
  #scan: Timer | undefined

  constructor({ context, disk, conf, env }: NameServerOptions) {
    const routes = new RouteCache()
    this.#context = context
    this.table = new RouteTable(routes)
    this.#live = liveNamesrvConf({ conf, env, disk, onChanged: () => routes.clear() })
    this.#kv = new KvConfig(disk, conf.kvConfigPath)
    const { connectTimeoutMillis: connectTimeoutMs, innerClientAuthenticationCredentials } = conf
    const sign = signer(innerCredentials(innerClientAuthenticationCredentials))
    this.#client = new RemotingClient(context, { connectTimeoutMs, sign })
    this.#notifier = new MinBrokerIdNotifier(this.#client, context.logger)
    this.#departures = new BrokerDepartures(this.table, context.turn, context.logger, {
      capacity: conf.unRegisterBrokerQueueCapacity,
      onMinBrokerIdChange: (change) => this.#notify(change),
    })
    this.#server = new RemotingServer(context, {
      idleTimeoutMs: conf.serverChannelMaxIdleTimeSeconds * 1000,
      onClosed: (channel, error) => this.#closed(channel, error),
    })
    this.#serve({
      clock: context.clock,
      logger: context.logger,
      live: this.#live,
      table: this.table,
      routes,
      kv: this.#kv,
      departures: this.#departures,
      notifier: this.#notifier,
    })
  }

  /** Listens. Rejects when the port cannot be had or the key-value configuration cannot be read. */
  async start(): Promise<Address> {
    const damage = this.#kv.load()
    if (damage !== undefined) this.#context.logger.error({ damage }, 'key-value configuration restored')
    const { bindAddress, listenPort, scanNotActiveBrokerInterval } = this.#live.conf
    const address = await this.#server.listen({ host: bindAddress, port: listenPort })
    this.#scan = this.#context.clock.every(scanNotActiveBrokerInterval, () => this.#expire())
    return address
  }

  stop(): void {
    this.#scan?.cancel()
    this.#server.close()
    this.#client.close()
  }

  #serve(services: Services): void {
    const families: readonly Handlers[] = [
      registerBroker(services),
      unregisterBroker(services),
      brokerLiveness(services),
      topicRoute(services),
      clusterInfo(services),
      topics(services),
      topicLists(services),
      writePerm(services),
      kvConfig(services),
      config(services),
    ]
    for (const family of families) for (const [code, handler] of family) this.#server.handle(code, handler)
  }

  #closed(channel: Channel, error: Error | undefined): void {
    this.#departures.lost(this.table.brokersOf(channel), error?.message ?? 'it closed its connection')
  }

  #expire(): void {
    const { requests, connections } = this.table.expired(this.#context.clock.monotonic())
    this.#departures.lost(requests, 'it was silent for too long')
    for (const connection of connections)
      (connection as Channel).destroy(new Error('its broker was silent for too long'))
  }

  #notify(change: MinBrokerIdChange): void {
    if (this.#live.conf.notifyMinBrokerIdChanged) this.#notifier.notify(change)
  }
}
