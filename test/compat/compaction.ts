import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeMessages, type MessageExt } from '../../runtime/codec/message/message-ext.ts'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import { ask, createTopic, type Frame, runtimeInfo } from './remoting.ts'
import { type Engine, type Server, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'compaction'
const TOPIC = 'compacted'
const ATTRIBUTES = '+cleanup.policy=COMPACTION'
/** Small files, that are compacted often: a queue file takes twenty messages, a log file some 9 KiB. */
const CONF = {
  compactionCqMappedFileSize: 46 * 40,
  compactionMappedFileSize: 46 * 40 * 5,
  compactionScheduleInternal: 1000,
  compactionThreadNum: 1,
}
const KEYS = 10
const COMPACTED_WITHIN_MS = 60_000
const KEPT_WITHIN_MS = 180_000
const DELETE_EXPIRED_COMMITLOG = 329
/** Compactions begin every two or three seconds. */
const QUIET_MS = 7_000

/** Compaction topics: answers and files as Apache's, official clients, and a store that goes from one engine to the other. */
export async function compaction(setting: Setting): Promise<void> {
  const { dir, report, engine, driver, brief } = setting
  await report.attempt(AREA, 'records', async () => {
    const [ours, theirs] = [await recordsOf(engine, dir), await recordsOf('apache', dir)]
    for (const [name, records] of Object.entries(theirs)) {
      const [expected, actual] = [JSON.stringify(records, null, 1), JSON.stringify(ours[name], null, 1)]
      report.check(AREA, name, actual === expected, `ours ${actual}\nApache's ${expected}`)
    }
  })
  for (const one of engine === 'apache' || brief ? [engine] : (['gantry', 'apache'] as const)) {
    await report.attempt(AREA, `clients of ${one}`, async () => {
      const cluster = await lay(`clients-${one}`, dir, one)
      await cluster.start()
      try {
        const broker = cluster.broker('broker-a')
        await createTopic(broker.address, 'compacted-java', 1, ATTRIBUTES)
        const args = { namesrv: cluster.namesrv.address, topic: 'compacted-java', group: 'g-compacted', count: 300 }
        const row = await driver.run('compaction', args)
        report.check(AREA, `official Java client, broker of ${one}`, row.ok, JSON.stringify(row))
      } finally {
        await cluster.stop()
      }
    })
  }
  await report.attempt(AREA, 'handover', () => handOver(setting))
  // Apache's slaves hear of topics once a minute.
  const slaves = brief
    ? []
    : ([
        [engine, 'apache'],
        ['apache', engine],
      ] as const)
  for (const [slave, master] of slaves) {
    const name = `slave of ${slave}, master of ${master}`
    await report.attempt(AREA, name, async () =>
      report.check(AREA, name, await hasKept(dir, slave, master), 'lacks it'),
    )
  }
}

function lay(name: string, dir: string, engine: Engine): Promise<Cluster> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  return layOutCluster({ name: `compaction-${name}`, dir, namesrvEngine: 'gantry', brokers, conf: CONF })
}

async function recordsOf(engine: Engine, dir: string): Promise<Record<string, unknown>> {
  const cluster = await lay(`records-${engine}`, dir, engine)
  await cluster.start()
  const broker = cluster.broker('broker-a')
  const { address } = broker
  const shown: Record<string, unknown> = {}
  try {
    await createTopic(address, TOPIC, 1, ATTRIBUTES)
    const refused = await send(address, '', 'no key')
    shown['a message without key'] = { code: refused.code, remark: refused.remark }
    for (let i = 0; i < 150; i++) await sent(address, `k${i % KEYS}`, `v${i}`)
    shown['pull at the end'] = fields(await pull(address, 150))
    shown['pull behind the end'] = fields(await pull(address, 151)).code
    await quiet(address)
    const messages = await readAll(address)
    shown['messages'] = messages.map(({ queueOffset, body, properties }) => [
      queueOffset,
      body.toString(),
      properties.get('KEYS'),
    ])
    shown['place in the log'] = messages.map(({ phyOffset }) => phyOffset)
    for (const offset of [0, 3, 45, 149]) shown[`pull at ${offset}`] = begin(await pull(address, offset))
    shown['greatest offset'] = (await ask(address, { code: 30, extFields: { topic: TOPIC, queueId: '0' } })).extFields
    await broker.stop()
    shown['files'] = files(String(broker.conf['storePathRootDir']))
    return shown
  } finally {
    await cluster.stop()
  }
}

/** Waits until nothing is compacted any more. */
async function quiet(address: string): Promise<void> {
  let before = ''
  let sinceMs = Date.now()
  await waitUntil('compactions to end', COMPACTED_WITHIN_MS, async () => {
    const now = (await readAll(address)).map(({ queueOffset, phyOffset }) => `${queueOffset}@${phyOffset}`)
    if (now.join() !== before) sinceMs = Date.now()
    before = now.join()
    return Date.now() - sinceMs > QUIET_MS
  })
}

/** What is in the files of the topic, but for times: sizes, units, and where each file ends. */
function files(store: string): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const kind of ['compactionLog', 'compactionCq']) {
    const folder = join(store, 'compaction', kind, TOPIC, '0')
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name))
      if (kind === 'compactionCq') hideTimes(bytes)
      const content = kind === 'compactionCq' ? createHash('md5').update(bytes).digest('hex') : endOf(bytes)
      found[`${kind}/${name}`] = { bytes: bytes.length, content }
    }
  }
  const position = join(store, 'compaction', 'position-checkpoint')
  found['position-checkpoint'] = existsSync(position) ? readFileSync(position, 'utf8') : 'none'
  return found
}

function hideTimes(units: Buffer): void {
  for (let at = 0; at + 46 <= units.length; at += 46) units.fill(0, at + 20, at + 28)
}

/** Where the records of a log file end, and the eight bytes that follow. */
function endOf(log: Buffer): unknown {
  let at = 0
  while (at + 8 <= log.length && (log.readInt32BE(at + 4) | 0) === (0xdaa320a7 | 0)) at += log.readInt32BE(at)
  return { end: at, mark: log.toString('hex', at, at + 8) }
}

/** Messages of one engine, kept and compacted by the next one. */
async function handOver({ dir, report, engine, brief }: Setting): Promise<void> {
  const cluster = await lay('handover', dir, 'apache')
  const broker = cluster.broker('broker-a')
  await cluster.start()
  const newest = new Map<string, string>()
  let count = 0
  try {
    await createTopic(broker.address, TOPIC, 1, ATTRIBUTES)
    const all = [
      [engine, 'SIGTERM'],
      ['apache', 'SIGTERM'],
      [engine, 'SIGKILL'],
      ['apache', 'SIGKILL'],
      [engine, 'SIGTERM'],
    ] as const
    for (const [next, signal] of brief ? all.slice(0, 2) : all) {
      const name = `${broker.engine} ${signal === 'SIGTERM' ? 'stopped' : 'killed'}, then ${next}`
      for (let i = 0; i < 70; i++, count++) {
        const key = `k${(count * 7) % (KEYS + 3)}`
        await sent(broker.address, key, `v${count}`)
        newest.set(key, `v${count}`)
      }
      await quiet(broker.address)
      const before = await readAll(broker.address)
      report.check(
        AREA,
        `${name}: compacted before`,
        before.length < Math.min(count, 60),
        `${before.length} of ${count}`,
      )
      await change(cluster, broker, next, signal)
      const after = await readAll(broker.address)
      report.check(
        AREA,
        `${name}: the same messages`,
        text(after) === text(before),
        `${text(after)}\nbefore ${text(before)}`,
      )
      const state = new Map(after.map(({ properties, body }) => [properties.get('KEYS')!, body.toString()]))
      const wrong = [...newest].filter(([key, body]) => state.get(key) !== body)
      report.check(AREA, `${name}: the newest of each key`, wrong.length === 0, JSON.stringify(wrong))
    }
  } finally {
    await cluster.stop()
  }
}

/** Whether a slave that comes late has what is in the master's files of the topic alone. */
async function hasKept(dir: string, slave: Engine, master: Engine): Promise<boolean> {
  const brokers = [
    { group: 'broker-a', id: 0, engine: master },
    { group: 'broker-a', id: 1, engine: slave },
  ]
  const conf = { ...CONF, mappedFileSizeCommitLog: 65_536, fileReservedTime: 0, slaveReadEnable: true }
  const options = { name: `compaction-${slave}-after-${master}`, dir, namesrvEngine: 'gantry' as Engine, brokers, conf }
  const cluster = await layOutCluster(options)
  const [first, second] = [cluster.broker('broker-a'), cluster.broker('broker-a', 1)]
  try {
    await cluster.namesrv.start()
    await first.start()
    await cluster.awaitRegistered(first)
    await createTopic(first.address, TOPIC, 1, ATTRIBUTES)
    await sent(first.address, 'old', 'survivor')
    for (let i = 0; i < 700; i++) await sent(first.address, `k${i % KEYS}`, `v${i}`)
    await quiet(first.address)
    await ask(first.address, { code: DELETE_EXPIRED_COMMITLOG })
    await waitUntil('old files of the commit log to go', COMPACTED_WITHIN_MS, async () => {
      return Number((await runtimeInfo(first.address))['commitLogMinOffset']) > 0
    })
    await second.start()
    await cluster.awaitInSync()
    await waitUntil('what the master has kept', KEPT_WITHIN_MS, async () => {
      const found = await readAll(second.address)
      return found[0]?.body.toString() === 'survivor' && found.at(-1)?.body.toString() === 'v699'
    })
    return true
  } finally {
    await cluster.stop()
  }
}

async function change(cluster: Cluster, broker: Server, next: Engine, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await broker.stop(signal)
  broker.engine = next
  await broker.start()
  await cluster.awaitRegistered(broker)
}

const text = (messages: MessageExt[]): string =>
  messages.map(({ queueOffset, body }) => `${queueOffset}:${body}`).join(' ')

function send(address: string, key: string, body: string): Promise<Frame> {
  const properties = [
    ['UNIQ_KEY', `u${body.replaceAll(/\W/g, '-')}`],
    ['TAGS', 'red'],
    ...(key === '' ? [] : [['KEYS', key]]),
  ] as [string, string][]
  const extFields = {
    ...{ a: 'producers', b: TOPIC, c: 'TBW102', d: '1', e: '0', f: '0', g: '1700000000000', h: '5' },
    ...{ i: encodeProperties(properties), j: '0', k: 'false', m: 'false' },
  }
  return ask(address, { code: 310, extFields, body: Buffer.from(body) })
}

async function sent(address: string, key: string, body: string): Promise<void> {
  const answer = await send(address, key, body)
  if (answer.code !== 0) throw new Error(`${body} refused: ${answer.code} ${answer.remark}`)
}

function pull(address: string, queueOffset: number): Promise<Frame> {
  const extFields = {
    ...{ consumerGroup: 'readers', topic: TOPIC, queueId: '0', queueOffset: String(queueOffset), maxMsgNums: '32' },
    ...{ sysFlag: '4', commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0' },
    ...{ expressionType: 'TAG' },
  }
  return ask(address, { code: 11, extFields })
}

function fields({ code, extFields }: Frame): { code: number; fields: Record<string, string> } {
  return { code, fields: Object.fromEntries(Object.entries(extFields).sort()) }
}

/** How the answer begins: Apache's ends with a file. Where the next pull goes on fits its last message. */
function begin(frame: Frame): unknown {
  const { code, fields: found } = fields(frame)
  const { nextBeginOffset, ...others } = found
  const offsets = code === 0 ? decodeMessages(frame.body).map(({ queueOffset }) => queueOffset) : []
  return { code, others, first: offsets[0], goesOnBehind: Number(nextBeginOffset) === (offsets.at(-1) ?? -2) + 1 }
}

async function readAll(address: string): Promise<MessageExt[]> {
  const found: MessageExt[] = []
  for (let offset = 0; ; ) {
    const answer = await pull(address, offset)
    if (answer.code !== 0) return found
    found.push(...decodeMessages(answer.body))
    offset = Number(answer.extFields['nextBeginOffset'])
  }
}
