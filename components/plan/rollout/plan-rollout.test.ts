import { expect, it } from 'vitest'
import { type Plan, planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { planRollout } from './plan-rollout.ts'
import {
  type ClientEffect,
  formerId,
  type Observed,
  type Rollout,
  type RolloutAction,
  type RolloutRefusal,
  type RolloutWait,
} from './rollout.ts'

const planOf = (input: ClusterConfigInput): Plan => planCluster(parseClusterConfig(input), { localDataDir: '/data' })

it('a cluster that is as wanted is left alone', () => {
  const plan = planOf({ groups: [{ name: 'broker-a' }] })
  expect(planRollout({ running: plan, wanted: plan })).toEqual({ steps: [], refusals: [], notes: [] } satisfies Rollout)
})

it('a setting that the engine takes while it runs is changed without a restart', () => {
  const running = planOf({ groups: [{ name: 'broker-a' }] })
  const wanted = planOf({ groups: [{ name: 'broker-a', config: { fileReservedTime: 24 } }] })
  const [step] = planRollout({ running, wanted }).steps
  const node = wanted.nodes.find(({ id }) => id === 'broker-a-0')!
  const action: RolloutAction = { kind: 'changeLive', node, settings: { fileReservedTime: '24' } }
  const waits: RolloutWait[] = []
  const effect: ClientEffect = { kind: 'none' }
  expect(step).toMatchObject({ id: 'live:broker-a-0', action, waits, effect })
})

it('a node that has to end for a change is named', () => {
  const running = planOf({ groups: [{ name: 'broker-a' }] })
  const wanted = planOf({ groups: [{ name: 'broker-a', config: { mappedFileSizeCommitLog: 1048576 } }] })
  const refusals: readonly RolloutRefusal[] = planRollout({ running, wanted }).refusals
  expect(refusals.map(({ path }) => path)).toEqual(['broker-a-0'])
})

it('what is seen of a cluster can name a node that goes and the one that takes its place', () => {
  const seen: Observed = {
    nodes: new Map([[formerId('broker-a-0'), { alive: true, runs: 'running' }]]),
    masters: new Map([['broker-a', 'broker-a-0~old']]),
    inSync: new Map(),
    writable: new Map(),
  }
  expect([...seen.nodes.keys()]).toEqual([...seen.masters.values()])
})
