import type { Driver, ScenarioResult } from '../compat/driver.ts'
import { ask } from '../compat/remoting.ts'
import type { Report } from '../compat/report.ts'
import { type Server, waitUntil } from '../compat/server.ts'
import type { Pair } from './pair.ts'
import { errorsOf } from './upgrade-world.ts'

export type Behaviour = 'switches' | 'stays' | 'offline'

/** What was seen of a cell. */
export interface Outcome {
  readonly behaviour: Behaviour
  readonly text: string
}

export interface CellParts {
  readonly name: string
  readonly pair: Pair
  readonly driver: Driver
  readonly report: Report
  readonly expected: Behaviour
}

const PER_ROUND = 60
/** Longer than a master may be silent before the controllers give it up, and than any election here. */
const NO_SWITCH_WATCH_MS = 6_000
const SWITCH_LIMIT_MS = 20_000
const OFFLINE_WATCH_MS = 15_000
const SEND_CODE = 10

/** Runs a cell: what is measured decides what it is called, what was expected only whether that is right. */
export async function runCell(parts: CellParts): Promise<Outcome> {
  const { name, expected, report, pair } = parts
  try {
    const outcome = expected === 'offline' ? await staysOffline(parts) : await runs(parts)
    report.check(name, `${expected} as documented`, outcome.behaviour === expected, outcome.text)
    return outcome
  } finally {
    await pair.stop()
  }
}

async function runs(parts: CellParts): Promise<Outcome> {
  const { name, pair, driver, report } = parts
  const topic = `t-${pair.group}`
  const master = await pair.start(topic)
  report.check(name, 'comes online', true)
  const work = { topic, group: pair.group, namesrv: pair.namesrvAddr }
  const fill = (round: number) => driver.run('fill', { ...work, count: PER_ROUND, from: PER_ROUND * round })
  const drain = (reader: string, rounds: number) =>
    driver.run('drain', { ...work, group: `${pair.group}-${reader}`, keyGroup: pair.group, count: PER_ROUND * rounds })
  judge(parts, 'an official client sends', await fill(0))
  judge(parts, 'an official client consumes', await drain('first', 1))
  await pair.awaitEqualLogs()

  const killedMs = Date.now()
  await master.stop('SIGKILL')
  const next = await otherMaster(pair, master)
  if (next === undefined) {
    const slave = pair.brokers.find((broker) => broker !== master)!
    await checkStaysSlave(parts, slave, topic)
    judge(parts, 'the slave serves what is there', await drain('slave', 1))
    return { behaviour: 'stays', text: "runs, can't switch" }
  }
  const switchMs = Date.now() - killedMs
  judge(parts, 'sends go on with the new master', await fill(1))
  judge(parts, 'every message once, in order', await drain('second', 2))
  await master.start()
  await pair.awaitBoth(topic)
  report.check(name, 'the killed broker is back as a slave', (await pair.master()) === next)
  return { behaviour: 'switches', text: `runs, switches (${(switchMs / 1000).toFixed(1)} s)` }
}

function judge({ report, name }: CellParts, what: string, row: ScenarioResult): void {
  report.check(name, what, row.ok, JSON.stringify(row))
}

/** The broker that the NameServer shows as master instead; undefined when there is none for long enough. */
async function otherMaster(pair: Pair, before: Server): Promise<Server | undefined> {
  await waitUntil(`the dead master of ${pair.group} gone from the route`, SWITCH_LIMIT_MS, async () => {
    return (await pair.master()) !== before
  })
  try {
    return await pair.awaitMaster('another master', NO_SWITCH_WATCH_MS, (master) => master !== before)
  } catch {
    return undefined
  }
}

async function checkStaysSlave({ report, name, pair }: CellParts, slave: Server, topic: string): Promise<void> {
  const registered = await pair.registered()
  const answer = await sendTo(slave.address, topic)
  const isSlave = registered['0'] === undefined && registered['1'] === slave.address
  const seen = JSON.stringify({ registered, answer })
  report.check(name, 'the other one stays a slave and refuses sends', isSlave && answer.code !== 0, seen)
}

async function sendTo(address: string, topic: string): Promise<{ code: number; remark: string | null }> {
  const extFields = {
    producerGroup: 'raw',
    topic,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: '4',
    queueId: '0',
    sysFlag: '0',
    bornTimestamp: '1700000000000',
    flag: '0',
    properties: '',
    reconsumeTimes: '0',
    unitMode: 'false',
    batch: 'false',
  }
  const { code, remark } = await ask(address, { code: SEND_CODE, extFields, body: Buffer.from('raw') })
  return { code, remark }
}

/** Our broker without a controller: it says why, what to do, and neither registers nor takes messages. */
async function staysOffline({ name, pair, report }: CellParts): Promise<Outcome> {
  const [pointed, unset] = pair.brokers
  delete unset.conf['controllerAddr']
  const refusal = await unset.start().then(
    () => '',
    () => unset.logTail(),
  )
  const isRefused = /enableControllerMode needs controllerAddr/.test(refusal)
  report.check(name, 'without controllerAddr: does not start, and names the key', isRefused, refusal)
  await unset.stop('SIGKILL')

  await pointed.start()
  let error = ''
  await waitUntil('an error in the log', OFFLINE_WATCH_MS, () => {
    error = errorsOf(pointed).find((line) => line.includes('controllerAddr')) ?? ''
    return error !== ''
  }).catch(() => undefined)
  const isClear = error.includes(pair.namesrvAddr) && error.includes('enableControllerInNamesrv')
  report.check(name, 'an error names the address and what to do', isClear, error || pointed.logTail())
  const registered = await pair.registered()
  const answer = await sendTo(pointed.address, 'TBW102').catch((reason: Error) => ({
    code: -1,
    remark: reason.message,
  }))
  const isOffline = Object.keys(registered).length === 0 && answer.code !== 0
  report.check(name, 'is not registered and takes no message', isOffline, JSON.stringify({ registered, answer }))
  return { behaviour: isOffline ? 'offline' : 'stays', text: isClear ? "can't come online" : 'offline without a word' }
}
