import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { viewOf } from '../bytes.ts'
import { encodeHost } from './host.ts'
import { decodeMessage } from './message-ext.ts'
import { encodeProperties } from './properties.ts'
import {
  encodeBlank,
  encodeRecord,
  MAGIC_V1,
  MAGIC_V2,
  type RecordSource,
  RecordState,
  RecordView,
  recordPropertiesLength,
  recordSize,
} from './record.ts'

const HELLO = Buffer.from('hello rocketmq')
const PROPERTIES = 'KEYS\x01k1 k2\x02TAGS\x01TagA\x02UNIQ_KEY\x01C0A80001000018B4AAC26E7B2B8F0000\x02WAIT\x01true\x02'
const BORN_V4 = encodeHost('10.1.2.200', 50123)
const STORE_V4 = encodeHost('192.168.0.1', 10911)
const BORN_V6 = encodeHost('2001:db8::ff00:42:8329', 40000)
const STORE_V6 = encodeHost('fd00::1', 10911)

interface Golden {
  name: string
  hex: string
  msgId: string
  bodyCrc: number
  bodyText: string
  bodyLength: number
}
const goldens = JSON.parse(readFileSync(new URL('./golden/records.json', import.meta.url), 'utf8')) as Golden[]

function golden(name: string): Golden {
  const found = goldens.find((each) => each.name === name)
  assert(found, name)
  return found
}

function range(bytes: Uint8Array) {
  return { bytes, start: 0, length: bytes.length }
}

function source(parts: Partial<RecordSource>): RecordSource {
  return {
    topicBytes: Buffer.from('TopicTest'),
    queueId: 0,
    flag: 0,
    sysFlag: 0,
    bornTimestampMs: 1700000000123,
    bornHost: BORN_V4,
    storeHost: STORE_V4,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: range(HELLO),
    properties: range(Buffer.from(PROPERTIES)),
    extraProperties: undefined,
    ...parts,
  }
}

function encode(from: RecordSource, queueOffset: number, phyOffset: number): Buffer {
  const propertiesLength = recordPropertiesLength(from)
  const size = recordSize(from, propertiesLength)
  const bytes = Buffer.alloc(size)
  encodeRecord(bytes, viewOf(bytes), 0, from, size, propertiesLength, queueOffset, phyOffset, 1700000000456)
  return bytes
}

describe('a record is laid out as Apache RocketMQ does', () => {
  const cases: [string, Partial<RecordSource>, number, number][] = [
    ['v1 ipv4', { queueId: 3 }, 7, 4096],
    [
      'v2 topic of 130',
      { topicBytes: Buffer.from('T'.repeat(130)), sysFlag: 2, reconsumeTimes: 2, flag: 42, queueId: 11 },
      1234567890123,
      5368709120,
    ],
    ['ipv6 both', { bornHost: BORN_V6, storeHost: STORE_V6 }, 1, 100],
    ['ipv6 born only', { bornHost: BORN_V6 }, 1, 100],
    [
      'no properties',
      { sysFlag: 4, properties: range(Buffer.alloc(0)), preparedTransactionOffset: 8589934592, flag: -1 },
      0,
      0,
    ],
    [
      'utf8',
      {
        body: range(Buffer.from('你好 🚀')),
        properties: range(Buffer.from('TAGS\x01标签\x02KEYS\x01键')),
        sysFlag: 8,
        reconsumeTimes: 16,
        preparedTransactionOffset: 99,
      },
      0,
      0,
    ],
  ]
  test.each(cases)('%s', (name, parts, queueOffset, phyOffset) => {
    expect(encode(source(parts), queueOffset, phyOffset).toString('hex').toUpperCase()).toBe(golden(name).hex)
  })
})

test.each(goldens.map((each) => [each.name, each] as const))('decodes %s as Apache RocketMQ does', (_, each) => {
  const message = decodeMessage(Buffer.from(each.hex, 'hex'))
  expect(message.msgId).toBe(each.msgId)
  expect(message.bodyCrc).toBe(each.bodyCrc)
  expect(message.body.length).toBe(each.bodyLength)
  expect(message.body.toString('utf8').slice(0, 60)).toBe(each.bodyText)
})

test('decodes every field', () => {
  const { properties, body, ...rest } = decodeMessage(Buffer.from(golden('v2 topic of 130').hex, 'hex'))
  expect(rest).toEqual({
    topic: 'T'.repeat(130),
    queueId: 11,
    queueOffset: 1234567890123,
    phyOffset: 5368709120,
    sizeBytes: 309,
    flag: 42,
    sysFlag: 2,
    bornTimestampMs: 1700000000123,
    bornHost: '10.1.2.200:50123',
    storeTimestampMs: 1700000000456,
    storeHost: '192.168.0.1:10911',
    reconsumeTimes: 2,
    preparedTransactionOffset: 0,
    bodyCrc: 1932557065,
    msgId: 'C0A8000100002A9F0000000140000000',
  })
  expect(body.toString()).toBe('hello rocketmq')
  expect(encodeProperties(properties)).toBe(PROPERTIES)
})

const hostArb = fc.oneof(
  fc.tuple(fc.ipV4(), fc.nat(65535)).map(([ip, port]) => encodeHost(ip, port)),
  fc.uint8Array({ minLength: 20, maxLength: 20 }),
)
const rangeArb = (maxLength: number) =>
  fc.tuple(fc.uint8Array({ maxLength }), fc.nat(5), fc.nat(5)).map(([part, before, after]) => ({
    bytes: Buffer.concat([Buffer.alloc(before, 1), part, Buffer.alloc(after, 2)]),
    start: before,
    length: part.length,
  }))
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const sourceArb: fc.Arbitrary<RecordSource> = fc.record({
  topicBytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 127 }),
    fc.uint8Array({ minLength: 128, maxLength: 300 }),
  ),
  queueId: fc.nat(),
  flag: int32,
  sysFlag: int32,
  bornTimestampMs: fc.maxSafeNat(),
  bornHost: hostArb,
  storeHost: hostArb,
  reconsumeTimes: int32,
  preparedTransactionOffset: fc.maxSafeInteger(),
  body: rangeArb(200),
  properties: rangeArb(100),
  extraProperties: fc.option(fc.uint8Array({ maxLength: 30 }), { nil: undefined }),
})

function bytesOf(bytes: Uint8Array, start: number, length: number): Buffer {
  return Buffer.from(bytes.subarray(start, start + length))
}

test('parse gives back what was encoded', () => {
  const record = new RecordView()
  fc.assert(
    fc.property(sourceArb, fc.maxSafeNat(), fc.maxSafeNat(), (from, queueOffset, phyOffset) => {
      const bytes = encode(from, queueOffset, phyOffset)
      expect(record.parse(viewOf(bytes), 0, bytes.length)).toBe(RecordState.ok)
      expect(record.bodyIsIntact(bytes)).toBe(true)
      expect(record.magic).toBe(from.topicBytes.length > 127 ? MAGIC_V2 : MAGIC_V1)
      expect(record.sizeBytes).toBe(bytes.length)
      expect([record.queueId, record.flag, record.queueOffset, record.phyOffset]).toEqual([
        from.queueId,
        from.flag,
        queueOffset,
        phyOffset,
      ])
      expect(record.sysFlag & ~0x30).toBe(from.sysFlag & ~0x30)
      expect([record.bornTimestampMs, record.storeTimestampMs]).toEqual([from.bornTimestampMs, 1700000000456])
      expect([record.reconsumeTimes, record.preparedTransactionOffset]).toEqual([
        from.reconsumeTimes,
        from.preparedTransactionOffset,
      ])
      expect(bytesOf(bytes, record.bornHostStart, record.bornHostLength)).toEqual(Buffer.from(from.bornHost))
      expect(bytesOf(bytes, record.storeHostStart, record.storeHostLength)).toEqual(Buffer.from(from.storeHost))
      expect(bytesOf(bytes, record.topicStart, record.topicLength)).toEqual(Buffer.from(from.topicBytes))
      expect(bytesOf(bytes, record.bodyStart, record.bodyLength)).toEqual(
        bytesOf(from.body.bytes, from.body.start, from.body.length),
      )
      expect(bytesOf(bytes, record.propertiesStart, record.propertiesLength)).toEqual(joinedProperties(from))
    }),
  )
})

function joinedProperties(from: RecordSource): Buffer {
  const own = bytesOf(from.properties.bytes, from.properties.start, from.properties.length)
  const extra = Buffer.from(from.extraProperties ?? [])
  const separator = own.length > 0 && own.at(-1) !== 2 && extra.length > 0 ? [2] : []
  return Buffer.concat([own, Buffer.from(separator), extra])
}

test('a record cut off at any byte is incomplete, whatever follows it', () => {
  const record = new RecordView()
  const bytes = encode(source({}), 1, 2)
  for (let available = 0; available < bytes.length; available++) {
    expect(record.parse(viewOf(bytes), 0, available)).toBe(RecordState.incomplete)
  }
  expect(record.parse(viewOf(bytes), 0, bytes.length + 100)).toBe(RecordState.ok)
})

test('parse never reads past what is available and never throws, whatever the bytes', () => {
  const record = new RecordView()
  const whole = encode(source({ bornHost: BORN_V6 }), 1, 2)
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length - 1), fc.nat(255), (i, a, j, b) => {
      const bytes = Buffer.from(whole)
      bytes[i] = a
      bytes[j] = b
      const state = record.parse(viewOf(bytes), 0, bytes.length)
      if (state !== RecordState.ok) return
      expect(record.sizeBytes).toBe(bytes.length)
      expect(record.propertiesStart + record.propertiesLength).toBe(bytes.length)
    }),
  )
})

test('a blank is told apart, and zeros are no record', () => {
  const record = new RecordView()
  const bytes = Buffer.alloc(64)
  const view = viewOf(bytes)
  expect(record.parse(view, 0, 64)).toBe(RecordState.badMagic)
  encodeBlank(view, 0, 5000)
  expect(bytes.subarray(0, 8).toString('hex')).toBe('00001388cbd43194')
  expect(record.parse(view, 0, 8)).toBe(RecordState.blank)
  expect(record.sizeBytes).toBe(5000)
})

test('a changed body no longer matches its CRC', () => {
  const record = new RecordView()
  const bytes = encode(source({}), 1, 2)
  record.parse(viewOf(bytes), 0, bytes.length)
  bytes[record.bodyStart] = bytes[record.bodyStart]! ^ 1
  expect(record.bodyIsIntact(bytes)).toBe(false)
  expect(() => decodeMessage(bytes)).toThrow('message at byte 0: body does not match its CRC 1932557065')
  expect(decodeMessage(bytes, 0, { checkCrc: false }).body.toString()).toBe('iello rocketmq')
})

test('a field beyond 2^53 is damage', () => {
  const record = new RecordView()
  const bytes = encode(source({}), 1, 2)
  bytes[20] = 0x7f
  expect(record.parse(viewOf(bytes), 0, bytes.length)).toBe(RecordState.badLayout)
})
