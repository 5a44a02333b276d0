import { decodeMessages, type MessageExt } from '../../runtime/codec/message/message-ext.ts'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { layOutCluster } from './cluster.ts'
import { configText, consumeQueueUnits } from './files.ts'
import { ask, createTopic, type Frame } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'light queues'
const PARENT = 'parent'
const QUEUES = 4
const GROUP = '%LMQ%readers'
const SAVED_LIMIT_MS = 60_000
const CONF = { enableLmq: true, enableMultiDispatch: true, enableLmqQuota: true, maxLmqConsumeQueueNum: 5 }
const DELIVERY_LIMIT_MS = 30_000

/** Light message queues: answers and records as Apache's, official consumers, and a store that goes from one engine to the other. */
export async function lightQueues(setting: Setting): Promise<void> {
  const { dir, report, engine } = setting
  await report.attempt(AREA, 'records', async () => {
    const [ours, theirs] = [await recordsOf(engine, dir), await recordsOf('apache', dir)]
    for (const [name, records] of Object.entries(theirs)) {
      const [expected, actual] = [JSON.stringify(records, null, 1), JSON.stringify(ours[name], null, 1)]
      report.check(AREA, name, actual === expected, `ours ${actual}\nApache's ${expected}`)
    }
  })
  await report.attempt(AREA, 'consumers', () => consumers(setting))
  await report.attempt(AREA, 'handover', () => handOver(setting))
}

async function recordsOf(engine: Engine, dir: string): Promise<Record<string, unknown>> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const cluster = await layOutCluster({ name: `light-${engine}`, dir, namesrvEngine: 'gantry', brokers, conf: CONF })
  await cluster.start()
  const broker = cluster.broker('broker-a')
  const { address } = broker
  try {
    await createTopic(address, PARENT, QUEUES)
    const shown: Record<string, unknown> = {}
    await send(address, 0, 'to a', '%LMQ%a')
    await send(address, 1, 'to a and b', '%LMQ%a,%LMQ%b')
    await send(address, 2, 'to none', undefined)
    await send(address, 3, 'delayed, to b', '%LMQ%b', { DELAY: '1' })
    await send(address, 0, 'forged offsets', '%LMQ%a', { INNER_MULTI_QUEUE_OFFSET: '77' })
    await waitUntil(
      'the delayed message',
      DELIVERY_LIMIT_MS,
      async () => (await readAll(address, '%LMQ%b')).length === 2,
    )
    for (const topic of ['%LMQ%a', '%LMQ%b'])
      shown[`messages of ${topic}`] = (await readAll(address, topic)).map(message)
    shown['messages of the parent topic'] = (await readAll(address, PARENT, 0)).map(message)
    const ends = async (code: number) =>
      (await ask(address, { code, extFields: { topic: '%LMQ%a', queueId: '0' } })).extFields
    shown['greatest offset'] = await ends(30)
    shown['least offset'] = await ends(31)
    shown['topic config'] = plain(await ask(address, { code: 351, extFields: { topic: '%LMQ%a' } }))
    await offsets(address, shown)
    const popped = await pop(address, '%LMQ%a')
    shown['pop'] = { ...plain(popped), messages: decodeMessages(popped.body).map(message) }
    for (const name of ['c', 'd', 'e']) await send(address, 0, `to ${name}`, `%LMQ%${name}`)
    // Apache's broker counts what it has dispatched.
    await waitUntil('all light queues', DELIVERY_LIMIT_MS, async () => (await readAll(address, '%LMQ%e')).length === 1)
    const refused = await sendFrame(address, 0, 'one too many', '%LMQ%f')
    shown['one queue too many'] = { code: refused.code, kind: refused.remark?.match(/^\[\w+\]/)?.[0] }
    await send(address, 0, 'to those there are', '%LMQ%c,%LMQ%a')
    shown['behind the end of a light queue'] = plain(await pull(address, '%LMQ%e', 0, 1))
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await broker.stop()
    const store = String(broker.conf['storePathRootDir'])
    const names = [...consumeQueueUnits(store).keys()].filter(
      (name) => name.startsWith('%LMQ%') || name.startsWith(PARENT),
    )
    shown['units of consume queues'] = names.sort()
    shown['lmqConsumerOffset.json'] = offsetsFile(configText(store, 'lmqConsumerOffset.json'))
    return shown
  } finally {
    await cluster.stop()
  }
}

/** Offsets of a light group and of an ordinary one. */
async function offsets(address: string, shown: Record<string, unknown>): Promise<void> {
  for (const consumerGroup of [GROUP, 'ordinary']) {
    const queue = { consumerGroup, topic: '%LMQ%a', queueId: '0' }
    await ask(address, { code: 15, extFields: { ...queue, commitOffset: '2' } })
    const found = await ask(address, { code: 14, extFields: queue })
    shown[`offset of ${consumerGroup}`] = { code: found.code, fields: found.extFields }
  }
}

/** What the file says, but for its version. Ours tells besides how far the log goes that the offsets rest on. */
function offsetsFile(text: string): unknown {
  const quoted = text.replaceAll(/(\d+):/g, '"$1":')
  const { dataVersion, logEnd, ...tables } = JSON.parse(quoted) as Record<string, unknown>
  return { hasVersion: dataVersion !== undefined, tables: sorted(tables) }
}

/** The order of keys means nothing. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Messages go into light queues of one engine, and are there, in order, in the next one. */
async function handOver({ dir, report, engine }: Setting): Promise<void> {
  const brokers = [{ group: 'broker-a', id: 0, engine: 'apache' as Engine }]
  const conf = { ...CONF, mappedFileSizeConsumeQueue: 40 * 20 }
  const cluster = await layOutCluster({ name: 'light-handover', dir, namesrvEngine: 'gantry', brokers, conf })
  const broker = cluster.broker('broker-a')
  await cluster.start()
  const sent = new Map<string, string[]>()
  try {
    await createTopic(broker.address, PARENT, QUEUES)
    for (const [next, signal] of [
      [engine, 'SIGTERM'],
      ['apache', 'SIGTERM'],
      [engine, 'SIGKILL'],
      ['apache', 'SIGKILL'],
      [engine, 'SIGTERM'],
    ] as const) {
      const name = `${broker.engine} ${signal === 'SIGTERM' ? 'stopped' : 'killed'}, then ${next}`
      await fill(broker.address, sent)
      const committed = [...sent].map(([topic, bodies]) => [topic, bodies.length - 1] as const)
      for (const [topic, offset] of committed) await commit(broker.address, topic, offset)
      const store = String(broker.conf['storePathRootDir'])
      await waitUntil('offsets on disk', SAVED_LIMIT_MS, () =>
        committed.every(([topic, offset]) => isSaved(configText(store, 'lmqConsumerOffset.json'), topic, offset)),
      )
      await broker.stop(signal)
      broker.engine = next
      await broker.start()
      await cluster.awaitRegistered(broker)
      for (const [topic, bodies] of sent) {
        const found = (await readAll(broker.address, topic)).map(({ body }) => body.toString())
        report.check(AREA, `${name}: ${topic} as before`, found.join() === bodies.join(), `${found}\nwanted ${bodies}`)
      }
      for (const [topic, offset] of committed) {
        const { extFields } = await ask(broker.address, {
          code: 14,
          extFields: { consumerGroup: GROUP, topic, queueId: '0' },
        })
        report.check(
          AREA,
          `${name}: offset in ${topic}`,
          extFields['offset'] === String(offset),
          JSON.stringify(extFields),
        )
      }
    }
  } finally {
    await cluster.stop()
  }
}

async function fill(address: string, sent: Map<string, string[]>): Promise<void> {
  const names = ['%LMQ%x', '%LMQ%y', '%LMQ%z']
  for (let i = 0; i < 60; i++) {
    const targets = names.filter((_, at) => i % (at + 1) === 0)
    const body = `m${sent.get('%LMQ%x')?.length ?? 0}`
    await send(address, i % QUEUES, body, targets.join())
    for (const target of targets) sent.set(target, [...(sent.get(target) ?? []), body])
  }
}

/** The official consumers that there are for light queues: one that pulls, and a push consumer that pops. */
async function consumers({ dir, report, engine, driver }: Setting): Promise<void> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const conf = { ...CONF, enableLmqQuota: false }
  const cluster = await layOutCluster({ name: 'light-consumers', dir, namesrvEngine: engine, brokers, conf })
  await cluster.start()
  try {
    const namesrv = cluster.namesrv.address
    await cluster.createTopics(['light'], QUEUES)
    for (const scenario of ['light-pop', 'light-pull']) {
      if (scenario === 'light-pop') {
        const { address } = cluster.broker('broker-a')
        const mode = { topic: '%LMQ%light-pop', consumerGroup: 'g-light-pop', mode: 'POP', popShareQueueNum: 0 }
        await ask(address, { code: 401, body: Buffer.from(JSON.stringify(mode)) })
      }
      const args = {
        namesrv,
        topic: 'light',
        group: `g-${scenario}`,
        count: 100,
        broker: cluster.broker('broker-a').address,
      }
      const row = await driver.run(scenario, args)
      report.check(AREA, `java ${scenario}`, row.ok, JSON.stringify(row))
    }
    const status = await driver.mqadmin('topicStatus', '-n', namesrv, '-t', '%LMQ%light-pull', '-c', 'light')
    report.check(AREA, 'mqadmin topicStatus of a light topic', /broker-a\s+0\s+0\s+100\s/.test(status), status)
  } finally {
    await cluster.stop()
  }
}

function sendFrame(
  address: string,
  queueId: number,
  body: string,
  queues: string | undefined,
  more: Record<string, string> = {},
): Promise<Frame> {
  const named: Record<string, string> = queues === undefined ? {} : { INNER_MULTI_DISPATCH: queues }
  const properties = { UNIQ_KEY: `key-${body.replaceAll(/\W/g, '-')}`, TAGS: 'red', ...named, ...more }
  const extFields = {
    ...{ a: 'producers', b: PARENT, c: 'TBW102', d: '4', e: String(queueId), f: '0', g: '1700000000000', h: '5' },
    ...{ i: encodeProperties(Object.entries(properties)), j: '0', k: 'false', m: 'false' },
  }
  return ask(address, { code: 310, extFields, body: Buffer.from(body) })
}

async function send(...args: Parameters<typeof sendFrame>): Promise<void> {
  const answer = await sendFrame(...args)
  if (answer.code !== 0) throw new Error(`${args[2]} refused: ${answer.code} ${answer.remark}`)
}

function pull(address: string, topic: string, queueId: number, queueOffset: number): Promise<Frame> {
  const extFields = {
    ...{ consumerGroup: GROUP, topic, queueId: String(queueId), queueOffset: String(queueOffset), maxMsgNums: '32' },
    ...{ sysFlag: '4', commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0' },
    ...{ expressionType: 'TAG' },
  }
  return ask(address, { code: 11, extFields })
}

async function readAll(address: string, topic: string, queueId = 0): Promise<MessageExt[]> {
  const found: MessageExt[] = []
  for (;;) {
    const answer = await pull(address, topic, queueId, found.length)
    if (answer.code !== 0) return found
    found.push(...decodeMessages(answer.body))
  }
}

function pop(address: string, topic: string): Promise<Frame> {
  const extFields = {
    ...{ consumerGroup: 'poppers', topic, queueId: '-1', maxMsgNums: '8', invisibleTime: '60000', pollTime: '0' },
    ...{ bornTime: String(Date.now()), initMode: '0', order: 'false' },
  }
  return ask(address, { code: 200050, extFields })
}

async function commit(address: string, topic: string, offset: number): Promise<void> {
  const fields = { consumerGroup: GROUP, topic, queueId: '0', commitOffset: String(offset) }
  const answer = await ask(address, { code: 15, extFields: fields })
  if (answer.code !== 0) throw new Error(`offset of ${topic} refused: ${answer.code} ${answer.remark}`)
}

/** An answer without what depends on time and place. */
function plain({ code, extFields, body }: Frame): object {
  const { popTime, reviveQid, ...fields } = extFields
  return {
    code,
    fields: Object.fromEntries(Object.entries(fields).sort()),
    body: code === 0 && body[0] === 0x7b ? JSON.parse(body.toString()) : '',
  }
}

/** Of a delayed message, that goes into light queues, Apache's broker alone takes DELAY away and adds WAIT; others keep DELAY. */
const OF_DELAYED = new Set(['DELAY', 'WAIT'])

function message({ topic, queueId, queueOffset, sysFlag, body, properties }: MessageExt): object {
  const kept = [...properties].filter(([name]) => !OF_DELAYED.has(name))
  return { topic, queueId, queueOffset, sysFlag, body: body.toString(), properties: kept.sort() }
}

/** Whether the group's offset stands in the file: `"topic@group":{0:offset` or, of a light group, `"topic@group":offset`. */
const isSaved = (text: string, topic: string, offset: number): boolean =>
  text.replaceAll(/[\s"]/g, '').search(new RegExp(`${topic}@${GROUP}:({0:)?${offset}\\b`)) >= 0
