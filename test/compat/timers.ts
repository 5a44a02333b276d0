import { decodeMessages, type MessageExt } from '../../runtime/codec/message/message-ext.ts'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import { ask, createTopic } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const TOPIC = 'timed'
const QUEUE = 2
const TIMERS = 'rmq_sys_wheel_timer'
const AREA = 'timers'
const SECOND_MS = 1_000
/** What a message may be late: Apache's broker delivers at the end of its slot, and a busy machine takes its time. */
const LATE_LIMIT_MS = 30_000
/**
 * From the first of the messages on, so that all are sent before: a broker just started takes a second for each. Together
 * with the 20 s of the window it stays below what is rolled twice.
 */
const DUE_AFTER_MS = 12_000
const CONF = { recallMessageEnable: true, timerRollWindowSlot: 20, messageIndexEnable: true }

/** Messages with a time of their own, on our broker and on Apache's, and in a store that goes from one to the other. */
export async function timers({ dir, report, engine }: Setting): Promise<void> {
  await report.attempt(AREA, 'records', async () => {
    const [ours, theirs] = [await recordsOf(engine, dir), await recordsOf('apache', dir)]
    for (const [name, records] of Object.entries(theirs)) {
      const expected = JSON.stringify(records, null, 1)
      const actual = JSON.stringify(ours[name], null, 1)
      report.check(AREA, name, actual === expected, `ours ${actual}\nApache's ${expected}`)
    }
  })
  await report.attempt(AREA, 'handover', () => handOver({ dir, report, engine }))
}

async function recordsOf(engine: Engine, dir: string): Promise<Record<string, object[]>> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const cluster = await layOutCluster({ name: `timers-${engine}`, dir, namesrvEngine: 'gantry', brokers, conf: CONF })
  await cluster.start()
  try {
    const { address } = cluster.broker('broker-a')
    await createTopic(address, TOPIC, 4)
    const dueMs = Math.ceil(Date.now() / SECOND_MS) * SECOND_MS + DUE_AFTER_MS
    await send(address, 'plain', { TIMER_DELIVER_MS: String(dueMs + 500), TAGS: 'red', KEYS: 'k1', own: 'value' })
    await send(address, 'whole second', { TIMER_DELIVER_MS: String(dueMs) })
    await send(address, 'rolled', { TIMER_DELIVER_MS: String(dueMs + 20 * SECOND_MS) })
    const handle = await send(address, 'recalled', { TIMER_DELIVER_MS: String(dueMs + 500) })
    const answer = await recall(address, handle)
    await send(address, 'past', { TIMER_DELIVER_MS: '1000' })
    await waitUntil(
      'delivered messages',
      LATE_LIMIT_MS * 2,
      async () => (await messagesOf(address, TOPIC, QUEUE)).length >= 4,
    )
    const shownSince = (message: MessageExt) => shown(message, dueMs)
    return {
      'recall handle': [handleFields(handle, dueMs)],
      'recall answer': [{ code: answer.code, msgId: answer.extFields['msgId'] }],
      'waiting messages': (await messagesOf(address, TIMERS, 0)).map(shownSince),
      'delivered messages': (await messagesOf(address, TOPIC, QUEUE)).map(shownSince),
    }
  } finally {
    await cluster.stop()
  }
}

/** Messages are sent to one engine, and come due at the other; nothing gets lost, and after a clean stop nothing comes twice. */
async function handOver({ dir, report, engine }: Pick<Setting, 'dir' | 'report' | 'engine'>): Promise<void> {
  const brokers = [{ group: 'broker-a', id: 0, engine: 'apache' as Engine }]
  const cluster = await layOutCluster({ name: 'timers-handover', dir, namesrvEngine: 'gantry', brokers, conf: CONF })
  const broker = cluster.broker('broker-a')
  const { address } = broker
  await cluster.start()
  const wanted: string[] = []
  /** What has come twice already, in an earlier round. */
  const repeated = new Set<string>()
  try {
    await createTopic(address, TOPIC, 4)
    for (const [next, signal] of [
      [engine, 'SIGTERM'],
      ['apache', 'SIGTERM'],
      [engine, 'SIGKILL'],
      ['apache', 'SIGKILL'],
      [engine, 'SIGTERM'],
    ] as const) {
      const name = `${broker.engine} ${signal === 'SIGTERM' ? 'stopped' : 'killed'}, then ${next}`
      await fill(address, wanted)
      // Half a slot's time, so that some have come, and files are on disk.
      await pause(4_500)
      await broker.stop(signal)
      broker.engine = next
      await broker.start()
      await cluster.awaitRegistered(broker)
      await settle(cluster, wanted, name)
      const found = bodies(await allOf(address))
      const twice = found.filter((body, i) => found.indexOf(body) < i && !repeated.has(body))
      const lost = wanted.filter((body) => !found.includes(body))
      const strange = found.filter((body) => !wanted.includes(body))
      report.check(
        AREA,
        `${name}: nothing is lost, nothing recalled comes`,
        lost.length + strange.length === 0,
        [...lost, ...strange].join(),
      )
      // Apache's broker delivers a slot again in which it, or the one before it, was killed.
      const mayRepeat = signal === 'SIGKILL' && next === 'apache'
      report.check(AREA, `${name}: nothing comes twice`, mayRepeat || twice.length === 0, twice.join())
      for (const body of twice) repeated.add(body)
    }
  } finally {
    await cluster.stop()
  }
}

/** Messages that come due over the next half minute, some behind the window; some of the near ones are recalled. */
async function fill(address: string, wanted: string[]): Promise<void> {
  const from = wanted.length
  for (let i = 0; i < 70; i++) {
    const body = `m${from}-${i}`
    const handle = await send(address, body, { TIMER_DELAY_MS: String(3_000 + i * 500) })
    // Apache's broker delivers what is recalled if it was to be rolled on while no broker was there.
    if (i % 7 === 6 && i < 30) {
      const { code, remark } = await recall(address, handle)
      if (code !== 0) throw new Error(`recall refused: ${code} ${remark}`)
    } else wanted.push(body)
  }
}

async function settle(cluster: Cluster, wanted: readonly string[], name: string): Promise<void> {
  const { address } = cluster.broker('broker-a')
  const sought = new Set(wanted)
  await waitUntil(`messages after ${name}`, 40_000 + LATE_LIMIT_MS, async () => {
    const found = new Set(bodies(await allOf(address)))
    return [...sought].every((body) => found.has(body))
  })
  await pause(3_000)
}

async function allOf(address: string): Promise<MessageExt[]> {
  const found: MessageExt[] = []
  for (;;) {
    const more = await messagesOf(address, TOPIC, QUEUE, found.length)
    if (more.length === 0) return found
    found.push(...more)
  }
}

function bodies(messages: readonly MessageExt[]): string[] {
  return messages.map((message) => message.body.toString())
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Returns the recall handle. */
async function send(address: string, body: string, more: Record<string, string>): Promise<string> {
  const properties = { UNIQ_KEY: `key of ${body}`.replaceAll(' ', '-'), ...more }
  const fields = {
    ...{ a: 'producers', b: TOPIC, c: 'TBW102', d: '4', e: String(QUEUE), f: '0', g: '1700000000000', h: '5' },
    ...{ i: encodeProperties(Object.entries(properties)), j: '0', k: 'false', m: 'false' },
  }
  const answer = await ask(address, { code: 310, extFields: fields, body: Buffer.from(body) })
  if (answer.code !== 0) throw new Error(`timer message refused: ${answer.code} ${answer.remark}`)
  return answer.extFields['recallHandle'] ?? ''
}

function recall(address: string, recallHandle: string) {
  return ask(address, { code: 370, extFields: { producerGroup: 'producers', topic: TOPIC, recallHandle } })
}

async function messagesOf(address: string, topic: string, queueId: number, from = 0): Promise<MessageExt[]> {
  const extFields = {
    ...{ consumerGroup: 'readers', topic, queueId: String(queueId), queueOffset: String(from), maxMsgNums: '32' },
    ...{ sysFlag: '4', commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0' },
    ...{ expressionType: 'TAG' },
  }
  const answer = await ask(address, { code: 11, extFields })
  return answer.code === 0 ? decodeMessages(answer.body) : []
}

function handleFields(handle: string, dueMs: number): object {
  const [version, topic, broker, time, key] = Buffer.from(handle, 'base64').toString().split(' ')
  return { version, topic, broker, time: Number(time) - dueMs, key }
}

/** What does not depend on time and place; times of slots as seen from `dueMs`. */
function shown(message: MessageExt, dueMs: number): object {
  const properties = [...message.properties].map(([name, value]) => {
    if (name === 'TIMER_OUT_MS' || name === 'TIMER_DELIVER_MS') {
      return [name, value === '1000' ? value : String(Number(value) - dueMs)]
    }
    return [name, /^(TIMER_ENQUEUE_MS|TIMER_DEQUEUE_MS|BORN_TIMESTAMP)$/.test(name) ? 'a time' : value]
  })
  const { topic, queueId, queueOffset, flag, sysFlag, reconsumeTimes, body } = message
  return {
    topic,
    queueId,
    queueOffset,
    flag,
    sysFlag,
    reconsumeTimes,
    body: body.toString(),
    properties: properties.sort(),
  }
}
