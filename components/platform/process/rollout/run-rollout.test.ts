import { describe, expect, it } from 'vitest'
import { type Plan, planCluster } from '../../../plan/plan.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { formerId, originalId } from '../../../plan/rollout/rollout.ts'
import type { ClusterConfigInput } from '../../../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../../../plan/schema/parse-cluster-config.ts'
import { keysGeneration } from '../../../plan/schema/security-config.ts'
import { secretWordsIn } from '../../../plan/security/security-keys.ts'
import { describeRolloutEvent, type RolloutEvent } from './rollout-event.ts'
import type { RolloutJournal } from './rollout-journal.ts'
import { type RolloutContext, type RolloutOrder, runRollout } from './run-rollout.ts'

const planOf = (input: ClusterConfigInput): Plan => planCluster(parseClusterConfig(input), { localDataDir: '/data' })

/** What is left of an executor that was killed: files, and processes that go on. */
class World {
  plan: Plan
  journal: RolloutJournal | undefined
  /** Node processes, with the conf they were started with or took over. */
  readonly running = new Map<string, string>()
  readonly calls: string[] = []
  readonly events: RolloutEvent[] = []
  /** Calls that the next executor gets to make before it is killed. */
  killAfter = Number.POSITIVE_INFINITY
  callsLeft = 0
  /** Waits that never come true, by node id, with what is missing. */
  readonly vain = new Map<string, string>()
  /** Seen to be down. */
  readonly down = new Set<string>()
  /** Generations of keys: whose users brokers know, and whose the tool signs with, as its file says. */
  readonly known: Set<number>
  signsWith: number
  timeMs = 0

  constructor(plan: Plan) {
    this.plan = plan
    this.signsWith = keysGeneration(plan.security) ?? 0
    this.known = new Set([this.signsWith])
    for (const { id, confFile } of plan.nodes) this.running.set(id, confFile.text)
  }

  /** Something that the executor does, or at which it is killed. A dead one does nothing any more. */
  #call(what: string): void {
    if (this.callsLeft <= 0) throw new Killed()
    this.callsLeft--
    this.calls.push(what)
    this.timeMs += 10
  }

  #keep(plan: Plan): void {
    this.#call('keep the plan')
    this.plan = plan
  }

  /** Slaves have nobody to catch up with while a fixed master is between two places. */
  #checkMaster(group: string): void {
    const brokers = this.plan.nodes.filter((node) => node.kind === 'broker' && node.group === group)
    if (brokers.every((node) => node.kind === 'broker' && node.role === 'SLAVE'))
      throw new Error(`${group} has no master`)
  }

  /** Whoever signs is known: the tool, and every node that runs. */
  #checkKeys(): void {
    const words = [...this.running.values()].flatMap(secretWordsIn)
    const unknown = [this.signsWith, ...words.map(({ generation }) => generation)].filter(
      (each) => !this.known.has(each),
    )
    if (unknown.length > 0) throw new Error(`nobody knows who signs with generation ${unknown.join()}`)
  }

  #start(node: PlanNode): void {
    const there = this.running.get(node.id)
    if (there !== undefined) this.running.set(formerId(node.id), there)
    this.running.set(node.id, node.confFile.text)
  }

  context(): RolloutContext {
    return {
      clock: { monotonic: () => this.timeMs, now: () => this.timeMs },
      save: (journal) => {
        this.#call('keep the journal')
        this.journal = structuredClone(journal)
      },
      onEvent: (event) => void this.events.push(event),
      observe: async (running) => ({
        nodes: new Map(running.nodes.map(({ id }) => [id, { alive: !this.down.has(id) }])),
        masters: new Map(),
        inSync: new Map(),
        writable: new Map(),
        ...(this.journal === undefined || this.journal.state === 'done' ? {} : this.journal.unfinished),
      }),
      nodes: {
        startNode: (node, plan) => {
          this.#keep(plan)
          this.#call(`start ${node.id}`)
          this.#start(node)
        },
        restartNode: async (from, node, plan) => {
          this.#call(`stop ${from.id}`)
          this.running.delete(from.id)
          this.#keep(plan)
          this.#call(`start ${node.id} again`)
          this.running.set(node.id, node.confFile.text)
        },
        stopNode: async (node, plan) => {
          this.#call(`stop ${node.id}`)
          this.running.delete(node.id)
          this.#keep(plan)
        },
        adopt: (plan) => this.#keep(plan),
        rewriteConf: ({ id }) => this.#call(`conf ${id}`),
      },
      withActions: async (_plan, _wanted, tell, use) =>
        use({
          perform: async (action) => {
            this.#call(action.kind)
            if (action.kind === 'makeKeys') this.known.add(action.generation)
            if (action.kind === 'adoptKeys') this.signsWith = action.generation
            if (action.kind === 'dropKeys') this.known.delete(action.generation)
            this.#checkKeys()
            if (action.kind === 'changeLive') this.running.set(action.node.id, action.node.confFile.text)
            return {}
          },
          wait: async (wait) => {
            const id = 'nodeId' in wait ? wait.nodeId : ''
            this.#call(`${wait.kind} ${id}`)
            if (wait.kind === 'caughtUp') this.#checkMaster(wait.group)
            const missing = wait.kind === 'healthy' ? undefined : this.vain.get(id)
            if (missing === undefined) return
            tell(missing)
            throw new Error(`waited in vain: ${missing}`)
          },
        }),
    }
  }

  /** The next executor, or the first one. Whoever starts it brings up what the plan has and does not run. */
  async run(order: RolloutOrder): Promise<boolean> {
    this.callsLeft = this.killAfter
    this.killAfter = Number.POSITIVE_INFINITY
    for (const node of this.plan.nodes) {
      // Killed between the plan and the start: the process of before goes by its former id in the plan.
      const former = this.plan.nodes.some(({ id }) => id === formerId(node.id))
      if (former && !this.running.has(formerId(node.id))) this.#start(node)
      if (!this.running.has(node.id)) this.running.set(node.id, node.confFile.text)
    }
    const changing = this.journal?.state === 'done' ? undefined : this.journal?.changing
    return runRollout(this.plan, { ...order, changing }, this.context())
  }
}

class Killed extends Error {}

const group = (name: string, more: object = {}) => ({ name, replicas: 2, ...more })
const elected = { controllers: { mode: 'standalone' as const, replicas: 1 } }
const hosts = (...names: string[]) => names.map((name, index) => ({ name, address: `10.0.0.${index + 1}` }))

const apache = { process: { apacheHome: '/opt/rocketmq' } }

/** From what to what. */
const changes: Record<string, readonly [ClusterConfigInput, ClusterConfigInput]> = {
  'a setting that needs a restart': [
    { groups: [group('broker-a')] },
    { groups: [group('broker-a', { config: { transferMsgByHeap: false } })] },
  ],
  'a group more, a group less': [
    { groups: [group('broker-a'), group('broker-b')], topics: [{ name: 'orders' }] },
    { groups: [group('broker-a'), group('broker-c')], topics: [{ name: 'orders' }] },
  ],
  'a fixed master that moves': [
    { groups: [group('broker-a', { hosts: ['one', 'two'] })], hosts: hosts('one', 'two', 'three') },
    { groups: [group('broker-a', { hosts: ['three', 'two'] })], hosts: hosts('one', 'two', 'three') },
  ],
  'three controllers for one, in other processes': [
    { ...elected, nameServers: 3, groups: [group('broker-a')] },
    { controllers: { mode: 'embedded', replicas: 3 }, nameServers: 3, groups: [group('broker-a')] },
  ],
  'other keys': [
    { ...elected, groups: [group('broker-a')], security: { accessControl: {} } },
    { ...elected, groups: [group('broker-a')], security: { accessControl: { generation: 2 } } },
  ],
  'elected replicas from the engine of Apache': [
    { ...elected, platform: apache, groups: [group('broker-a', { engine: 'apache' })] },
    { ...elected, platform: apache, groups: [group('broker-a')] },
  ],
}

const confs = ({ nodes }: Plan) => new Map(nodes.map(({ id, confFile }) => [id, confFile.text]))
const order = (wanted: Plan): RolloutOrder => ({ wanted, allow: [] })

describe.each(Object.entries(changes))('%s', (_, [from, to]) => {
  const [running, wanted] = [planOf(from), planOf(to)]

  it('ends with the nodes of the wanted plan', async () => {
    const world = new World(running)
    expect(await world.run(order(wanted))).toBe(true)
    expect(world.plan).toEqual(wanted)
    expect(world.running).toEqual(confs(wanted))
    expect(world.journal).toMatchObject({ state: 'done', unfinished: { unseeded: [], notJoined: [], unforgotten: [] } })
    expect(world.events.at(-1)!.type).toBe('done')
    expect([...world.known]).toEqual([keysGeneration(wanted.security) ?? 0])
  })

  it('killed at any moment, the next run comes to the same end', async () => {
    const whole = new World(running)
    await whole.run(order(wanted))
    for (let calls = 0; calls < whole.calls.length; calls++) {
      const world = new World(running)
      world.killAfter = calls
      // The executor that is dead may think what it likes: nothing of it arrives anywhere.
      await world.run(order(wanted)).catch((error: unknown) => expect(error).toBeInstanceOf(Killed))
      expect(await world.run(order(wanted)), `after ${calls} calls`).toBe(true)
      expect(world.running, `after ${calls} calls`).toEqual(confs(wanted))
      expect([...world.known, world.signsWith], `after ${calls} calls`).toEqual([...whole.known, whole.signsWith])
      expect(world.journal!.state).toBe('done')
    }
  })

  it('killed at any moment, it can go back', async () => {
    const whole = new World(running)
    await whole.run(order(wanted))
    for (let calls = 1; calls < whole.calls.length; calls++) {
      const world = new World(running)
      world.killAfter = calls
      await world.run(order(wanted)).catch((error: unknown) => expect(error).toBeInstanceOf(Killed))
      if (await world.run(order(running))) {
        expect(world.running, `after ${calls} calls`).toEqual(confs(running))
        expect([...world.known], `after ${calls} calls`).toEqual([keysGeneration(running.security) ?? 0])
      } else expect(world.events.at(-1)!.type).toBe('refused')
      expect([...world.running.keys()].filter((id) => id !== originalId(id))).toEqual(
        [...world.plan.nodes.map(({ id }) => id)].filter((id) => id !== originalId(id)),
      )
    }
  })
})

it('makes the conf file of a broker again what the plan says when it has handed over, where that one writes into it', async () => {
  const [from, to] = changes['elected replicas from the engine of Apache']!
  const world = new World(planOf(from))
  await world.run(order(planOf(to)))
  const seen = world.calls.filter((call) => /^(conf|stop) /.test(call))
  expect(seen).toEqual(['conf broker-a-1', 'stop broker-a-1', 'conf broker-a-0', 'stop broker-a-0'])
})

describe('a rollout that cannot go on', () => {
  const before = planOf({ groups: [group('broker-a')] })
  const after = planOf({ groups: [group('broker-a', { config: { transferMsgByHeap: false } })] })

  it('stops at a replica that never catches up, says how far it is, and touches nothing else', async () => {
    const world = new World(before)
    let asked = 0
    // The slave is fine until it has restarted.
    const { context } = world
    world.context = () => {
      const original = context.call(world)
      return {
        ...original,
        withActions: (plan, wanted, tell, use) => {
          if (world.calls.includes('start broker-a-1 again')) world.vain.set('broker-a-1', '4096 bytes behind')
          asked++
          return original.withActions(plan, wanted, tell, use)
        },
      }
    }
    expect(await world.run(order(after))).toBe(false)
    expect(asked).toBeGreaterThan(0)
    expect(world.events.slice(-2)).toMatchObject([
      { type: 'waiting', id: 'restart:broker-a-1', waitsFor: '4096 bytes behind' },
      { type: 'stopped', id: 'restart:broker-a-1', reason: 'waited in vain: 4096 bytes behind' },
    ])
    expect(describeRolloutEvent(world.events.at(-1)!)).toContain('nothing else was touched')
    expect(world.calls.filter((call) => /^(stop|start) /.test(call))).toEqual([
      'stop broker-a-1',
      'start broker-a-1 again',
    ])
    expect(world.journal!.state).toBe('stopped')
  })

  it('does not begin while a replica that runs is not in sync', async () => {
    const world = new World(before)
    world.vain.set('broker-a-1', '4096 bytes behind')
    expect(await world.run(order(after))).toBe(false)
    expect(world.events.at(-1)).toMatchObject({ type: 'stopped', id: '' })
    expect(world.calls.filter((call) => call.startsWith('stop'))).toEqual([])
  })

  it('is refused with the reason before anything is touched', async () => {
    const world = new World(before)
    const cut = planOf({ groups: [group('broker-a', { config: { mappedFileSizeCommitLog: 1048576 } })] })
    expect(await world.run(order(cut))).toBe(false)
    expect(world.calls).toEqual([])
    expect(world.journal).toBeUndefined()
    expect(world.events.map(describeRolloutEvent)[0]).toMatch(/^refused: groups\[broker-a\]\.config/)
  })
})
