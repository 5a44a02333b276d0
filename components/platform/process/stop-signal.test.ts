import { expect, it } from 'vitest'
import { planCluster } from '../../plan/plan.ts'
import type { ClusterConfigInput } from '../../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { stopSignalOf } from './stop-signal.ts'

const signals = (group: Partial<ClusterConfigInput['groups'][number]>, more: Partial<ClusterConfigInput> = {}) => {
  const input: ClusterConfigInput = {
    controllers: { mode: 'standalone', replicas: 1 },
    groups: [{ name: 'broker-a', replicas: 2, replication: 'sync', engine: 'apache', ...group }],
    platform: { process: { apacheHome: '/opt/rocketmq' } },
    ...more,
  }
  const plan = planCluster(parseClusterConfig(input), { localDataDir: '/data' })
  return new Set(plan.nodes.filter(({ kind }) => kind === 'broker').map((node) => stopSignalOf(node, plan)))
}

it('kills replicas of Apache that would hold up their master while they end, and nobody else', () => {
  expect(signals({})).toEqual(new Set(['SIGKILL']))
  expect(signals({ engine: 'gantry' })).toEqual(new Set(['SIGTERM']))
  expect(signals({ replication: 'async' })).toEqual(new Set(['SIGTERM']))
  expect(signals({ config: { transientStorePoolEnable: true } })).toEqual(new Set(['SIGTERM']))
  expect(signals({}, { controllers: undefined })).toEqual(new Set(['SIGTERM']))
})

it('lets the last replica of a group end by itself', () => {
  const [node] = planCluster(
    parseClusterConfig({
      controllers: { mode: 'standalone', replicas: 1 },
      groups: [{ name: 'broker-a', replicas: 2, replication: 'sync', engine: 'apache' }],
      platform: { process: { apacheHome: '/opt/rocketmq' } },
    }),
    { localDataDir: '/data' },
  ).nodes.filter(({ kind }) => kind === 'broker')
  expect(stopSignalOf(node!, { nodes: [node!] })).toBe('SIGTERM')
})
