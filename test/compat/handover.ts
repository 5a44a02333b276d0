import { type Cluster, layOutCluster } from './cluster.ts'
import { offsetsIn } from './files.ts'
import { type Engine, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const queues = 3
const perRound = 1200
/** Below what the client compresses. */
const bodySize = 4000
const topic = 'handover'
const area = 'a store written by one engine opens in the other'

/** One store handed from engine to engine and back, after clean stops and after kill -9; what mqadmin shows must not change. */
export async function storeHandover(setting: Setting): Promise<void> {
  const [first, second]: Engine[] = ['apache', setting.engine]
  const cluster = await layOutCluster({
    name: 'handover',
    dir: setting.dir,
    namesrvEngine: 'apache',
    brokers: [{ group: 'broker-a', id: 0, engine: first! }],
  })
  const broker = cluster.broker('broker-a')
  await cluster.start()
  try {
    await cluster.createTopics([topic], queues)
    let round = 0
    await fillRound(setting, cluster, round)
    for (const [engine, signal] of [
      [second!, 'SIGTERM'],
      [first!, 'SIGKILL'],
      [second!, 'SIGKILL'],
      [first!, 'SIGTERM'],
    ] as const) {
      const name = `${broker.engine} ${signal === 'SIGTERM' ? 'stopped cleanly' : 'killed'}, then ${engine}`
      await setting.report.attempt(area, name, async () => {
        const before = await snapshot(setting, cluster, round)
        await broker.stop(signal)
        broker.engine = engine
        await broker.start()
        await cluster.awaitRegistered(broker)
        await compareSnapshots(setting, name, before, await snapshot(setting, cluster, round))
        round++
        await fillRound(setting, cluster, round)
        const row = await setting.driver.run('drain', {
          namesrv: cluster.namesrv.address,
          topic,
          group: `g-handover-all-${round}`,
          keyGroup: 'handover',
          count: perRound * (round + 1),
        })
        setting.report.check(area, `${name}: every message once, in order`, row.ok, JSON.stringify(row))
      })
    }
  } finally {
    await cluster.stop()
  }
}

/** Sends more, consumes all of it with a group of this round, and waits until the broker has written the offsets down. */
async function fillRound(setting: Setting, cluster: Cluster, round: number): Promise<void> {
  const namesrv = cluster.namesrv.address
  const filled = await setting.driver.run('fill', {
    namesrv,
    topic,
    group: 'handover',
    count: perRound,
    from: perRound * round,
    bodySize,
  })
  if (!filled.ok) throw new Error(`filling failed: ${filled.faults.join('; ')}`)
  const group = `g-handover-${round}`
  const drained = await setting.driver.run('drain', {
    namesrv,
    topic,
    group,
    keyGroup: 'handover',
    count: perRound * (round + 1),
  })
  if (!drained.ok) throw new Error(`consuming failed: ${JSON.stringify(drained)}`)
  const store = String(cluster.broker('broker-a').conf['storePathRootDir'])
  await waitUntil('offsets on disk', 60_000, () => {
    const own = [...offsetsIn(store)].filter(([key]) => key.startsWith(`${topic}@${group}/`))
    return own.reduce((sum, [, offset]) => sum + offset, 0) === perRound * (round + 1)
  })
}

/** What the official mqadmin shows of the store. */
async function snapshot(setting: Setting, cluster: Cluster, round: number): Promise<Record<string, string>> {
  const broker = cluster.broker('broker-a').address
  const commands = [
    `topicStatus -t ${topic}`,
    `consumerProgress -g g-handover-${round}`,
    ...Array.from({ length: queues }, (_, queue) => `queryCq -t ${topic} -q ${queue} -i 0 -c 50 -b ${broker}`),
    `printMsg -t ${topic}`,
    `queryMsgByKey -t ${topic} -k handover-${perRound * round + 1}`,
    `queryMsgByOffset -t ${topic} -b broker-a -i 1 -o 3`,
  ]
  const shown: Record<string, string> = {}
  for (const command of commands) {
    const text = await setting.driver.mqadmin(...command.split(' '), '-n', cluster.namesrv.address)
    const lines = text.replace(/Consume TPS: .*/, '').split('\n')
    // printMsg goes through the queues in the order of a hash set.
    shown[command] = (command.startsWith('printMsg') ? lines.sort() : lines).join('\n')
  }
  return shown
}

async function compareSnapshots(
  setting: Setting,
  name: string,
  before: Record<string, string>,
  after: Record<string, string>,
): Promise<void> {
  for (const [command, text] of Object.entries(before)) {
    const short = command.replace(/ -b \S+/, '')
    if (!/handover|broker-a|Queue data/.test(text)) {
      setting.report.check(area, `${name}: ${short}`, false, `shows nothing to compare: ${text.slice(0, 400)}`)
      continue
    }
    const other = after[command] ?? ''
    const line = text.split('\n').findIndex((candidate, index) => candidate !== other.split('\n')[index])
    const detail = `line ${line + 1}\n before: ${text.split('\n')[line]?.slice(0, 400)}\n after: ${other.split('\n')[line]?.slice(0, 400)}`
    setting.report.check(area, `${name}: ${short}`, text === other, detail)
  }
}
