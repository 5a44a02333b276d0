import { decodeMessages, type MessageExt } from '../../runtime/codec/message/message-ext.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import { popPriorities } from './pop-priorities.ts'
import { ack, type PopRecords, pop as popOnce, popRecords, send } from './pop-records.ts'
import { createTopic, type Frame } from './remoting.ts'
import type { Engine } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'pop'
const TOPIC = 'popped'
const messages = 60
/** Messages are popped for 20 s. */
const QUIET_MS = 28_000
/** A broker that has just started takes its time before it looks for what has come due. */
const LOST_AFTER_MS = 120_000
/** Words of Apache's broker that nobody reads. */
const NO_REMARK = 'not set any response code'
/** Where ours says more clearly what is wrong, or what is done. */
const OTHER_REMARKS = new Set([
  ...['ack, bad handle', 'ack, handle of words', 'change, bad handle', 'change, offset out of range', 'roll back'],
  ...['pop, bad expression', 'ordered ack of a strange one'],
])
/** A forged handle is an illegal message, not a failure of the broker; the offset behind the last message is one too many. */
const OTHER_CODES = new Set([
  ...['ack, bad handle', 'ack, handle of words', 'change, bad handle', 'ordered ack of a strange one'],
])

/** POP: answers and records as Apache's, official consumers, and a store that goes from one engine to the other. */
export async function pop(setting: Setting): Promise<void> {
  const { dir, report, engine } = setting
  await report.attempt(AREA, 'records', async () => {
    const [ours, theirs] = [shownRecords(await popRecords(engine, dir)), shownRecords(await popRecords('apache', dir))]
    for (const [name, records] of Object.entries(theirs)) {
      const [expected, actual] = [JSON.stringify(records, null, 1), JSON.stringify(ours[name], null, 1)]
      report.check(AREA, name, actual === expected, `ours ${actual}\nApache's ${expected}`)
    }
  })
  await report.attempt(AREA, 'priorities', async () => {
    const [ours, theirs] = [await popPriorities(engine, dir), await popPriorities('apache', dir)]
    const isSame = JSON.stringify(ours) === JSON.stringify(theirs)
    report.check(AREA, 'priorities', isSame, `ours ${ours.join('; ')}\nApache's ${theirs.join('; ')}`)
  })
  await report.attempt(AREA, 'consumers', () => consumers(setting))
  await report.attempt(AREA, 'handover', () => handOver(setting))
}

async function consumers({ dir, report, engine, driver }: Setting): Promise<void> {
  const brokers = [
    { group: 'broker-a', id: 0, engine },
    { group: 'broker-b', id: 0, engine },
  ]
  const cluster = await layOutCluster({ name: 'pop-consumers', dir, namesrvEngine: engine, brokers })
  await cluster.start()
  try {
    const namesrv = cluster.namesrv.address
    for (const scenario of ['pop-clustering', 'pop-retry']) {
      const group = `g-${scenario}`
      await cluster.createTopics([scenario], 3)
      for (const { address } of cluster.masters) {
        await driver.mqadmin('updateSubGroup', '-n', namesrv, '-b', address, '-g', group)
        const words = [
          'setConsumeMode',
          '-n',
          namesrv,
          '-b',
          address,
          '-t',
          scenario,
          '-g',
          group,
          '-m',
          'POP',
          '-q',
          '0',
        ]
        const out = await driver.mqadmin(...words)
        report.check(AREA, `setConsumeMode of ${group}`, /success/i.test(out), out)
      }
      const row = await driver.run(scenario, { namesrv, topic: scenario, group, count: 100, level5Ms: 2000 })
      report.check(AREA, `java ${scenario}`, row.ok, JSON.stringify(row))
    }
  } finally {
    await cluster.stop()
  }
}

/** Messages are popped from one engine, and come again at the other unless they were acknowledged. */
async function handOver({ dir, report, engine }: Setting): Promise<void> {
  const brokers = [{ group: 'broker-a', id: 0, engine: 'apache' as Engine }]
  const cluster = await layOutCluster({ name: 'pop-handover', dir, namesrvEngine: 'gantry', brokers })
  const broker = cluster.broker('broker-a')
  await cluster.start()
  try {
    await createTopic(broker.address, TOPIC, 2)
    for (const [next, signal] of [
      [engine, 'SIGTERM'],
      ['apache', 'SIGTERM'],
      [engine, 'SIGKILL'],
      ['apache', 'SIGKILL'],
    ] as const) {
      const name = `${broker.engine} ${signal === 'SIGTERM' ? 'stopped' : 'killed'}, then ${next}`
      const { all, acked } = await popSome(broker.address)
      // Offsets are saved once a second.
      await pause(1_500)
      await broker.stop(signal)
      broker.engine = next
      await broker.start()
      await cluster.awaitRegistered(broker)
      const came = await popAll(
        cluster,
        all.filter((body) => !acked.includes(body)),
      )
      const lost = all.filter((body) => !acked.includes(body) && !came.includes(body))
      report.check(AREA, `${name}: nothing is lost`, lost.length === 0, lost.join())
      const twice = came.filter((body, i) => came.indexOf(body) < i || acked.includes(body))
      report.check(AREA, `${name}: nothing comes that was acknowledged, or twice`, twice.length === 0, twice.join())
    }
  } finally {
    await cluster.stop()
  }
}

let sent = 0

/** Sends messages; pops two thirds of them for a time, and acknowledges half of those. */
async function popSome(address: string): Promise<{ all: string[]; acked: string[] }> {
  const all = Array.from({ length: messages }, () => `m${sent++}`)
  for (const [i, body] of all.entries()) await send(address, TOPIC, i % 2, body)
  const acked: string[] = []
  for (let popped = 0; popped < (messages * 2) / 3; ) {
    const answer = await popOnce(address, { maxMsgNums: '8', invisibleTime: '20000' })
    const found = handles(answer)
    if (found.length === 0) throw new Error(`nothing to be popped: ${answer.code} ${answer.remark}`)
    popped += found.length
    for (const { message, topic, handle } of found.filter((_, i) => i % 2 === 0)) {
      const { code, remark } = await ack(address, handle, message.queueOffset, topic, String(message.queueId))
      if (code !== 0) throw new Error(`ack refused: ${code} ${remark}`)
      acked.push(message.body.toString())
    }
  }
  return { all, acked }
}

/** Pops and acknowledges until all that has to come was there, and nothing has come for longer than messages were popped for. */
async function popAll(cluster: Cluster, wanted: readonly string[]): Promise<string[]> {
  const { address } = cluster.broker('broker-a')
  const came: string[] = []
  const isOver = (quietMs: number): boolean =>
    quietMs >= LOST_AFTER_MS || (quietMs >= QUIET_MS && wanted.every((body) => came.includes(body)))
  for (let quietFrom = Date.now(); !isOver(Date.now() - quietFrom); ) {
    const answer = await popOnce(address, { maxMsgNums: '32', invisibleTime: '60000', pollTime: '2000' })
    const found = handles(answer)
    if (found.length > 0) quietFrom = Date.now()
    for (const { message, topic, handle } of found) {
      came.push(message.body.toString())
      await ack(address, handle, message.queueOffset, topic, String(message.queueId))
    }
  }
  return came
}

interface Handle {
  readonly message: MessageExt
  readonly topic: string
  readonly handle: string
}

function handles({ code, extFields, body }: Frame): Handle[] {
  if (code !== 0) return []
  const { popTime, invisibleTime, reviveQid, startOffsetInfo = '' } = extFields
  const starts = new Map(
    startOffsetInfo.split(';').map((info) => [info.slice(0, info.lastIndexOf(' ')), info] as const),
  )
  return decodeMessages(body).map((message) => {
    const start = starts.get(`0 ${message.queueId}`)?.split(' ')[2]
    const made = `${start} ${popTime} ${invisibleTime} ${reviveQid} 0 broker-a ${message.queueId} ${message.queueOffset}`
    const handle = message.properties.get('POP_CK') ?? made
    return { message, topic: handle.split(' ')[4] === '0' ? TOPIC : `%RETRY%poppers_${TOPIC}`, handle }
  })
}

/** What does not depend on time and place. */
function shownRecords({ answers, waiting, revived, retries, orderInfo }: PopRecords): Record<string, unknown> {
  const bases = Object.values(answers).map((answer) => Number(answer.extFields['popTime'] ?? 0))
  const base = Math.min(...bases.filter((ms) => ms > 0))
  const text = (value: string): string => value.replaceAll(/\b1\d{12}\b/g, (ms) => timeOf(Number(ms), base))
  const shown: Record<string, unknown> = {}
  for (const [name, answer] of Object.entries(answers)) shown[`answer: ${name}`] = shownAnswer(name, answer, text)
  const record = (message: MessageExt) => shownMessage(message, text)
  shown['waiting check points and acks'] = waiting.map(record)
  // Those of one slot come in any order.
  shown['check points and acks that came'] = revived.map((message) => JSON.stringify(record(message))).sort()
  shown['retries'] = retries.map((message) => JSON.stringify(record(message))).sort()
  shown['consumerOrderInfo.json'] = text(orderInfo)
  return shown
}

/** Times differ from run to run: they are shown as being times. */
function timeOf(ms: number, base: number): string {
  return ms >= base - 600_000 ? 'TIME' : String(ms)
}

function shownAnswer(name: string, { code, remark, extFields, body }: Frame, text: (value: string) => string): object {
  // A refusal's fields say nothing; ours has none.
  const fields = code === 0 || code === 210 ? extFields : {}
  const kept = Object.entries(fields).filter(([key]) => key !== 'reviveQid' || fields['reviveQid'] === '999')
  const isNear = (key: string) => key === 'invisibleTime' && name === 'ordered change'
  const bodies = body.length > 0 && code === 0 ? decodeMessages(body).map((message) => shownMessage(message, text)) : []
  return {
    code: OTHER_CODES.has(name) ? 'refused' : code,
    remark:
      OTHER_REMARKS.has(name) || remark === NO_REMARK
        ? null
        : (remark?.replaceAll(/\/?127.0.0.1:\d+/g, 'PEER') ?? null),
    fields: Object.fromEntries(kept.sort().map(([k, v]) => [k, isNear(k) ? 'near' : text(v)])),
    // What comes again does so in the order of the revive queues it was in.
    bodies: bodies.map((one) => JSON.stringify(one)).sort(),
  }
}

function shownMessage(message: MessageExt, text: (value: string) => string): object {
  const { topic, queueId, reconsumeTimes, sysFlag, flag, properties, body } = message
  const isRevive = topic.startsWith('rmq_sys_')
  const named = [...properties].map(([key, value]) => {
    if (key === 'REAL_QID') return [key, 'any']
    // Apache's gives all batches of acks of a check point one key.
    if (key === 'UNIQ_KEY' && properties.get('TAGS') === 'bAck') return [key, 'any']
    return [key, key === 'POP_CK' ? text(value).replace(/ \d broker-a (\d+) \d+$/, ' N broker-a $1 N') : text(value)]
  })
  const shownQueue = isRevive ? 'any' : queueId
  return { topic, shownQueue, reconsumeTimes, sysFlag, flag, body: text(body.toString()), properties: named.sort() }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
