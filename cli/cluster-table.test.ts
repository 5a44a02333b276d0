import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import type { NodeView } from '../components/platform/process/cluster-view.ts'
import { formatBytes, renderClientHint, renderCluster } from './cluster-table.ts'

const common = { cluster: 'Test', phase: 'healthy', restarts: 0 } as const
const nodes: NodeView[] = [
  { ...common, node: 'namesrv-0', role: 'NAMESRV', address: '127.0.0.1:9876', pid: 1 },
  {
    ...common,
    node: 'broker-a-0',
    group: 'broker-a',
    brokerId: 0,
    role: 'ASYNC_MASTER',
    address: '127.0.0.1:10911',
    pid: 2,
    inTps: 12345.67,
    outTps: 0,
  },
  {
    ...common,
    node: 'broker-b-0',
    group: 'broker-b',
    brokerId: 0,
    role: 'ASYNC_MASTER',
    address: '127.0.0.1:12911',
    phase: 'restarting',
    restarts: 3,
    trouble: 'disk is full',
  },
  {
    ...common,
    node: 'broker-a-1',
    group: 'broker-a',
    brokerId: 1,
    role: 'SLAVE',
    address: '127.0.0.1:11911',
    pid: 4,
    lagBytes: 1536,
    restarts: 1,
  },
]

it('shows each group together, masters first, and what troubles a node', () => {
  expect(renderCluster(nodes).map(stripVTControlCharacters)).toEqual([
    'CLUSTER  GROUP     ID  ROLE          ADDRESS          PID   IN TPS  OUT TPS      LAG  STATE',
    'Test     -          -  NAMESRV       127.0.0.1:9876     1        -        -        -  healthy',
    'Test     broker-a   0  ASYNC_MASTER  127.0.0.1:10911    2  12345.7      0.0        -  healthy',
    'Test     broker-a   1  SLAVE         127.0.0.1:11911    4        -        -  1.5 KiB  healthy, 1 restart',
    'Test     broker-b   0  ASYNC_MASTER  127.0.0.1:12911    -        -        -        -  restarting, 3 restarts',
    'broker-b-0: disk is full',
  ])
})

it('quotes the address list for a shell, where a semicolon would end the command', () => {
  expect(renderClientHint('a:1;b:2').map(stripVTControlCharacters)).toEqual([
    'NAMESRV_ADDR=a:1;b:2',
    "export NAMESRV_ADDR='a:1;b:2'",
  ])
})

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [10 * 1024, '10 KiB'],
  [1.5 * 1024 ** 3, '1.5 GiB'],
  [5000 * 1024 ** 4, '5000 TiB'],
])('%d bytes are %s', (sizeBytes, text) => {
  expect(formatBytes(sizeBytes)).toBe(text)
})
