import { expect, test } from 'vitest'
import { encodeHost } from '../../codec/message/host.ts'
import { decodeMessage } from '../../codec/message/message-ext.ts'
import { encodeMessageId } from '../../codec/message/message-id.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { COMMIT, ROLLBACK, TransactionClient } from '../testing/transaction-client.ts'
import {
  delivered,
  GIVEN_UP,
  HALF,
  messagesIn,
  OP,
  pass,
  positions,
  SETTINGS,
  started,
} from '../testing/transaction-steps.ts'
import type { WholeBroker } from '../testing/whole-broker.ts'

const HOST = encodeHost('127.0.0.1', 10911)
test('a half message is not seen until it is committed; its op message is in the same batch', async () => {
  const { whole, producer } = await started()
  const half = await producer.half({ TAGS: 'A', KEYS: 'k' })
  expect(await delivered(whole)).toEqual([])
  expect(whole.broker.tables.transactionMetrics.count('T')).toBe(1)
  expect((await producer.end(half, COMMIT)).code).toBe(ResponseCode.SUCCESS)
  const [message] = await messagesIn(whole, 'T', 1)
  expect([message?.body.toString(), message?.sysFlag, message?.preparedTransactionOffset]).toEqual([
    'body of K0',
    COMMIT,
    half.commitLogOffset,
  ])
  const { properties } = message!
  expect(['TAGS', 'TRAN_MSG', 'REAL_TOPIC', 'REAL_QID'].map((name) => properties.get(name))).toEqual([
    'A',
    'true',
    undefined,
    undefined,
  ])
  const [op] = await messagesIn(whole, OP)
  expect([op?.body.toString(), op?.properties.get('TAGS')]).toEqual(['0,', 'd'])
  const [stored] = await messagesIn(whole, HALF)
  expect([stored?.sysFlag, stored?.queueId]).toEqual([0, 0])
  expect(Object.fromEntries(stored!.properties)).toMatchObject({
    ...{ TRAN_MSG: 'true', PGROUP: 'pg', UNIQ_KEY: 'K0', __transactionId__: 'K0' },
    ...{ REAL_TOPIC: 'T', REAL_QID: '1', TAGS: 'A', KEYS: 'k' },
  })
  await pass(whole, 1)
  expect([positions(whole), whole.broker.tables.transactionMetrics.count('T')]).toEqual([[1, 1], 0])
})

test('what is rolled back is never seen; who says nothing is not answered', async () => {
  const { whole, producer } = await started()
  const half = await producer.half()
  await producer.client.sendOneway(RequestCode.END_TRANSACTION, {
    fields: {
      producerGroup: 'pg',
      tranStateTableOffset: 0,
      commitLogOffset: half.commitLogOffset,
      commitOrRollback: 0,
    },
  })
  expect(await messagesIn(whole, OP)).toEqual([])
  expect((await producer.end(half, ROLLBACK)).code).toBe(ResponseCode.SUCCESS)
  await pass(whole, 30)
  expect([await delivered(whole), producer.asked, positions(whole)]).toEqual([[], [], [1, 1]])
})

test('one transaction ends once, whoever says it again', async () => {
  const { whole, producer } = await started()
  const half = await producer.half()
  await producer.end(half, COMMIT)
  expect((await producer.end(half, COMMIT)).code).toBe(ResponseCode.SUCCESS)
  expect((await producer.end(half, ROLLBACK)).code).toBe(ResponseCode.SUCCESS)
  expect([await delivered(whole), (await messagesIn(whole, OP)).length]).toEqual([['body of K0'], 1])
})

test('transactions that end in one turn share op messages of transactionOpMsgMaxSize', async () => {
  const { whole, producer } = await started(`${SETTINGS}transactionOpMsgMaxSize=8\n`)
  const halves = []
  for (let i = 0; i < 6; i++) halves.push(await producer.half())
  await Promise.all(halves.map((half) => producer.end(half, half.tranStateTableOffset % 2 === 0 ? COMMIT : ROLLBACK)))
  expect((await messagesIn(whole, OP)).map((op) => op.body.toString())).toEqual(['0,1,2,3,', '4,5,'])
  expect(await delivered(whole)).toEqual(['body of K0', 'body of K2', 'body of K4'])
})

test('strangers cannot end a transaction, and what is no half message cannot be committed', async () => {
  const { whole, producer } = await started()
  const half = await producer.half()
  const refusal = async (more: Record<string, string | number | boolean>) => {
    const { code, remark } = await producer.end(half, COMMIT, more)
    return [code, remark]
  }
  const failed = ResponseCode.SYSTEM_ERROR
  expect(await refusal({ producerGroup: 'other' })).toEqual([failed, 'The producer group wrong'])
  expect(await refusal({ tranStateTableOffset: 1 })).toEqual([failed, 'The transaction state table offset wrong'])
  const missing = [failed, 'Find prepared transaction message failed']
  expect(await refusal({ commitLogOffset: half.commitLogOffset + 1 })).toEqual(missing)
  expect(await refusal({ commitLogOffset: -1 })).toEqual(missing)
  expect(await refusal({ commitLogOffset: 0 })).toEqual(missing)
  expect(await delivered(whole)).toEqual([])
})

test('a producer is asked about what it did not end, with the message it had sent', async () => {
  const { whole, producer } = await started()
  await producer.half({ TAGS: 'A' })
  await pass(whole, 9)
  expect(producer.asked).toEqual([])
  await pass(whole, 2)
  const [check] = producer.checks
  const { commitLogOffset, offsetMsgId, ...fields } = check!.fields
  expect(fields).toEqual({
    ...{ topic: HALF, tranStateTableOffset: '1', msgId: 'K0', transactionId: 'K0', brokerName: 'broker-a' },
  })
  const message = decodeMessage(check!.body!)
  expect([message.topic, message.queueId, message.queueOffset, message.body.toString()]).toEqual([
    'T',
    1,
    1,
    'body of K0',
  ])
  expect([String(message.phyOffset), message.msgId]).toEqual([commitLogOffset, offsetMsgId])
  expect(message.properties.get('TRANSACTION_CHECK_TIMES')).toBe('1')
  await producer.answer(0, COMMIT)
  await pass(whole, 30)
  expect([await delivered(whole), producer.asked, positions(whole)]).toEqual([['body of K0'], ['K0'], [2, 2]])
})

test('answers to several questions about one transaction are one answer', async () => {
  const { whole, producer } = await started()
  const half = await producer.half()
  await pass(whole, 21)
  expect(producer.asked).toEqual(['K0', 'K0'])
  await producer.answer(0, COMMIT)
  await producer.answer(1, COMMIT)
  await producer.end(half, COMMIT)
  await pass(whole, 30)
  expect([await delivered(whole), producer.asked.length, positions(whole)]).toEqual([['body of K0'], 2, [3, 3]])
})

test('when the producer dies another one of its group is asked', async () => {
  const { whole, producer } = await started()
  await producer.half()
  await producer.client.leave()
  const other = await new TransactionClient(whole, 'other').join()
  const stranger = await new TransactionClient(whole, 'stranger', 'other-group').join()
  await pass(whole, 11)
  expect([producer.asked, other.asked, stranger.asked]).toEqual([[], ['K0'], []])
  await other.answer(0, COMMIT)
  expect(await delivered(whole)).toEqual(['body of K0'])
})

test('while nobody can be asked a transaction waits, and no check is counted', async () => {
  const { whole, producer } = await started()
  await producer.half()
  await producer.client.leave()
  await pass(whole, 60)
  expect((await messagesIn(whole, HALF)).length).toBe(1)
  const other = await new TransactionClient(whole, 'other').join()
  await pass(whole, 10)
  expect(other.asked).toContain('K0')
  expect(decodeMessage(other.checks[0]!.body!).properties.get('TRANSACTION_CHECK_TIMES')).toBe('1')
})

test('after transactionCheckMax questions the message is put aside; committed later it is delivered all the same', async () => {
  const { whole, producer } = await started()
  await producer.half()
  await pass(whole, 60)
  expect(producer.asked).toEqual(['K0', 'K0', 'K0'])
  const [aside] = await messagesIn(whole, GIVEN_UP)
  expect([aside?.body.toString(), aside?.properties.get('REAL_TOPIC')]).toEqual(['body of K0', 'T'])
  const { transactionMetrics } = whole.broker.tables
  expect([positions(whole)[0], transactionMetrics.count('T'), await delivered(whole)]).toEqual([4, 0, []])
  await producer.answer(1, COMMIT)
  await producer.answer(2, COMMIT)
  expect([await delivered(whole), transactionMetrics.count('T')]).toEqual([['body of K0'], 0])
})

async function putAside(whole: WholeBroker, producer: TransactionClient): Promise<string> {
  await producer.half()
  await pass(whole, 60)
  const [aside] = await messagesIn(whole, GIVEN_UP)
  return aside!.msgId
}

function resume(producer: TransactionClient, msgId: string) {
  return producer.client.ask(RequestCode.RESUME_CHECK_HALF_MESSAGE, { fields: { msgId } })
}

test('a message that was put aside becomes a half message again: its producer is asked anew, as often as before', async () => {
  const { whole, producer } = await started()
  const msgId = await putAside(whole, producer)
  expect((await resume(producer, msgId)).code).toBe(ResponseCode.SUCCESS)
  expect(whole.broker.tables.transactionMetrics.count('T')).toBe(1)
  await pass(whole, 5)
  expect(producer.asked).toHaveLength(4)
  expect(decodeMessage(producer.checks[3]!.body!).properties.get('TRANSACTION_CHECK_TIMES')).toBe('1')
  await producer.answer(3, COMMIT)
  await pass(whole, 60)
  expect([await delivered(whole), producer.asked.length]).toEqual([['body of K0'], 4])
  expect(whole.broker.tables.transactionMetrics.count('T')).toBe(0)
})

test('what was committed after it had been put aside is not resumed', async () => {
  const { whole, producer } = await started()
  const msgId = await putAside(whole, producer)
  await producer.answer(1, COMMIT)
  expect((await resume(producer, msgId)).remark).toContain('has committed the message since it was put aside')
  await pass(whole, 20)
  expect([await delivered(whole), producer.asked.length]).toEqual([['body of K0'], 3])
})

test('only what was put aside is resumed', async () => {
  const { whole, producer } = await started()
  const half = await producer.half()
  const msgId = encodeMessageId(HOST, 0, HOST.length, half.commitLogOffset)
  expect(await resume(producer, msgId)).toMatchObject({
    code: ResponseCode.SYSTEM_ERROR,
    remark: expect.stringContaining('is one of topic [RMQ_SYS_TRANS_HALF_TOPIC]'),
  })
  expect((await resume(producer, 'K0')).remark).toContain('[K0] is no offset message id')
  const nowhere = encodeMessageId(HOST, 0, HOST.length, half.commitLogOffset + 1)
  expect((await resume(producer, nowhere)).remark).toContain('no message begins at commit log offset')
  expect(await messagesIn(whole, HALF)).toHaveLength(1)
})

test('CHECK_IMMUNITY_TIME_IN_SECONDS puts the first question off, and ends what the producer may say by itself', async () => {
  const { whole, producer } = await started()
  const patient = await producer.half({ CHECK_IMMUNITY_TIME_IN_SECONDS: '25' })
  await producer.half()
  await pass(whole, 21)
  expect(producer.asked).toEqual(['K1', 'K1'])
  await pass(whole, 10)
  expect(producer.asked).toContain('K0')
  expect((await producer.end(patient, COMMIT)).code).toBe(ResponseCode.ILLEGAL_OPERATION)
  await producer.answer(producer.asked.indexOf('K0'), COMMIT)
  expect(await delivered(whole)).toEqual(['body of K0'])
})

test('what stands in the way of the queue for long is stored anew, without being asked about', async () => {
  const { whole, producer } = await started()
  await producer.half({ CHECK_IMMUNITY_TIME_IN_SECONDS: '3600' })
  for (let i = 0; i < 70; i++) await whole.advance(10_000)
  const halves = await messagesIn(whole, HALF)
  expect(halves.map((half) => half.properties.get('TRAN_PREPARED_QUEUE_OFFSET'))).toEqual([undefined, '0'])
  expect([producer.asked, positions(whole)[0]]).toEqual([[], 1])
})

test('another transaction at the same offsets, of a former master, is not the one that is ended', async () => {
  const { producer, whole } = await started()
  const half = await producer.half()
  const stale = { msgId: 'K77', transactionId: 'K77' }
  expect(await producer.end(half, COMMIT, stale)).toMatchObject({
    code: ResponseCode.SYSTEM_ERROR,
    remark: 'Find prepared transaction message failed: [K0] lies there, not [K77, K77]',
  })
  expect(await delivered(whole)).toEqual([])
  // One of both names is enough, and so is none.
  await producer.end(half, COMMIT, { msgId: '7F0000010000', transactionId: 'K0' })
  const second = await producer.half()
  await producer.end(second, COMMIT, { msgId: '', transactionId: '' })
  expect(await delivered(whole)).toEqual(['body of K0', 'body of K1'])
})

test('with a delay level the delay begins when the message is committed', async () => {
  const { whole, producer } = await started()
  const half = await producer.half({ DELAY: '2' })
  await pass(whole, 3)
  await producer.end(half, COMMIT)
  await pass(whole, 4)
  expect(await delivered(whole)).toEqual([])
  await pass(whole, 2)
  expect(await delivered(whole)).toEqual(['body of K0'])
})

test('with a time of delivery of its own a message waits for it from the commit on', async () => {
  const { whole, producer } = await started()
  const half = await producer.half({ TIMER_DELAY_MS: '3000' })
  await pass(whole, 2)
  await producer.end(half, COMMIT)
  await pass(whole, 2)
  expect(await delivered(whole)).toEqual([])
  await pass(whole, 2)
  expect(await delivered(whole)).toEqual(['body of K0'])
})

test('timers that are illegal are refused with the half message, and so is every half message where transactions are rejected', async () => {
  const { producer } = await started()
  await expect(producer.half({ TIMER_DELAY_SEC: '999999' })).rejects.toThrow('timer message illegal')
  const without = await started('timerWheelEnable=false\n')
  await expect(without.producer.half({ TIMER_DELAY_SEC: '5' })).rejects.toThrow('timerWheelEnable is false')
  const rejecting = await started('rejectTransactionMessage=true\n')
  await expect(rejecting.producer.half()).rejects.toThrow(
    `${ResponseCode.NO_PERMISSION} the broker[127.0.0.1] sending transaction message is forbidden`,
  )
})

test('a commit that could not be written is as if it had not been', async () => {
  const { whole, producer } = await started()
  const half = await producer.half()
  whole.disk.fail({ nth: 1, code: 'EIO', operations: ['write'] })
  expect((await producer.end(half, COMMIT)).code).toBe(ResponseCode.SERVICE_NOT_AVAILABLE)
  whole.disk.clearFaults()
  await pass(whole, 11)
  expect(producer.asked).toEqual(['K0'])
  await producer.answer(0, COMMIT)
  expect([await delivered(whole), whole.broker.tables.transactionMetrics.count('T')]).toEqual([['body of K0'], 0])
})
