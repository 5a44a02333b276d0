import { decodeMessages, type MessageExt } from '../../runtime/codec/message/message-ext.ts'
import { encodeProperties } from '../../runtime/codec/message/properties.ts'
import { layOutCluster } from './cluster.ts'
import { ask, createTopic } from './remoting.ts'
import { type Engine, waitUntil } from './server.ts'
import type { Setting } from './setting.ts'

const TOPIC = 'transacted'
const HALF = 'RMQ_SYS_TRANS_HALF_TOPIC'
const OP = 'RMQ_SYS_TRANS_OP_HALF_TOPIC'
const COMMIT = 8
const ROLLBACK = 12
/** Apache's broker notes ended transactions every transactionOpBatchInterval, 3 s. */
const OP_LIMIT_MS = 60_000
/** No check of what is left open comes between: it would write further half and op messages. */
const CONF = { transactionCheckInterval: 3_600_000, transactionTimeOut: 3_600_000 }

interface Half {
  readonly key: string
  readonly commitLogOffset: number
  readonly tranStateTableOffset: number
}

/** The same transactions on our broker and on Apache's: half, op and delivered messages have to be the same. */
export async function transactions({ dir, report }: Setting): Promise<void> {
  const [ours, theirs] = [await recordsOf('gantry', dir), await recordsOf('apache', dir)]
  for (const [name, records] of Object.entries(theirs)) {
    const expected = JSON.stringify(records, null, 1)
    const actual = JSON.stringify(ours[name], null, 1)
    report.check('transactions', name, actual === expected, `ours ${actual}\nApache's ${expected}`)
  }
}

async function recordsOf(engine: Engine, dir: string): Promise<Record<string, object[]>> {
  const brokers = [{ group: 'broker-a', id: 0, engine }]
  const name = `transactions-${engine}`
  const cluster = await layOutCluster({ name, dir, namesrvEngine: 'gantry', brokers, conf: CONF })
  await cluster.start()
  try {
    const { address } = cluster.broker('broker-a')
    await createTopic(address, TOPIC, 4)
    const committed = await sendHalf(address, 'key-1', { TAGS: 'red', KEYS: 'k1 k2', own: 'value' })
    const rolledBack = await sendHalf(address, 'key-2', { WAIT: 'false' })
    await sendHalf(address, 'key-3', {})
    await end(address, committed, COMMIT)
    await end(address, rolledBack, ROLLBACK)
    await waitUntil('op messages', OP_LIMIT_MS, async () => namedIn(await messagesOf(address, OP, 0)).length === 2)
    // Messages come into consume queues after they were answered.
    await waitUntil('a delivered message', OP_LIMIT_MS, async () => (await messagesOf(address, TOPIC, 2)).length > 0)
    const op = await messagesOf(address, OP, 0)
    return {
      'half messages': (await messagesOf(address, HALF, 0)).map(shown),
      'op messages': op.slice(0, 1).map((message) => ({ ...shown(message), body: namedIn(op) })),
      'delivered messages': (await messagesOf(address, TOPIC, 2)).map((message) => ({
        ...shown(message),
        prepared: message.preparedTransactionOffset === committed.commitLogOffset,
      })),
    }
  } finally {
    await cluster.stop()
  }
}

async function sendHalf(address: string, key: string, more: Record<string, string>): Promise<Half> {
  const properties = { UNIQ_KEY: key, TRAN_MSG: 'true', PGROUP: 'producers', ...more }
  const fields = {
    ...{ a: 'producers', b: TOPIC, c: 'TBW102', d: '4', e: '2', f: '4', g: '1700000000000', h: '5' },
    ...{ i: encodeProperties(Object.entries(properties)), j: '0', k: 'false', m: 'false' },
  }
  const answer = await ask(address, { code: 310, extFields: fields, body: Buffer.from(`body of ${key}`) })
  if (answer.code !== 0) throw new Error(`half message refused: ${answer.code} ${answer.remark}`)
  const { msgId = '', queueOffset = '' } = answer.extFields
  return { key, commitLogOffset: Number.parseInt(msgId.slice(16), 16), tranStateTableOffset: Number(queueOffset) }
}

async function end(address: string, half: Half, commitOrRollback: number): Promise<void> {
  const extFields = {
    ...{ topic: TOPIC, producerGroup: 'producers', fromTransactionCheck: 'false' },
    ...{ msgId: half.key, transactionId: half.key },
    tranStateTableOffset: String(half.tranStateTableOffset),
    commitLogOffset: String(half.commitLogOffset),
    commitOrRollback: String(commitOrRollback),
  }
  const answer = await ask(address, { code: 37, extFields })
  if (answer.code !== 0) throw new Error(`end of a transaction refused: ${answer.code} ${answer.remark}`)
}

async function messagesOf(address: string, topic: string, queueId: number): Promise<MessageExt[]> {
  const extFields = {
    ...{ consumerGroup: 'readers', topic, queueId: String(queueId), queueOffset: '0', maxMsgNums: '32', sysFlag: '4' },
    ...{ commitOffset: '0', suspendTimeoutMillis: '0', subscription: '*', subVersion: '0', expressionType: 'TAG' },
  }
  const answer = await ask(address, { code: 11, extFields })
  return answer.code === 0 ? decodeMessages(answer.body) : []
}

function namedIn(op: readonly MessageExt[]): string[] {
  return op
    .flatMap((message) => message.body.toString().split(','))
    .filter((offset) => offset !== '')
    .sort()
}

/** What does not depend on time, place and random keys. */
function shown(message: MessageExt): object {
  const properties = [...message.properties].filter(([name]) => name !== 'UNIQ_KEY' || message.topic !== OP).sort()
  const { topic, queueId, queueOffset, flag, sysFlag, reconsumeTimes, body } = message
  return { topic, queueId, queueOffset, flag, sysFlag, reconsumeTimes, body: body.toString(), properties }
}
