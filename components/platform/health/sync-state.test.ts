import { beforeEach, expect, it } from 'vitest'
import { planCluster } from '../../plan/plan.ts'
import type { BrokerNode } from '../../plan/plan-node.ts'
import type { ClusterConfigInput } from '../../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { FakeProbe } from '../process/fake-cluster.ts'
import { whatIsMissing } from './node-health.ts'

const controllers = ['127.0.0.1:19876', '127.0.0.1:19877', '127.0.0.1:19878']
const own = '127.0.0.1:10911'
let probe: FakeProbe

const brokerOf = (group: ClusterConfigInput['groups'][number], elected = true): BrokerNode => {
  const mode = elected ? { controllers: { mode: 'standalone' as const } } : {}
  const plan = planCluster(parseClusterConfig({ ...mode, groups: [group] }), { localDataDir: '/data' })
  return plan.nodes.find((node) => node.kind === 'broker')!
}
const missing = (node: BrokerNode) => whatIsMissing(probe, node, { nameServers: ['127.0.0.1:9876'] })

beforeEach(() => {
  probe = new FakeProbe()
  for (const address of [own, '127.0.0.1:9876', ...controllers]) probe.answering.add(address)
  probe.registered.set('broker-a:2', own)
})

it('an elected broker is healthy when its group has it in the SyncStateSet', async () => {
  const node = brokerOf({ name: 'broker-a', replicas: 3 })
  probe.syncStateSets.set('broker-a', ['127.0.0.1:11911'])
  expect(await missing(node)).toBe('not in the SyncStateSet of broker-a yet, which has 1')
  probe.syncStateSets.set('broker-a', ['127.0.0.1:11911', own])
  expect(await missing(node)).toBeUndefined()
})

it('while nobody of the SyncStateSet runs, it cannot be entered and is not waited for', async () => {
  const node = brokerOf({ name: 'broker-a', replicas: 3 })
  probe.syncStateSets.set('broker-a', ['127.0.0.1:11911', '127.0.0.1:12911'])
  probe.silent.add('127.0.0.1:11911')
  expect(await missing(node)).toContain('not in the SyncStateSet')
  probe.silent.add('127.0.0.1:12911')
  expect(await missing(node)).toBeUndefined()
  probe.syncStateSets.set('broker-a', [])
  expect(await missing(node)).toBe('not in the SyncStateSet of broker-a yet, which has 0')
})

it('one controller that answers is enough, and none is no reason to wait', async () => {
  const node = brokerOf({ name: 'broker-a', replicas: 3 })
  for (const address of controllers.slice(1)) probe.answering.delete(address)
  expect(await missing(node)).toContain('not in the SyncStateSet')
  probe.answering.delete(controllers[0]!)
  expect(await missing(node)).toBeUndefined()
})

it('a learner is never in it, and a fixed master has none', async () => {
  expect(await missing(brokerOf({ name: 'broker-a', replicas: 3, config: { asyncLearner: true } }))).toBeUndefined()
  probe.registered.set('broker-a:0', own)
  expect(await missing(brokerOf({ name: 'broker-a' }, false))).toBeUndefined()
})
