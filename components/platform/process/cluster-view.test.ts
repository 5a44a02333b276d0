import { expect, it } from 'vitest'
import { planCluster } from '../../plan/plan.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import type { NodeState } from './cluster-state.ts'
import { askFigures, viewCluster } from './cluster-view.ts'
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
  expect(viewCluster(plan, states, { infos, brokerIds: new Map() })).toEqual([
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
  const { infos } = await askFigures(probe, plan, states)
  expect(infos).toEqual(new Map([['broker-a-0', new Map([['putTps', '1']])]]))
  const waiting = new Map([['broker-a-0', { ...healthy('broker-a-0', 1), phase: 'starting' as const }]])
  expect(await askFigures(probe, plan, waiting)).toEqual({ infos: new Map(), brokerIds: new Map() })
})

it('shows who is master now where masters are elected, and how far the others are behind it', async () => {
  const elected = planCluster(
    parseClusterConfig({
      nameServers: 2,
      controllers: { mode: 'embedded', replicas: 1 },
      groups: [{ name: 'broker-a', replicas: 3 }],
    }),
    { localDataDir: '/data' },
  )
  const ids = ['namesrv-1', 'broker-a-0', 'broker-a-1']
  const now = new Map(ids.map((id, index) => [id, healthy(id, index)]))
  const probe = new FakeProbe()
  // The first NameServer is down, the third broker as well, though still known.
  const [first, second, third] = elected.nodes.flatMap((node) =>
    node.kind === 'broker' ? [`127.0.0.1:${node.port}`] : [],
  )
  for (const address of ['127.0.0.1:9877', first!, second!]) probe.answering.add(address)
  probe.registered.set('broker-a:2', first!).set('broker-a:0', second!).set('broker-a:3', third!)
  probe.infos.set(first!, new Map([['commitLogMaxOffset', '900']]))
  probe.infos.set(second!, new Map([['commitLogMaxOffset', '1000']]))
  const rows = viewCluster(elected, now, await askFigures(probe, elected, now)).filter(
    ({ group }) => group !== undefined,
  )
  expect(rows.map(({ node, brokerId, role, lagBytes }) => [node, brokerId, role, lagBytes])).toEqual([
    ['broker-a-0', 2, 'SLAVE', 100],
    ['broker-a-1', 0, 'MASTER', undefined],
    ['broker-a-2', undefined, 'REPLICA', undefined],
  ])
})
