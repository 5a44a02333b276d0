import { describe, expect, test } from 'vitest'
import { distributionOf, gapAfter } from './gaps.ts'
import { parseDeliveries, parseLedger } from './ledger.ts'
import { isGood, judge } from './verdict.ts'

const ledger = parseLedger(
  [
    '100\t105\t1\tk-0\tbroker-a\t0\t0\tSEND_OK',
    '120\t125\t1\tk-1\tbroker-a\t1\t0\tSEND_OK',
    '140\t900\t3\tk-2\t-\tSend [3] times',
    '900\t905\t2\tk-3\tbroker-a\t0\t1\tSEND_OK',
    '925\t92',
  ].join('\n'),
)
const content = new Map([
  ['broker-a/0', ['k-0', 'k-3']],
  ['broker-a/1', ['k-1', 'k-2']],
])
const consumed = '1\tbroker-a\t0\t0\tk-0\n2\tbroker-a\t1\t0\tk-1\n3\tbroker-a\t0\t1\tk-3\n4\tbroker-a\t0\t0\tk-0\n'
const deliveries = parseDeliveries(consumed)

test('a line that is being written is left out', () => {
  expect(ledger.acked.map(({ key }) => key)).toEqual(['k-0', 'k-1', 'k-3'])
  expect(ledger.failed).toEqual([{ startMs: 140, endMs: 900, attempts: 3, key: 'k-2', error: 'Send [3] times' }])
})

describe('verdict', () => {
  test('a failed send may have been stored; messages may be delivered again after a switch', () => {
    expect(isGood(judge(ledger, content, deliveries, []))).toBe(true)
  })

  test('lost', () => {
    const without = new Map([...content, ['broker-a/1', ['k-2']]])
    expect(judge(ledger, without, [], []).lost).toEqual(['k-1 (broker-a/1 0)'])
  })

  test('another message at the offset that was acknowledged', () => {
    const shifted = new Map([...content, ['broker-a/1', ['k-2', 'k-1']]])
    expect(judge(ledger, shifted, [], []).moved).toEqual(['k-1: acknowledged at broker-a/1 0, is at broker-a/1 1'])
  })

  test('two messages acknowledged at one offset, out of order', () => {
    const { acked } = parseLedger('1\t2\t1\ta\tb\t0\t7\tSEND_OK\n3\t4\t1\tc\tb\t0\t7\tSEND_OK\n')
    const verdict = judge({ acked, failed: [] }, new Map(), [], [])
    expect(verdict.moved).toEqual(['a and c were both acknowledged at b/0 7'])
    expect(verdict.disordered).toEqual(['b/0: a at 7, sent before c at 7'])
  })

  test('a copy is excused where somebody had a reason to send again', () => {
    const twice = new Map([...content, ['broker-a/1', ['k-1', 'k-2', 'k-1', 'k-3']]])
    expect(judge(ledger, twice, [], [])).toMatchObject({ doubled: ['k-1: broker-a/1 0,broker-a/1 2'], sentTwice: 1 })
    expect(judge(ledger, twice, [], [60])).toMatchObject({ doubled: [], sentTwice: 2 })
  })

  test('a hole, a changed message and a missing one in what is consumed', () => {
    const wrong = parseDeliveries('1\tbroker-a\t0\t1\tk-3\n2\tbroker-a\t1\t0\tk-9\n')
    expect(judge(ledger, content, wrong, []).consumed).toEqual([
      'broker-a/0: got 1 where 0 belongs',
      'broker-a/1 0: got k-9, the broker holds k-1',
      'k-0 was not delivered',
      'k-1 was not delivered',
    ])
  })
})

test('percentiles are values that occurred', () => {
  const values = Array.from({ length: 100 }, (_, i) => i + 1)
  expect(distributionOf(values)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 })
  expect(distributionOf([7])).toEqual({ count: 1, p50: 7, p99: 7, max: 7 })
})

test('the gap of a disturbance is the longest one that ends after it and begins within its window', () => {
  expect(gapAfter(ledger.acked, 110, 500)).toBe(780)
  expect(gapAfter(ledger.acked, 910, 500)).toBe(0)
  expect(gapAfter(ledger.acked, 0, 50)).toBe(0)
})
