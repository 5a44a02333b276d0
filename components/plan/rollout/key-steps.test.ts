import { describe, expect, it } from 'vitest'
import { type Plan, planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { advancePlan } from './advance-plan.ts'
import { planRollout } from './plan-rollout.ts'
import type { Observed, Rollout } from './rollout.ts'
import { describeRollout } from './rollout-words.ts'
import { ClusterModel } from './testing/cluster-model.ts'
import { KeyModel } from './testing/key-model.ts'

const classic: ClusterConfigInput = { groups: [{ name: 'broker-a', replicas: 2 }], proxies: { replicas: 1 } }
const elected: ClusterConfigInput = {
  nameServers: 2,
  controllers: { mode: 'standalone', replicas: 3 },
  groups: [
    { name: 'broker-a', replicas: 2 },
    { name: 'broker-b', replicas: 1 },
  ],
}

const planOf = (config: ClusterConfigInput, accessControl: object): Plan =>
  planCluster(parseClusterConfig({ ...config, security: { accessControl } }), { localDataDir: '/data' })

const reasons = ({ refusals }: Rollout): string[] => refusals.map(({ path, reason }) => `${path}: ${reason}`)
const confs = ({ nodes }: Plan) => Object.fromEntries(nodes.map(({ id, confFile }) => [id, confFile.text]))

/** A cluster, and who is known to it. */
class Guarded {
  readonly cluster: ClusterModel
  readonly keys: KeyModel
  /** As the rollout before left it, if there was one. */
  #observed: Observed

  constructor(cluster: ClusterModel, keys: KeyModel, observed = cluster.observed()) {
    this.cluster = cluster
    this.keys = keys
    this.#observed = observed
  }

  /** Does the first `count` steps to a plan, planned by what is there. */
  go(wanted: Plan, count = Number.POSITIVE_INFINITY): this {
    const { plan } = this.cluster
    const { steps, refusals } = planRollout({ running: plan, wanted, observed: this.#observed })
    expect(refusals).toEqual([])
    let after = plan
    for (const step of steps.slice(0, count)) {
      after = advancePlan(after, wanted, step)
      this.keys.took(step, after)
    }
    this.cluster.run(steps, Math.min(count, steps.length))
    this.#observed = this.cluster.observed()
    expect([...this.keys.problems, ...this.cluster.problems]).toEqual([])
    return this
  }

  turnedTo(wanted: Plan): Guarded {
    return new Guarded(this.cluster.turnedTo(wanted), this.keys, this.#observed)
  }
}

const guarded = (running: Plan, wanted: Plan) => new Guarded(new ClusterModel(running, wanted), new KeyModel(running))

describe.each([
  ['a fixed master', classic],
  ['controllers', elected],
])('with %s', (_, config) => {
  const [first, second] = [planOf(config, {}), planOf(config, { generation: 2 })]
  const { steps } = planRollout({ running: first, wanted: second })

  it('brokers get the new users before anything else, and lose the former ones after everything', () => {
    const ids = steps.map(({ id }) => id)
    expect([ids[0], ...ids.slice(-2)]).toEqual(['makeKeys:2', 'adoptKeys:2', 'dropKeys:1'])
    const restarted = ids.filter((id) => id.startsWith('restart:')).map((id) => id.slice('restart:'.length))
    expect(restarted.toSorted()).toEqual(first.nodes.map(({ id }) => id).toSorted())
    const brokers = first.nodes.filter(({ kind }) => kind === 'broker').map(({ id }) => id)
    for (const index of [0, ids.length - 2, ids.length - 1]) {
      const { action } = steps[index]!
      expect('nodes' in action && action.nodes.map(({ id }) => id).toSorted()).toEqual(brokers.toSorted())
    }
  })

  it('cut off after any step it goes on to the end, and back to the beginning while that is still known', () => {
    for (let cut = 0; cut <= steps.length; cut++) {
      const done = guarded(first, second).go(second, cut).go(second)
      expect([...done.keys.known, done.keys.signsWith], `on after ${cut}`).toEqual([2, 2])
      expect(confs(done.cluster.plan)).toEqual(confs(second))
      expect(done.cluster.plan.security).toEqual(second.security)
      const again = { running: done.cluster.plan, wanted: second, observed: done.cluster.observed() }
      expect(planRollout(again).steps).toEqual([])

      const there = guarded(first, second).go(second, cut)
      const back = planRollout({ running: there.cluster.plan, wanted: first, observed: there.cluster.observed() })
      if (cut >= steps.length - 1) {
        expect(reasons(back)[0]).toContain('the cluster has keys of generation 2: the one after it is 3')
        continue
      }
      const returned = there.turnedTo(first).go(first)
      expect([...returned.keys.known, returned.keys.signsWith], `back after ${cut}`).toEqual([1, 1])
      expect(confs(returned.cluster.plan)).toEqual(confs(first))
    }
  })

  it('goes back and on again, cut off each time', () => {
    for (let cut = 1; cut < steps.length - 1; cut++) {
      const there = guarded(first, second).go(second, cut).turnedTo(first)
      there.go(first, 2)
      const done = there.turnedTo(second).go(second)
      expect([...done.keys.known, done.keys.signsWith]).toEqual([2, 2])
    }
  })
})

it('the next but one while former users are still there: all of them go', () => {
  const [first, second, third] = [{}, { generation: 2 }, { generation: 3 }].map((access) => planOf(elected, access))
  const { steps } = planRollout({ running: first!, wanted: second! })
  const there = guarded(first!, second!).go(second!, steps.length - 1)
  expect([...there.keys.known]).toEqual([1, 2])
  expect([...there.turnedTo(third!).go(third!).keys.known]).toEqual([3])
})

it('one that is down is not given users: it makes them when it starts', () => {
  const [running, wanted] = [planOf(elected, {}), planOf(elected, { generation: 2 })]
  const alive = (id: string) => ({ alive: id !== 'broker-b-0' })
  const nodes = new Map(running.nodes.map(({ id }) => [id, alive(id)]))
  const observed = { nodes, masters: new Map(), inSync: new Map(), writable: new Map() }
  const { steps } = planRollout({ running, wanted, observed })
  const asked = [steps[0]!, steps.at(-1)!].map(({ action }) => 'nodes' in action && action.nodes.map(({ id }) => id))
  expect(asked).toEqual([
    ['broker-a-0', 'broker-a-1'],
    ['broker-a-0', 'broker-a-1', 'broker-b-0'],
  ])
})

it('is refused where it could not be done, with what to do instead', () => {
  const running = planOf(classic, {})
  const refused = (config: ClusterConfigInput, accessControl: object, more: object = {}) =>
    reasons(planRollout({ running, wanted: planOf(config, accessControl), ...more }))
  expect(refused(classic, { generation: 3 })).toEqual([
    'security.accessControl.generation: the cluster has keys of generation 1: the one after it is 2',
  ])
  expect(refused(classic, { generation: 2, enforce: false })[0]).toContain('keep generation 1 until they do')
  const larger = { ...classic, groups: [...classic.groups, { name: 'broker-b' }] }
  expect(refused(larger, { generation: 2 })).toEqual([
    expect.stringMatching(
      /^security\.accessControl\.generation: brokers come, go or move .*\(broker-b-0\).*before or after$/,
    ),
  ])
  expect(refused(larger, {})).toEqual([])
  const observed = new ClusterModel(running, running).observed()
  expect(refused(classic, { enforce: false }, { observed: { ...observed, openKeys: [2] } })[0]).toContain('was cut off')
  expect(refused(larger, {}, { observed: { ...observed, openKeys: [2] } })[0]).toContain('broker-b-0')
})

it('says in words what is done', () => {
  const lines = describeRollout(
    planRollout({ running: planOf(classic, {}), wanted: planOf(classic, { generation: 2 }) }),
  )
  expect(lines.filter((line) => /users|keys/.test(line))).toEqual([
    '  1. give brokers the users of generation 2',
    '     why: whoever signs with the new keys, or with the former ones, is served',
    expect.stringContaining('sign with the keys of generation 2'),
    expect.stringContaining('take the users of generation 1 away from brokers'),
  ])
})
