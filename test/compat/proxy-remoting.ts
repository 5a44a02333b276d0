import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import { Driver } from './driver.ts'
import { CONF, makeUsers, PROXY_CONF } from './grpc-acl.ts'
import { proxyOf, withProxy } from './grpc-cluster.ts'
import { ask } from './remoting.ts'
import { type Engine, type Server, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'remoting clients of the proxy'
const ADMIN = { accessKey: 'admin', secretKey: 'admin-secret' }
const ALICE = { accessKey: 'alice', secretKey: 'alice-secret' }
const MESSAGES = 40
const LISTED_WITHIN_MS = 60_000
const SCENARIOS = [
  ...['send-sync', 'send-oneway', 'send-batch', 'clustering', 'orderly', 'retry-dlq', 'tag-filter', 'sql-filter'],
  ...['transactions', 'pull', 'lite-pull'],
]
/** Codes that Apache's proxy does not serve on its remoting port. */
const OURS = ['request-reply']
const GET_CONSUMER_CONNECTION_LIST = 203
const topicOf = (scenario: string) => `grpc-r-${scenario}`
const groupOf = (scenario: string) => `g-grpc-r-${scenario}`

/** The official client for Java on the remoting port, before Apache's brokers, and before ours that check who it is. */
export async function proxyRemoting(setting: Setting): Promise<void> {
  const { dir, report, engine, wanted } = setting
  const engines: readonly Engine[] = engine === 'apache' ? ['apache'] : ['apache', 'gantry']
  const scenarios = [...SCENARIOS, ...(engine === 'gantry' ? OURS : [])].filter((one) => wanted(`${AREA} ${one}`))
  for (const brokers of engines.filter((one) => wanted(`remoting clients of the proxy on ${one}`))) {
    await report.attempt(AREA, `proxy of ${engine}, brokers of ${brokers}`, async () => {
      const isChecked = brokers === 'gantry'
      const typeOf = (scenario: string) => (scenario === 'transactions' ? 'TRANSACTION' : 'NORMAL')
      const topics = Object.fromEntries([...SCENARIOS, ...OURS].map((one) => [topicOf(one), typeOf(one)]))
      const transactions = { transactionCheckInterval: 3000, transactionTimeOut: 6000 }
      const name = `proxy-remoting-${brokers}`
      const options = {
        ...{ name, dir, engine, brokers, topics, groups: {} },
        conf: { ...(isChecked ? CONF : {}), ...transactions },
        ...(isChecked ? { keys: ADMIN, proxyConf: PROXY_CONF } : {}),
      }
      await withProxy(options, async (proxy, cluster) => {
        if (isChecked) await makeUsers(cluster)
        await clients(setting, { proxy, cluster, brokers, isChecked, name, scenarios })
      })
    })
  }
}

interface Around {
  readonly proxy: Server
  readonly cluster: Cluster
  readonly brokers: Engine
  readonly isChecked: boolean
  readonly name: string
  readonly scenarios: readonly string[]
}

const remotingOf = (proxy: Server) => `127.0.0.1:${proxy.conf['remotingListenPort']}`

async function clients({ dir, report, engine }: Setting, around: Around): Promise<void> {
  const { proxy, brokers, isChecked, name, scenarios } = around
  const home = join(dir, `${name}-home`)
  mkdirSync(join(home, 'conf'), { recursive: true })
  writeFileSync(join(home, 'conf/tools.yml'), `accessKey: ${ADMIN.accessKey}\nsecretKey: ${ADMIN.secretKey}\n`)
  const driver = new Driver('JSON', join(dir, `${name}-driver`), [`-Drocketmq.home.dir=${home}`])
  const keys = isChecked ? ALICE : {}
  const run = (scenario: string, namesrv: string, more = {}) =>
    driver.run(scenario, {
      ...{ namesrv, topic: topicOf(scenario), group: groupOf(scenario), count: MESSAGES, level5Ms: 2000 },
      ...keys,
      ...more,
    })
  try {
    for (const scenario of scenarios) {
      await report.attempt(AREA, scenario, async () => {
        report.scenario(`remoting by the proxy, ${brokers}`, await run(scenario, remotingOf(proxy)))
      })
    }
    if (isChecked) {
      const row = await run('send-sync', remotingOf(proxy), { ...ALICE, secretKey: 'wrong' })
      report.check(AREA, 'a wrong secret: refused', row.sent === 0 && row.faults.length > 0, row.faults.join('; '))
      const other = await run('send-sync', remotingOf(proxy), { topic: 'grpc-denied' })
      report.check(
        AREA,
        'a denied topic: refused',
        other.sent === 0 && other.faults.length > 0,
        other.faults.join('; '),
      )
    }
    if (engine === 'gantry') await twoProxies({ dir, report } as Setting, around, driver)
  } finally {
    await driver.close()
  }
}

/** Consumers of one group on two proxies share its queues, and brokers list both. */
async function twoProxies({ dir, report }: Setting, around: Around, driver: Driver): Promise<void> {
  const { proxy, cluster, isChecked, name, brokers } = around
  const second = await proxyOf(cluster, 'gantry', join(dir, name), {
    ...(isChecked ? PROXY_CONF : {}),
  })
  await second.start()
  try {
    const topic = topicOf('clustering')
    const group = 'g-grpc-two'
    const keys = isChecked ? ALICE : {}
    const runs = [proxy, second, proxy, second].map((one, index) => {
      const file = join(dir, name, `two-${index}.tsv`)
      return driver.start('steady-consume', { ...keys, topic, group, file, namesrv: remotingOf(one) })
    })
    await Promise.all(runs.map((run) => run.awaitEvent('begun')))
    let seen = 0
    const allListed = waitUntil('four consumers', LISTED_WITHIN_MS, async () => {
      const request = { code: GET_CONSUMER_CONNECTION_LIST, extFields: { consumerGroup: group } }
      const answer = await ask(cluster.masters[0]!.address, request, isChecked ? ADMIN : undefined)
      const body = answer.code === 0 ? (JSON.parse(answer.body.toString()) as { connectionSet: unknown[] }) : undefined
      seen = body?.connectionSet.length ?? 0
      return seen === runs.length
    })
    await allListed.catch(() => undefined)
    for (const run of runs) run.signal('stop')
    await Promise.all(runs.map(({ result }) => result))
    const what = `consumers on two proxies are listed by brokers of ${brokers}`
    report.check(AREA, what, seen === runs.length, `${seen} of ${runs.length} after ${LISTED_WITHIN_MS} ms`)
  } finally {
    await second.stop()
  }
}
