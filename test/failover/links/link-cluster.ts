import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { waitUntil } from '../../compat/server.ts'
import { groupState, leadingController, openClient, whatIsMissingIn } from '../group-state.ts'
import type { Host, HostNetwork } from './host-network.ts'

const BIN = join(import.meta.dirname, '../../../runtime/bin')
const WHOLE_WITHIN_MS = 90_000
const STOP_WITHIN_MS = 10_000
const NAME_SERVER_PORT = 9876
const CONTROLLER_PORT = 9878
const BROKER_PORT = 10_911

export const GROUP = 'broker-a'
/** Of master and controllers towards each other: silence that long is death. */
export const HEARTBEAT_TIMEOUT_MS = 2_000
/** A replica that lags for longer leaves the SyncStateSet. */
export const LAG_MAX_MS = 2_000

type Conf = Readonly<Record<string, string | number | boolean>>

/** NameServers with controllers, and the replicas of one group, each on a host of its own. */
export class LinkCluster {
  readonly network: HostNetwork
  readonly controlHosts: readonly Host[]
  readonly brokerHosts: readonly Host[]
  readonly client = openClient()
  readonly #dir: string
  readonly #running: ChildProcess[] = []

  private constructor(network: HostNetwork, dir: string) {
    this.network = network
    this.#dir = dir
    this.controlHosts = network.hosts.filter(({ name }) => name.startsWith('n'))
    this.brokerHosts = network.hosts.filter(({ name }) => name.startsWith('b'))
  }

  /** `network`: hosts n0, n1, ... for NameServers with controllers and b0, b1, ... for brokers. */
  static async start(network: HostNetwork, dir: string): Promise<LinkCluster> {
    const cluster = new LinkCluster(network, dir)
    try {
      for (const host of cluster.controlHosts) cluster.#start(host, 'mqnamesrv', cluster.#nameServerConf(host))
      for (const host of cluster.brokerHosts) cluster.#start(host, 'mqbroker', cluster.#brokerConf(host))
      await cluster.awaitWhole()
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  get nameServers(): readonly string[] {
    return this.controlHosts.map(({ address }) => `${address}:${NAME_SERVER_PORT}`)
  }

  get controllers(): readonly string[] {
    return this.controlHosts.map(controllerOf)
  }

  #start(host: Host, program: string, conf: Conf): void {
    const home = join(this.#dir, host.name)
    mkdirSync(home, { recursive: true })
    const file = join(home, `${program}.conf`)
    const lines = Object.entries(conf).map(([key, value]) => `${key}=${value}`)
    writeFileSync(file, `${lines.join('\n')}\n`)
    const log = openSync(join(home, `${program}.log`), 'a')
    const command = ['netns', 'exec', host.namespace!, join(BIN, program), '-c', file]
    this.#running.push(spawn('ip', command, { env: { ...process.env, HOME: home }, stdio: ['ignore', log, log] }))
  }

  #nameServerConf(host: Host): Conf {
    const home = join(this.#dir, host.name)
    return {
      listenPort: NAME_SERVER_PORT,
      kvConfigPath: join(home, 'kvConfig.json'),
      configStorePath: join(home, 'namesrv.properties'),
      enableControllerInNamesrv: true,
      controllerDLegerGroup: 'links',
      controllerDLegerPeers: this.controlHosts.map((peer) => `${peer.name}-${controllerOf(peer)}`).join(';'),
      controllerDLegerSelfId: host.name,
      controllerStorePath: join(home, 'controller'),
    }
  }

  #brokerConf(host: Host): Conf {
    return {
      brokerClusterName: 'DefaultCluster',
      brokerName: GROUP,
      enableControllerMode: true,
      controllerAddr: this.controllers.join(';'),
      namesrvAddr: this.nameServers.join(';'),
      totalReplicas: this.brokerHosts.length,
      allAckInSyncStateSet: true,
      listenPort: BROKER_PORT,
      brokerIP1: host.address,
      brokerIP2: host.address,
      storePathRootDir: join(this.#dir, host.name, 'store'),
      slaveReadEnable: true,
      controllerHeartBeatTimeoutMills: HEARTBEAT_TIMEOUT_MS,
      brokerHeartbeatInterval: 500,
      haSendHeartbeatInterval: 500,
      haHousekeepingInterval: 3_000,
      haMaxTimeSlaveNotCatchup: LAG_MAX_MS,
    }
  }

  /** The host of the leading controller. */
  async leader(): Promise<Host> {
    const address = await leadingController(this.client, this.controllers)
    const host = this.controlHosts.find((one) => controllerOf(one) === address)
    if (host === undefined) throw new Error('no controller leads')
    return host
  }

  /** The host of the master, as the controllers have it. */
  async master(): Promise<Host> {
    const address = (await groupState(this.client, this.controllers, GROUP))?.master
    const host = this.brokerHosts.find((one) => brokerOf(one) === address)
    if (host === undefined) throw new Error('the group has no master')
    return host
  }

  /** Waits until the controllers agree, every replica is in sync, and every NameServer knows it. */
  async awaitWhole(): Promise<void> {
    let missing: string | undefined = 'nothing was looked at'
    await waitUntil('the cluster is whole', WHOLE_WITHIN_MS, async () => {
      missing = await this.#whatIsMissing()
      return missing === undefined
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${missing}`)
    })
  }

  async #whatIsMissing(): Promise<string | undefined> {
    const leaders = await Promise.all(this.controllers.map((address) => this.leaderKnownTo(address)))
    if (leaders[0] === '' || new Set(leaders).size > 1) return `the controllers follow ${leaders}`
    return whatIsMissingIn(this, GROUP, this.brokerHosts.length)
  }

  /** Whom a controller takes for the leader; '' if nobody. */
  async leaderKnownTo(controller: string): Promise<string> {
    const { fields } = await this.client.invoke(controller, METADATA_REQUEST, 1_000)
    return fields['controllerLeaderAddress'] ?? ''
  }

  /** Whether the controller of a host says that it leads. */
  async saysItLeads(host: Host): Promise<boolean> {
    return (await leadingController(this.client, [controllerOf(host)])) !== undefined
  }

  async stop(): Promise<void> {
    this.client.close()
    const open = this.#running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const ended = open.map((child) => new Promise<void>((resolve) => child.once('exit', () => resolve())))
    for (const child of open) child.kill('SIGTERM')
    const timer = setTimeout(() => {
      for (const child of open) child.kill('SIGKILL')
    }, STOP_WITHIN_MS)
    await Promise.all(ended)
    clearTimeout(timer)
  }
}

const METADATA_REQUEST = { code: RequestCode.CONTROLLER_GET_METADATA_INFO }

export const controllerOf = ({ address }: Host): string => `${address}:${CONTROLLER_PORT}`
export const brokerOf = ({ address }: Host): string => `${address}:${BROKER_PORT}`
