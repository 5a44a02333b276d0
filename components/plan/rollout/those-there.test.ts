import { describe, expect, it } from 'vitest'
import { type Plan, planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { planRollout } from './plan-rollout.ts'
import { ClusterModel } from './testing/cluster-model.ts'

const planOf = (input: ClusterConfigInput): Plan => planCluster(parseClusterConfig(input), { localDataDir: '/data' })
const group = (name: string, replicas: number) => ({ name, replicas })
const at = (name: string, ...numbers: number[]) => ({
  name,
  replicas: numbers.length,
  hosts: numbers.map((number) => `host-${number}`),
})
const hosts = [1, 2, 3, 4].map((number) => ({ name: `host-${number}`, address: `10.0.0.${number}` }))

/** The steps, once with whom a role goes to, and what the model holds against them. */
const rolledOut = (running: Plan, wanted: Plan) => {
  const { steps } = planRollout({ running, wanted })
  const model = new ClusterModel(running, wanted)
  model.run(steps)
  expect(model.problems).toEqual([])
  return steps.map(({ id, action }) => (action.kind === 'handOver' ? `${id} -> ${action.preferred.join()}` : id))
}

it('the last replica of a group restarts with writes paused, although there were others when it was planned', () => {
  const elected = { controllers: { mode: 'embedded', replicas: 1 }, nameServers: 1 } as const
  const running = planOf({ ...elected, groups: [group('broker-a', 1), group('broker-b', 1), group('broker-c', 2)] })
  // The ports of broker-b become free, and those of broker-c are counted anew.
  const wanted = planOf({ ...elected, groups: [group('broker-a', 1), group('broker-c', 1)] })
  expect(rolledOut(running, wanted)).toEqual([
    'handOver:broker-c-1 -> broker-c-0',
    'handOver:broker-c-1#2 -> broker-c-0',
    'stop:broker-c-1',
    'forget:broker-c-1',
    'drain:broker-b',
    'stop:broker-b-0',
    'forget:broker-b-0',
    'clients:broker-b',
    'pause:broker-c',
    'restart:broker-c-0',
    'resume:broker-c',
  ])
})

describe('a rollout that was cut off between a stop and what follows', () => {
  const elected = (...numbers: number[]): Plan =>
    planOf({ hosts, controllers: { mode: 'standalone', replicas: 3 }, groups: [at('broker-a', ...numbers)] })

  const cutOffBehind = (running: Plan, wanted: Plan, last: string): ClusterModel => {
    const { steps } = planRollout({ running, wanted })
    const model = new ClusterModel(running, wanted)
    model.run(steps, steps.findIndex(({ id }) => id === last) + 1)
    return model
  }

  it('goes on with the controllers forgetting the replica that has gone', () => {
    const wanted = elected(1, 2)
    const cut = cutOffBehind(elected(1, 2, 3), wanted, 'stop:broker-a-2')
    expect(cut.unforgotten).toEqual(['broker-a 10.0.0.3:11911'])
    const { steps } = planRollout({ running: cut.plan, wanted, observed: cut.observed() })
    expect(steps.map(({ id }) => id)).toEqual(['forget:broker-a-2'])
  })

  it('brings the replica back that turned out to be alone in sync, and sends it away again', () => {
    const wanted = elected(1, 2)
    const cut = cutOffBehind(elected(1, 2, 3), wanted, 'stop:broker-a-2')
    const aloneInSync = (place: string) => ({ ...cut.observed(), aloneInSync: new Map([['broker-a', place]]) })
    const { steps } = planRollout({ running: cut.plan, wanted, observed: aloneInSync('10.0.0.3:11911') })
    expect(steps.map(({ id }) => id)).toEqual([
      'start:broker-a-2',
      'handOver:broker-a-2',
      'handOver:broker-a-2#2',
      'stop:broker-a-2',
      'forget:broker-a-2',
    ])
    expect(steps[1]!.action).toMatchObject({ isLeaving: true, preferred: ['broker-a-0', 'broker-a-1'] })
    const stranger = planRollout({ running: cut.plan, wanted, observed: aloneInSync('10.0.0.9:11911') })
    expect(stranger.steps.map(({ id }) => id)).toEqual(['forget:broker-a-2'])
  })

  it('leaves it in the books when it is to come back', () => {
    const cut = cutOffBehind(elected(1, 2, 3), elected(1, 2), 'stop:broker-a-2')
    const { steps } = planRollout({ running: cut.plan, wanted: elected(1, 2, 3), observed: cut.observed() })
    const ids = steps.map(({ id }) => id)
    expect(ids).toContain('start:broker-a-2')
    expect(ids).not.toContain('forget:broker-a-2')
  })

  it('names those that will be there when a replica is moved again half-way', () => {
    const cut = cutOffBehind(elected(3, 4), elected(4, 1), 'start:broker-a-1')
    const wanted = elected(1)
    const { steps } = planRollout({ running: cut.plan, wanted, observed: cut.observed() })
    const model = cut.turnedTo(wanted)
    model.run(steps)
    expect(model.problems).toEqual([])
    expect(steps.flatMap(({ action }) => (action.kind === 'handOver' ? action.preferred.length : []))).not.toContain(0)
  })
})
