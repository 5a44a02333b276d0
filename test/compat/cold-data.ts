import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import type { Driver } from './driver.ts'
import { ask, createTopic, encodeRequest, type Frame } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'cold data'
const TOPIC = 'old-messages'
const GROUP = 'readers'
const PULLING = 'pulling-readers'
const MESSAGES = 12
const BODY_BYTES = 2_000
/** Every message counts as cold, and a pull or two are as much as a group may read. */
const CONF = { coldDataFlowControlEnable: true, accessMessageInMemoryHotRatio: 0, cgColdReadThreshold: 5_000 }
const ROUND_LIMIT_MS = 30_000
/** Less than any broker holds a pull. */
const HELD_MS = 2_500
const OFFICIAL_CONSUMERS = { drain: 'a push consumer', 'lite-pull': 'a lite pull consumer' }
const MQADMIN = join(import.meta.dirname, '../../runtime/bin/mqadmin')

/**
 * Limits for reads of cold data: answers as Apache's, official consumers that are slowed down and get everything, the official
 * mqadmin on our broker and ours on Apache's.
 */
export async function coldData(setting: Setting): Promise<void> {
  const { dir, report, engine, driver } = setting
  await report.attempt(AREA, 'records', async () => {
    const [ours, theirs] = [await recordsOf(engine, dir, driver), await recordsOf('apache', dir, driver)]
    for (const [name, records] of Object.entries(theirs)) {
      const [expected, actual] = [JSON.stringify(records, null, 1), JSON.stringify(ours[name], null, 1)]
      report.check(AREA, name, actual === expected, `ours ${actual}\nApache's ${expected}`)
    }
  })
  await report.attempt(AREA, 'official consumers', () => consumers(setting))
}

async function startedCluster(name: string, dir: string, engine: Engine): Promise<Cluster> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const cluster = await layOutCluster({ name, dir, namesrvEngine: 'gantry', brokers, conf: CONF })
  await cluster.start()
  return cluster
}

async function recordsOf(engine: Engine, dir: string, driver: Driver): Promise<Record<string, unknown>> {
  const cluster = await startedCluster(`cold-${engine}`, dir, engine)
  const { address } = cluster.broker('broker-a')
  const shown: Record<string, unknown> = {}
  const run = commandsOn(cluster, driver, engine, shown)
  const leave = await joins(address)
  try {
    await createTopic(address, TOPIC, 1)
    for (let i = 0; i < MESSAGES; i++) await send(address, `${i} `.padEnd(BODY_BYTES, 'x'))
    await waitUntil('all messages in the queue', ROUND_LIMIT_MS, async () => {
      return (await pull(address, 'TOOLS_CONSUMER', MESSAGES - 1)).code === 0
    })
    await limits(address, shown)
    await run(`updateColdDataFlowCtrGroupConfig -b BROKER -g ${GROUP} -v 100000000`)
    shown['pulls of a group with a limit of its own'] = await threePulls(address, GROUP)
    await run('getColdDataFlowCtrInfo -b BROKER')
    await run('getColdDataFlowCtrInfo -c CompatCluster')
    await run(`removeColdDataFlowCtrGroupConfig -c CompatCluster -g ${GROUP}`)
    shown['pulls of a group of the system'] = await threePulls(address, 'TOOLS_CONSUMER')
    await refused(address)
    for (const mode of ['1', '0', '5']) await run(`setCommitLogReadAheadMode -b BROKER -m ${mode}`)
    await run('setCommitLogReadAheadMode -c CompatCluster -m 0')
    return shown
  } finally {
    leave()
    await cluster.stop()
  }
}

async function limits(address: string, shown: Record<string, unknown>): Promise<void> {
  const found = await pull(address, GROUP, 0)
  shown['a first pull'] = { code: found.code, count: decodeMessages(found.body).length }
  const { code, remark } = await refused(address)
  shown['a pull of a group that has read enough'] = { code, remark }
  await waitUntil('the next round', ROUND_LIMIT_MS, async () => (await pull(address, GROUP, 0)).code === 0)
  await waitUntil('a pull that is held', ROUND_LIMIT_MS, async () => {
    const sentMs = Date.now()
    shown['a pull of a consumer that pulls'] = (await pull(address, PULLING, 0)).code
    return Date.now() - sentMs >= HELD_MS
  })
  // What a group reads is forgotten after a minute, and is to be shown.
  shown['a pull of another group'] = (await pull(address, 'others', 0)).code
}

/** One client, a member of both groups for as long as its connection is open. Returns what closes it. */
async function joins(address: string): Promise<() => void> {
  const [host, port] = address.split(':') as [string, string]
  const groupOf = ([groupName, consumeType]: readonly [string, string]) => {
    const subscription = {
      topic: TOPIC,
      subString: '*',
      tagsSet: [],
      codeSet: [],
      subVersion: 1,
      expressionType: 'TAG',
    }
    const settings = { messageModel: 'CLUSTERING', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', unitMode: false }
    return { groupName, consumeType, ...settings, subscriptionDataSet: [subscription] }
  }
  const groups = [[GROUP, 'CONSUME_PASSIVELY'] as const, [PULLING, 'CONSUME_ACTIVELY'] as const]
  const heartbeat = { clientID: 'c1', producerDataSet: [], consumerDataSet: groups.map(groupOf) }
  const socket = connect(Number(port), host)
  socket.on('error', () => socket.destroy())
  socket.write(encodeRequest({ code: 34, opaque: 1, body: Buffer.from(JSON.stringify(heartbeat)) }))
  await once(socket, 'data')
  return () => socket.destroy()
}

/** A round may end between two pulls. */
async function refused(address: string): Promise<Frame> {
  let frame = await pull(address, GROUP, 0)
  await waitUntil('a refused pull', ROUND_LIMIT_MS, async () => {
    frame = await pull(address, GROUP, 0)
    return frame.code !== 0
  })
  return frame
}

async function threePulls(address: string, group: string): Promise<number[]> {
  const codes: number[] = []
  for (let i = 0; i < 3; i++) codes.push((await pull(address, group, 0)).code)
  return codes
}

/** The official mqadmin on a broker; on Apache's ours too, which is to say the same. */
function commandsOn(cluster: Cluster, driver: Driver, engine: Engine, shown: Record<string, unknown>) {
  const { address } = cluster.broker('broker-a')
  return async (command: string): Promise<void> => {
    const args = [...command.replace('BROKER', address).split(' '), '-n', cluster.namesrv.address]
    const official = plain(await driver.mqadmin(...args), address)
    shown[`mqadmin ${command}`] = linesOf(official)
    if (engine !== 'apache' || command.endsWith('-m 5')) return
    const { stdout } = await promisify(execFile)(MQADMIN, args)
    const ours = plain(stdout, address)
    if (ours !== official) throw new Error(`our mqadmin ${command} prints ${ours}\nthe official one ${official}`)
  }
}

/** Groups come in the order of a hash table. */
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/,$/, ''))
    .sort()

/** Without addresses, times and how much was read in this round. */
function plain(text: string, address: string): string {
  return text
    .replaceAll(address, 'BROKER')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/"(coldAcc|globalAcc)":\d+/g, '"$1":BYTES')
    .trimEnd()
}

/** Official consumers with a limit of one message get all messages, some rounds later. */
async function consumers({ dir, report, engine, driver }: Setting): Promise<void> {
  const cluster = await startedCluster('cold-consumers', dir, engine)
  const { address } = cluster.broker('broker-a')
  const namesrv = cluster.namesrv.address
  try {
    for (const [scenario, who] of Object.entries(OFFICIAL_CONSUMERS)) {
      const topic = `cold-${scenario}`
      const group = `g-${topic}`
      await cluster.createTopics([topic], 1)
      await driver.mqadmin('updateColdDataFlowCtrGroupConfig', '-b', address, '-g', group, '-v', '1', '-n', namesrv)
      const args = { namesrv, topic, group, keyGroup: 'filler', count: 40 }
      if (scenario === 'drain') await driver.run('fill', { ...args, group: 'filler' })
      report.scenario(who, await driver.run(scenario, args))
      const { body } = await ask(address, { code: 2003 })
      report.check(AREA, `what ${who} reads is counted`, body.includes(`"${group}":{`), body.toString())
    }
  } finally {
    await cluster.stop()
  }
}

async function send(address: string, body: string): Promise<void> {
  const extFields = {
    ...{ a: 'producers', b: TOPIC, c: 'TBW102', d: '1', e: '0', f: '0', g: String(Date.now()), h: '0', i: '' },
    ...{ j: '0', k: 'false', l: '0', m: 'false' },
  }
  const answer = await ask(address, { code: 310, extFields, body: Buffer.from(body) })
  if (answer.code !== 0) throw new Error(`message refused: ${answer.code} ${answer.remark}`)
}

/** As a client of a push consumer asks, with its subscription, and without waiting for messages. */
function pull(address: string, consumerGroup: string, offset: number): Promise<Frame> {
  const extFields = {
    ...{ consumerGroup, topic: TOPIC, queueId: '0', queueOffset: String(offset), maxMsgNums: '4', sysFlag: '4' },
    ...{ commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0', expressionType: 'TAG' },
  }
  return ask(address, { code: 11, extFields })
}
