import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ask, brokersOf, createTopic, routeOf, runtimeInfo } from './remoting.ts'
import { type Engine, freePortBlock, Server, waitUntil } from './server.ts'

/** What has to come about, on a machine that starts JVMs: an Apache slave copies its master's tables once a minute. */
const WITHIN_MS = 240_000

type BrokerSpec = {
  /** Broker group name. */
  group: string
  /** 0 is the master. */
  id: number
  engine: Engine
}

/** NameServer and brokers on loopback, each with its own folder below `dir`. */
export class Cluster {
  readonly name: string
  readonly namesrv: Server
  readonly brokers: Server[]

  constructor(name: string, namesrv: Server, brokers: Server[]) {
    this.name = name
    this.namesrv = namesrv
    this.brokers = brokers
  }

  broker(group: string, id = 0): Server {
    const found = this.brokers.find((server) => server.conf['brokerName'] === group && server.conf['brokerId'] === id)
    if (!found) throw new Error(`cluster ${this.name} has no broker ${group} with id ${id}`)
    return found
  }

  /** Starts what does not run and waits until the NameServer lists every broker. */
  async start(): Promise<void> {
    await this.namesrv.start()
    // Masters one after another: two JVMs starting at once on two cores take longer than in turn.
    for (const broker of this.brokers) await broker.start()
    await Promise.all(this.brokers.map((broker) => this.awaitRegistered(broker)))
  }

  async awaitRegistered(broker: Server): Promise<void> {
    await waitUntil(`${broker.name} in the NameServer's list`, WITHIN_MS, async () => {
      const brokers = await brokersOf(this.namesrv.address)
      return brokers[String(broker.conf['brokerName'])]?.[String(broker.conf['brokerId'])] === broker.address
    })
  }

  async awaitGone(broker: Server): Promise<void> {
    await waitUntil(`${broker.name} gone from the NameServer's list`, WITHIN_MS, async () => {
      const brokers = await brokersOf(this.namesrv.address)
      return brokers[String(broker.conf['brokerName'])]?.[String(broker.conf['brokerId'])] === undefined
    })
  }

  /** Waits until every slave holds all the bytes its master has. */
  async awaitInSync(): Promise<void> {
    for (const slave of this.brokers.filter((server) => server.conf['brokerRole'] === 'SLAVE')) {
      const master = this.broker(String(slave.conf['brokerName']))
      await waitUntil(`${slave.name} in sync`, WITHIN_MS, async () => {
        const [ours, theirs] = await Promise.all([runtimeInfo(slave.address), runtimeInfo(master.address)])
        return ours['commitLogMaxOffset'] === theirs['commitLogMaxOffset']
      })
    }
  }

  /** Waits until the slaves of a group list `topic`: an Apache slave copies its master's tables once a minute only. */
  async awaitCopied(topic: string): Promise<void> {
    for (const slave of this.brokers.filter((server) => server.conf['brokerRole'] === 'SLAVE')) {
      await waitUntil(`${topic} on ${slave.name}`, WITHIN_MS, async () => {
        const answer = await ask(slave.address, { code: 21 })
        return answer.body.includes(`"${topic}"`)
      })
    }
  }

  get masters(): Server[] {
    return this.brokers.filter((server) => server.conf['brokerId'] === 0)
  }

  /** Creates topics on every master and waits until the NameServer routes to all of them. */
  async createTopics(topics: string[], queues: number): Promise<void> {
    for (const topic of topics) {
      for (const master of this.masters) await createTopic(master.address, topic, queues)
    }
    for (const topic of topics) {
      await waitUntil(`route of ${topic}`, WITHIN_MS, async () => {
        return (await routeOf(this.namesrv.address, topic)).length === this.masters.length
      })
    }
  }

  /** Further words in an environment variable of all servers, from their next start on. */
  addEnvironment(name: string, words: string): void {
    for (const server of [this.namesrv, ...this.brokers]) server.addEnvironment(name, words)
  }

  async stop(): Promise<void> {
    for (const broker of [...this.brokers].reverse()) await broker.stop()
    await this.namesrv.stop()
  }
}

/** Delay levels 1-4 take one second, 5 and above two: retries and delays fit into a test. */
const messageDelayLevel = `1s 1s 1s 1s ${Array(14).fill('2s').join(' ')}`

/** Lays out a cluster (free ports, conf files, folders) without starting it. */
export async function layOutCluster(options: {
  name: string
  dir: string
  namesrvEngine: Engine
  brokers: BrokerSpec[]
  conf?: Record<string, string | number | boolean>
  /** Further JVM options for Apache servers. */
  jvm?: string
  /** Further environment variables of all servers. */
  env?: Record<string, string>
}): Promise<Cluster> {
  const dir = join(options.dir, options.name)
  mkdirSync(dir, { recursive: true })
  const namesrvPort = await freePortBlock()
  const namesrv = new Server({
    name: 'namesrv',
    kind: 'namesrv',
    engine: options.namesrvEngine,
    port: namesrvPort,
    dir,
    jvm: options.jvm ?? '',
    env: options.env ?? {},
    conf: {
      listenPort: namesrvPort,
      bindAddress: '127.0.0.1',
      kvConfigPath: join(dir, 'namesrv/kvConfig.json'),
      configStorePath: join(dir, 'namesrv/namesrv.properties'),
    },
  })
  const brokers: Server[] = []
  for (const spec of options.brokers) {
    const name = `${spec.group}-${spec.id}`
    const port = await freePortBlock()
    const conf = {
      brokerClusterName: 'CompatCluster',
      brokerName: spec.group,
      brokerId: spec.id,
      brokerRole: spec.id === 0 ? 'ASYNC_MASTER' : 'SLAVE',
      flushDiskType: 'ASYNC_FLUSH',
      listenPort: port,
      bindAddress: '127.0.0.1',
      brokerIP1: '127.0.0.1',
      brokerIP2: '127.0.0.1',
      namesrvAddr: namesrv.address,
      storePathRootDir: join(dir, name),
      storePathCommitLog: join(dir, name, 'commitlog'),
      deleteWhen: '04',
      fileReservedTime: 48,
      // Small files, so that a few thousand messages roll over several of them.
      mappedFileSizeCommitLog: 16 * 1024 * 1024,
      mappedFileSizeConsumeQueue: 300 * 20,
      autoCreateTopicEnable: true,
      slaveReadEnable: true,
      diskMaxUsedSpaceRatio: 95,
      flushConsumerOffsetInterval: 1000,
      // The default of 200 ms refuses sends when the machine is busy, which is not what is tested here.
      waitTimeMillsInSendQueue: 5000,
      messageDelayLevel,
      ...options.conf,
    }
    const { jvm = '', env = {} } = options
    brokers.push(new Server({ name, kind: 'broker', engine: spec.engine, port, dir, conf, jvm, env }))
  }
  return new Cluster(options.name, namesrv, brokers)
}
