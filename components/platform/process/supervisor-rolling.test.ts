import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { type Plan, planCluster } from '../../plan/plan.ts'
import type { PlanNode } from '../../plan/plan-node.ts'
import { advancePlan } from '../../plan/rollout/advance-plan.ts'
import { restartNode, startNode, stopNode } from '../../plan/rollout/steps.ts'
import type { ClusterConfigInput } from '../../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { createDataDir, readPlan, readState } from './cluster-state.ts'
import { FakeProbe, FakeProcesses } from './fake-cluster.ts'
import type { ProcessRef } from './process-identity.ts'
import { Supervisor } from './supervisor.ts'

let dataDir = ''
let clock: ManualClock
let processes: FakeProcesses
let probe: FakeProbe

const planOf = (input: Partial<ClusterConfigInput> = {}): Plan =>
  planCluster(parseClusterConfig({ groups: [{ name: 'broker-a' }], ...input }), { localDataDir: dataDir })
const nodeOf = (plan: Plan, id: string): PlanNode => plan.nodes.find((node) => node.id === id)!

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gantry-rolling-'))
  createDataDir(dataDir)
  clock = new ManualClock()
  processes = new FakeProcesses()
  probe = new FakeProbe()
  for (const port of [9876, 9976, 10911]) probe.answering.add(`127.0.0.1:${port}`)
  probe.registered.set('broker-a:0', '127.0.0.1:10911')
})

afterEach(() => rmSync(dataDir, { recursive: true }))

const newSupervisor = () =>
  new Supervisor({ dataDir, processes, probe, clock, self: { pid: 1, identity: 'test' }, onEvent: () => undefined })

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 25) {
    clock.advance(25)
    await nextTurn()
  }
}

async function upAndHealthy(plan: Plan): Promise<Supervisor> {
  const supervisor = newSupervisor()
  const ready = supervisor.bringUp(plan)
  await pass(200)
  await ready
  return supervisor
}

const processOf = (id: string): ProcessRef => readState(dataDir)!.nodes.find((node) => node.id === id)!.process!

/** Lets time pass until something is done. */
async function whilePassing(work: Promise<void>): Promise<void> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  while (!isDone) await pass(25)
  return done
}

it('a node that moves is started beside the old one, which goes on under its former id until it is stopped', async () => {
  const before = planOf()
  const supervisor = await upAndHealthy(before)
  const old = processOf('namesrv-0')
  const wanted = planOf({ ports: { nameServer: 9976 } })
  const start = startNode(nodeOf(wanted, 'namesrv-0'), 'moves')
  const between = advancePlan(before, wanted, start)
  supervisor.startNode(nodeOf(wanted, 'namesrv-0'), between)
  await pass(100)
  expect(processes.runningNodes).toEqual(['broker-a-0', 'namesrv-0', 'namesrv-0'])
  expect(readPlan(dataDir)!.nodes.map(({ id }) => id)).toEqual(['namesrv-0~old', 'namesrv-0', 'broker-a-0'])
  expect(processOf('namesrv-0~old')).toEqual(old)
  expect(supervisor.states().get('namesrv-0')!.phase).toBe('healthy')

  const former = nodeOf(between, 'namesrv-0~old')
  const after = advancePlan(between, wanted, stopNode(former, 'replaced'))
  await whilePassing(supervisor.stopNode(former, after))
  expect(processes.isRunning(old)).toBe(false)
  expect([...supervisor.states().keys()]).toEqual(['namesrv-0', 'broker-a-0'])
  await whilePassing(supervisor.takeDown())
  expect(processes.runningNodes).toEqual([])
})

it('a node restarts with its new conf file and the plan that has it, and is no crash', async () => {
  const before = planOf()
  const supervisor = await upAndHealthy(before)
  const wanted = planOf({ brokerConfig: { messageIndexEnable: false } })
  const [from, node] = [nodeOf(before, 'broker-a-0'), nodeOf(wanted, 'broker-a-0')]
  const plan = advancePlan(before, wanted, restartNode(from, node, 'a setting'))
  await whilePassing(supervisor.restartNode(from, node, plan))
  await pass(200)
  expect(processes.signals).toEqual(['broker-a-0 SIGTERM'])
  expect(readFileSync(node.confFile.path, 'utf8')).toContain('messageIndexEnable=false')
  expect(nodeOf(readPlan(dataDir)!, 'broker-a-0').confFile).toEqual(node.confFile)
  expect(supervisor.states().get('broker-a-0')).toMatchObject({ phase: 'healthy', restarts: 0 })
})

it('nodes that an earlier supervisor left running go on, and are started again when they end', async () => {
  const plan = planOf()
  await upAndHealthy(plan)
  const running = new Map(plan.nodes.map(({ id }) => [id, processOf(id)]))
  processes.orphan()
  const conf = nodeOf(plan, 'broker-a-0').confFile.path
  rmSync(conf)
  const supervisor = newSupervisor()
  const ready = supervisor.bringUp(plan, running)
  await pass(300)
  await ready
  expect(new Map(plan.nodes.map(({ id }) => [id, processOf(id)]))).toEqual(running)
  // A broker may have written into its own: it is not made anew.
  expect(existsSync(conf)).toBe(false)

  processes.end('broker-a-0', { code: 1, signal: undefined })
  await pass(1500)
  expect(processOf('broker-a-0')).not.toEqual(running.get('broker-a-0'))
  expect(supervisor.states().get('broker-a-0')).toMatchObject({ phase: 'healthy', restarts: 1 })
})

it('once the cluster is being stopped nothing is started any more', async () => {
  const plan = planOf()
  const supervisor = await upAndHealthy(plan)
  const node = nodeOf(plan, 'broker-a-0')
  const stopping = supervisor.takeDown()
  await expect(supervisor.restartNode(node, node, plan)).rejects.toThrow('the cluster is being stopped')
  await whilePassing(stopping)
  expect(processes.runningNodes).toEqual([])
})

it('kills replicas of Apache that would hold up their master while they end', async () => {
  const groups = [{ name: 'broker-a', replicas: 3, replication: 'sync' as const, engine: 'apache' as const }]
  const controllers = { mode: 'standalone' as const, replicas: 1 }
  const [home, other] = ['/opt/rocketmq', '/opt/rocketmq-next'].map((apacheHome) => ({ process: { apacheHome } }))
  const before = planOf({ groups, controllers, platform: home! })
  const supervisor = newSupervisor()
  void supervisor.bringUp(before)
  for (const { address, port } of before.nodes) probe.answering.add(`${address}:${port}`)
  await pass(1_000)
  const wanted = planOf({ groups, controllers, platform: other! })
  const restart = restartNode(nodeOf(before, 'broker-a-2'), nodeOf(wanted, 'broker-a-2'), 'its program')
  await whilePassing(
    supervisor.restartNode(
      nodeOf(before, 'broker-a-2'),
      nodeOf(wanted, 'broker-a-2'),
      advancePlan(before, wanted, restart),
    ),
  )
  expect(processes.signals).toEqual(['broker-a-2 SIGKILL'])
  await whilePassing(supervisor.takeDown())
  expect(processes.signals.filter((signal) => signal.endsWith('SIGKILL'))).toEqual(['broker-a-2 SIGKILL'])
})
