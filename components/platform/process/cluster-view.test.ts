import { expect, it } from 'vitest'
import { planCluster } from '../../plan/plan.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import type { NodeState } from './cluster-state.ts'
import { askRuntimeInfos, viewCluster } from './cluster-view.ts'
import { FakeProbe } from './fake-cluster.ts'

const plan = planCluster(parseClusterConfig({ groups: [{ name: 'broker-a', replicas: 2 }] }), { localDataDir: '/data' })

const healthy = (id: string, pid: number): NodeState => ({
  id,
  phase: 'healthy',
  restarts: 0,
  process: { pid, identity: 'x' },
})
const states = new Map<string, NodeState>([
  ['namesrv-0', healthy('namesrv-0', 10)],
  ['broker-a-0', healthy('broker-a-0', 11)],
  ['broker-a-1', healthy('broker-a-1', 12)],
])

it('joins plan, processes and figures; the lag is what the slave lacks of the master', () => {
  const infos = new Map([
    [
      'broker-a-0',
      new Map([
        ['putTps', '100.5 90 80'],
        ['getTransferredTps', ' 7 6 5'],
        ['commitLogMaxOffset', '5000'],
      ]),
    ],
    [
      'broker-a-1',
      new Map([
        ['putTps', ''],
        ['commitLogMaxOffset', '4000'],
      ]),
    ],
  ])
  expect(viewCluster(plan, states, infos)).toEqual([
    {
      cluster: 'DefaultCluster',
      node: 'namesrv-0',
      role: 'NAMESRV',
      address: '127.0.0.1:9876',
      pid: 10,
      phase: 'healthy',
      restarts: 0,
    },
    {
      cluster: 'DefaultCluster',
      node: 'broker-a-0',
      group: 'broker-a',
      brokerId: 0,
      role: 'ASYNC_MASTER',
      address: '127.0.0.1:10911',
      pid: 11,
      phase: 'healthy',
      restarts: 0,
      inTps: 100.5,
      outTps: 7,
    },
    {
      cluster: 'DefaultCluster',
      node: 'broker-a-1',
      group: 'broker-a',
      brokerId: 1,
      role: 'SLAVE',
      address: '127.0.0.1:11911',
      pid: 12,
      phase: 'healthy',
      restarts: 0,
      lagBytes: 1000,
    },
  ])
})

it('asks only brokers that are healthy, and does without those that do not answer', async () => {
  const probe = new FakeProbe()
  probe.answering.add('127.0.0.1:10911')
  probe.infos.set('127.0.0.1:10911', new Map([['putTps', '1']]))
  expect(await askRuntimeInfos(probe, plan, states)).toEqual(new Map([['broker-a-0', new Map([['putTps', '1']])]]))
  const waiting = new Map([['broker-a-0', { ...healthy('broker-a-0', 1), phase: 'starting' as const }]])
  expect(await askRuntimeInfos(probe, plan, waiting)).toEqual(new Map())
})
