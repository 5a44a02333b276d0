import { describe, expect, it } from 'vitest'
import { type Plan, planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { planRollout, type RolloutRequest } from './plan-rollout.ts'
import type { Observed } from './rollout.ts'

const planOf = (input: ClusterConfigInput): Plan => planCluster(parseClusterConfig(input), { localDataDir: '/data' })

const classic = (...groups: ClusterConfigInput['groups']): Plan => planOf({ groups })
const elected = (groups: ClusterConfigInput['groups'], replicas = 3, more: Partial<ClusterConfigInput> = {}): Plan =>
  planOf({ controllers: { mode: 'standalone', replicas }, groups, ...more })

const stepsOf = (running: Plan, wanted: Plan, more: Partial<RolloutRequest> = {}) => {
  const { steps, refusals } = planRollout({ running, wanted, ...more })
  expect(refusals).toEqual([])
  return steps.map(({ id }) => id)
}

/** What was seen of a running plan, as far as a test says so. */
const seen = (plan: Plan, more: Partial<Observed> = {}): Observed => ({
  nodes: new Map(plan.nodes.map(({ id }) => [id, { alive: true }])),
  masters: new Map(),
  inSync: new Map(),
  writable: new Map(),
  ...more,
})

describe('settings', () => {
  it('that the engine takes while it runs are changed without a restart', () => {
    const running = classic({ name: 'broker-a', replicas: 2 })
    const wanted = classic({ name: 'broker-a', replicas: 2, config: { fileReservedTime: 24 } })
    const { steps } = planRollout({ running, wanted })
    expect(steps.map(({ id, effect }) => [id, effect.kind])).toEqual([
      ['live:broker-a-0', 'none'],
      ['live:broker-a-1', 'none'],
    ])
    expect(steps[0]!.action).toMatchObject({ settings: { fileReservedTime: '24' } })
  })

  it('that go back to their default are changed to it', () => {
    const running = classic({ name: 'broker-a', config: { maxMsgsNumBatch: 10 } })
    const [step] = planRollout({ running, wanted: classic({ name: 'broker-a' }) }).steps
    expect(step!.action).toMatchObject({ settings: { maxMsgsNumBatch: '64' } })
  })

  it('that need a restart: slaves first, then the fixed master with its writes paused', () => {
    const group = { name: 'broker-a', replicas: 3 }
    const wanted = classic({ ...group, config: { transferMsgByHeap: false } })
    const { steps } = planRollout({ running: classic(group), wanted })
    expect(steps.map(({ id, effect }) => [id, effect.kind])).toEqual([
      ['restart:broker-a-2', 'none'],
      ['restart:broker-a-1', 'none'],
      ['pause:broker-a', 'writesPaused'],
      ['restart:broker-a-0', 'readsFromSlaves'],
      ['resume:broker-a', 'none'],
    ])
    expect(steps[2]!.waits).toEqual(
      [1, 2].map((replica) => ({ kind: 'caughtUp', nodeId: `broker-a-${replica}`, group: 'broker-a' })),
    )
  })

  it('of an elected group: the master that was seen is last, and hands over to one that is changed', () => {
    const group = { name: 'broker-a', replicas: 3 }
    const running = elected([group])
    const wanted = elected([{ ...group, config: { transferMsgByHeap: false } }])
    const observed = seen(running, { masters: new Map([['broker-a', 'broker-a-2']]) })
    const { steps } = planRollout({ running, wanted, observed })
    expect(steps.map(({ id, effect }) => [id, effect.kind])).toEqual([
      ['handOver:broker-a-1', 'none'],
      ['restart:broker-a-1', 'none'],
      ['handOver:broker-a-0', 'none'],
      ['restart:broker-a-0', 'none'],
      ['handOver:broker-a-2', 'handOver'],
      ['restart:broker-a-2', 'none'],
    ])
  })

  it('with two copies asked for and one slave: its master does not wait for it in vain', () => {
    const group = { name: 'broker-a', replicas: 2, replication: 'sync' as const }
    const wanted = classic({ ...group, config: { transferMsgByHeap: false } })
    expect(stepsOf(classic(group), wanted).slice(0, 3)).toEqual([
      'pause:broker-a',
      'restart:broker-a-1',
      'resume:broker-a',
    ])
  })

  it('that files on disk would not fit are refused', () => {
    const wanted = classic({ name: 'broker-a', config: { mappedFileSizeCommitLog: 1048576 } })
    const { steps, refusals } = planRollout({ running: classic({ name: 'broker-a' }), wanted })
    expect(steps).toEqual([])
    expect(refusals[0]).toMatchObject({ path: 'groups[broker-a].config.mappedFileSizeCommitLog' })
  })
})

describe('groups', () => {
  const a = { name: 'broker-a', replicas: 2 }
  const b = { name: 'broker-b', replicas: 2 }

  it('a new one is seeded when all of it runs', () => {
    expect(stepsOf(classic(a), classic(a, b))).toEqual(['start:broker-b-0', 'start:broker-b-1', 'seed:broker-b'])
  })

  it('one that goes is drained before it is touched, and its files stay', () => {
    const { steps } = planRollout({
      running: classic(a, b),
      wanted: { ...classic(a), patience: { drainMs: 5000, staleRouteMs: 0 } },
    })
    expect(steps.map(({ id }) => id)).toEqual(['drain:broker-b', 'stop:broker-b-1', 'stop:broker-b-0'])
    expect(steps[0]!.action).toMatchObject({ deadlineMs: 5000 })
    expect(steps[1]!.action).toMatchObject({ keepData: true })
  })

  it('a replica more, a replica less', () => {
    const [two, three] = [elected([a]), elected([{ ...a, replicas: 3 }])]
    expect(stepsOf(two, three)).toEqual(['start:broker-a-2', 'live:broker-a-0', 'live:broker-a-1'])
    expect(stepsOf(three, two)).toEqual([
      'live:broker-a-0',
      'live:broker-a-1',
      'handOver:broker-a-2',
      'handOver:broker-a-2#2',
      'stop:broker-a-2',
      'forget:broker-a-2',
    ])
  })

  it('from one engine to the other, replica by replica', () => {
    const platform = { process: { apacheHome: '/opt/rocketmq' } }
    const running = elected([a], 3, { platform })
    const wanted = elected([{ ...a, engine: 'apache' }], 3, { platform })
    expect(stepsOf(running, wanted)).toEqual([
      'handOver:broker-a-1',
      'restart:broker-a-1',
      'handOver:broker-a-0',
      'restart:broker-a-0',
    ])
  })

  it('from a fixed master to controllers: the former master first, then its slaves', () => {
    expect(stepsOf(classic(a), elected([a]))).toEqual([
      'start:controller-0',
      'start:controller-1',
      'start:controller-2',
      'pause:broker-a',
      'restart:broker-a-0',
      'resume:broker-a',
      'restart:broker-a-1',
    ])
  })

  it('and not back while it runs', () => {
    expect(planRollout({ running: elected([a]), wanted: classic(a) }).refusals[0]).toMatchObject({
      path: 'controllers',
    })
  })

  it('another image goes to one container after the other', () => {
    const on = (image: string) => planOf({ groups: [a], platform: { docker: { image } } })
    expect(stepsOf(on('gantry:1'), on('gantry:2'))).toEqual([
      'restart:namesrv-0',
      'restart:broker-a-1',
      'pause:broker-a',
      'restart:broker-a-0',
      'resume:broker-a',
    ])
  })

  it('another version of the engine goes to one node after the other', () => {
    const running = classic(a)
    const wanted = { ...running, programs: { runtimeBin: '/opt/gantry-2/bin' } }
    expect(stepsOf(running, wanted)).toEqual([
      'restart:namesrv-0',
      'restart:broker-a-1',
      'pause:broker-a',
      'restart:broker-a-0',
      'resume:broker-a',
    ])
  })
})

describe('hosts', () => {
  const hosts = [1, 2, 3].map((n) => ({ name: `host-${n}`, address: `10.0.0.${n}` }))
  const on = (...names: string[]) => ({ name: 'broker-a', replicas: names.length, hosts: names })

  it('an elected replica is filled at its new place before the old one goes', () => {
    const [running, wanted] = [on('host-1', 'host-2'), on('host-3', 'host-2')].map((group) =>
      elected([group], 1, { hosts }),
    )
    expect(stepsOf(running!, wanted!)).toEqual([
      'start:broker-a-0',
      'handOver:broker-a-0~old',
      'handOver:broker-a-0~old#2',
      'stop:broker-a-0~old',
      'forget:broker-a-0~old',
    ])
  })

  it('a fixed master is succeeded by a slave of its own that has everything', () => {
    const [running, wanted] = [on('host-1', 'host-2'), on('host-3', 'host-2')].map((group) =>
      planOf({ groups: [group], hosts }),
    )
    const { steps } = planRollout({ running: running!, wanted: wanted! })
    expect(steps.map(({ id }) => id)).toEqual([
      'start:broker-a-0',
      'pause:broker-a',
      'stop:broker-a-0~old',
      'restart:broker-a-0',
      'resume:broker-a',
    ])
    expect(steps[0]!.action).toMatchObject({ node: { role: 'SLAVE', brokerId: 100 } })
    expect(steps[1]!.waits.map((wait) => 'nodeId' in wait && wait.nodeId)).toEqual(['broker-a-1', 'broker-a-0'])
  })

  it('a fixed master on the same ports has nowhere to go', () => {
    const [running, wanted] = ['/data', '/disk'].map((dataDir) =>
      planOf({ groups: [{ name: 'broker-a' }], hosts: [{ name: 'host-1', address: '10.0.0.1', dataDir }] }),
    )
    const { refusals } = planRollout({ running: running!, wanted: wanted! })
    expect(refusals.map(({ path }) => path)).toEqual(['groups[broker-a]'])
  })
})

describe('NameServers and controllers', () => {
  const groups = [{ name: 'broker-a' }]

  it('brokers know the new NameServers before the old ones go, and only those after', () => {
    const three = planOf({ nameServers: 3, groups })
    const two = planOf({ nameServers: 2, groups })
    expect(stepsOf(two, three)).toEqual(['start:namesrv-2', 'live:broker-a-0'])
    expect(stepsOf(three, two)).toEqual(['stop:namesrv-2', 'live:broker-a-0'])
  })

  it('clients have to know one of those that stay, unless it is allowed', () => {
    const [running, wanted] = [9876, 9976].map((nameServer) => planOf({ groups, ports: { nameServer } }))
    const { refusals } = planRollout({ running: running!, wanted: wanted! })
    expect(refusals).toMatchObject([{ path: 'nameServers', allow: 'nameServerAddresses' }])
    expect(stepsOf(running!, wanted!, { allow: ['nameServerAddresses'] })).toEqual([
      'start:namesrv-0',
      'live:broker-a-0',
      'stop:namesrv-0~old',
      'live:broker-a-0#2',
    ])
  })

  it('controllers come one by one, and go one by one', () => {
    const changes = (from: number, to: number) =>
      stepsOf(elected(groups, from), elected(groups, to)).filter((id) => /Controller|controller/.test(id))
    expect(changes(1, 3)).toEqual([
      'restart:controller-0',
      'start:controller-1',
      'addController:n1',
      'start:controller-2',
      'addController:n2',
    ])
    expect(changes(3, 1)).toEqual([
      'restart:controller-0',
      'removeController:n2',
      'stop:controller-2',
      'removeController:n1',
      'stop:controller-1',
    ])
  })

  it('the controller that leads restarts last', () => {
    const running = elected(groups)
    const wanted = { ...running, programs: { runtimeBin: '/opt/gantry-2/bin' } }
    const observed = seen(running, { controllerLeader: 'controller-0' })
    const ids = stepsOf(running, wanted, { observed }).filter((id) => id.includes('controller'))
    expect(ids.at(-1)).toBe('restart:controller-0')
  })

  it('the only one cannot move', () => {
    const [running, wanted] = [elected(groups, 1), planOf({ controllers: { replicas: 1 }, groups })]
    expect(planRollout({ running, wanted }).refusals).toMatchObject([{ path: 'controllers' }])
  })
})

describe('what was seen', () => {
  const group = { name: 'broker-a', replicas: 3 }
  const running = elected([group])
  const wanted = elected([{ ...group, config: { transferMsgByHeap: false } }])

  it('nodes that run as wanted are left alone', () => {
    const observed = seen(running)
    const nodes = new Map(observed.nodes).set('broker-a-2', { alive: true, runs: 'wanted' })
    const ids = stepsOf(running, wanted, { observed: { ...observed, nodes } })
    expect(ids).toEqual(['handOver:broker-a-1', 'restart:broker-a-1', 'handOver:broker-a-0', 'restart:broker-a-0'])
  })

  it('with a replica down that is not to be changed no other one is touched, unless it is allowed', () => {
    const less = elected([{ ...group, replicas: 2 }])
    const nodes = new Map(running.nodes.map(({ id }) => [id, { alive: id !== 'broker-a-1' }]))
    const moved = { ...less, nodes: less.nodes }
    const observed = seen(running, { nodes })
    expect(planRollout({ running, wanted: moved, observed }).refusals).toMatchObject([{ allow: 'down:broker-a-1' }])
    expect(planRollout({ running, wanted: moved, observed, allow: ['down:broker-a-1'] }).refusals).toEqual([])
  })

  it('one that is down and to be changed is first', () => {
    const nodes = new Map(running.nodes.map(({ id }) => [id, { alive: id !== 'broker-a-1' }]))
    expect(stepsOf(running, wanted, { observed: seen(running, { nodes }) })[1]).toBe('restart:broker-a-1')
  })

  it('a group that was left without writes gets them back, unless it is meant to have none', () => {
    const observed = seen(running, { writable: new Map([['broker-a', false]]) })
    expect(stepsOf(running, running, { observed })).toEqual(['resume:broker-a'])
    const closed = elected([{ ...group, config: { brokerPermission: 4 } }])
    expect(stepsOf(closed, closed, { observed })).toEqual([])
  })

  it('a group that was started and not seeded is seeded', () => {
    expect(stepsOf(running, running, { observed: seen(running, { unseeded: ['broker-a'] }) })).toEqual([
      'seed:broker-a',
    ])
  })
})

describe('topics', () => {
  const groups = [{ name: 'broker-a' }]
  const topic = (queues: number) => planOf({ groups, topics: [{ name: 'orders', queues }] })

  it('are created, and get more queues', () => {
    expect(stepsOf(classic(...groups), topic(4))).toEqual(['provision'])
    expect(stepsOf(topic(4), topic(8))).toEqual(['provision'])
  })

  it('get fewer queues only if that is allowed, and are not deleted', () => {
    expect(planRollout({ running: topic(8), wanted: topic(4) }).refusals).toMatchObject([{ allow: 'queues:orders' }])
    expect(stepsOf(topic(8), topic(4), { allow: ['queues:orders'] })).toEqual(['provision'])
    const { steps, notes } = planRollout({ running: topic(8), wanted: classic(...groups) })
    expect(steps).toEqual([])
    expect(notes).toEqual(['topic orders is not in the config any more. It stays; mqadmin deletes it'])
  })
})

it('a fixed master begins to wait for its slaves, and to flush, without a restart', () => {
  const planOfGroup = (group: object) => planOf({ groups: [{ name: 'broker-a', replicas: 2, ...group }] })
  const running = planOfGroup({})
  const { steps, refusals } = planRollout({ running, wanted: planOfGroup({ replication: 'sync', flush: 'sync' }) })
  expect(refusals).toEqual([])
  expect(steps.map(({ action }) => action)).toMatchObject([
    { kind: 'changeLive', settings: { brokerRole: 'SYNC_MASTER', inSyncReplicas: '2', flushDiskType: 'SYNC_FLUSH' } },
    { kind: 'changeLive', settings: { inSyncReplicas: '2', flushDiskType: 'SYNC_FLUSH' } },
  ])
})
