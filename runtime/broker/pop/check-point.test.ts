import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ackBody, ackUniqueKey, readAck } from './ack-message.ts'
import { checkPointBody, checkPointUniqueKey, readCheckPoint } from './check-point.ts'

interface Recorded {
  readonly properties: Readonly<Record<string, string>>
  readonly text: string
}

const golden: { waiting: Recorded[]; revived: Recorded[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'golden/pop.json'), 'utf8'),
)

test('check points are read and written as Apache RocketMQ writes them', () => {
  const recorded = [...golden.waiting, ...golden.revived].filter(({ properties }) => properties['TAGS'] === 'ck')
  expect(recorded.length).toBeGreaterThan(4)
  for (const { text, properties } of recorded) {
    const point = readCheckPoint(Buffer.from(text))!
    expect(checkPointBody(point)).toBe(text)
    expect(checkPointUniqueKey(point)).toBe(properties['UNIQ_KEY'])
    expect(String(point.popTime + point.invisibleMs - 1000)).toBe(properties['TIMER_DELIVER_MS'])
  }
})

test('acks of one message and of several are, too', () => {
  const recorded = [...golden.waiting, ...golden.revived].filter(({ properties }) => properties['TAGS'] !== 'ck')
  expect(new Set(recorded.map(({ properties }) => properties['TAGS']))).toEqual(new Set(['ack', 'bAck']))
  for (const { text, properties } of recorded) {
    const ack = readAck(Buffer.from(text))!
    expect(ackBody(ack, ack.offsets)).toBe(text)
    // The original gives all batches of one check point the same key.
    if (properties['TAGS'] === 'ack') expect(ackUniqueKey(ack, ack.offsets)).toBe(properties['UNIQ_KEY'])
    else expect(ackUniqueKey(ack, ack.offsets)).toBe(`popped@1@[2, 3]@poppers@${ack.popTime}@bAck`)
  }
})

test('a check point that was put back, and those of older brokers, are understood; what is none is not', () => {
  const old = readCheckPoint(
    Buffer.from('{"bm":0,"c":"g","it":100,"n":3,"pt":5,"q":1,"ro":0,"rp":"2","so":7,"t":"T"}'),
  )!
  expect(old.diffs).toEqual([0, 1, 2])
  expect([old.brokerName, old.putBackTimes, old.isSuspended]).toEqual(['', 2, false])
  expect(checkPointBody(old)).toContain('"rp":"2"')
  for (const text of ['', '{', '[]', '{"t":"T"}', '{"t":"T","c":"g","d":["x"]}']) {
    expect(readCheckPoint(Buffer.from(text)), text).toBe(undefined)
  }
  expect(readAck(Buffer.from('{"ackOffset":9,"consumerGroup":"g","topic":"T","queueId":1,"startOffset":7}'))).toEqual({
    ...{ topic: 'T', group: 'g', queueId: 1, startOffset: 7, popTime: 0, brokerName: '', offsets: [9] },
  })
  expect(readAck(Buffer.from('{"ao":9}'))).toBe(undefined)
})
