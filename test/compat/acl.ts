import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { decide } from '../../runtime/auth/decision.ts'
import { readAcl } from '../../runtime/auth/policy.ts'
import { type ArbitraryEntry, arbitraryAccess, arbitraryEntry } from '../../runtime/auth/testing/arbitrary-access.ts'
import { askAccessOracle } from './access-oracle.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import { Driver } from './driver.ts'
import { ask } from './remoting.ts'
import { type Engine, type Server, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const SCENARIOS = [
  ...[
    'send-sync',
    'send-oneway',
    'send-batch',
    'clustering',
    'orderly',
    'retry-dlq',
    'tag-filter',
    'sql-filter',
    'transactions',
  ],
  ...['request-reply', 'pull', 'lite-pull', 'query'],
]
const MESSAGES = 40
const QUEUES = 3
const COPIED_WITHIN_MS = 120_000
const COMMAND_LIMIT_MS = 120_000
const DECISIONS = 20_000
const NO_PERMISSION = 16
const UPDATE_BROKER_CONFIG = 25

const ADMIN = { accessKey: 'admin', secretKey: 'admin-secret' }
const ALICE = { accessKey: 'alice', secretKey: 'alice-secret' }
const AUTH = 'org.apache.rocketmq.auth'
const CONF = {
  authenticationEnabled: true,
  authorizationEnabled: true,
  authenticationProvider: `${AUTH}.authentication.provider.DefaultAuthenticationProvider`,
  authenticationMetadataProvider: `${AUTH}.authentication.provider.LocalAuthenticationMetadataProvider`,
  authorizationProvider: `${AUTH}.authorization.provider.DefaultAuthorizationProvider`,
  authorizationMetadataProvider: `${AUTH}.authorization.provider.LocalAuthorizationMetadataProvider`,
  initAuthenticationUser: '{"username":"admin","password":"admin-secret"}',
  innerClientAuthenticationCredentials: '{"accessKey":"inner","secretKey":"inner-secret"}',
  enablePropertyFilter: true,
  transactionTimeOut: 6000,
  transactionCheckInterval: 3000,
}

/** Users and policies: official clients and tools on brokers that check them, ours on Apache's, and decisions of both. */
export async function acl(setting: Setting): Promise<void> {
  await setting.report.attempt('ACL', 'random decisions', () => randomDecisions(setting))
  const home = join(setting.dir, 'acl-home')
  mkdirSync(join(home, 'conf'), { recursive: true })
  writeFileSync(join(home, 'conf/tools.yml'), `accessKey: ${ADMIN.accessKey}\nsecretKey: ${ADMIN.secretKey}\n`)
  const driver = new Driver('JSON', join(setting.dir, 'driver-acl'), [`-Drocketmq.home.dir=${home}`])
  try {
    const apache = await pair(setting, 'acl-apache', 'apache', setting.engine)
    await apache.start()
    const tested = await pair(setting, 'acl-tested', setting.engine, setting.engine)
    await tested.start()
    try {
      await officialTools(setting, driver, tested, apache)
      await clients(setting, driver, tested)
      await refusals(setting, driver, tested)
      await ourTools(setting, driver, home, apache, tested)
      await failOver(setting, driver, tested)
    } finally {
      await tested.stop()
      await apache.stop()
    }
  } finally {
    await driver.close()
  }
}

function pair({ dir, engine }: Setting, name: string, master: Engine, slave: Engine): Promise<Cluster> {
  const brokers = [
    { group: 'broker-a', id: 0, engine: master },
    { group: 'broker-a', id: 1, engine: slave },
  ]
  return layOutCluster({ name, dir, namesrvEngine: engine, brokers, conf: CONF })
}

/** Policies judged by ours and by Apache's, the resources of a policy being different: of equal ones Apache takes another. */
async function randomDecisions({ report }: Setting): Promise<void> {
  const seed = Date.now() & 0x7fffffff
  const entries = fc.uniqueArray(arbitraryEntry, { selector: ({ resource }: ArbitraryEntry) => resource, maxLength: 6 })
  const question = fc
    .record({ custom: entries, byDefault: entries, access: arbitraryAccess })
    .filter(({ custom, byDefault }) => custom.length + byDefault.length > 0)
  const questions = fc.sample(question, { numRuns: DECISIONS, seed })
  const sourceIp = '10.0.0.1'
  const answers = await askAccessOracle<{ decision: string }>(
    questions.map(({ custom, byDefault, access: { resource, actions } }) => ({
      ...{ op: 'decide', custom, default: byDefault, actions, sourceIp },
      resource: `${resource.type}:${resource.name}`,
    })),
  )
  const counts: Record<string, number> = {}
  const different = questions.flatMap((asked, i) => {
    const policies = [{ entries: asked.custom }, { policyType: 'Default', entries: asked.byDefault }]
    const ours = decide(readAcl({ subject: 'User:alice', policies } as never), asked.access, sourceIp)
    counts[ours] = (counts[ours] ?? 0) + 1
    return ours === answers[i]!.decision ? [] : [`${JSON.stringify(asked)}: ${ours}, Apache ${answers[i]!.decision}`]
  })
  const detail = `${DECISIONS} (${JSON.stringify(counts)}), seed ${seed}\n${different.slice(0, 3).join('\n')}`
  const isTelling = ['Allow', 'Deny', 'none'].every((decision) => (counts[decision] ?? 0) > DECISIONS / 20)
  report.check('ACL', 'random decisions', different.length === 0 && isTelling, detail)
}

/** The official mqadmin makes users and policies on both clusters and shows the same text. */
async function officialTools({ report }: Setting, driver: Driver, tested: Cluster, apache: Cluster): Promise<void> {
  const subject = 'User:alice'
  const steps: [args: string, expected: RegExp][] = [
    ['createUser -b {master} -u alice -p alice-secret', /create user to .* success/],
    ['createUser -b {master} -u alice -p again', /exist/],
    ['createUser -b {master} -u bob -p bob-secret -t Normal', /create user to .* success/],
    ['createUser -b {master} -u root -p root-secret -t Super', /create user to .* success/],
    [`createAcl -b {master} -s ${subject} -r Topic:acl-*,Topic:%DLQ%g-acl-* -a Pub,Sub,Get -d Allow`, /success/],
    [`createAcl -b {master} -s ${subject} -r Group:* -a Sub,Get,Update -i 127.0.0.0/8 -d Allow`, /success/],
    [`createAcl -b {master} -s ${subject} -r Topic:acl-forbidden -a All -d Deny`, /success/],
    [`createAcl -b {master} -s User:nobody -r Topic:a -a All -d Deny`, /exist/],
    [`createAcl -b {master} -s ${subject} -r Topic:a -a Pub -i 10.0.0.0/99 -d Allow`, /source ip/],
    ['createAcl -b {master} -s User:bob -r * -a Get -d Allow', /success/],
    ['listUser -b {master}', /alice +alice-secret +Normal +enable/],
    ['listUser -b {master} -f bo', /bob/],
    ['getUser -b {master} -u root', /root-secret +Super/],
    ['getUser -b {master} -u nobody', /^$/],
    [`getAcl -b {master} -s ${subject}`, /Topic:acl-\* +\[Pub, Sub, Get\] +null +Allow/],
    ['listAcl -b {master}', /User:bob +Custom +\* +\[Get\]/],
    ['listAcl -b {master} -s alice -r forbidden', /Topic:acl-forbidden/],
    [`updateAcl -b {master} -s ${subject} -r Topic:acl-forbidden -a Pub,Sub -d Deny`, /success/],
    [`getAcl -b {master} -s ${subject}`, /Topic:acl-forbidden +\[Pub, Sub\] +null +Deny/],
    ['updateUser -b {master} -u bob -s disable', /success/],
    ['getUser -b {master} -u bob', /disable/],
    ['updateUser -b {master} -u bob -s enable', /success/],
    ['deleteAcl -b {master} -s User:bob -r *', /success/],
    ['getAcl -b {master} -s User:bob', /^$/],
    ['deleteUser -b {master} -u root', /success/],
    ['getUser -b {master} -u root', /^$/],
  ]
  for (const [args, expected] of steps) {
    await report.attempt('official mqadmin', args, async () => {
      const [ours, theirs] = [await officially(driver, tested, args), await officially(driver, apache, args)]
      // What is refused is refused in the words of either.
      const isRefusal = /MQBrokerException/.test(theirs)
      const isRight = expected.test(ours) && (isRefusal ? /CODE: 16 /.test(ours) : ours === theirs)
      report.check('official mqadmin', args, isRight, `tested: ${ours}\nApache: ${theirs}`)
    })
  }
  const mode = statSync(join(String(tested.broker('broker-a').conf['storePathRootDir']), 'config/auth/users.json')).mode
  report.check('ACL', 'users.json is for the owner only', (mode & 0o777) === 0o600, mode.toString(8))
  await report.attempt('ACL', 'our slave copies an Apache master', async () => {
    await sameUsers(driver, apache)
    report.check('ACL', 'our slave copies an Apache master', true)
  })
  await report.attempt('ACL', 'our slave copies our master', async () => {
    await sameUsers(driver, tested)
    report.check('ACL', 'our slave copies our master', true)
  })
  const out = await driver.mqadmin(
    ...['createUser', '-n', tested.namesrv.address, '-c', 'CompatCluster', '-u', 'everywhere', '-p', 'x'],
  )
  report.check('official mqadmin', 'createUser -c', out.match(/success/g)?.length === 2, out)
}

async function officially(driver: Driver, cluster: Cluster, args: string): Promise<string> {
  const { address } = cluster.broker('broker-a')
  const out = await driver.mqadmin(...args.split(' ').map((word) => (word === '{master}' ? address : word)))
  return out.replaceAll(address, '{master}')
}

async function sameUsers(driver: Driver, cluster: Cluster): Promise<void> {
  const [master, slave] = [cluster.broker('broker-a'), cluster.broker('broker-a', 1)]
  await waitUntil(`users of ${slave.name}`, COPIED_WITHIN_MS, async () => {
    for (const command of ['listUser', 'listAcl']) {
      const shown = await Promise.all([master, slave].map(({ address }) => driver.mqadmin(command, '-b', address)))
      if (shown[0] !== shown[1] || !shown[0]!.includes('alice')) return false
    }
    return true
  })
}

/** A user with the policies it needs does all that clients do. */
async function clients({ report }: Setting, driver: Driver, cluster: Cluster): Promise<void> {
  const master = cluster.broker('broker-a').address
  const topicOf = (scenario: string) => `acl-${scenario}`
  for (const topic of [...SCENARIOS.map(topicOf), 'acl-forbidden', 'other']) {
    await driver.mqadmin('updateTopic', '-b', master, '-t', topic, '-r', String(QUEUES), '-w', String(QUEUES))
  }
  for (const scenario of SCENARIOS) {
    await report.attempt('ACL', scenario, async () => {
      const topic = topicOf(scenario)
      const args = { namesrv: cluster.namesrv.address, topic, group: `g-${topic}`, count: MESSAGES, level5Ms: 2000 }
      report.scenario('ACL', await driver.run(scenario, { ...args, ...ALICE }))
    })
  }
}

/** Who is not known, not proven or not allowed sends nothing, and the broker's log says why. */
async function refusals({ report, engine }: Setting, driver: Driver, cluster: Cluster): Promise<void> {
  const [unsigned, unproven] = ['the request is not signed', 'there is no such user']
  const cases: [what: string, topic: string, keys: Record<string, string>, logged: string][] = [
    ['no credentials', 'acl-send-sync', {}, unsigned],
    ['a wrong secret', 'acl-send-sync', { ...ALICE, secretKey: 'wrong' }, unproven],
    ['an unknown user', 'acl-send-sync', { accessKey: 'nobody', secretKey: 'x' }, unproven],
    ['a user without policies', 'acl-send-sync', { accessKey: 'bob', secretKey: 'bob-secret' }, 'no matched policies'],
    ['another topic', 'other', ALICE, 'Topic:other from 127.0.0.1, no matched policies'],
    ['a topic that is denied', 'acl-forbidden', ALICE, 'Topic:acl-forbidden from 127.0.0.1, the decision is deny'],
  ]
  const { logFile } = cluster.broker('broker-a')
  for (const [what, topic, keys, logged] of cases) {
    await report.attempt('ACL', what, async () => {
      await nextSecond()
      const args = { namesrv: cluster.namesrv.address, topic, group: `g-acl-${what.replaceAll(' ', '-')}`, count: 1 }
      const before = readFileSync(logFile, 'utf8').length
      const row = await driver.run('send-sync', { ...args, ...keys })
      const isRefused = row.sent === 0 && row.faults.some((fault) => fault.includes('still failed'))
      const lines = readFileSync(logFile, 'utf8').slice(before)
      const isTold = engine === 'apache' || (lines.includes(logged) && !lines.includes('-secret'))
      report.check('ACL', `${what}: refused`, isRefused && isTold, `${row.faults.join('; ')}\n${lines}`)
    })
  }
  const change = { code: UPDATE_BROKER_CONFIG, body: Buffer.from('brokerPermission=0') }
  const { code } = await ask(cluster.broker('broker-a').address, change)
  report.check('ACL', 'a change of broker.conf without credentials is refused', code === NO_PERMISSION, String(code))
  const config = await driver.mqadmin('getBrokerConfig', '-b', cluster.broker('broker-a').address)
  report.check(
    'ACL',
    'getBrokerConfig shows no secret',
    config.includes('brokerName') && !config.includes('-secret'),
    config,
  )
}

/** Refusals are listed up to ten in a second. */
const nextSecond = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1100))

/** Our mqadmin on Apache's broker: what it makes is there, and what it shows is the official text but for passwords. */
async function ourTools(
  { report, engine }: Setting,
  driver: Driver,
  home: string,
  apache: Cluster,
  tested: Cluster,
): Promise<void> {
  if (engine === 'apache') return
  const area = 'our mqadmin on an Apache broker'
  const to = apache.broker('broker-a')
  const ours = (args: string) => runOurs(home, args.replaceAll('{master}', to.address))
  const steps: [args: string, expected: RegExp][] = [
    ['createUser -b {master} -u carol -p carol-secret', /create user to .* success/],
    ['updateUser -b {master} -u carol -t Super', /success/],
    ['updateUser -b {master} -u carol -t Normal', /success/],
    ['createAcl -b {master} -s User:carol -r Topic:c*,Group:c -a Pub,Sub -i 10.0.0.0/8,10.1.1.1 -d Allow', /success/],
    ['updateAcl -b {master} -s User:carol -r Group:c -a All -d Deny', /success/],
  ]
  for (const [args, expected] of steps) {
    const out = await ours(args)
    report.check(area, args, expected.test(out), out)
  }
  for (const args of [
    'listUser -b {master}',
    'getUser -b {master} -u carol',
    'listAcl -b {master}',
    'getAcl -b {master} -s User:carol',
  ]) {
    const official = await officially(driver, apache, args)
    const hidden = official.replaceAll(/\S+-secret */g, (password) => '******'.padEnd(password.length))
    const shown = (await ours(args)).replaceAll(to.address, '{master}')
    report.check(area, args, shown === hidden && shown.includes('carol'), `ours: ${shown}\nofficial: ${hidden}`)
  }
  const onto = tested.broker('broker-a').address
  for (const args of [`copyUser -f {master} -t ${onto} -u carol`, `copyAcl -f {master} -t ${onto} -s User:carol`]) {
    const out = await ours(args)
    report.check('our mqadmin from Apache to ours', args, /success/.test(out), out)
  }
  const [there, here] = [
    await officially(driver, apache, 'getAcl -b {master} -s User:carol'),
    await officially(driver, tested, 'getAcl -b {master} -s User:carol'),
  ]
  report.check('our mqadmin from Apache to ours', 'the same policies', there === here, `${there}\n${here}`)
  for (const args of ['deleteAcl -b {master} -s User:carol', 'deleteUser -b {master} -u carol']) {
    const out = await ours(args)
    report.check(area, args, /success/.test(out), out)
  }
  const wrong = await runOurs(join(home, 'nowhere'), `listUser -b ${to.address}`)
  report.check(
    area,
    'without credentials it is refused, in one line',
    /^mqadmin: .*refused AUTH_LIST_USER: 16/.test(wrong),
    wrong,
  )
}

function runOurs(home: string, args: string): Promise<string> {
  const program = join(import.meta.dirname, '../../runtime/bin/mqadmin')
  return new Promise((resolve) => {
    const env = { ...process.env, ROCKETMQ_HOME: home }
    // A command that fails exits non-zero; what it printed is looked at all the same.
    execFile(program, args.split(' '), { timeout: COMMAND_LIMIT_MS, env }, (_error, out, err) => resolve(out + err))
  })
}

/** After the master's death its slave lets the same users in, and keeps others out. */
async function failOver({ report }: Setting, driver: Driver, cluster: Cluster): Promise<void> {
  const slave: Server = cluster.broker('broker-a', 1)
  await cluster.broker('broker-a').stop('SIGKILL')
  const users = await driver.mqadmin('listUser', '-b', slave.address)
  report.check('ACL', 'the slave of a killed master knows the users', /alice/.test(users), users)
  const args = { namesrv: cluster.namesrv.address, topic: 'acl-send-sync', group: 'g-acl-slave', count: MESSAGES }
  const row = await driver
    .run('drain', { ...args, keyGroup: 'g-acl-send-sync', ...ALICE })
    .catch((error) => String(error))
  report.check(
    'ACL',
    'alice reads from it',
    typeof row !== 'string' && row.ok,
    typeof row === 'string' ? row : row.faults.join('; '),
  )
}
