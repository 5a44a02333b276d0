import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { type Plan, planCluster } from '../../plan/plan.ts'
import { parseClusterConfig } from '../../plan/schema/parse-cluster-config.ts'
import { createDataDir, nodeLogFile, readState } from './cluster-state.ts'
import { FakeProbe, FakeProcesses } from './fake-cluster.ts'
import { stopLeftoverNodes } from './leftover-nodes.ts'
import { stopTimeoutMs } from './stop-processes.ts'
import { Supervisor } from './supervisor.ts'
import { describeEvent, type SupervisorEvent } from './supervisor-event.ts'

const nameServer = '127.0.0.1:9876'
const master = '127.0.0.1:10911'
const slave = '127.0.0.1:11911'

let dataDir = ''
let clock: ManualClock
let processes: FakeProcesses
let probe: FakeProbe
let events: SupervisorEvent[]
let plan: Plan

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gantry-supervisor-'))
  createDataDir(dataDir)
  clock = new ManualClock()
  processes = new FakeProcesses()
  probe = new FakeProbe()
  events = []
  plan = planCluster(
    parseClusterConfig({
      groups: [{ name: 'broker-a', replicas: 2 }],
      topics: [{ name: 'orders', queues: 4 }],
      consumerGroups: [{ name: 'billing' }],
    }),
    { localDataDir: dataDir },
  )
})

afterEach(() => rmSync(dataDir, { recursive: true }))

const self = { pid: 1, identity: 'test' }

const newSupervisor = () =>
  new Supervisor({ dataDir, processes, probe, clock, self, onEvent: (event) => events.push(event) })

/** Lets time pass in steps of a health poll, with the answers arriving in between. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 25) {
    clock.advance(25)
    await nextTurn()
  }
}

const said = () => events.map(describeEvent)

function everythingAnswers(): void {
  for (const address of [nameServer, master, slave]) probe.answering.add(address)
  probe.registered.set('broker-a:0', master).set('broker-a:1', slave)
  probe.inSync.set(master, 1)
}

async function upAndHealthy(): Promise<Supervisor> {
  everythingAnswers()
  const supervisor = newSupervisor()
  const ready = supervisor.bringUp(plan)
  await pass(100)
  await ready
  return supervisor
}

describe('bringUp', () => {
  it('starts NameServers, masters, slaves, each stage when the one before is healthy', async () => {
    const supervisor = newSupervisor()
    const ready = supervisor.bringUp(plan)
    await pass(100)
    expect(processes.started).toEqual(['namesrv-0'])
    probe.answering.add(nameServer)
    await pass(25)
    expect(processes.started).toEqual(['namesrv-0', 'broker-a-0'])
    probe.answering.add(master)
    await pass(50)
    expect(processes.started).toEqual(['namesrv-0', 'broker-a-0'])
    probe.registered.set('broker-a:0', master)
    await pass(25)
    expect(processes.started).toEqual(['namesrv-0', 'broker-a-0', 'broker-a-1'])
    probe.answering.add(slave)
    probe.registered.set('broker-a:1', slave)
    await pass(50)
    expect(readState(dataDir)?.ready).toBe(false)
    probe.inSync.set(master, 1)
    await pass(25)
    const handles = await ready
    expect(handles).toEqual([
      { id: 'namesrv-0', address: nameServer, phase: 'healthy' },
      { id: 'broker-a-0', address: master, phase: 'healthy' },
      { id: 'broker-a-1', address: slave, phase: 'healthy' },
    ])
    expect(readState(dataDir)?.ready).toBe(true)
  })

  it('writes the conf files before it starts anything', async () => {
    await upAndHealthy()
    for (const node of plan.nodes) expect(readFileSync(node.confFile.path, 'utf8')).toBe(node.confFile.text)
  })

  it('creates topics and groups on the master, and tries again when that fails', async () => {
    probe.refuseCreations = true
    everythingAnswers()
    const ready = newSupervisor().bringUp(plan)
    await pass(100)
    expect(said()).toContain('creating topics and groups failed, next try in 250 ms: no')
    probe.refuseCreations = false
    await pass(250)
    await ready
    expect(probe.created).toEqual([`topic orders x4 on ${master}`, `group billing on ${master}`])
  })

  it('says what a slow node lacks', async () => {
    void newSupervisor().bringUp(plan)
    await pass(10_100)
    expect(said()).toContain('namesrv-0 not healthy after 10 s: cannot connect to 127.0.0.1:9876')
    expect(readState(dataDir)?.nodes[0]).toMatchObject({
      phase: 'starting',
      trouble: `cannot connect to ${nameServer}`,
    })
  })
})

describe('a node that dies', () => {
  it('is started again at once, then after a delay that doubles, with its last words shown', async () => {
    await upAndHealthy()
    writeFileSync(
      nodeLogFile(dataDir, 'broker-a-1'),
      '{"level":"error","msg":"disk is full"}\n{"level":"info","msg":"bye"}\n',
    )
    processes.started.length = 0
    processes.end('broker-a-1', { code: 1, signal: undefined })
    expect(said()).toContain('broker-a-1 exited with code 1 (disk is full); restarting at once')
    await pass(25)
    expect(processes.started).toEqual(['broker-a-1'])
    processes.started.length = 0
    processes.end('broker-a-1', { code: undefined, signal: 'SIGKILL' })
    expect(said().at(-1)).toBe('broker-a-1 was ended by SIGKILL (disk is full); restarting in 250 ms, exit 2 in a row')
    await pass(225)
    expect(processes.started).toEqual([])
    await pass(25)
    expect(processes.started).toEqual(['broker-a-1'])
    await pass(100)
    expect(readState(dataDir)?.nodes[2]).toMatchObject({ phase: 'healthy', restarts: 2 })
  })

  it('starts over without a delay after ten seconds of running', async () => {
    await upAndHealthy()
    processes.end('broker-a-0', { code: 1, signal: undefined })
    await pass(300)
    clock.advance(10_000)
    processes.end('broker-a-0', { code: 1, signal: undefined })
    expect(events.at(-1)).toMatchObject({ type: 'exited', restartInMs: 0, failures: 1 })
  })

  it('comes back as a slave even while its master is away', async () => {
    await upAndHealthy()
    probe.answering.delete(master)
    processes.end('broker-a-0', { code: 1, signal: undefined })
    processes.end('broker-a-1', { code: 1, signal: undefined })
    await pass(400)
    expect(readState(dataDir)?.nodes.map((node) => node.phase)).toEqual(['healthy', 'starting', 'healthy'])
  })
})

it('goes on when it cannot write its state, and says so once', async () => {
  mkdirSync(join(dataDir, 'state.json.new'))
  await upAndHealthy()
  const troubles = events.filter((event) => event.type === 'fileTrouble')
  expect(troubles).toHaveLength(1)
  expect(troubles[0]?.message).toContain('EISDIR')
})

describe('takeDown', () => {
  it('stops slaves, masters, NameServers in this order and starts nothing any more', async () => {
    const supervisor = await upAndHealthy()
    const down = supervisor.takeDown()
    await pass(100)
    await down
    expect(processes.signals).toEqual(['broker-a-1 SIGTERM', 'broker-a-0 SIGTERM', 'namesrv-0 SIGTERM'])
    await pass(60_000)
    expect(processes.runningNodes).toEqual([])
    expect(readState(dataDir)?.nodes.map((node) => node.phase)).toEqual(['stopped', 'stopped', 'stopped'])
  })

  it('kills a node that does not stop in time, and says so', async () => {
    const supervisor = await upAndHealthy()
    processes.stubborn.add('broker-a-1')
    const down = supervisor.takeDown()
    await pass(stopTimeoutMs + 200)
    await down
    expect(said()).toContain(`broker-a-1 did not stop within ${stopTimeoutMs} ms: killed`)
    expect(processes.signals.slice(0, 3)).toEqual(['broker-a-1 SIGTERM', 'broker-a-1 SIGKILL', 'broker-a-0 SIGTERM'])
  })

  it('stops a cluster that is still starting', async () => {
    const supervisor = newSupervisor()
    void supervisor.bringUp(plan)
    await pass(50)
    const down = supervisor.takeDown()
    await pass(100)
    await down
    expect(processes.started).toEqual(['namesrv-0'])
    expect(processes.runningNodes).toEqual([])
  })
})

describe('what a killed supervisor left', () => {
  it('is stopped in order, and only if it is still the same process', async () => {
    await upAndHealthy()
    processes.orphan()
    const leftovers = stopLeftoverNodes(dataDir, processes, clock, (event) => events.push(event))
    await pass(100)
    expect(await leftovers).toBe(3)
    expect(processes.signals).toEqual(['broker-a-1 SIGTERM', 'broker-a-0 SIGTERM', 'namesrv-0 SIGTERM'])
    expect(await stopLeftoverNodes(dataDir, processes, clock, (event) => events.push(event))).toBe(0)
  })

  it('is nothing in a fresh folder', async () => {
    const fresh = join(dataDir, 'fresh')
    mkdirSync(fresh)
    expect(await stopLeftoverNodes(fresh, processes, clock, () => {})).toBe(0)
  })
})
