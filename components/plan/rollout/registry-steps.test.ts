import { expect, it } from 'vitest'
import { planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { planRollout } from './plan-rollout.ts'
import { ClusterModel } from './testing/cluster-model.ts'

const planOf = (more: Partial<ClusterConfigInput>) =>
  planCluster(parseClusterConfig({ groups: [{ name: 'broker-a', replicas: 2 }], ...more }), { localDataDir: '/data' })

it('founding goes on where it was cut off: one controller of three agrees on nothing', () => {
  const [running, wanted] = [planOf({}), planOf({ controllers: { mode: 'standalone', replicas: 3 } })]
  const { steps } = planRollout({ running, wanted })
  const cut = new ClusterModel(running, wanted)
  cut.run(steps, steps.findIndex(({ id }) => id === 'start:controller-0') + 1)
  const again = planRollout({ running: cut.plan, wanted, observed: cut.observed() })
  expect(again.steps.slice(0, 3).map(({ id }) => id)).toEqual([
    'start:controller-1',
    'start:controller-2',
    'pause:broker-a',
  ])
  expect(again.steps[1]?.waits).toContainEqual({ kind: 'controllersAgree' })
  cut.run(again.steps)
  expect(cut.problems).toEqual([])
})
