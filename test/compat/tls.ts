import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TestAuthority } from '../../runtime/io/tls/testing/test-authority.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import { Driver } from './driver.ts'
import { ask } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const SCENARIOS = ['send-sync', 'clustering', 'big-body', 'request-reply']
const MESSAGES = 50
const QUEUES = 3
const GET_BROKER_CLUSTER_INFO = 106
const ENFORCED_TOPIC = 'tls-enforced'
const ROUTED_WITHIN_MS = 60_000

/** The sides of a cell: who runs NameServer and broker. */
interface Sides {
  readonly namesrv: Engine
  readonly broker: Engine
}

/** Official clients with TLS, both sides verified, against servers of ours and mixed ones, which speak TLS with one another. */
export async function tls(setting: Setting): Promise<void> {
  const authority = new TestAuthority()
  const file = configFile(authority)
  const driver = new Driver('JSON', join(setting.dir, 'driver-tls'), [`-Dtls.config.file=${file}`, '-Dtls.enable=true'])
  try {
    const cells: Sides[] = [
      { namesrv: setting.engine, broker: setting.engine },
      { namesrv: 'apache', broker: setting.engine },
      { namesrv: setting.engine, broker: 'apache' },
    ]
    for (const sides of cells) await cell(setting, driver, file, sides)
  } finally {
    await driver.close()
    authority.remove()
  }
}

/** Of servers and clients alike: the keys of each side have names of their own. */
function configFile(authority: TestAuthority): string {
  const [server, client] = [authority.sign('server'), authority.sign('client')]
  const file = join(authority.folder, 'tls.properties')
  const lines = [
    'tls.test.mode.enable=false',
    'tls.server.need.client.auth=require',
    `tls.server.keyPath=${server.keyPath}`,
    `tls.server.certPath=${server.certPath}`,
    'tls.server.authClient=true',
    `tls.server.trustCertPath=${authority.certPath}`,
    `tls.client.keyPath=${client.keyPath}`,
    `tls.client.certPath=${client.certPath}`,
    'tls.client.authServer=true',
    `tls.client.trustCertPath=${authority.certPath}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

async function cell(setting: Setting, driver: Driver, file: string, sides: Sides): Promise<void> {
  const { report, dir } = setting
  const name = `TLS: ${sides.namesrv} NameServer, ${sides.broker} broker`
  const properties = `-Dtls.config.file=${file} -Dtls.enable=true`
  const env = { JAVA_OPT_EXT: properties, RMQ_JVM: `-XX:TieredStopAtLevel=1 ${properties}` }
  const brokers = [{ group: 'broker-a', id: 0, engine: sides.broker }]
  const cluster = await layOutCluster({
    name: `tls-${sides.namesrv}-${sides.broker}`,
    dir,
    namesrvEngine: sides.namesrv,
    brokers,
    env,
  })
  await cluster.start()
  try {
    const topicOf = (scenario: string) => `tls-${scenario}`
    await cluster.createTopics([ENFORCED_TOPIC, ...SCENARIOS.map(topicOf)], QUEUES)
    for (const scenario of SCENARIOS) {
      await report.attempt(name, scenario, async () => {
        const topic = topicOf(scenario)
        const args = { namesrv: cluster.namesrv.address, topic, group: `g-${topic}`, count: MESSAGES, level5Ms: 2000 }
        report.scenario(name, await driver.run(scenario, args))
      })
    }
    await report.attempt(name, 'mqadmin', async () => {
      const out = await driver.mqadmin('clusterList', '-n', cluster.namesrv.address)
      report.check(name, 'mqadmin clusterList', out.includes('broker-a'), out)
    })
    await report.attempt(name, 'enforcing', () => enforcing(setting, driver, name, cluster))
  } finally {
    await cluster.stop()
  }
}

/** Nothing but TLS: plain connections are closed, clients and servers with TLS go on. */
async function enforcing({ report }: Setting, driver: Driver, name: string, cluster: Cluster): Promise<void> {
  for (const server of [...cluster.brokers, cluster.namesrv]) await server.stop()
  cluster.addEnvironment('JAVA_OPT_EXT', '-Dtls.server.mode=enforcing')
  cluster.addEnvironment('RMQ_JVM', '-Dtls.server.mode=enforcing')
  for (const server of [cluster.namesrv, ...cluster.brokers]) await server.start()
  const namesrv = cluster.namesrv.address
  await waitUntil('route of the topic', ROUTED_WITHIN_MS, async () => {
    return (await driver.mqadmin('topicRoute', '-n', namesrv, '-t', ENFORCED_TOPIC)).includes('broker-a')
  })
  const args = {
    namesrv,
    topic: ENFORCED_TOPIC,
    group: 'g-enforced',
    count: MESSAGES,
    level5Ms: 2000,
  }
  const row = await driver.run('send-sync', args)
  report.check(name, 'enforcing: clients with TLS go on', row.ok, row.faults.join('; '))
  for (const { name: server, address } of [cluster.namesrv, ...cluster.brokers]) {
    const answered = await ask(address, { code: GET_BROKER_CLUSTER_INFO }).then(
      () => true,
      () => false,
    )
    report.check(name, `enforcing: ${server} closes a plain connection`, !answered, 'it answered')
  }
}
