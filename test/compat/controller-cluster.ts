import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ask, brokersOf, type Frame } from './remoting.ts'
import { type Engine, freePortBlock, Server, waitUntil } from './server.ts'

type ControllerClusterSpec = {
  name: string
  dir: string
  engines: { namesrv: Engine; controller: Engine; broker: Engine }
  controllerCount: number
  replicaCount: number
  brokerConf?: Record<string, string | number | boolean>
  /** Of the brokers. */
  env?: Record<string, string>
}

/** What a controller says of the group. */
export type GroupState = { masterId: string | undefined; masterEpoch: number; syncStateSet: number[]; epoch: number }

/** A NameServer, controllers, and one broker group whose master they choose; on loopback, each with its own folder. */
export class ControllerCluster {
  readonly namesrv: Server
  readonly controllers: readonly Server[]
  /** In the order in which they are first started, so that their ids are 1, 2, 3. */
  readonly brokers: readonly Server[]

  constructor(namesrv: Server, controllers: readonly Server[], brokers: readonly Server[]) {
    this.namesrv = namesrv
    this.controllers = controllers
    this.brokers = brokers
  }

  async start(): Promise<void> {
    await this.namesrv.start()
    for (const controller of this.controllers) await controller.start()
    await this.awaitLeader()
    for (const [index, broker] of this.brokers.entries()) {
      await broker.start()
      await this.awaitInSync(index + 1)
    }
  }

  /** Waits until the running controllers agree on a leader; returns it. */
  async awaitLeader(): Promise<Server> {
    let leader: Server | undefined
    await waitUntil('a leading controller', 60_000, async () => {
      for (const controller of this.controllers.filter(({ pid }) => pid !== undefined)) {
        const { extFields } = await ask(controller.address, { code: 1005 })
        const named = this.controllers.find(({ address }) => address === extFields['controllerLeaderAddress'])
        if (extFields['isLeader'] === 'true' && named?.pid !== undefined) leader = named
      }
      return leader !== undefined
    })
    return leader!
  }

  /** What the leader says of the group; undefined while it cannot. */
  async group(): Promise<GroupState | undefined> {
    const leader = await this.awaitLeader()
    const answer = await ask(leader.address, { code: 1004, extFields: { brokerName: 'broker-a' } })
    return answer.code === 0 ? readGroup(answer) : undefined
  }

  async awaitGroup(what: string, limitMs: number, isSo: (group: GroupState) => boolean): Promise<GroupState> {
    let seen: GroupState | undefined
    await waitUntil(what, limitMs, async () => {
      seen = await this.group()
      return seen !== undefined && isSo(seen)
    })
    return seen!
  }

  /** Waits until so many replicas hold everything, and the NameServer knows the master. */
  async awaitInSync(count: number): Promise<void> {
    const { masterId } = await this.awaitGroup(`${count} replicas in sync`, 120_000, (group) => {
      return group.masterId !== undefined && group.syncStateSet.length === count
    })
    await this.awaitRoute(masterId)
  }

  /** Waits until the NameServer shows this replica as the master. */
  async awaitRoute(masterId: string | undefined): Promise<void> {
    const master = this.brokers[Number(masterId) - 1]
    if (!master) throw new Error(`there is no replica ${masterId}`)
    await waitUntil('the master in the route', 60_000, async () => {
      return (await brokersOf(this.namesrv.address))['broker-a']?.['0'] === master.address
    })
  }

  get controllerAddr(): string {
    return this.controllers.map(({ address }) => address).join(';')
  }
}

function readGroup({ extFields, body }: Frame): GroupState {
  const set = JSON.parse(body.toString('utf8')) as { syncStateSet: number[]; syncStateSetEpoch: number }
  return {
    masterId: extFields['masterBrokerId'],
    masterEpoch: Number(extFields['masterEpoch']),
    syncStateSet: set.syncStateSet,
    epoch: set.syncStateSetEpoch,
  }
}

export async function layOutControllerCluster(spec: ControllerClusterSpec): Promise<ControllerCluster> {
  const dir = join(spec.dir, spec.name)
  mkdirSync(dir, { recursive: true })
  const namesrvPort = await freePortBlock()
  const namesrv = new Server({
    name: 'namesrv',
    kind: 'namesrv',
    engine: spec.engines.namesrv,
    port: namesrvPort,
    dir,
    jvm: '',
    conf: {
      listenPort: namesrvPort,
      bindAddress: '127.0.0.1',
      kvConfigPath: join(dir, 'namesrv/kvConfig.json'),
      configStorePath: join(dir, 'namesrv/namesrv.properties'),
    },
  })
  const controllers = await layOutControllers(spec, dir)
  const controllerAddr = controllers.map(({ address }) => address).join(';')
  const brokers: Server[] = []
  for (let index = 0; index < spec.replicaCount; index++) {
    brokers.push(await layOutBroker(spec, dir, index, namesrv.address, controllerAddr))
  }
  return new ControllerCluster(namesrv, controllers, brokers)
}

async function layOutControllers(spec: ControllerClusterSpec, dir: string): Promise<Server[]> {
  const ports: number[] = []
  for (let index = 0; index < spec.controllerCount; index++) ports.push(await freePortBlock())
  const peers = ports.map((port, index) => `n${index}-127.0.0.1:${port}`).join(';')
  return ports.map((port, index) => {
    const name = `controller-${index}`
    const conf = {
      controllerDLegerGroup: 'group1',
      controllerDLegerPeers: peers,
      controllerDLegerSelfId: `n${index}`,
      controllerStorePath: join(dir, name),
    }
    return new Server({ name, kind: 'controller', engine: spec.engines.controller, port, dir, jvm: '', conf })
  })
}

async function layOutBroker(
  spec: ControllerClusterSpec,
  dir: string,
  index: number,
  namesrvAddr: string,
  controllerAddr: string,
): Promise<Server> {
  const name = `broker-${index + 1}`
  const port = await freePortBlock()
  const conf = {
    brokerClusterName: 'CompatCluster',
    brokerName: 'broker-a',
    brokerId: -1,
    brokerRole: 'SLAVE',
    flushDiskType: 'ASYNC_FLUSH',
    listenPort: port,
    haListenPort: port + 1,
    bindAddress: '127.0.0.1',
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    namesrvAddr,
    enableControllerMode: true,
    controllerAddr,
    allAckInSyncStateSet: true,
    storePathRootDir: join(dir, name),
    storePathCommitLog: join(dir, name, 'commitlog'),
    deleteWhen: '04',
    fileReservedTime: 48,
    mappedFileSizeCommitLog: 16 * 1024 * 1024,
    autoCreateTopicEnable: true,
    diskMaxUsedSpaceRatio: 95,
    waitTimeMillsInSendQueue: 5000,
    // The default of 5 s is what a test would wait for most of its time.
    syncBrokerMetadataPeriod: 1000,
    checkSyncStateSetPeriod: 1000,
    syncControllerMetadataPeriod: 1000,
    controllerHeartBeatTimeoutMills: 3000,
    ...spec.brokerConf,
  }
  return new Server({
    name,
    kind: 'broker',
    engine: spec.engines.broker,
    port,
    dir,
    conf,
    jvm: '',
    env: spec.env ?? {},
  })
}
