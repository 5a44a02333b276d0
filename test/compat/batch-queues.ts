import { decodeMessages, type MessageExt } from '../../runtime/codec/message/message-ext.ts'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { type Cluster, layOutCluster } from './cluster.ts'
import { batchConsumeQueueUnits } from './files.ts'
import { ask, createTopic, type Frame } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const AREA = 'batch queues'
const TOPIC = 'batches'
const QUEUES = 2
const BATCH_CQ = '+queue.type=BatchCQ'
const CONF = { mapperFileSizeBatchConsumeQueue: 40 * 46 }
/** Apache's broker dispatches a moment after it has answered. */
const DISPATCH_LIMIT_MS = 30_000

/** Topics with batch consume queues: answers, records and units as Apache's, official producers and consumers, stores handed over. */
export async function batchQueues(setting: Setting): Promise<void> {
  const { dir, report, engine, brief } = setting
  await report.attempt(AREA, 'records', async () => {
    const [ours, theirs] = [await recordsOf(engine, dir), await recordsOf('apache', dir)]
    for (const [name, records] of Object.entries(theirs)) {
      const [expected, actual] = [JSON.stringify(records, null, 1), JSON.stringify(ours[name], null, 1)]
      report.check(AREA, name, actual === expected, `ours ${actual}\nApache's ${expected}`)
    }
  })
  for (const one of new Set(brief ? [engine] : (['apache', engine] as const)))
    await report.attempt(AREA, `clients on ${one}`, () => clients(setting, one))
  await report.attempt(AREA, 'handover', () => handOver(setting))
  if (!brief) await report.attempt(AREA, 'slaves', () => slaves(setting))
}

async function recordsOf(engine: Engine, dir: string): Promise<Record<string, unknown>> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const cluster = await layOutCluster({ name: `batch-${engine}`, dir, namesrvEngine: 'gantry', brokers, conf: CONF })
  await cluster.start()
  const broker = cluster.broker('broker-a')
  const { address } = broker
  try {
    await createTopic(address, TOPIC, QUEUES, BATCH_CQ)
    await createTopic(address, 'ordinary', 1)
    const shown: Record<string, unknown> = {}
    shown['a batch'] = answerOf(await sendBatch(address, 3, { UNIQ_KEY: 'key-1' }))
    shown['a single message'] = answerOf(await sendSingle(address, 'single'))
    shown['a batch with tag and keys'] = answerOf(
      await sendBatch(address, 5, { UNIQ_KEY: 'key-2', TAGS: 'red', KEYS: 'k1 k2' }),
    )
    shown['a batch without a key'] = answerOf(await sendBatch(address, 2, {}))
    shown['a batch of one'] = answerOf(await sendBatch(address, 1, { UNIQ_KEY: 'key-3' }))
    shown['a batch for another topic'] = answerOf(await sendBatch(address, 2, { UNIQ_KEY: 'key-4' }, 'ordinary'))
    const refused = await sendSingle(address, 'says it holds others', { INNER_NUM: '3' })
    shown['a single message that says it holds others'] = refused.code
    await waitUntil('all messages', DISPATCH_LIMIT_MS, async () => (await maxOffset(address)) === '12')
    for (const [offset, max] of [
      [0, 32],
      [1, 32],
      [0, 1],
      [0, 4],
      [5, 5],
      [9, 1],
      [11, 32],
      [12, 32],
      [13, 32],
    ] as const)
      shown[`a pull of ${max} at ${offset}`] = pulled(await pull(address, offset, max))
    shown['messages of the other topic'] = pulled(await pull(address, 0, 32, 'ordinary'))
    shown['least offset'] = (await ask(address, { code: 31, extFields: queue() })).extFields
    shown['greatest offset of an unused queue'] = (await ask(address, { code: 30, extFields: queue(1) })).extFields
    for (const timestamp of ['0', '99999999999999'])
      shown[`offset at ${timestamp}`] = (
        await ask(address, { code: 29, extFields: { ...queue(), timestamp } })
      ).extFields
    shown['by its key'] = records((await byKey(address, 'k2')).body)
    for (const index of ['0', '5'])
      shown[`units from ${index} on, as administrators see them`] = await unitsFrom(address, index)
    const changed = { topic: TOPIC, defaultTopic: 'TBW102', readQueueNums: '2', writeQueueNums: '2', perm: '6' }
    const fields = { ...changed, topicFilterType: 'SINGLE_TAG', topicSysFlag: '0', order: 'false' }
    const kept = await ask(address, { code: 17, extFields: { ...fields, attributes: '+queue.type=SimpleCQ' } })
    shown['another type of queue'] = [kept.code, kept.remark]
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await broker.stop()
    shown['units'] = [...batchConsumeQueueUnits(String(broker.conf['storePathRootDir']))].map(([name, units]) => [
      name,
      units.map(unit),
    ])
    return shown
  } finally {
    await cluster.stop()
  }
}

/** Official producers and consumers. */
async function clients({ dir, report, driver }: Setting, engine: Engine): Promise<void> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const cluster = await layOutCluster({
    name: `batch-clients-${engine}`,
    dir,
    namesrvEngine: engine,
    brokers,
    conf: CONF,
  })
  await cluster.start()
  try {
    const namesrv = cluster.namesrv.address
    const run = async (scenario: string, topic: string, args: Record<string, string | number>): Promise<void> => {
      await makeTopic(cluster, topic)
      const row = await driver.run(scenario, { namesrv, topic, group: `g-${topic}-${engine}`, ...args })
      report.check(AREA, `java ${scenario} on ${engine}`, row.ok, JSON.stringify(row))
    }
    await run('batches-push', 'pushed', { count: 300, tags: '*', copies: 1 })
    // A batch with messages of several tags has none itself: Apache's broker passes over it.
    await run('batches-tags', 'tagged', { count: 90, mixed: engine === 'apache' ? 0 : 1 })
    const status = await driver.mqadmin('topicStatus', '-n', namesrv, '-t', 'pushed')
    const ends = [...status.matchAll(/broker-a\s+\d+\s+(\d+)\s+(\d+)/g)].map(
      ([, min, max]) => Number(max) - Number(min),
    )
    report.check(AREA, `mqadmin topicStatus on ${engine}`, ends.reduce((sum, end) => sum + end, 0) === 300, status)
  } finally {
    await cluster.stop()
  }
}

/** A store is written by one engine, then by the other, and shows the same after every stop and kill. */
async function handOver({ dir, report, engine, driver, brief }: Setting): Promise<void> {
  const brokers = [{ group: 'broker-a', id: 0, engine: 'apache' as Engine }]
  const cluster = await layOutCluster({ name: 'batch-handover', dir, namesrvEngine: 'gantry', brokers, conf: CONF })
  const broker = cluster.broker('broker-a')
  await cluster.start()
  try {
    await makeTopic(cluster, TOPIC)
    const namesrv = cluster.namesrv.address
    let count = 0
    const rounds = [
      [engine, 'SIGTERM'],
      ['apache', 'SIGKILL'],
      [engine, 'SIGKILL'],
      ['apache', 'SIGTERM'],
      [engine, 'SIGTERM'],
    ] as const
    for (const [next, signal] of brief ? rounds.slice(0, 3) : rounds) {
      const name = `${broker.engine} ${signal === 'SIGTERM' ? 'stopped' : 'killed'}, then ${next}`
      const filled = await driver.run('batches-fill', {
        namesrv,
        topic: TOPIC,
        group: 'batch-handover',
        count: 240,
        from: count,
      })
      if (!filled.ok) throw new Error(`filling failed: ${filled.faults.join('; ')}`)
      count += 240
      await waitUntil('all is dispatched', DISPATCH_LIMIT_MS, async () => (await total(broker.address)) === count)
      const before = await everything(broker.address)
      await broker.stop(signal)
      broker.engine = next
      await broker.start()
      await cluster.awaitRegistered(broker)
      await waitUntil('all is dispatched', DISPATCH_LIMIT_MS, async () => (await total(broker.address)) === count)
      const after = await everything(broker.address)
      report.check(AREA, name, after === before, `${after}\nbefore ${before}`)
    }
    const all = { namesrv, topic: TOPIC, group: 'g-batch-handover', keyGroup: 'batch-handover', count }
    const row = await driver.run('drain', all)
    report.check(AREA, 'every message once, in order, in the end', row.ok, JSON.stringify(row))
  } finally {
    await cluster.stop()
  }
}

/** Slaves of the other engine hold the same units. */
async function slaves({ dir, report, engine, driver }: Setting): Promise<void> {
  for (const [master, slave] of [
    ['apache', engine],
    [engine, 'apache'],
  ] as const) {
    const brokers = [
      { group: 'broker-a', id: 0, engine: master },
      { group: 'broker-a', id: 1, engine: slave },
    ]
    const name = `batch-${master}-${slave}`
    const cluster = await layOutCluster({ name, dir, namesrvEngine: 'gantry', brokers, conf: CONF })
    await cluster.start()
    try {
      await makeTopic(cluster, TOPIC)
      // An Apache slave makes queues of the wrong type before it knows of the topic: it copies that once a minute.
      if (slave === 'apache') await cluster.awaitCopied(TOPIC)
      const args = { namesrv: cluster.namesrv.address, topic: TOPIC, group: name, count: 240 }
      const filled = await driver.run('batches-fill', args)
      if (!filled.ok) throw new Error(`filling failed: ${filled.faults.join('; ')}`)
      await cluster.awaitInSync()
      if (slave !== 'apache') await cluster.awaitCopied(TOPIC)
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      for (const broker of [...cluster.brokers].reverse()) await broker.stop()
      const [first, second] = cluster.brokers.map(({ conf }) =>
        JSON.stringify([...batchConsumeQueueUnits(String(conf['storePathRootDir']))], null, 1),
      )
      report.check(
        AREA,
        `${slave} slave of ${master}: equal units`,
        first === second && first!.length > 1000,
        `${second}\nmaster ${first}`,
      )
    } finally {
      await cluster.stop()
    }
  }
}

async function makeTopic(cluster: Cluster, topic: string): Promise<void> {
  for (const master of cluster.masters) await createTopic(master.address, topic, QUEUES, BATCH_CQ)
  await cluster.createTopics([topic], QUEUES)
}

const queue = (queueId = 0, topic = TOPIC) => ({ topic, queueId: String(queueId) })

async function maxOffset(address: string, queueId = 0): Promise<string | undefined> {
  return (await ask(address, { code: 30, extFields: queue(queueId) })).extFields['offset']
}

async function total(address: string): Promise<number> {
  let sum = 0
  for (let queueId = 0; queueId < QUEUES; queueId++) sum += Number(await maxOffset(address, queueId))
  return sum
}

/** Bounds and records of all queues, as they are pulled. */
async function everything(address: string): Promise<string> {
  const lines: string[] = []
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    const min = (await ask(address, { code: 31, extFields: queue(queueId) })).extFields['offset']
    const max = await maxOffset(address, queueId)
    lines.push(`queue ${queueId}: ${min} to ${max}`)
    for (let offset = Number(min); offset < Number(max); ) {
      const answer = await pull(address, offset, 32, TOPIC, queueId)
      if (answer.code !== 0) throw new Error(`pull at ${queueId}/${offset}: ${answer.code} ${answer.remark}`)
      for (const { queueOffset, body, properties } of decodeMessages(answer.body))
        lines.push(`${queueOffset} ${properties.get('INNER_NUM') ?? 'single'} ${body.length}`)
      offset = Number(answer.extFields['nextBeginOffset'])
    }
  }
  return lines.join('\n')
}

/** Laid out as `MessageDecoder.encodeMessage` does. */
function innerMessage(body: string, properties: Record<string, string>): Buffer {
  const [text, propertiesText] = [Buffer.from(body), Buffer.from(encodeProperties(Object.entries(properties)))]
  const bytes = Buffer.alloc(20 + text.length + 2 + propertiesText.length)
  bytes.writeInt32BE(bytes.length, 0)
  bytes.writeInt32BE(7, 12)
  bytes.writeInt32BE(text.length, 16)
  text.copy(bytes, 20)
  bytes.writeInt16BE(propertiesText.length, 20 + text.length)
  propertiesText.copy(bytes, 22 + text.length)
  return bytes
}

function header(topic: string, properties: Record<string, string>, isBatch: boolean): Record<string, string> {
  return {
    ...{ a: 'producers', b: topic, c: 'TBW102', d: '4', e: '0', f: '0', g: '1700000000000', h: '5' },
    ...{ i: encodeProperties(Object.entries(properties)), j: '0', k: 'false', m: String(isBatch) },
  }
}

function sendBatch(address: string, count: number, properties: Record<string, string>, topic = TOPIC): Promise<Frame> {
  const messages = Array.from({ length: count }, (_, i) =>
    innerMessage(`${i} of ${count}`, { UNIQ_KEY: `inner-${count}-${i}`, TAGS: 'blue', WAIT: 'true' }),
  )
  const extFields = header(topic, properties, true)
  return ask(address, { code: 320, extFields, body: Buffer.concat(messages) })
}

function sendSingle(address: string, body: string, more: Record<string, string> = {}): Promise<Frame> {
  const extFields = header(TOPIC, { UNIQ_KEY: 'single', TAGS: 'red', ...more }, false)
  return ask(address, { code: 310, extFields, body: Buffer.from(body) })
}

function pull(address: string, queueOffset: number, max: number, topic = TOPIC, queueId = 0): Promise<Frame> {
  const extFields = {
    ...{
      consumerGroup: 'readers',
      ...queue(queueId, topic),
      queueOffset: String(queueOffset),
      maxMsgNums: String(max),
    },
    ...{ sysFlag: '4', commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0' },
    ...{ expressionType: 'TAG' },
  }
  return ask(address, { code: 11, extFields })
}

function byKey(address: string, key: string): Promise<Frame> {
  const extFields = { topic: TOPIC, key, maxNum: '10', beginTimestamp: '0', endTimestamp: '99999999999999' }
  return ask(address, { code: 12, extFields })
}

async function unitsFrom(address: string, index: string): Promise<object> {
  const { code, body } = await ask(address, {
    code: 321,
    extFields: { ...queue(), index, count: '4', consumerGroup: '' },
  })
  if (code !== 0) return { code }
  const { queueData, minQueueIndex, maxQueueIndex } = JSON.parse(body.toString()) as {
    queueData: { physicOffset: number; physicSize: number; tagsCode: number }[]
    minQueueIndex: number
    maxQueueIndex: number
  }
  const units = queueData.map(({ physicOffset, physicSize, tagsCode }) => [physicOffset, physicSize, tagsCode])
  return { units, minQueueIndex, maxQueueIndex }
}

function answerOf({ code, extFields }: Frame): object {
  const { msgId = '', queueId, queueOffset, transactionId, batchUniqId } = extFields
  return { code, ids: msgId.split(',').length, queueId, queueOffset, transactionId, batchUniqId }
}

function pulled({ code, extFields, body }: Frame): object {
  const { nextBeginOffset, minOffset, maxOffset } = extFields
  return { code, nextBeginOffset, minOffset, maxOffset, records: code === 0 ? records(body) : undefined }
}

const records = (body: Buffer): object[] => decodeMessages(body).map(record)

function record({ queueOffset, sysFlag, flag, body, properties }: MessageExt): object {
  return { queueOffset, sysFlag, flag, body: body.toString('hex'), properties: [...properties].sort() }
}

/** Without place and time. */
function unit(hex: string): object {
  const bytes = Buffer.from(hex, 'hex')
  const [tagsCode, base] = [bytes.readBigInt64BE(12), bytes.readBigInt64BE(28)].map(Number)
  return { size: bytes.readInt32BE(8), tagsCode, base, count: bytes.readInt16BE(36), end: hex.slice(76) }
}
