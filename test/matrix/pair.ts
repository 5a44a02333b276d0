import { ask, brokersOf, createTopic, routeOf, runtimeInfo } from '../compat/remoting.ts'
import { freePortBlock, Server, type ServerEngine, waitUntil } from '../compat/server.ts'
import { brokerConf, type Conf } from './conf.ts'

/** A JVM that starts on a busy machine. */
const START_LIMIT_MS = 120_000

/** Two brokers of one group. */
export class Pair {
  readonly group: string
  readonly namesrvAddr: string
  readonly brokers: readonly [Server, Server]

  constructor(group: string, namesrvAddr: string, brokers: readonly [Server, Server]) {
    this.group = group
    this.namesrvAddr = namesrvAddr
    this.brokers = brokers
  }

  /** Addresses by broker id as the NameServer has them. */
  async registered(): Promise<Record<string, string>> {
    return (await brokersOf(this.namesrvAddr))[this.group] ?? {}
  }

  /** Who the NameServer shows as master. */
  async master(): Promise<Server | undefined> {
    const address = (await this.registered())['0']
    return this.brokers.find((broker) => broker.address === address)
  }

  async awaitMaster(what: string, limitMs: number, isIt: (master: Server) => boolean = () => true): Promise<Server> {
    let found: Server | undefined
    await waitUntil(what, limitMs, async () => {
      const master = await this.master()
      if (master === undefined || !isIt(master)) return false
      found = master
      return true
    })
    return found!
  }

  /** The first broker, a topic on it, then the second, which copies it all. Returns the master. */
  async start(topic: string): Promise<Server> {
    const [first, second] = this.brokers
    await first.start()
    const master = await this.awaitMaster(`${this.group} online`, START_LIMIT_MS)
    await this.createTopic(master, topic)
    await second.start()
    await this.awaitBoth(topic)
    return master
  }

  async createTopic(master: Server, topic: string): Promise<void> {
    // Brokers of a busy machine may not answer in time; asked twice it is the same topic.
    await waitUntil(`${topic} on ${master.name}`, 60_000, () => createTopic(master.address, topic, 4).then(() => true))
    await waitUntil(`the route of ${topic}`, 60_000, async () => {
      return (await routeOf(this.namesrvAddr, topic)).includes(this.group)
    })
  }

  /** Both registered, with the same log, and the topic on both. */
  async awaitBoth(topic: string): Promise<void> {
    await waitUntil(`both brokers of ${this.group} registered`, START_LIMIT_MS, async () => {
      return Object.keys(await this.registered()).length === 2
    })
    for (const { address, name } of this.brokers) {
      await waitUntil(`${topic} on ${name}`, 90_000, async () => {
        return (await ask(address, { code: 21 })).body.includes(`"${topic}"`)
      })
    }
    await this.awaitEqualLogs()
  }

  async awaitEqualLogs(): Promise<number> {
    let endOffset = -1
    await waitUntil(`equal logs in ${this.group}`, 60_000, async () => {
      const [one, other] = await Promise.all(this.brokers.map(({ address }) => runtimeInfo(address)))
      endOffset = Number(one!['commitLogMaxOffset'])
      return one!['commitLogMaxOffset'] === other!['commitLogMaxOffset']
    })
    return endOffset
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    for (const broker of [...this.brokers].reverse()) await broker.stop(signal)
  }
}

/** End of a broker's commit log. One of 4.9 that has just started answers with an exception at first. */
export async function logEnd({ address, name }: Server): Promise<number> {
  let endOffset = -1
  await waitUntil(`the end of the log of ${name}`, 30_000, async () => {
    endOffset = Number((await runtimeInfo(address))['commitLogMaxOffset'])
    return true
  })
  return endOffset
}

/** `conf`: of the first and of the second broker, beside what all have. */
export async function layOutPair(
  dir: string,
  group: string,
  engine: ServerEngine,
  namesrvAddr: string,
  conf: (index: number) => Conf,
): Promise<Pair> {
  const brokers: Server[] = []
  for (let index = 0; index < 2; index++) {
    const name = `${group}-${index}`
    const port = await freePortBlock()
    const all = { ...brokerConf(dir, name, port, namesrvAddr), brokerName: group, ...conf(index) }
    brokers.push(new Server({ name, kind: 'broker', engine, port, dir, jvm: '', conf: all }))
  }
  return new Pair(group, namesrvAddr, brokers as [Server, Server])
}
