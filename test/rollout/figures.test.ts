import { expect, test } from 'vitest'
import { parseDeliveries, parseLedger } from '../failover/ledger.ts'
import { figuresOf, tableOf } from './figures.ts'

const ledger = parseLedger(
  ['0 5 1 k0 a 0 0 SEND_OK', '10 20 1 k1 a 0 1 SEND_OK', '30 900 3 k2 - no route', '910 950 1 k3 b 0 0 SEND_OK']
    .map((line) => `${line.replaceAll(/ (?!route)/g, '\t')}\n`)
    .join(''),
)

test('counts what was lost and doubled, and measures gaps from the beginning to the end of a change', () => {
  const deliveries = parseDeliveries('6\ta\t0\t0\tk0\n400\ta\t0\t1\tk1\n410\ta\t0\t1\tk1\n')
  const figures = figuresOf(ledger, deliveries, 10, 1000)
  expect(figures).toEqual({
    sent: 2,
    failed: 1,
    lost: ['k3 (b/0 0, SEND_OK)'],
    duplicated: 1,
    sendGapMs: 930,
    consumerStallMs: 380,
  })
  expect(
    tableOf([{ ...figures, change: 'a live setting', tookMs: 1234, faults: [] }])
      .split('\n')
      .at(-1),
  ).toBe('| a live setting | 1.2 s | 2 | 1 | 1 | 1 | 930 ms | 380 ms |')
})

test('sends that stop before the end of a change are a gap', () => {
  expect(figuresOf(ledger, [], 10, 5_000).sendGapMs).toBe(4_050)
})
