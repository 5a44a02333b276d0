import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { layOutCluster } from './cluster.ts'
import type { Driver } from './driver.ts'
import { ask, createGroup, createTopic, type Frame } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'

/** The parent of the lite topics. */
export const TOPIC = 'parent'
const GROUP = 'readers'
const CONF = { enableLmq: true, enableMultiDispatch: true }
const INVISIBLE_MS = 4_000
const LIMIT_MS = 30_000

/** What a broker of an engine answers to the same requests about lite topics, and what the official mqadmin shows of it. */
export async function liteRecords(engine: Engine, dir: string, driver: Driver): Promise<Record<string, unknown>> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const options = { name: `lite-records-${engine}`, dir, namesrvEngine: 'gantry' as const, brokers, conf: CONF }
  const cluster = await layOutCluster(options)
  await cluster.start()
  const { address } = cluster.broker('broker-a')
  const shown: Record<string, unknown> = {}
  try {
    await createTopic(address, TOPIC, 4, '+message.type=LITE,+lite.topic.expiration=60')
    const attributes = { '+lite.bind.topic': TOPIC, '+lite.sub.model': 'Shared' }
    await createGroup(address, GROUP, { attributes })
    await createGroup(address, 'regular', {})
    for (const body of ['a0', 'a1', 'a2']) await send(address, 'a', body)
    await send(address, 'b', 'b0')
    await subscriptions(address, shown)
    await pops(address, shown)
    await refusals(address, shown)
    await questions(address, shown)
    await commands(cluster.namesrv.address, address, driver, shown)
    await pulls(address, shown)
    return shown
  } finally {
    await cluster.stop()
  }
}

async function subscriptions(address: string, shown: Record<string, unknown>): Promise<void> {
  shown['subscribing'] = (await control(address, 'PARTIAL_ADD', ['a', 'b', 'c'])).code
  shown['repeating all subscriptions'] = (await control(address, 'COMPLETE_ADD', ['a', 'b'])).code
  shown['no body'] = (await ask(address, { code: 200071 })).code
}

/** What is popped, acknowledged in part, comes again, is put off and acknowledged. */
async function pops(address: string, shown: Record<string, unknown>): Promise<void> {
  const first = await popAll(address, 4)
  // Which lite topic comes first is chance.
  shown['first pop'] = first.map(({ text, times }) => `${text} ${times}`).sort()
  const a = first.filter(({ lite }) => lite === 'a')
  shown['ack of the first and the last'] = [(await ack(address, a[0]!)).code, (await ack(address, a[2]!)).code]
  shown['ack once more'] = (await ack(address, a[0]!)).code
  shown['offset'] = await offsetOf(address, 'a')
  const second = await popAll(address, 3)
  shown['what comes again'] = second.map(({ text, times }) => `${text} ${times}`).sort()
  const again = second.filter(({ lite }) => lite === 'a')
  const changed = await change(address, again[0]!, 1000)
  shown['change'] = { code: changed.code, reviveQid: changed.extFields['reviveQid'] }
  for (const one of second.filter(({ lite }) => lite === 'b')) shown['ack of b'] = (await ack(address, one)).code
  shown['ack of an old pop'] = (await ack(address, a[1]!)).code
  const third = await popAll(address, again.length)
  shown['third pop'] = third.map(({ text, times }) => `${text} ${times}`).sort()
  for (const one of third) await ack(address, one)
  shown['offset at the end'] = [await offsetOf(address, 'a'), await offsetOf(address, 'b')]
  const nothing = await pop(address)
  shown['nothing more'] = { code: nothing.code, remark: nothing.remark, fields: fieldsOf(nothing) }
}

async function refusals(address: string, shown: Record<string, unknown>): Promise<void> {
  const refused = async (fields: Record<string, string>) => {
    const { code, remark } = await pop(address, fields)
    return {
      code,
      remark: remark
        ?.replace(/\[127[^\]]*\]/, '[]')
        .split('\n')[0]
        ?.trim(),
    }
  }
  shown['pop of too many'] = await refused({ maxMsgNum: '33' })
  shown['pop of a topic that there is not'] = (await refused({ topic: 'nothing' })).code
  shown['pop of a group that is bound to no topic'] = await refused({ consumerGroup: 'regular' })
}

async function questions(address: string, shown: Record<string, unknown>): Promise<void> {
  const told = async (code: number, fields: Record<string, string> = {}) => {
    const answer = await ask(address, { code, extFields: fields })
    return answer.code === 0 && answer.body.length > 0
      ? sorted(JSON.parse(answer.body.toString()))
      : { code: answer.code, remark: answer.remark }
  }
  // Its tables are its own: how many entries they have is compared nowhere.
  const broker = (await told(200074)) as Record<string, unknown>
  const { storeType, maxLmqNum, currentLmqNum, liteSubscriptionCount, topicMeta, groupMeta } = broker
  shown['broker info'] = { storeType, maxLmqNum, currentLmqNum, liteSubscriptionCount, topicMeta, groupMeta }
  shown['parent topic'] = await told(200075, { topic: TOPIC })
  shown['lite topic'] = await told(200076, { parentTopic: TOPIC, liteTopic: 'a' })
  shown['client'] = await told(200077, { parentTopic: TOPIC, group: GROUP, clientId: 'c1', maxCount: '10' })
  shown['group'] = await told(200078, { group: GROUP, topK: '5' })
  shown['group and lite topic'] = await told(200078, { group: GROUP, liteTopic: 'a', topK: '5' })
  shown['dispatch'] = (await ask(address, { code: 200079, extFields: { group: GROUP } })).code
  shown['dispatch of a regular group'] = await told(200079, { group: 'regular' })
  shown['lite topic that there is not'] = await told(200076, { parentTopic: TOPIC, liteTopic: 'none' })
  shown['type of another topic'] = await told(200075, { topic: 'TBW102' })
}

/** Pulls that name a lite topic. */
async function pulls(address: string, shown: Record<string, unknown>): Promise<void> {
  for (const [lite, queueOffset] of [
    ['a', '0'],
    ['a', '2'],
    ['a', '3'],
    ['b', '7'],
    ['never sent to', '0'],
  ] as const) {
    const extFields = {
      ...{
        consumerGroup: GROUP,
        topic: TOPIC,
        liteTopic: lite,
        queueId: '0',
        queueOffset,
        maxMsgNums: '8',
        sysFlag: '4',
      },
      ...{ commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0', expressionType: 'TAG' },
    }
    const { code, extFields: fields, body } = await ask(address, { code: 11, extFields })
    const { nextBeginOffset, minOffset, maxOffset } = fields
    const bodies = decodeMessages(body).map((message) => String(message.body))
    shown[`pull of lite topic ${lite} from ${queueOffset}`] = { code, nextBeginOffset, minOffset, maxOffset, bodies }
  }
}

async function commands(
  namesrv: string,
  address: string,
  driver: Driver,
  shown: Record<string, unknown>,
): Promise<void> {
  for (const command of [
    `getBrokerLiteInfo -b ${address} -d`,
    `getParentTopicInfo -p ${TOPIC}`,
    `getLiteTopicInfo -p ${TOPIC} -l a -s`,
    `getLiteClientInfo -p ${TOPIC} -g ${GROUP} -c c1 -s`,
    `getLiteGroupInfo -p ${TOPIC} -g ${GROUP} -k 5`,
    `getLiteGroupInfo -p ${TOPIC} -g ${GROUP} -l a`,
    `triggerLiteDispatch -p ${TOPIC} -g ${GROUP}`,
  ]) {
    const out = await driver.mqadmin(...command.split(' '), '-n', namesrv)
    shown[`mqadmin ${command.replace(address, 'BROKER')}`] = out
      .replaceAll(address, 'BROKER')
      .replaceAll(/\d{13}|\d{4}-\d\d-\d\d[ \d:,]*\d|\(\d+ s ago\)/g, 'TIME')
      .split('\n')
      // How many entries the broker's own tables have is its own affair: orders, consume queues, offsets, events.
      .map((line) => line.replace(/^(BROKER(?: +\S+){4}).*$/, '$1').trimEnd())
  }
}

/** A message that was popped, with what an ack needs. */
export interface Popped {
  /** Body, lite topics' queues and offsets in them. */
  readonly text: string
  readonly body: string
  readonly lite: string
  readonly times: number
  readonly offset: string
  readonly handle: string
}

export function pop(address: string, more: Record<string, string> = {}): Promise<Frame> {
  const extFields = {
    ...{ clientId: 'c1', consumerGroup: GROUP, topic: TOPIC, maxMsgNum: '32', invisibleTime: String(INVISIBLE_MS) },
    ...{ pollTime: '0', bornTime: String(Date.now()), ...more },
  }
  return ask(address, { code: 200070, extFields })
}

/** Pops until so many have come. */
async function popAll(address: string, count: number): Promise<Popped[]> {
  const found: Popped[] = []
  await waitUntil(`${count} messages of lite topics`, LIMIT_MS, async () => {
    const answer = await pop(address)
    if (answer.code === 0) found.push(...poppedOf(answer))
    return found.length >= count
  })
  return found
}

export function poppedOf({ extFields, body }: Frame): Popped[] {
  const { popTime, invisibleTime, reviveQid, orderCountInfo = '' } = extFields
  const counts = orderCountInfo.split(';').map((info) => Number(info.split(' ').at(-1)))
  return decodeMessages(body).map((message, i) => {
    const offset = message.properties.get('INNER_MULTI_QUEUE_OFFSET') ?? ''
    const handle = `0 ${popTime} ${invisibleTime} ${reviveQid} 0 broker-a 0 ${offset}`
    const lite = message.properties.get('__LITE_TOPIC') ?? ''
    const names = message.properties.get('INNER_MULTI_DISPATCH')
    const body = message.body.toString()
    return { text: `${body} ${names} ${offset}`, body, lite, times: counts[i] ?? 0, offset, handle }
  })
}

function aboutOne({ lite, offset, handle }: Popped, consumerGroup = GROUP): Record<string, string> {
  return { consumerGroup, topic: TOPIC, queueId: '0', offset, extraInfo: handle, liteTopic: lite }
}

export function ack(address: string, popped: Popped, group = GROUP): Promise<Frame> {
  return ask(address, { code: 200051, extFields: aboutOne(popped, group) })
}

function change(address: string, popped: Popped, invisibleMs: number): Promise<Frame> {
  return ask(address, { code: 200053, extFields: { ...aboutOne(popped), invisibleTime: String(invisibleMs) } })
}

/** A client says to which lite topics it subscribes. */
export function control(
  address: string,
  action: string,
  liteTopicSet: string[],
  who = { clientId: 'c1', group: GROUP },
): Promise<Frame> {
  const entry = { action, ...who, topic: TOPIC, liteTopicSet, version: 1 }
  return ask(address, { code: 200071, body: Buffer.from(JSON.stringify({ subscriptionSet: [entry] })) })
}

async function offsetOf(address: string, lite: string): Promise<unknown> {
  const extFields = { consumerGroup: GROUP, topic: `%LMQ%$${TOPIC}$${lite}`, queueId: '0' }
  return (await ask(address, { code: 14, extFields })).extFields['offset']
}

export async function send(address: string, lite: string, body: string): Promise<void> {
  const properties = { UNIQ_KEY: `key-${body}`, __LITE_TOPIC: lite }
  const extFields = {
    ...{ a: 'producers', b: TOPIC, c: 'TBW102', d: '4', e: '1', f: '0', g: '1700000000000', h: '0' },
    ...{ i: encodeProperties(Object.entries(properties)), j: '0', k: 'false', m: 'false' },
  }
  const answer = await ask(address, { code: 310, extFields, body: Buffer.from(body) })
  if (answer.code !== 0) throw new Error(`${body} refused: ${answer.code} ${answer.remark}`)
}

function fieldsOf({ extFields }: Frame): object {
  const { popTime, ...fields } = extFields
  return sorted(fields) as object
}

/** The order of keys means nothing, nor do times: whether there is one does. */
export function sorted(value: unknown): unknown {
  if (typeof value === 'number') return value > 1e12 ? 'TIME' : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted).sort()
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
