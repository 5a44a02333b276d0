import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Cluster, layOutCluster } from './cluster.ts'
import type { Driver, ScenarioResult } from './driver.ts'
import type { Setting } from './setting.ts'
import { buildClientPrograms } from './toolchain.ts'

const compatDir = import.meta.dirname
const messages = 100
const queuesPerBroker = 3
/** Of all scenarios of a program together, which share two processors with those of another. */
const programLimitMs = 900_000

const javaScenarios = [
  'send-sync',
  'send-async',
  'send-oneway',
  'send-batch',
  'auto-create',
  'big-body',
  'delay',
  'timers',
  'clustering',
  'broadcasting',
  'orderly',
  'tag-filter',
  'sql-filter',
  'sql-filter-lite',
  'retry-dlq',
  'restart',
  'pull',
  'lite-pull',
  'lite-pull-assign',
  'request-reply',
  'transactions',
  'transaction-producer-death',
  'query',
  'timestamp',
  'api',
]
const goScenarios = [
  'send-sync',
  'send-async',
  'send-oneway',
  'send-batch',
  'big-body',
  'delay',
  'clustering',
  'broadcasting',
  'orderly',
  'tag-filter',
  'retry-dlq',
  'restart',
  'pull',
  'poll',
]
const nodeScenarios = [
  'send-sync',
  'send-async',
  'big-body',
  'delay',
  'clustering',
  'broadcasting',
  'orderly',
  'tag-filter',
  'retry-dlq',
  'restart',
]

/** No requests: with the client that this starter brings (5.3.2) they end in a time-out at once, of Apache's broker as well. */
const springScenarios = [
  'send-sync',
  'send-async',
  'send-batch',
  'object',
  'orderly',
  'tag-filter',
  'sql-filter',
  'delay',
  'retry',
  'transactions',
  'receive',
]

/** The official clients against two masters with a slave each. */
export async function clientScenarios(setting: Setting): Promise<void> {
  const { engine } = setting
  const wanted = [
    ...wantedOf(setting, 'java JSON', [...javaScenarios, 'slave-read']),
    ...wantedOf(setting, 'java ROCKETMQ', javaScenarios),
    ...wantedOf(setting, 'go', goScenarios),
    ...wantedOf(setting, 'node', nodeScenarios),
    ...wantedOf(setting, 'spring', springScenarios),
  ]
  if (wanted.length === 0) return
  await buildClientPrograms()
  const cluster = await layOutCluster({
    name: 'clients',
    dir: setting.dir,
    namesrvEngine: engine,
    brokers: [
      { group: 'broker-a', id: 0, engine },
      { group: 'broker-b', id: 0, engine },
      { group: 'broker-a', id: 1, engine },
      { group: 'broker-b', id: 1, engine },
    ],
    conf: {
      enablePropertyFilter: true,
      transactionTimeOut: 6000,
      transactionCheckInterval: 3000,
      recallMessageEnable: true,
    },
  })
  await cluster.start()
  try {
    await createAll(setting, cluster)
    await Promise.all([
      runJava(setting, cluster, 'java JSON', 'java-json', setting.driver),
      runProgram(setting, 'go', goScenarios, (names) => [
        join(compatDir, 'go/target/compat'),
        ['-namesrv', cluster.namesrv.address, '-prefix', 'go', '-count', String(messages), '-parallel', '4', ...names],
      ]),
    ])
    await Promise.all([
      runJava(setting, cluster, 'java ROCKETMQ', 'java-binary', setting.binaryDriver()),
      runProgram(setting, 'node', nodeScenarios, (names) => [
        process.execPath,
        [join(compatDir, 'node/client.mjs'), cluster.namesrv.address, 'node', String(messages), ...names],
      ]),
    ])
    await runProgram(setting, 'spring', springScenarios, (names) => [
      'java',
      [
        ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx384m', `-Duser.home=${setting.dir}`],
        ...['-cp', `${join(compatDir, 'spring/target/classes')}:${join(compatDir, 'spring/target/lib')}/*`],
        ...['gantry.compat.spring.Main', cluster.namesrv.address, ...names],
      ],
    ])
    if (setting.wanted('java JSON slave-read')) await slaveRead(setting, cluster)
  } finally {
    await cluster.stop()
  }
}

function wantedOf(setting: Setting, client: string, names: string[]): string[] {
  return names.filter((name) => setting.wanted(`${client} ${name}`))
}

/** Topics, and retry topics so that clients with a fixed 30 s route poll see them at once. */
async function createAll(setting: Setting, cluster: Cluster): Promise<void> {
  const names = [
    ...wantedOf(setting, 'java JSON', javaScenarios).map((name) => `java-json-${name}`),
    ...wantedOf(setting, 'java ROCKETMQ', javaScenarios).map((name) => `java-binary-${name}`),
    ...wantedOf(setting, 'go', goScenarios).map((name) => `go-${name}`),
    ...wantedOf(setting, 'node', nodeScenarios).map((name) => `node-${name}`),
    ...(wantedOf(setting, 'spring', springScenarios).length > 0 ? springScenarios : []).map((name) => `spring-${name}`),
  ].filter((name) => !name.endsWith('auto-create'))
  // Among the first, because a slave must have heard of it when its turn comes.
  await cluster.createTopics(['slave-read', ...names], queuesPerBroker)
  await cluster.createTopics(
    names.filter((name) => name.endsWith('retry-dlq')).map((name) => `%RETRY%g-${name}`),
    1,
  )
}

async function runJava(
  setting: Setting,
  cluster: Cluster,
  client: string,
  prefix: string,
  driver: Driver,
): Promise<void> {
  const names = wantedOf(setting, client, javaScenarios)
  const next = names.values()
  const worker = async (): Promise<void> => {
    for (const name of next) {
      const topic = `${prefix}-${name}`
      await setting.report.attempt(client, name, async () => {
        const args = { namesrv: cluster.namesrv.address, topic, group: `g-${topic}`, count: messages, level5Ms: 2000 }
        setting.report.scenario(client, await driver.run(name, args))
      })
    }
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

/** Runs the Go, Node or Spring program once for all its scenarios and reads its result lines. */
async function runProgram(
  setting: Setting,
  client: string,
  all: string[],
  command: (names: string[]) => [string, string[]],
): Promise<void> {
  const names = wantedOf(setting, client, all)
  if (names.length === 0) return
  const [program, args] = command(names)
  const reported = new Set<string>()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: programLimitMs })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr = (stderr + String(chunk)).slice(-2000)
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{"scenario"')) return
    const row = JSON.parse(line) as ScenarioResult
    reported.add(row.scenario)
    setting.report.scenario(client, row)
  })
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  })
  for (const name of names.filter((candidate) => !reported.has(candidate))) {
    setting.report.check(client, name, false, `the ${client} program ended without a result: ${stderr}`)
  }
}

/** A Java consumer reads on from the slave while its master is down, and from the master again when it is back. */
async function slaveRead(setting: Setting, cluster: Cluster): Promise<void> {
  const client = 'java JSON'
  await setting.report.attempt(client, 'slave-read', async () => {
    const running = setting.driver.start('slave-read', {
      namesrv: cluster.namesrv.address,
      topic: 'slave-read',
      group: 'g-slave-read',
      count: 600,
    })
    await running.awaitEvent('suspended')
    await cluster.awaitInSync()
    await cluster.awaitCopied('slave-read')
    const master = cluster.broker('broker-a')
    await master.stop('SIGKILL')
    await cluster.awaitGone(master)
    running.signal('master-down')
    await running.awaitEvent('read-from-slave')
    await master.start()
    await cluster.awaitRegistered(master)
    running.signal('master-up')
    setting.report.scenario(client, await running.result)
  })
}
