import { expect, it } from 'vitest'
import { type Plan, planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { planRollout } from './plan-rollout.ts'

const planOf = (input: Partial<ClusterConfigInput>): Plan =>
  planCluster(
    parseClusterConfig({ controllers: { mode: 'standalone' }, groups: [{ name: 'broker-a', replicas: 3 }], ...input }),
    { localDataDir: '/data' },
  )

it('brokers know a new NameServer, and have registered with it, before any of them restarts', () => {
  const running = planOf({ nameServers: 1 })
  const wanted = planOf({ nameServers: 2, brokerConfig: { syncBrokerMemberGroupPeriod: 1500 } })
  const { steps } = planRollout({ running, wanted })
  const ids = steps.map(({ id }) => id)
  const first = steps.findIndex(({ action }) => action.kind === 'restartNode')
  const told = ids.slice(ids.indexOf('start:namesrv-1') + 1, first).filter((id) => id.startsWith('live:'))
  expect(told).toEqual(['live:broker-a-0', 'live:broker-a-1', 'live:broker-a-2'])
  const settings = { namesrvAddr: '127.0.0.1:9876;127.0.0.1:9877' }
  expect(steps.find(({ id }) => id === 'live:broker-a-0')).toMatchObject({
    action: { kind: 'changeLive', settings },
    waits: [{ kind: 'registered', nodeId: 'broker-a-0' }],
  })
})
