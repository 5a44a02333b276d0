import { expect, it } from 'vitest'
import { type Plan, planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { planRollout } from './plan-rollout.ts'
import type { Observed } from './rollout.ts'

const planOf = (input: ClusterConfigInput): Plan => planCluster(parseClusterConfig(input), { localDataDir: '/data' })

const stepsOf = (running: Plan, wanted: Plan, observed?: Observed) =>
  planRollout({ running, wanted, observed }).steps.flatMap(({ id, waits, action }) =>
    action.kind === 'awaitClients' ? `${id}: ${waits.map(({ kind }) => kind).join()}` : id,
  )

const fixed = (names: readonly string[], value = 1000): Plan =>
  planOf({
    groups: names.map((name) => ({ name, replicas: 2 })),
    brokerConfig: { syncBrokerMemberGroupPeriod: value },
  })

const waitsIn = (steps: readonly string[]) => steps.filter((step) => step.startsWith('clients:'))

it('of two groups one stops taking writes when clients know that the other one does again', () => {
  const names = ['broker-a', 'broker-b']
  const steps = stepsOf(fixed(names), fixed(names, 1500))
  const wait = steps.indexOf('clients:broker-b: otherGroupKnown')
  expect(steps.indexOf('resume:broker-a')).toBeLessThan(wait)
  expect(steps[wait + 1]).toBe('pause:broker-b')
  expect(waitsIn(steps)).toHaveLength(1)
})

it('where a third group is as it was there is nothing to wait for', () => {
  const names = ['broker-a', 'broker-b', 'broker-c']
  expect(waitsIn(stepsOf(fixed(names), fixed(names, 1500)))).toEqual(['clients:broker-c: otherGroupKnown'])
})

it('a rollout that was cut off has changed the other group: the next one waits, too', () => {
  const names = ['broker-a', 'broker-b']
  const running = { ...fixed(names, 1500), nodes: [...fixed(names, 1500).nodes.slice(0, -1)] }
  const wanted = fixed(names, 2000)
  const observed = {
    ...{ nodes: new Map(running.nodes.map(({ id }) => [id, { alive: true }])), masters: new Map() },
    ...{ inSync: new Map(), writable: new Map(), changedRoutes: ['broker-b'], vacated: {} },
  }
  expect(waitsIn(stepsOf(running, wanted, observed))).toContain('clients:broker-a: otherGroupKnown')
})

it('no broker comes to where clients look for one of another group', () => {
  const hosts = [1, 2].map((number) => ({ name: `host-${number}`, address: `10.0.0.${number}` }))
  const at = (name: string, first: number) => ({ name, replicas: 2, hosts: [`host-${first}`, 'host-1'] })
  const place = (first: number) => planOf({ hosts, groups: [at('broker-a', first), at('broker-b', 1)] })
  const steps = stepsOf(place(1), place(2))
  // broker-b-0 takes the port that broker-a-0 has left.
  const wait = steps.indexOf('clients:broker-a: routesRenewed')
  expect(steps.indexOf('stop:broker-a-0~old')).toBeLessThan(wait)
  expect(wait).toBeGreaterThan(0)
  expect(steps.indexOf('restart:broker-b-0')).toBeGreaterThan(wait)
})
