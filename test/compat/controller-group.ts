import { join } from 'node:path'
import { ask } from './remoting.ts'
import { freePortBlock, Server, waitUntil } from './server.ts'

/** Of the commit log: small, so that a few hundred messages fill several. */
const FILE_BYTES = 65_536

type Conf = Record<string, string | number | boolean>

/** A real NameServer, a real controller, and real brokers of one group whose roles that controller gives. */
export class ControllerGroup {
  readonly namesrv: Server
  readonly controller: Server
  readonly #dir: string

  private constructor(dir: string, namesrv: Server, controller: Server) {
    this.#dir = dir
    this.namesrv = namesrv
    this.controller = controller
  }

  /** Starts NameServer and controller. */
  static async start(dir: string): Promise<ControllerGroup> {
    const common = { engine: 'apache' as const, dir, jvm: '' }
    const namesrvPort = await freePortBlock()
    const namesrv = new Server({
      ...common,
      name: 'namesrv',
      kind: 'namesrv',
      port: namesrvPort,
      conf: { listenPort: namesrvPort, bindAddress: '127.0.0.1' },
    })
    const controllerPort = await freePortBlock()
    const controller = new Server({
      ...common,
      name: 'controller',
      kind: 'controller',
      port: controllerPort,
      conf: {
        controllerDLegerGroup: 'group1',
        controllerDLegerPeers: `n0-127.0.0.1:${controllerPort}`,
        controllerDLegerSelfId: 'n0',
        controllerStorePath: join(dir, 'controller-store'),
        enableElectUncleanMaster: true,
      },
    })
    await namesrv.start()
    await controller.start()
    return new ControllerGroup(dir, namesrv, controller)
  }

  /** A broker that is not started yet. */
  async broker(name: string, conf: Conf = {}): Promise<Server> {
    const port = await freePortBlock()
    return new Server({
      name,
      kind: 'broker',
      engine: 'apache',
      port,
      dir: this.#dir,
      jvm: '',
      conf: {
        brokerClusterName: 'CompatCluster',
        brokerName: 'broker-a',
        brokerId: -1,
        brokerRole: 'SLAVE',
        listenPort: port,
        haListenPort: port + 1,
        bindAddress: '127.0.0.1',
        brokerIP1: '127.0.0.1',
        brokerIP2: '127.0.0.1',
        namesrvAddr: this.namesrv.address,
        enableControllerMode: true,
        controllerAddr: this.controller.address,
        allAckInSyncStateSet: true,
        storePathRootDir: join(this.#dir, name),
        storePathCommitLog: join(this.#dir, name, 'commitlog'),
        mappedFileSizeCommitLog: FILE_BYTES,
        autoCreateTopicEnable: true,
        diskMaxUsedSpaceRatio: 95,
        haSendHeartbeatInterval: 1000,
        syncBrokerMetadataPeriod: 1000,
        checkSyncStateSetPeriod: 1000,
        ...conf,
      },
    })
  }

  async state(): Promise<{ master: string | undefined; masterEpoch: number; set: number[]; setEpoch: number }> {
    const answer = await ask(this.controller.address, { code: 1004, extFields: { brokerName: 'broker-a' } })
    if (answer.code !== 0) return { master: undefined, masterEpoch: 0, set: [], setEpoch: 0 }
    const body = JSON.parse(answer.body.toString()) as { syncStateSet: number[]; syncStateSetEpoch: number }
    return {
      master: answer.extFields['masterAddress'],
      masterEpoch: Number(answer.extFields['masterEpoch'] ?? 0),
      set: body.syncStateSet,
      setEpoch: body.syncStateSetEpoch,
    }
  }

  async awaitMaster(address: string, setSize: number): Promise<void> {
    await waitUntil(`${address} master of ${setSize}`, 90_000, async () => {
      const { master, set } = await this.state()
      return master === address && set.length === setSize
    })
  }

  /** Has one of the set elected (mqadmin electMaster). */
  async elect(brokerId: number): Promise<void> {
    const extFields = {
      clusterName: 'CompatCluster',
      brokerName: 'broker-a',
      brokerId: String(brokerId),
      designateElect: 'true',
      invokeTime: '1',
    }
    const answer = await ask(this.controller.address, { code: 1002, extFields })
    if (answer.code !== 0) throw new Error(`broker ${brokerId} is not elected: ${answer.code} ${answer.remark}`)
  }
}

/** Sends messages to a broker until it has taken so many. */
export async function sendRaw(broker: string, count: number, bodyBytes: number): Promise<void> {
  for (let sent = 0; sent < count; ) {
    const extFields = {
      producerGroup: 'raw',
      topic: 'HaTopic',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: '1',
      queueId: '0',
      sysFlag: '0',
      bornTimestamp: '1700000000000',
      flag: '0',
      properties: '',
      reconsumeTimes: '0',
      unitMode: 'false',
      batch: 'false',
    }
    const answer = await ask(broker, { code: 10, extFields, body: Buffer.alloc(bodyBytes, 97 + (sent % 26)) })
    if (answer.code === 0) sent++
    else await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
