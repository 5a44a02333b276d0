import { describe, expect, it } from 'vitest'
import { type Plan, planCluster } from '../plan.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { advancePlan } from './advance-plan.ts'
import { planRollout } from './plan-rollout.ts'
import type { Observed } from './rollout.ts'

/** A group of two by its hosts: the first replica is what moves. */
const planOf = (first: number, controllers?: { mode: 'standalone'; replicas: number }): Plan => {
  const hosts = [1, 2, 3, 4].map((number) => ({ name: `host-${number}`, address: `10.0.0.${number}` }))
  const groups = [{ name: 'broker-a', replicas: 2, hosts: [`host-${first}`, 'host-2'] }]
  return planCluster(parseClusterConfig({ hosts, groups, ...(controllers && { controllers }) }), {
    localDataDir: '/data',
  })
}

/** The plan by which a cluster runs when a rollout has ended behind a step. */
const runningAfter = (running: Plan, wanted: Plan, last: string): Plan => {
  let plan = running
  for (const step of planRollout({ running, wanted }).steps) {
    plan = advancePlan(plan, wanted, step)
    if (step.id === last) return plan
  }
  throw new Error(`there is no step ${last}`)
}

const stepsOf = (running: Plan, wanted: Plan, observed?: Observed) => {
  const { steps, refusals } = planRollout({ running, wanted, observed })
  expect(refusals).toEqual([])
  return steps.map(({ id, action }) => ('node' in action ? `${id} ${action.node.address}` : id))
}

describe('a replica that is to be at a third place when it is half-way to the second one', () => {
  it('goes on from the first one, which has its messages', () => {
    const halfWay = runningAfter(planOf(1), planOf(3), 'start:broker-a-0')
    expect(stepsOf(halfWay, planOf(4))).toEqual([
      'stop:broker-a-0 10.0.0.3',
      'start:broker-a-0 10.0.0.4',
      'pause:broker-a 10.0.0.1',
      'stop:broker-a-0~old 10.0.0.1',
      'restart:broker-a-0 10.0.0.4',
      'resume:broker-a 10.0.0.4',
    ])
  })

  it('is master at the second one first, when the first one has ended', () => {
    const halfWay = runningAfter(planOf(1), planOf(3), 'stop:broker-a-0~old')
    expect(stepsOf(halfWay, planOf(4))).toEqual([
      'restart:broker-a-0 10.0.0.3',
      'resume:broker-a 10.0.0.3',
      'start:broker-a-0 10.0.0.4',
      'pause:broker-a 10.0.0.3',
      'stop:broker-a-0~old 10.0.0.3',
      'restart:broker-a-0#2 10.0.0.4',
      'resume:broker-a#2 10.0.0.4',
    ])
  })

  it('goes on from the first one when it was on its way back there, and its successor has left', () => {
    const wayBack = runningAfter(runningAfter(planOf(1), planOf(3), 'start:broker-a-0'), planOf(1), 'stop:broker-a-0')
    expect(stepsOf(wayBack, planOf(4))).toEqual([
      'start:broker-a-0 10.0.0.4',
      'pause:broker-a 10.0.0.1',
      'stop:broker-a-0~old 10.0.0.1',
      'restart:broker-a-0 10.0.0.4',
      'resume:broker-a 10.0.0.4',
    ])
  })

  const elected = (first: number) => planOf(first, { mode: 'standalone', replicas: 1 })
  const halfWay = runningAfter(elected(1), elected(3), 'start:broker-a-0')

  it('with controllers: hands over to the first one before it leaves the second one', () => {
    expect(stepsOf(halfWay, elected(4))).toEqual([
      'handOver:broker-a-0',
      'handOver:broker-a-0#2',
      'stop:broker-a-0 10.0.0.3',
      'forget:broker-a-0 10.0.0.3',
      'start:broker-a-0 10.0.0.4',
      'handOver:broker-a-0~old',
      'handOver:broker-a-0~old#2',
      'stop:broker-a-0~old 10.0.0.1',
      'forget:broker-a-0~old 10.0.0.1',
    ])
  })

  it('with controllers: goes on from the second one when the first one is down', () => {
    const nodes = new Map(halfWay.nodes.map(({ id }) => [id, { alive: id !== 'broker-a-0~old' }]))
    const observed = { nodes, masters: new Map(), inSync: new Map(), writable: new Map() }
    expect(stepsOf(halfWay, elected(4), observed)).toEqual([
      'handOver:broker-a-0~old',
      'handOver:broker-a-0~old#2',
      'stop:broker-a-0~old 10.0.0.1',
      'forget:broker-a-0~old 10.0.0.1',
      'start:broker-a-0 10.0.0.4',
      'handOver:broker-a-0~old#3',
      'handOver:broker-a-0~old#4',
      'stop:broker-a-0~old#2 10.0.0.3',
      'forget:broker-a-0~old#2 10.0.0.3',
    ])
  })
})

it('new slaves come when there is a master again that they can get everything from', () => {
  const group = (hosts: number[]) => ({
    name: 'broker-a',
    replicas: hosts.length,
    hosts: hosts.map((number) => `host-${number}`),
  })
  const of = (...placed: number[]) =>
    planCluster(
      parseClusterConfig({
        hosts: [1, 2, 3, 4].map((number) => ({ name: `host-${number}`, address: `10.0.0.${number}` })),
        groups: [group(placed)],
      }),
      { localDataDir: '/data' },
    )
  const halfWay = runningAfter(of(1), of(3), 'stop:broker-a-0~old')
  expect(stepsOf(halfWay, of(3, 2)).slice(0, 3)).toEqual([
    'restart:broker-a-0 10.0.0.3',
    'resume:broker-a 10.0.0.3',
    'start:broker-a-1 10.0.0.2',
  ])
})

it('a group that is to go when its fixed master was half-way elsewhere has one again to be drained', () => {
  const of = (...groups: { name: string; host: number }[]) =>
    planCluster(
      parseClusterConfig({
        hosts: [1, 2, 3].map((number) => ({ name: `host-${number}`, address: `10.0.0.${number}` })),
        groups: groups.map(({ name, host }) => ({ name, hosts: [`host-${host}`] })),
      }),
      { localDataDir: '/data' },
    )
  const kept = { name: 'broker-b', host: 2 }
  const moved = of({ name: 'broker-a', host: 3 }, kept)
  const halfWay = runningAfter(of({ name: 'broker-a', host: 1 }, kept), moved, 'stop:broker-a-0~old')
  expect(stepsOf(halfWay, of(kept))).toEqual([
    'restart:broker-a-0 10.0.0.3',
    'drain:broker-a',
    'stop:broker-a-0 10.0.0.3',
  ])
})
