import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Cluster, layOutCluster } from './cluster.ts'
import { ask, type Frame } from './remoting.ts'
import { type Engine, type Server, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const topic = 'acting'
const group = 'g-acting'
const queues = 4
const delayedCount = 20
/** Level 2: long enough to send them all, and for the master to be killed and missed, before the messages are due. */
const delayMs = 40_000

/** Slave acting master (RIP-32), each way round: the slave that acts and the master that comes back are of different engines. */
export async function actingMasters(setting: Setting): Promise<void> {
  const other: Engine = 'apache'
  await actingMaster(setting, { namesrv: other, master: other, slave: setting.engine, beside: setting.engine })
  if (setting.engine !== other)
    await actingMaster(setting, { namesrv: setting.engine, master: setting.engine, slave: other, beside: other })
}

async function actingMaster(
  setting: Setting,
  engines: { namesrv: Engine; master: Engine; slave: Engine; beside: Engine },
): Promise<void> {
  const name = `${engines.namesrv} NameServer, ${engines.master} master, ${engines.slave} slave acts`
  const cluster = await layOutCluster({
    name: `acting-${engines.master}-${engines.slave}`,
    dir: setting.dir,
    namesrvEngine: engines.namesrv,
    brokers: [
      { group: 'broker-a', id: 0, engine: engines.master },
      { group: 'broker-a', id: 1, engine: engines.slave },
      { group: 'broker-b', id: 0, engine: engines.beside },
    ],
    conf: {
      enableSlaveActingMaster: true,
      enableRemoteEscape: true,
      totalReplicas: 2,
      messageDelayLevel: `1s ${delayMs / 1000}s`,
    },
  })
  Object.assign(cluster.namesrv.conf, { supportActingMaster: true, notifyMinBrokerIdChanged: true })
  await cluster.start()
  try {
    await cluster.createTopics([topic], queues)
    await setting.report.attempt(name, 'acts, and hands over', () => lifeWithoutMaster(setting, name, cluster))
  } finally {
    await cluster.stop()
  }
}

function hasOffsets({ conf }: Server): boolean {
  const folder = join(String(conf['storePathRootDir']), 'config')
  return ['consumerOffset.json', 'delayOffset.json'].every((file) => existsSync(join(folder, file)))
}

async function lifeWithoutMaster(setting: Setting, name: string, cluster: Cluster): Promise<void> {
  const [master, slave] = [cluster.broker('broker-a'), cluster.broker('broker-a', 1)]
  const beside = cluster.broker('broker-b')
  const check = (what: string, ok: boolean, detail: unknown) => setting.report.check(name, what, ok, String(detail))
  for (const broker of [master, slave]) await createGroup(broker)
  await cluster.awaitCopied(topic)
  // One that never wrote them would take its own versions, made when it starts, for the newer ones.
  if (master.engine === 'apache')
    await waitUntil('the offsets of the master on its disk', 60_000, async () => hasOffsets(master))
  for (let i = 0; i < 6; i++) await send(master, `plain ${i}`, '')
  for (let i = 0; i < delayedCount; i++) await send(master, `late ${i}`, 'DELAY\x012\x02')
  await cluster.awaitInSync()
  const before = await storedOn(master)
  await master.stop('SIGKILL')

  await waitUntil('the slave in place of its master', 60_000, async () => (await masterOf(cluster)) === slave.address)
  check('the route has no queue of the group that can be written', !(await isWritable(cluster)), 'it has one')
  const committed = await ask(slave.address, { code: 15, extFields: offsetFields({ commitOffset: '3' }) })
  check('offsets are committed at the slave', committed.code === 0, `${committed.code} ${committed.remark}`)
  const body = Buffer.from(
    JSON.stringify({ consumerGroup: group, clientId: 'c', mqSet: [{ topic, brokerName: 'broker-a', queueId: 0 }] }),
  )
  const locked = await ask(slave.address, { code: 41, body })
  check('queues are locked at the slave', locked.body.includes('broker-a'), locked.body)
  await waitUntil('delayed messages in the other group', 4 * delayMs, async () => {
    return (await storedOn(beside)) >= delayedCount
  })
  check('delayed messages go to the other group, each once', (await storedOn(beside)) === delayedCount, 'more came')

  await master.start()
  await waitUntil('the master in the route again', 60_000, async () => (await masterOf(cluster)) === master.address)
  const offset = (await ask(master.address, { code: 14, extFields: offsetFields({}) })).extFields['offset']
  check('the master takes over the offsets', offset === '3', offset)
  await cluster.awaitInSync()
  // Delivery again, if it came, would begin at once.
  await new Promise((resolve) => setTimeout(resolve, 5000))
  const after = await storedOn(master)
  check('the master delivers nothing again', after === before, `${before} messages before, ${after} after`)
  check('and neither does the slave', (await storedOn(beside)) === delayedCount, await storedOn(beside))
}

function offsetFields(more: Record<string, string>): Record<string, string> {
  return { consumerGroup: group, topic, queueId: '0', ...more }
}

async function send(broker: Server, text: string, properties: string): Promise<void> {
  const fields = { a: 'pg', b: topic, c: 'TBW102', d: '4', e: '0', f: '0', g: '1', h: '0', i: properties, j: '0' }
  const extFields = { ...fields, k: 'false', m: 'false' }
  const { code, remark } = await ask(broker.address, { code: 310, extFields, body: Buffer.from(text) })
  if (code !== 0) throw new Error(`${broker.name} refuses a message: ${code} ${remark}`)
}

/** UPDATE_AND_CREATE_SUBSCRIPTIONGROUP */
async function createGroup(broker: Server): Promise<void> {
  const { code, remark } = await ask(broker.address, {
    code: 200,
    body: Buffer.from(JSON.stringify({ groupName: group, consumeEnable: true, retryQueueNums: 1, retryMaxTimes: 16 })),
  })
  if (code !== 0) throw new Error(`${broker.name} does not create ${group}: ${code} ${remark}`)
}

/** Messages of the topic in all queues of a broker. */
async function storedOn(broker: Server): Promise<number> {
  let count = 0
  for (let queueId = 0; queueId < queues; queueId++) {
    const { code, remark, extFields } = await ask(broker.address, {
      code: 30,
      extFields: { topic, queueId: String(queueId) },
    })
    if (code !== 0) throw new Error(`${broker.name} does not tell an offset: ${code} ${remark}`)
    count += Number(extFields['offset'])
  }
  return count
}

type Route = {
  brokerDatas: { brokerName: string; brokerAddrs: Record<string, string> }[]
  queueDatas: { brokerName: string; perm: number }[]
}

async function route(cluster: Cluster): Promise<Route> {
  const answer: Frame = await ask(cluster.namesrv.address, {
    code: 105,
    extFields: { topic, acceptStandardJsonOnly: 'true' },
  })
  if (answer.code !== 0) throw new Error(`no route: ${answer.code} ${answer.remark}`)
  return JSON.parse(answer.body.toString('utf8')) as Route
}

/** What clients take for the master of the group. */
async function masterOf(cluster: Cluster): Promise<string | undefined> {
  const { brokerDatas } = await route(cluster)
  return brokerDatas.find(({ brokerName }) => brokerName === 'broker-a')?.brokerAddrs['0']
}

async function isWritable(cluster: Cluster): Promise<boolean> {
  const { queueDatas } = await route(cluster)
  return queueDatas.some(({ brokerName, perm }) => brokerName === 'broker-a' && (perm & 2) !== 0)
}
