import { expect, test } from 'vitest'
import { bodiesOf, WholeBroker } from '../../runtime/broker/testing/whole-broker.ts'
import { parseJson } from '../../runtime/codec/json/parse-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { readRouteData } from '../../runtime/codec/route/route-data.ts'
import { parseNamesrvConf } from '../../runtime/config/namesrv-conf.ts'
import { testEnv } from '../../runtime/config/test-env.ts'
import { NameServer } from '../../runtime/nameserver/nameserver.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'

const COMMON = `namesrvAddr=127.0.0.1:9876
enableSlaveActingMaster=true
enableRemoteEscape=true
totalReplicas=2
slaveReadEnable=true
messageDelayLevel=1s 3s
`
const SLAVE = 'brokerRole=SLAVE\nbrokerId=1\nlistenPort=10921\n'
const OTHER = 'brokerName=broker-b\nlistenPort=10931\n'
const SLAVE_ADDR = '127.0.0.1:10921'

/** A master with a slave, the master of another group, and a name server, on one simulated network and clock. */
class Cluster {
  readonly master: WholeBroker
  readonly slave: WholeBroker
  readonly other: WholeBroker
  readonly #client: RemotingClient

  private constructor(master: WholeBroker, slave: WholeBroker, other: WholeBroker) {
    this.master = master
    this.slave = slave
    this.other = other
    this.#client = new RemotingClient(createNetContext(master.clock, master.network, silentLogger), {
      connectTimeoutMs: 1000,
    })
  }

  static async start(settings = ''): Promise<Cluster> {
    const master = await WholeBroker.start(COMMON + settings)
    const parsed = parseNamesrvConf(
      'listenPort=9876\nsupportActingMaster=true\nnotifyMinBrokerIdChanged=true\nkvConfigPath=/kv/kvConfig.json\n',
      'namesrv.conf',
      testEnv,
    )
    if (!parsed.ok) throw new Error(parsed.errors.join('; '))
    const context = createNetContext(master.clock, master.network, silentLogger)
    await new NameServer({ context, disk: master.disk, conf: parsed.conf, env: testEnv }).start()
    const slave = await WholeBroker.start(COMMON + settings + SLAVE, {}, master)
    const other = await WholeBroker.start(COMMON + settings + OTHER, {}, master)
    const cluster = new Cluster(master, slave, other)
    await cluster.advance(5_000)
    // The topic exists in both groups, as consumers' heartbeats make retry topics exist.
    for (const broker of [master, other]) await broker.send('T', { body: 'first' })
    await cluster.advance(4_000)
    return cluster
  }

  /** A tick of the brokers at a time, so that answers are on their way in between. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) await this.master.advance(100)
  }

  /** Address of what clients take for the master of group broker-a, and whether its queues of T can be written. */
  async route(): Promise<readonly [master: string | undefined, isWritable: boolean]> {
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic: 'T' } }
    const answer = this.#client.invoke('127.0.0.1:9876', request, 600_000)
    await this.master.settle()
    const { brokerDatas, queueDatas } = readRouteData(parseJson((await answer).body!.toString()))
    const group = brokerDatas.find(({ brokerName }) => brokerName === 'broker-a')
    const perm = queueDatas.find(({ brokerName }) => brokerName === 'broker-a')?.perm ?? 0
    return [group?.brokerAddrs.get(0), (perm & 2) !== 0]
  }

  /** What another group's master has of T beyond the first message, in all its queues. */
  async escaped(): Promise<string[]> {
    const found: string[] = []
    for (let queueId = 0; queueId < 4; queueId++)
      found.push(...bodiesOf(await this.other.pull('T', { queueId, sysFlag: 4 })))
    return found.filter((body) => body !== 'first').sort()
  }

  delayed(body: string, level: number) {
    return this.master.send('T', { body, properties: `DELAY\x01${level}\x02` })
  }
}

const commit = (broker: WholeBroker, commitOffset: number) =>
  broker.ask(RequestCode.UPDATE_CONSUMER_OFFSET, {
    fields: { consumerGroup: 'cg', topic: 'T', queueId: 0, commitOffset },
  })

const committed = async (broker: WholeBroker) => {
  const fields = { consumerGroup: 'cg', topic: 'T', queueId: 0 }
  return (await broker.ask(RequestCode.QUERY_CONSUMER_OFFSET, { fields })).fields['offset']
}

test('while its master is gone the slave is shown as one that can be read, serves offsets and locks, and takes nothing', async () => {
  const cluster = await Cluster.start()
  const { master, slave } = cluster
  expect(await cluster.route()).toEqual(['127.0.0.1:10911', true])
  master.crash('process')
  await cluster.advance(2_000)
  expect(await cluster.route()).toEqual([SLAVE_ADDR, false])
  expect(bodiesOf(await slave.pull('T', { sysFlag: 4 }))).toEqual(['first'])
  expect((await commit(slave, 1)).code).toBe(ResponseCode.SUCCESS)
  expect(await committed(slave)).toBe('1')
  const fields = { topic: 'T', queueId: 0 }
  expect((await slave.ask(RequestCode.GET_MAX_OFFSET, { fields })).fields['offset']).toBe('1')
  const mq = { topic: 'T', brokerName: 'broker-a', queueId: 0 }
  const lock = { consumerGroup: 'cg', clientId: 'c1', mqSet: [mq], onlyThisBroker: false }
  const locked = await slave.ask(RequestCode.LOCK_BATCH_MQ, { body: Buffer.from(JSON.stringify(lock)) })
  expect(JSON.parse(locked.body!.toString()).lockOKMQSet).toHaveLength(1)
  expect((await slave.send('T')).code).not.toBe(ResponseCode.SUCCESS)
})

test('delayed messages that become due meanwhile go to another master, each once; the rest waits for its time', async () => {
  const cluster = await Cluster.start()
  for (const body of ['a', 'b', 'c']) await cluster.delayed(body, 2)
  await cluster.advance(500)
  cluster.master.crash('process')
  await cluster.advance(1_500)
  expect(await cluster.escaped()).toEqual([])
  await cluster.advance(3_000)
  expect(await cluster.escaped()).toEqual(['a', 'b', 'c'])
  await cluster.advance(5_000)
  expect(await cluster.escaped()).toEqual(['a', 'b', 'c'])
})

test('messages with a time of their own do, too; the master that is back delivers only what is left', async () => {
  const cluster = await Cluster.start('recallMessageEnable=true\n')
  const { master } = cluster
  const startMs = master.clock.now()
  const timed = (body: string, afterMs: number) =>
    master.send('T', { body, properties: `TIMER_DELIVER_MS\x01${startMs + afterMs}\x02UNIQ_KEY\x01${body}\x02` })
  await timed('a', 4_500)
  await timed('b', 5_200)
  const recallHandle = (await timed('gone', 5_300)).fields['recallHandle']!
  await timed('late', 12_500)
  await timed('later', 20_000)
  await cluster.advance(300)
  const fields = { topic: 'T', producerGroup: 'pg', recallHandle }
  expect((await master.ask(RequestCode.RECALL_MESSAGE, { fields })).code).toBe(ResponseCode.SUCCESS)
  await cluster.advance(3_200)
  master.crash('process')
  await cluster.advance(5_000)
  expect(await cluster.escaped()).toEqual(['a', 'b'])
  const back = master.startAgain()
  await master.settle()
  await back
  await cluster.advance(15_000)
  expect(await cluster.escaped()).toEqual(['a', 'b'])
  expect(bodiesOf(await master.pull('T', { sysFlag: 4 }))).toEqual(['first', 'late', 'later'])
})

test('a master that is back takes over how far consumers and delayed messages came, and only then registers', async () => {
  const cluster = await Cluster.start()
  const { master, slave, other } = cluster
  await master.pull('T')
  await commit(master, 0)
  await cluster.advance(4_000)
  await cluster.delayed('a', 1)
  await cluster.delayed('late', 2)
  await cluster.advance(300)
  master.crash('process')
  await cluster.advance(1_500)
  expect((await commit(slave, 1)).code).toBe(ResponseCode.SUCCESS)
  expect(await cluster.escaped()).toEqual(['a'])
  const back = master.startAgain()
  await master.settle()
  await back
  await cluster.advance(2_500)
  expect(await cluster.route()).toEqual(['127.0.0.1:10911', true])
  expect(await committed(master)).toBe('1')
  await cluster.advance(4_000)
  // 'a' is not delivered again; 'late' is, by whoever was in charge when its time came, and once.
  const own = bodiesOf(await master.pull('T', { sysFlag: 4 }))
  expect(own).toEqual(own.includes('late') ? ['first', 'late'] : ['first'])
  expect(await cluster.escaped()).toEqual(own.includes('late') ? ['a'] : ['a', 'late'])
  expect(slave.broker.store.writtenOffset).toBe(master.broker.store.writtenOffset)
  expect((await other.send('T')).code).toBe(ResponseCode.SUCCESS)
})

test('without enableRemoteEscape what is due waits for the master', async () => {
  const cluster = await Cluster.start('enableRemoteEscape=false\n')
  await cluster.delayed('a', 1)
  await cluster.advance(300)
  cluster.master.crash('process')
  await cluster.advance(4_000)
  expect(await cluster.escaped()).toEqual([])
  const back = cluster.master.startAgain()
  await cluster.master.settle()
  await back
  await cluster.advance(5_000)
  expect(bodiesOf(await cluster.master.pull('T', { sysFlag: 4 }))).toEqual(['first', 'a'])
})

test('a slave that has not lost its master does not act for it when a name server has forgotten the master', async () => {
  const cluster = await Cluster.start()
  await cluster.delayed('a', 1)
  const fields = { brokerId: 0, brokerName: 'broker-a', brokerAddr: '127.0.0.1:10911', clusterName: 'DefaultCluster' }
  const client = new RemotingClient(createNetContext(cluster.master.clock, cluster.master.network, silentLogger), {
    connectTimeoutMs: 1000,
  })
  const gone = client.invoke('127.0.0.1:9876', { code: RequestCode.UNREGISTER_BROKER, fields }, 600_000)
  await cluster.master.settle()
  await gone
  await cluster.advance(3_000)
  expect(await cluster.escaped()).toEqual([])
  expect(bodiesOf(await cluster.master.pull('T', { sysFlag: 4 }))).toEqual(['first', 'a'])
})
