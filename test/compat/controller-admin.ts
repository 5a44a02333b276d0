import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { type ControllerCluster, layOutControllerCluster } from './controller-cluster.ts'
import { createTopic, routeOf } from './remoting.ts'
import { type Engine, type Server, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const COMMAND_LIMIT_MS = 120_000
const TOPIC = 'controller-admin'

type Step = {
  /** `{leader}`, `{follower}`, `{all}`, `{master}` and `{slave}` are filled in per cluster. */
  command: string
  /** Text that must be there, whatever the other side says; guards against two equal failures. */
  expect: RegExp
  /** Compare only lines that match: the rest names what only one implementation has. */
  onlyLines?: RegExp
  /** Refused: what is compared is the code of the answer and why. */
  fails?: boolean
}

const KEY = 'scanInactiveMasterInterval'
/** Keys that mean the same to both engines, with values that a conf file or a command has set. */
const KEYS =
  /^(controllerDLegerGroup|controllerDLegerPeers|controllerDLegerSelfId|controllerType|scanInactive|listenPort)/

const steps: readonly Step[] = [
  { command: 'getControllerMetaData -a {leader}', expect: /#ControllerLeaderAddress.*\n(#Peer:.*\n?){3}/ },
  { command: 'getControllerMetaData -a {follower}', expect: /#ControllerLeaderAddress.*\n(#Peer:.*\n?){3}/ },
  { command: 'getSyncStateSet -a {follower} -b broker-a', expect: /#SyncStateSetNums 2\n(InSyncReplica.*\n?){2}/ },
  { command: 'getSyncStateSet -a {leader} -c CompatCluster', expect: /#SyncStateSetNums 2/ },
  { command: `updateControllerConfig -a {all} -k ${KEY} -v 4000`, expect: /success!.*\n.*4000/ },
  { command: 'getControllerConfig -a {all}', onlyLines: KEYS, expect: new RegExp(`(${KEY} = 4000[\\s\\S]*){3}`) },
  { command: 'getBrokerEpoch -b broker-a', expect: /(epoch=1, startOffset=0, endOffset=\d[\s\S]*){2}/ },
  { command: 'getBrokerEpoch -c CompatCluster', expect: /(epoch=1, startOffset=0, endOffset=\d[\s\S]*){2}/ },
  { command: 'haStatus -b {master}', expect: /#InSyncSlaveNum 1\n.*\n.* OK / },
  { command: 'haStatus -b {slave}', expect: /#LastReadTime/ },
  { command: 'haStatus -c CompatCluster', expect: /#InSyncSlaveNum 1/ },
  { command: 'cleanBrokerMetadata -a {follower} -bn broker-a -c CompatCluster -b 9', expect: /success/ },
  { command: 'cleanBrokerMetadata -a {leader} -bn broker-a -c CompatCluster -b 2', fails: true, expect: /alive/ },
  { command: 'cleanBrokerMetadata -a {leader} -bn nobody -c CompatCluster -b 1', fails: true, expect: /not existed/ },
  { command: 'electMaster -a {leader} -c CompatCluster -bn broker-a -b 7', fails: true, expect: /elect/ },
]

/** The eight commands for controllers: the official mqadmin on our cluster, ours on the official one, each as on its own. */
export async function controllerAdmin(setting: Setting): Promise<void> {
  const [tested, reference] = [
    await open(setting, setting.engine, 'tested'),
    await open(setting, 'apache', 'reference'),
  ]
  const onOurs = `official mqadmin on ${setting.engine} controllers and brokers, as on Apache`
  const onTheirs = 'our mqadmin on Apache controllers and brokers, as the official one'
  for (const step of steps) {
    await setting.report.attempt(onOurs, step.command, async () => {
      const theirs = await official(setting, step, reference)
      compare(setting, onOurs, step, await official(setting, step, tested), theirs)
      compare(setting, onTheirs, step, await ours(step, reference), theirs)
    })
  }
  await election(setting, tested, reference)
  await stop(tested)
  await stop(reference)
}

async function open(setting: Setting, engine: Engine, name: string): Promise<ControllerCluster> {
  const cluster = await layOutControllerCluster({
    name: `controller-admin-${name}`,
    dir: setting.dir,
    engines: { namesrv: engine, controller: engine, broker: engine },
    controllerCount: 3,
    replicaCount: 2,
  })
  await cluster.start()
  // So that there is something to have an offset.
  await createTopic(cluster.brokers[0]!.address, TOPIC, 4)
  await waitUntil('the route of the topic', 60_000, async () => {
    return (await routeOf(cluster.namesrv.address, TOPIC)).length === 1
  })
  const args = { topic: TOPIC, group: 'controller-admin', count: 40, namesrv: cluster.namesrv.address }
  const row = await setting.driver.run('fill', args)
  if (!row.ok) throw new Error(`${name}: ${row.faults.join('; ')}`)
  await cluster.awaitInSync(2)
  return cluster
}

async function stop({ brokers, controllers, namesrv }: ControllerCluster): Promise<void> {
  for (const server of [...brokers, ...controllers, namesrv]) await server.stop('SIGKILL')
}

/** The official tool of 5.5.0 cannot read its own controllers' answer: only ours shows there what came of it. */
async function election(setting: Setting, tested: ControllerCluster, reference: ControllerCluster): Promise<void> {
  const area = 'mqadmin electMaster'
  const step: Step = {
    command: 'electMaster -a {leader} -c CompatCluster -bn broker-a -b 2',
    expect: /#BrokerMasterAddr <broker-2>\n#MasterEpoch 2\n#SyncStateSetEpoch 3/,
  }
  const sides = [
    { name: `official on ${setting.engine}`, cluster: tested, run: () => official(setting, step, tested) },
    { name: 'ours on Apache', cluster: reference, run: () => ours(step, reference) },
  ]
  for (const { name, cluster, run } of sides.slice(setting.engine === 'apache' ? 1 : 0)) {
    await setting.report.attempt(area, name, async () => {
      const text = await run()
      const group = await cluster.group()
      const isElected = group?.masterId === '2' && group.masterEpoch === 2
      setting.report.check(area, name, step.expect.test(text) && isElected, `${text}\n${JSON.stringify(group)}`)
    })
  }
}

async function official(setting: Setting, step: Step, cluster: ControllerCluster): Promise<string> {
  const text = await setting.driver.mqadmin(...(await words(step, cluster)))
  // Java's stack trace; the cause names the code of the answer.
  const cause = /CODE: (\d+) +DESC: (.*)/.exec(text)
  return normalise(step.fails ? `${cause?.[1]}: ${cause?.[2]}` : text, step, cluster)
}

async function ours(step: Step, cluster: ControllerCluster): Promise<string> {
  const program = join(import.meta.dirname, '../../runtime/bin/mqadmin')
  const args = await words(step, cluster)
  const text = await new Promise<string>((resolve) => {
    execFile(program, args, { timeout: COMMAND_LIMIT_MS }, (_error, stdout, stderr) => resolve(stdout + stderr))
  })
  const cause = /refused \w+: (\d+) \w+: (.*)/.exec(text)
  return normalise(step.fails ? `${cause?.[1]}: ${cause?.[2]}` : text, step, cluster)
}

async function words({ command }: Step, cluster: ControllerCluster): Promise<string[]> {
  const leader = await cluster.awaitLeader()
  const follower = cluster.controllers.find((controller) => controller !== leader)!
  const [master, slave] = cluster.brokers as [Server, Server]
  const filled = command
    .replace('{leader}', leader.address)
    .replace('{follower}', follower.address)
    .replace('{all}', cluster.controllerAddr)
    .replace('{master}', master.address)
    .replace('{slave}', slave.address)
  return [...filled.split(' '), '-n', cluster.namesrv.address]
}

/** Replaces what differs between any two clusters and moments, so that equal state gives equal text. */
function normalise(text: string, { onlyLines }: Step, cluster: ControllerCluster): string {
  let out = text
  for (const { address, name, port } of [...cluster.brokers, ...cluster.controllers]) {
    out = out.replaceAll(address, `<${name}>`).replaceAll(`127.0.0.1:${port + 1}`, `<${name} ha>`)
    out = out.replace(new RegExp(`(listenPort += +)${port}\\b`), `$1<port of ${name}>`)
  }
  // Any of the controllers may lead.
  const leader = /#ControllerLeaderId\s+(\S+)[\s\S]*#ControllerLeaderAddress\s+(\S+)/.exec(out)
  if (leader !== null)
    out = out.replace(leader[0], leader[0].replace(leader[1]!, '<id>').replace(leader[2]!, '<leader>'))
  const lines = out
    .replace(/127\.0\.0\.1:\d+/g, '<address>')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+/g, '<time>')
    // Each engine has messages of its own in the log.
    .replace(
      /endOffset=\d+|(MaxOffset|FlushOffset|Speed\(KB\/s\)|<address>)(\s+\d[\d.]*)+/g,
      (_, name?: string) => `${name ?? 'endOffset'} <n>`,
    )
    .replace(/OK\s+\d+/g, 'OK <n>')
    .replace(/[ \t]+/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && (onlyLines === undefined || onlyLines.test(line)))
  if (onlyLines !== undefined) return lines.sort().join('\n')
  // Brokers come in the order of a hash set.
  return lines
    .join('\n')
    .split(/\n(?=#clusterName)/)
    .sort()
    .join('\n')
}

function compare(setting: Setting, area: string, step: Step, tested: string, reference: string): void {
  const comparable = step.onlyLines ? reference : reference.replace(/endOffset <n>/g, 'endOffset=0')
  const isThere = step.expect.test(comparable)
  const detail = `${isThere ? '' : `the official one does not show ${step.expect}\n`}tested:\n${tested}\nreference:\n${reference}`
  setting.report.check(area, step.command, isThere && tested === reference, detail)
}
