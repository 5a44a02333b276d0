import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cluster, layOutCluster } from './cluster.ts'
import { createTopic } from './remoting.ts'
import { type Engine, type Server, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const OUR_MQADMIN = join(import.meta.dirname, '../../runtime/bin/mqadmin')
/** On a machine that starts JVMs. */
const MQADMIN_LIMIT_MS = 120_000
const AREA = 'static topics'
const QUEUES = 4
const COUNT = 200
const TOPIC = 'mapped'

/** Static topics: made and remapped by the official mqadmin while the official client sends and consumes. */
export async function staticTopics(setting: Setting): Promise<void> {
  const { report, engine, brief } = setting
  const alone = [[engine, engine, engine]] as const
  const pairs =
    engine === 'apache'
      ? alone
      : ([
          ['apache', 'apache', 'apache'],
          [engine, engine, engine],
          ['apache', engine, engine],
          [engine, 'apache', engine],
        ] as const)
  for (const [from, to, names] of brief ? alone : pairs) {
    await report.attempt(AREA, `from ${from} to ${to}`, () => remapped(setting, from, to, names))
  }
  if (brief || engine === 'apache') return
  // Apache's slaves note which version of the mappings their master has, not the mappings.
  for (const master of ['apache', engine] as const) {
    await report.attempt(AREA, `slave of ${master}`, () => copied(setting, master, engine))
  }
}

async function remapped(setting: Setting, from: Engine, to: Engine, namesrvEngine: Engine): Promise<void> {
  const { dir, report, driver } = setting
  const brokers = [
    { group: 'broker-a', id: 0, engine: from },
    { group: 'broker-b', id: 0, engine: to },
  ]
  const name = `static-${from}-${to}`
  const cluster = await layOutCluster({ name, dir, namesrvEngine, brokers })
  await cluster.start()
  const namesrv = cluster.namesrv.address
  const way = `${from} to ${to}`
  // The official tool where all brokers are of one engine, ours between engines.
  const isOfficial = from === to
  const mqadmin = (...args: string[]): Promise<string> =>
    isOfficial ? driver.mqadmin(...args, '-n', namesrv) : ourMqadmin([...args, '-n', namesrv])
  try {
    const made = await mqadmin('updateStaticTopic', '-b', 'broker-a', '-t', TOPIC, '-qn', String(QUEUES))
    report.check(AREA, `${way}: updateStaticTopic`, made.includes('The new mapping data is written to file'), made)
    const running = driver.start('static-topic', { namesrv, topic: TOPIC, group: `g-${name}`, count: COUNT })
    await running.awaitEvent('half')
    const moved = await mqadmin('remappingStaticTopic', '-b', 'broker-b', '-t', TOPIC)
    report.check(AREA, `${way}: remappingStaticTopic`, !moved.includes('Exception'), moved)
    running.signal('remapped')
    const row = await running.result
    report.check(AREA, `${way}: every message once, at its offset`, row.ok, JSON.stringify(row))
    await shown(setting, way, mqadmin)
    await restarted(setting, way, cluster, mqadmin)
  } finally {
    await cluster.stop()
  }
}

const COPIED_WITHIN_MS = 60_000

/** A slave has the file of its master. */
async function copied({ dir, report, driver }: Setting, master: Engine, slave: Engine): Promise<void> {
  const brokers = [
    { group: 'broker-a', id: 0, engine: master },
    { group: 'broker-a', id: 1, engine: slave },
  ]
  const cluster = await layOutCluster({ name: `static-${master}-slave`, dir, namesrvEngine: 'gantry', brokers })
  await cluster.start()
  try {
    const namesrv = cluster.namesrv.address
    await driver.mqadmin('updateStaticTopic', '-b', 'broker-a', '-t', TOPIC, '-qn', String(QUEUES), '-n', namesrv)
    const files = cluster.brokers.map(mappingFile)
    await waitUntil('the mapping on the slave', COPIED_WITHIN_MS, () => existsSync(files[1]!))
    const [ours, theirs] = files.map((file) => readFileSync(file, 'utf8'))
    report.check(AREA, `${slave} slave of ${master}: same file`, ours === theirs, `master ${ours}\nslave ${theirs}`)
  } finally {
    await cluster.stop()
  }
}

const mappingFile = ({ conf }: Server): string =>
  join(String(conf['storePathRootDir']), 'config/topicQueueMapping.json')

/** What it prints; what it says of a failure, too. */
function ourMqadmin(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(OUR_MQADMIN, args, { timeout: MQADMIN_LIMIT_MS }, (error, stdout, stderr) =>
      resolve(error === null ? stdout : `Exception: ${error.message}\n${stdout}${stderr}`),
    )
  })
}

type Mqadmin = (...args: string[]) => Promise<string>

async function shown({ report }: Setting, way: string, mqadmin: Mqadmin): Promise<void> {
  const route = await mqadmin('topicRoute', '-t', TOPIC)
  report.check(AREA, `${way}: topicRoute`, /"topicQueueMappingByBroker"[\s\S]*"broker-b"/.test(route), route)
  const status = await mqadmin('topicStatus', '-t', TOPIC)
  const rows = [...status.matchAll(/__syslo__global__\s+(\d)\s+(\d+)\s+(\d+)/g)].map(([, id, min, max]) => [
    id,
    min,
    max,
  ])
  const isWhole = rows.length === QUEUES && rows.every(([, min, max]) => min === '0' && Number(max) > 10_000)
  report.check(AREA, `${way}: topicStatus`, isWhole, status)
}

/** The files of each broker in the hands of the other engine; then the topic is deleted. */
async function restarted({ report, driver }: Setting, way: string, cluster: Cluster, mqadmin: Mqadmin): Promise<void> {
  for (const broker of cluster.brokers) {
    await broker.stop()
    broker.engine = broker.engine === 'apache' ? 'gantry' : 'apache'
    await broker.start()
    await cluster.awaitRegistered(broker)
  }
  const status = await mqadmin('topicStatus', '-t', TOPIC)
  const ends = [...status.matchAll(/__syslo__global__\s+\d\s+\d+\s+(\d+)/g)].map(([, max]) => Number(max))
  const isWhole = ends.length === QUEUES && ends.every((max) => max > 10_000)
  report.check(AREA, `${way}: topicStatus with the engines exchanged`, isWhole, status)
  const namesrv = cluster.namesrv.address
  const more = driver.start('static-topic', { namesrv, topic: TOPIC, group: `g-${cluster.name}-more`, count: 20 })
  await more.awaitEvent('half')
  more.signal('remapped')
  const row = await more.result
  report.check(AREA, `${way}: clients with the engines exchanged`, row.ok, JSON.stringify(row))
  const deleted = await mqadmin('deleteTopic', '-c', 'CompatCluster', '-t', TOPIC)
  report.check(AREA, `${way}: deleteTopic`, deleted.includes('success'), deleted)
  // Apache's name server never forgets what a topic was.
  if (cluster.namesrv.engine === 'apache') return
  for (const broker of cluster.masters) await createTopic(broker.address, TOPIC, 1)
  const plain = await mqadmin('topicRoute', '-t', TOPIC)
  report.check(AREA, `${way}: an ordinary topic afterwards`, !plain.includes('currIdMap'), plain)
}
