import { expect, test } from 'vitest'
import { decodeProperties } from '../../codec/message/properties.ts'
import { queueByHash } from '../../codec/route/queue-by-hash.ts'
import { FilterType } from '../wire/definition.ts'
import { batchBody } from './batch-body.ts'
import { groupName, topicName } from './names.ts'
import { assertVisibleLater, parseReceiptHandle, realTopic, topicKindOf } from './receipt-handle.ts'
import { subscriptionOf, wantsTag } from './subscription.ts'
import { parseTransactionId, transactionIdText } from './transaction-id.ts'

test('message groups go where Guava sends them', () => {
  const queues = (group: string) => [1, 4, 8, 16, 100].map((count) => queueByHash(group, count))
  // Computed with Hashing.consistentHash(group.hashCode(), count); the last text has the hash -2147483648.
  expect(queues('a')).toEqual([0, 0, 0, 0, 29])
  expect(queues('group-1')).toEqual([0, 1, 7, 15, 36])
  expect(queues('order-4711')).toEqual([0, 3, 3, 3, 20])
  expect(queues('zzzzzzzz')).toEqual([0, 2, 7, 13, 64])
  expect(queues('polygenelubricants')).toEqual([0, 2, 2, 2, 58])
})

test('a receipt handle says where a message is, and until when it is invisible', () => {
  const handle = parseReceiptHandle('100 1700000000000 60000 3 1 broker-a 2 105 4711')
  expect(handle).toMatchObject({
    nextVisibleMs: 1_700_000_060_000,
    brokerName: 'broker-a',
    queueId: 2,
    queueOffset: 105,
  })
  expect(handle).toMatchObject({ commitLogOffset: 4711, topicKind: '1' })
  expect(parseReceiptHandle('100 1700000000000 60000 3 0 b 2 105').commitLogOffset).toBe(-1)
  expect(() => assertVisibleLater(handle, 1_700_000_060_000)).toThrow('receipt handle is expired')
  for (const text of ['', 'x', '1 2 3 4 0 b 5', '1 2 3 4 0 b 5 y', '1 2 3 4 0 b 5 6 z']) {
    expect(() => parseReceiptHandle(text), text).toThrow('is no receipt handle')
  }
})

test('retry topics have the names that brokers give them', () => {
  const topic = (kind: string) => realTopic(parseReceiptHandle(`1 2 3 4 ${kind} b 5 6`), 'T', 'G')
  expect([topic('0'), topic('1'), topic('2')]).toEqual(['T', '%RETRY%G_T', '%RETRY%G+T'])
  expect(['T', '%RETRY%G_T', '%RETRY%G+T'].map(topicKindOf)).toEqual(['0', '1', '2'])
})

test('a transaction id holds what the end of the transaction needs', () => {
  const id = { brokerId: '01~2F', brokerName: 'broker ä', queueOffset: 7, commitLogOffset: 2 ** 40 }
  expect(parseTransactionId(transactionIdText(id))).toEqual(id)
  expect(() => parseTransactionId(' ')).toThrow('transaction id cannot be empty')
  expect(() => parseTransactionId('01D1E4A7')).toThrow('"01D1E4A7" is no transaction id')
})

test('names are those that brokers take', () => {
  const topic = (name: string) => () => topicName({ resourceNamespace: '', name })
  expect(topic('T-1_%|')()).toBe('T-1_%|')
  expect(topic('')).toThrow('topic is blank')
  expect(topic('a b')).toThrow('contains characters other than')
  expect(topic('x'.repeat(128))).toThrow('longer than 127 characters: 128')
  expect(topic('TBW102')).toThrow('cannot access system topic')
  expect(topic('rmq_sys_x')).toThrow('cannot access system topic')
  expect(() => topicName(undefined)).toThrow('topic is blank')
  expect(() => groupName({ resourceNamespace: '', name: 'CID_RMQ_SYS_x' })).toThrow('system consumer group')
  expect(() => groupName({ resourceNamespace: '', name: 'x'.repeat(256) })).toThrow('longer than 255')
})

test('subscriptions by tag and by expression', () => {
  const tags = subscriptionOf({ type: FilterType.tag, expression: 'a || b' })
  expect([wantsTag(tags, 'a'), wantsTag(tags, 'c'), wantsTag(tags, undefined)]).toEqual([true, false, false])
  const all = subscriptionOf(undefined)
  expect(all).toMatchObject({ type: 'TAG', expression: '*' })
  expect(wantsTag(all, undefined)).toBe(true)
  const sql = subscriptionOf({ type: FilterType.sql, expression: 'a > 1' })
  expect(sql).toMatchObject({ type: 'SQL92', expression: 'a > 1' })
  expect(wantsTag(sql, 'x')).toBe(true)
  expect(() => subscriptionOf({ type: FilterType.sql, expression: '' })).toThrow('cannot be empty')
  expect(() => subscriptionOf({ type: FilterType.tag, expression: '||' })).toThrow('names no tag')
})

test('the body of a batch has each message with its properties', () => {
  const message = (body: string, properties: string) => ({
    ...{
      body: Buffer.from(body),
      sysFlag: 0,
      properties,
      bornTimestampMs: 0,
      messageId: '',
      messageGroup: '',
      shard: '',
    },
    type: 'NORMAL' as const,
  })
  const bytes = batchBody([message('one', 'a\x011\x02'), message('three', '')])
  expect(bytes.length).toBe(22 + 3 + 4 + 22 + 5)
  expect(bytes.readInt32BE(0)).toBe(29)
  expect(bytes.readInt32BE(16)).toBe(3)
  expect(bytes.toString('utf8', 20, 23)).toBe('one')
  expect(decodeProperties(bytes.toString('utf8', 25, 29))).toEqual(new Map([['a', '1']]))
  expect(bytes.toString('utf8', 49, 54)).toBe('three')
})
