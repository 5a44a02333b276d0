import { expect, it } from 'vitest'
import { planCluster } from '../plan.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { planRollout } from './plan-rollout.ts'

const planOf = (groups: readonly string[], value: number) =>
  planCluster(
    parseClusterConfig({
      controllers: { mode: 'standalone', replicas: 3 },
      groups: groups.map((name) => ({ name, replicas: 2 })),
      brokerConfig: { syncBrokerMemberGroupPeriod: value },
    }),
    { localDataDir: '/data' },
  )

const stepsOf = (...groups: string[]) =>
  planRollout({ running: planOf(groups, 1000), wanted: planOf(groups, 1500) }).steps.map(({ id, waits }) =>
    waits.some(({ kind }) => kind === 'routesRenewed') ? `${id} ...` : id,
  )

it('all masters hand over before clients are waited for, and each is looked at again before it restarts', () => {
  const steps = stepsOf('broker-a', 'broker-b', 'broker-c')
  const masters = steps.filter((step) => step.includes('-0'))
  expect(masters).toEqual([
    ...['handOver:broker-a-0', 'handOver:broker-b-0', 'handOver:broker-c-0'],
    ...['handOver:broker-a-0#2 ...', 'restart:broker-a-0'],
    ...['handOver:broker-b-0#2 ...', 'restart:broker-b-0'],
    ...['handOver:broker-c-0#2 ...', 'restart:broker-c-0'],
  ])
})

it('a group alone goes on as it is', () => {
  expect(stepsOf('broker-a')).toEqual([
    'handOver:broker-a-1 ...',
    'restart:broker-a-1',
    'handOver:broker-a-0 ...',
    'restart:broker-a-0',
  ])
})
