import { decodeMessages, type MessageExt } from '../../runtime/codec/message/message-ext.ts'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { layOutCluster } from './cluster.ts'
import { configText } from './files.ts'
import { ask, createTopic, type Frame } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'

const TOPIC = 'popped'
const GROUP = 'poppers'
const TIMERS = 'rmq_sys_wheel_timer'
const REVIVE = 'rmq_sys_REVIVE_LOG_CompatCluster'
const REVIVE_QUEUES = 8
/** Long enough for what is asked in between on a busy machine. */
const INVISIBLE_MS = 12_000
const REVIVED_LIMIT_MS = 60_000
const UNTIL_ACKS_ARE_IN_MS = 4_000

export const Code = {
  pop: 200050,
  ack: 200051,
  peek: 200052,
  changeInvisible: 200053,
  notify: 200054,
  pollingInfo: 200055,
  rollBack: 200056,
  batchAck: 200151,
} as const

/** What a broker answered to each request, by a name for it, and what it wrote on account of them. */
export interface PopRecords {
  readonly answers: Record<string, Frame>
  readonly waiting: MessageExt[]
  readonly revived: MessageExt[]
  readonly retries: MessageExt[]
  readonly orderInfo: string
}

/** The same POP requests to a broker of either engine. */
export async function popRecords(engine: Engine, dir: string): Promise<PopRecords> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const cluster = await layOutCluster({ name: `pop-${engine}`, dir, namesrvEngine: 'gantry', brokers })
  await cluster.start()
  const broker = cluster.broker('broker-a')
  const { address } = broker
  try {
    await createTopic(address, TOPIC, 2)
    await createTopic(address, 'ordered', 1)
    const answers = await askAll(address)
    await waitUntil('retries', REVIVED_LIMIT_MS, async () => (await retriesOf(address)).length >= 3)
    answers['pop of retries'] = await pop(address, { queueId: '0', maxMsgNums: '32' })
    await new Promise((resolve) => setTimeout(resolve, UNTIL_ACKS_ARE_IN_MS))
    const revived: MessageExt[] = []
    for (let queue = 0; queue < REVIVE_QUEUES; queue++) revived.push(...(await messagesOf(address, REVIVE, queue)))
    const waiting = await messagesOf(address, TIMERS, 0)
    const retries = await retriesOf(address)
    await broker.stop()
    return {
      answers,
      waiting,
      revived,
      retries,
      orderInfo: configText(String(broker.conf['storePathRootDir']), 'consumerOrderInfo.json'),
    }
  } finally {
    await cluster.stop()
  }
}

async function askAll(address: string): Promise<Record<string, Frame>> {
  const answers: Record<string, Frame> = {}
  for (const body of ['one', 'two', 'three', 'four', 'five']) await send(address, TOPIC, 1, body)
  await send(address, TOPIC, 0, 'zero')
  for (const body of ['first', 'second', 'third']) await send(address, 'ordered', 0, body)
  answers['notify'] = await request(address, Code.notify, { pollTime: '0' })
  answers['peek'] = await request(address, Code.peek, { queueId: '1', maxMsgNums: '3' })
  const popped = await pop(address, { queueId: '1', maxMsgNums: '5' })
  answers['pop'] = popped
  const handle = handleOf(popped)
  answers['ack'] = await ack(address, handle, 0)
  answers['change'] = await request(address, Code.changeInvisible, {
    ...{ queueId: '1', extraInfo: handle, offset: '1', invisibleTime: '14000' },
  })
  answers['batch ack'] = await batchAck(address, popped)
  answers['pop of all'] = await pop(address, { queueId: '-1', exp: 'blue', expType: 'TAG' })
  answers['pop of nothing'] = await pop(address, { queueId: '1', pollTime: '0' })
  answers['pop of nothing, waiting'] = await pop(address, { queueId: '1', pollTime: '700' })
  answers['polling info'] = await request(address, Code.pollingInfo, { queueId: '1' })
  answers['notify, nothing'] = await request(address, Code.notify, { queueId: '1', pollTime: '0' })
  const first = await popOrdered(address, 'attempt-1')
  answers['ordered pop'] = first
  answers['ordered pop, blocked'] = await popOrdered(address, 'attempt-2')
  answers['ordered pop, same attempt'] = await popOrdered(address, 'attempt-1')
  const ordered = handleOf(answers['ordered pop, same attempt'])
  answers['ordered ack'] = await ack(address, ordered, 0, 'ordered', '0')
  answers['ordered ack of a strange one'] = await ack(address, ordered, 3, 'ordered', '0')
  answers['ordered change'] = await request(address, Code.changeInvisible, {
    ...{ topic: 'ordered', queueId: '0', extraInfo: ordered, offset: '1', invisibleTime: '1000' },
  })
  await new Promise((resolve) => setTimeout(resolve, INVISIBLE_MS + 500))
  answers['ordered pop, again'] = await popOrdered(address, 'attempt-3')
  return { ...answers, ...(await refusals(address, handle)) }
}

async function refusals(address: string, handle: string): Promise<Record<string, Frame>> {
  return {
    'pop, unknown topic': await pop(address, { topic: 'Nowhere' }),
    'pop, queue out of range': await pop(address, { queueId: '7' }),
    'pop, too many': await pop(address, { maxMsgNums: '33' }),
    'pop, bad expression': await pop(address, { exp: 'a ==', expType: 'SQL92' }),
    'ack, unknown topic': await ack(address, handle, 0, 'Nowhere'),
    'ack, queue out of range': await ack(address, handle, 0, TOPIC, '7'),
    'ack, offset out of range': await ack(address, handle, 99),
    'ack, bad handle': await ack(address, 'forged', 0),
    'ack, handle of words': await ack(address, 'a b c d e f g', 0),
    'change, offset out of range': await request(address, Code.changeInvisible, {
      ...{ queueId: '1', extraInfo: handle, offset: '99', invisibleTime: '1000' },
    }),
    'change, bad handle': await request(address, Code.changeInvisible, {
      ...{ queueId: '1', extraInfo: 'forged', offset: '1', invisibleTime: '1000' },
    }),
    'batch ack, no body': await ask(address, { code: Code.batchAck }),
    'peek, unknown topic': await request(address, Code.peek, { topic: 'Nowhere', maxMsgNums: '1' }),
    'polling info, unknown topic': await request(address, Code.pollingInfo, { topic: 'Nowhere' }),
    'notify, unknown topic': await request(address, Code.notify, { topic: 'Nowhere', pollTime: '0' }),
    'roll back': await ask(address, { code: Code.rollBack }),
  }
}

export function pop(address: string, more: Record<string, string> = {}): Promise<Frame> {
  return request(address, Code.pop, {
    ...{ maxMsgNums: '16', invisibleTime: String(INVISIBLE_MS), pollTime: '0', initMode: '0' },
    ...more,
  })
}

function popOrdered(address: string, attemptId: string): Promise<Frame> {
  return pop(address, { topic: 'ordered', queueId: '0', order: 'true', attemptId, maxMsgNums: '2' })
}

export function request(address: string, code: number, more: Record<string, string>): Promise<Frame> {
  const extFields = { consumerGroup: GROUP, topic: TOPIC, queueId: '-1', bornTime: String(Date.now()), ...more }
  return ask(address, { code, extFields })
}

/** The handle of the messages that an answer brought, as clients make it. */
export function handleOf({ extFields }: Frame): string {
  const [retry, queueId, start] = extFields['startOffsetInfo']!.split(';')[0]!.split(' ')
  const { popTime, invisibleTime, reviveQid } = extFields
  return [start, popTime, invisibleTime, reviveQid, retry, 'broker-a', queueId].join(' ')
}

export function ack(address: string, extraInfo: string, offset: number, topic = TOPIC, queueId = '1'): Promise<Frame> {
  return request(address, Code.ack, { topic, queueId, extraInfo, offset: String(offset) })
}

/** Acknowledges the third and the fourth message of an answer. */
function batchAck(address: string, { extFields }: Frame): Promise<Frame> {
  const entry = {
    ...{ b: Buffer.from([0b1100]).toString('base64'), c: GROUP, it: Number(extFields['invisibleTime']) },
    ...{ pt: Number(extFields['popTime']), q: 1, r: '0', rq: Number(extFields['reviveQid']), so: 0, t: TOPIC },
  }
  const body = Buffer.from(JSON.stringify({ acks: [entry], brokerName: 'broker-a' }))
  return ask(address, { code: Code.batchAck, body })
}

export async function send(
  address: string,
  topic: string,
  queueId: number,
  body: string,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const properties = { UNIQ_KEY: `key-${body}`, TAGS: 'blue', own: 'value', ...more }
  const fields = {
    ...{ a: 'producers', b: topic, c: 'TBW102', d: '4', e: String(queueId), f: '0', g: '1700000000000', h: '5' },
    ...{ i: encodeProperties(Object.entries(properties)), j: '0', k: 'false', m: 'false' },
  }
  const answer = await ask(address, { code: 310, extFields: fields, body: Buffer.from(body) })
  if (answer.code !== 0) throw new Error(`message refused: ${answer.code} ${answer.remark}`)
}

function retriesOf(address: string): Promise<MessageExt[]> {
  return messagesOf(address, `%RETRY%${GROUP}_${TOPIC}`, 0)
}

export async function messagesOf(address: string, topic: string, queueId: number, from = 0): Promise<MessageExt[]> {
  const extFields = {
    ...{ consumerGroup: 'readers', topic, queueId: String(queueId), queueOffset: String(from), maxMsgNums: '32' },
    ...{ sysFlag: '4', commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0' },
    ...{ expressionType: 'TAG' },
  }
  const answer = await ask(address, { code: 11, extFields })
  return answer.code === 0 ? decodeMessages(answer.body) : []
}
