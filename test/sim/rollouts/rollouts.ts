import type { Plan } from '../../../components/plan/plan.ts'
import type { BrokerNode } from '../../../components/plan/plan-node.ts'
import { advancePlan } from '../../../components/plan/rollout/advance-plan.ts'
import { planRollout } from '../../../components/plan/rollout/plan-rollout.ts'
import type { Observed, RolloutStep } from '../../../components/plan/rollout/rollout.ts'
import { unfinished } from '../../../components/plan/rollout/unfinished.ts'
import { ClientRoutes } from '../../../components/platform/process/rollout/client-routes.ts'
import { drainGroup } from '../../../components/rollout/drain.ts'
import { LiveActions } from '../../../components/rollout/live-actions.ts'
import type { LiveCluster } from '../../../components/rollout/live-cluster.ts'
import { observeCluster } from '../../../components/rollout/observe.ts'
import type { Cluster } from '../scenarios/cluster.ts'
import { changedConfig } from './changes.ts'
import type { Fleet } from './fleet.ts'
import { type FleetConfig, type FleetGroup, planOf } from './fleet-config.ts'
import { Operator } from './operator.ts'

const OPERATOR = { name: 'operator', address: '10.0.9.2' }
const WAIT_MS = 15_000
/** A process that does not end in good order is killed after this. */
const STOP_MS = 8_000
const LOOK_MS = 50
const TRY_AGAIN_MS = 400
/** Simulated clients look at routes every second. */
const STALE_ROUTE_MS = 4_000
const KILLS_MAX = 2

/** Changes of a running cluster by the planner and the actions that users have, with a tool that may be killed at any time. */
export class Rollouts {
  readonly #cluster: Cluster
  readonly #fleet: Fleet
  #config: FleetConfig
  /** Before the change under way. */
  #former: FleetConfig
  #running: Plan
  #wanted: Plan | undefined
  #operator: Operator | undefined
  #kills = 0
  #step = ''
  /** Groups that have their topics. */
  readonly #seeded: Set<string>
  #beginMs = 0
  /** Replicas that were stopped and that the controllers were not told to forget yet. */
  #unforgotten: readonly BrokerNode[] = []
  readonly #routes = new ClientRoutes()
  /** Changes that were begun, in words. */
  readonly begun: string[] = []

  constructor(cluster: Cluster, fleet: Fleet, config: FleetConfig) {
    this.#cluster = cluster
    this.#fleet = fleet
    this.#config = config
    this.#former = config
    this.#running = planOf(config)
    this.#seeded = new Set(config.groups.map(({ name }) => name))
  }

  /** What is still to be done; undefined when everything is as wanted. */
  get missing(): string | undefined {
    if (this.begun.length === 0) return 'no change was begun'
    return this.#wanted && `the rollout of ${this.begun.join(', ')} is not done: ${this.#step}`
  }

  /** The first change comes before `untilMs`, others after it for as long. */
  begin(untilMs: number): void {
    const { world } = this.#cluster
    this.#beginMs = world.between(300, Math.max(300, untilMs - 1000))
    world.queue.after(this.#beginMs, () => this.#next(untilMs))
  }

  #next(untilMs: number): void {
    const { world, hasTopics } = this.#cluster
    if (!hasTopics) {
      // A group that is made before there are topics gets none.
      world.queue.after(TRY_AGAIN_MS, () => this.#next(untilMs))
      return
    }
    if (this.begun.length > 0 && world.nowMs >= untilMs) return
    this.#former = this.#config
    this.#want(changedConfig(this.#config, world, this.#hostsInUse))
    this.#work(() => world.queue.after(world.between(100, 1500), () => this.#next(untilMs)))
    this.#killLater()
  }

  #want({ names, config }: { readonly names: readonly string[]; readonly config: FleetConfig }): void {
    this.#config = config
    this.#wanted = planOf(config)
    this.begun.push(names.join(' and '))
    this.#cluster.world.trace.line(`rollout: wanted: ${names.join(' and ')}`)
  }

  #work(done: () => void): void {
    const { world } = this.#cluster
    const machine = this.#operator?.machine ?? world.machine(OPERATOR.name, OPERATOR.address)
    const operator = machine.isUp ? this.#operator! : new Operator(machine)
    this.#operator = operator
    // As `gantry up` does: one that was killed before it had started a node again has left it stopped.
    for (const { host } of this.#running.nodes) this.#fleet.at(host)?.start()
    this.#rollOut(operator, done).catch((error: unknown) => {
      if (!operator.isDead) world.fail(error)
    })
  }

  /** Somebody kills the tool, and starts it again; or wants the cluster as it was before. */
  #killLater(): void {
    const { world } = this.#cluster
    if (this.#kills >= KILLS_MAX || !world.chance(50)) return
    world.queue.after(world.between(50, 5000), () => {
      const { machine } = this.#operator!
      if (this.#wanted === undefined || !machine.isUp) return
      this.#kills++
      machine.kill('process')
      if (world.chance(20) && !this.#isGroupForgotten)
        this.#want({ names: ['something else half-way'], config: this.#goBack() })
      world.queue.after(world.between(50, 1500), () => {
        this.#work(() => {})
        this.#killLater()
      })
    })
  }

  /** A group that the controllers have forgotten does not come back to its old stores by itself (docs/rollouts.md). */
  get #isGroupForgotten(): boolean {
    if (this.#step.startsWith('forget:')) return true
    const { controllers, groups } = this.#former
    const left = groupsOf(this.#running)
    const unforgottenOf = (name: string): number => this.#unforgotten.filter(({ group }) => group === name).length
    const isGone = ({ name, hosts }: FleetGroup): boolean => !left.includes(name) && unforgottenOf(name) < hosts.length
    return controllers !== undefined && groups.some(isGone)
  }

  get #hostsInUse(): string[] {
    return this.#running.nodes.map(({ host }) => host)
  }

  #goBack(): FleetConfig {
    const { world } = this.#cluster
    return changedConfig(this.#former, world, this.#hostsInUse).config
  }

  async #rollOut(operator: Operator, done: () => void): Promise<void> {
    const { trace } = this.#cluster.world
    for (;;) {
      const wanted = this.#wanted!
      try {
        const steps = await this.#plan(operator, wanted)
        if (steps.length === 0) break
        for (const [index, step] of steps.entries()) await this.#perform(operator, wanted, step, steps.slice(index + 1))
      } catch (error) {
        if (isMistake(error)) throw error
        trace.line(`rollout: stopped at ${this.#step}: ${(error as Error).message}`)
        await operator.pause(TRY_AGAIN_MS)
      }
    }
    trace.line('rollout: done')
    this.#running = this.#wanted!
    this.#wanted = undefined
    done()
  }

  async #plan(operator: Operator, wanted: Plan): Promise<readonly RolloutStep[]> {
    this.#step = 'planning'
    const running = this.#running
    const seen = await observeCluster(this.#reach(operator), running.nodes)
    const unseeded = groupsOf(running).filter((group) => !this.#seeded.has(group))
    const observed: Observed = { ...seen, unseeded, unforgotten: this.#unforgotten, ...this.#routes.observed }
    const allow = ['nameServerAddresses']
    const { steps, refusals } = planRollout({ running, wanted, observed, allow })
    if (refusals.length > 0) {
      const text = refusals.map(({ path, reason }) => `${path}: ${reason}`).join('; ')
      // It may be refused for what is down at the moment.
      const isNeverMade = planRollout({ running, wanted, allow }).refusals.length > 0
      throw isNeverMade ? new Mistake(text) : new Error(text)
    }
    this.#cluster.world.trace.line(`rollout: planned: ${steps.map(({ id }) => id).join(' ')}`)
    return steps
  }

  async #perform(operator: Operator, wanted: Plan, step: RolloutStep, rest: readonly RolloutStep[]): Promise<void> {
    this.#step = step.id
    this.#cluster.world.trace.line(`rollout: ${step.id}`)
    await this.#act(operator, wanted, step)
    this.#running = advancePlan(this.#running, wanted, step)
    const left = unfinished(this.#running, wanted, { done: [step], rest }, { unforgotten: this.#unforgotten })
    this.#unforgotten = left.unforgotten
    this.#cluster.controllerAddresses = listOf(this.#running.controllerAddr)
    const actions = this.#actions(operator, wanted)
    for (const wait of this.#routes.waitsOf(step)) await actions.wait(wait)
    this.#cluster.world.trace.line(`rollout: ${step.id}: done`)
  }

  async #act(operator: Operator, wanted: Plan, { action }: RolloutStep): Promise<void> {
    switch (action.kind) {
      case 'startNode':
      case 'restartNode':
        await this.#stop(operator, action.node.host)
        this.#fleet.install(action.node).start()
        this.#routes.end(action, {}, this.#reach(operator).clock.now())
        return
      case 'stopNode':
        await this.#stop(operator, action.node.host)
        this.#fleet.retire(action.node.host)
        this.#routes.end(action, {}, this.#reach(operator).clock.now())
        return
      case 'drainGroup':
        await this.#drain(operator, action)
        return
      case 'makeKeys':
      case 'adoptKeys':
      case 'dropKeys':
        throw new Error(`${action.kind}: simulated brokers check nobody`)
      default: {
        const { trace } = this.#cluster.world
        const { clock } = this.#reach(operator)
        const nowMs = () => clock.now()
        this.#routes.begin(action, nowMs())
        if (action.kind === 'handOver') this.#cluster.handOverBegins(action.group)
        const outcome = await this.#actions(operator, wanted).perform(action)
        this.#routes.end(action, outcome, nowMs())
        if (outcome.words !== undefined) trace.line(`rollout: ${outcome.words}`)
        if (action.kind === 'changeLive') this.#fleet.reconfigure(action.node)
        if (action.kind === 'seedGroup') this.#seeded.add(action.group)
      }
    }
  }

  async #drain(operator: Operator, { group, deadlineMs }: { readonly group: string; readonly deadlineMs: number }) {
    const request = { group, deadlineMs, staleRouteMs: STALE_ROUTE_MS }
    const { drained, left } = await drainGroup(this.#reach(operator), request)
    if (!drained) throw new Error(`${group} is not drained: ${left.join('; ')}`)
  }

  async #stop(operator: Operator, host: string): Promise<void> {
    const { world } = this.#cluster
    const node = this.#fleet.at(host)
    if (node === undefined) return
    node.stop()
    const deadlineMs = world.nowMs + STOP_MS
    while (node.isUp) {
      if (world.nowMs >= deadlineMs) node.kill('process')
      else await operator.pause(LOOK_MS)
    }
  }

  #reach(operator: Operator): LiveCluster {
    const { nodes, controllerAddr } = this.#running
    const nameServers = nodes
      .filter(({ kind }) => kind === 'nameServer')
      .map(({ address, port }) => `${address}:${port}`)
    return operator.reach(nameServers, listOf(controllerAddr))
  }

  #actions(operator: Operator, wanted: Plan): LiveActions {
    const nodes = [...this.#running.nodes, ...wanted.nodes]
    const nodeOf = (id: string) => nodes.find((node) => node.id === id)
    const { topics, consumerGroups } = wanted
    const times = { timeoutMs: WAIT_MS, staleRouteMs: STALE_ROUTE_MS }
    return new LiveActions(this.#reach(operator), { nodeOf, topics, consumerGroups, ...times })
  }
}

/** Nothing that another attempt would mend. */
class Mistake extends Error {}

const isMistake = (error: unknown): boolean =>
  error instanceof Mistake ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  (error as Error).name === 'AssertionError'

const listOf = (text: string): string[] => text.split(';').filter((item) => item !== '')

const groupsOf = ({ nodes }: Plan): string[] => [
  ...new Set(nodes.flatMap((node) => (node.kind === 'broker' ? [node.group] : []))),
]
