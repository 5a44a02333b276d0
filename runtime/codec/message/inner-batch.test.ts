import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { messagesOf } from './inner-batch.ts'
import { decodeMessages, type MessageExt } from './message-ext.ts'

const { commitLog } = JSON.parse(
  readFileSync(new URL('../../store/golden/batch-queue.json', import.meta.url), 'utf8'),
) as { commitLog: string }
const records = decodeMessages(Buffer.from(commitLog, 'hex')).filter(({ topic }) => topic === 'batches')
const shown = ({ queueOffset, flag, body, properties }: MessageExt) => [
  queueOffset,
  flag,
  body.toString(),
  properties.get('UNIQ_KEY'),
]

test('records of a broker of Apache RocketMQ are taken apart', () => {
  const messages = records.flatMap(messagesOf)
  expect(messages.map((message) => message.queueOffset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  expect(messages.slice(1, 4).map(shown)).toEqual([
    [1, 7, '1 of 3', 'inner-3-1'],
    [2, 7, '2 of 3', 'inner-3-2'],
    [3, 5, 'single', 'single'],
  ])
  expect(messages[2]!.phyOffset).toBe(messages[0]!.phyOffset)
})

test('a body that is no batch is named', () => {
  const [batch] = records
  assert(batch)
  for (const length of [1, 19, 21, 30, batch.body.length - 1]) {
    const cut = { ...batch, body: batch.body.subarray(0, length) }
    expect(() => messagesOf(cut)).toThrow(/the batch at commit log offset 0 is cut off in message [123]/)
  }
})
