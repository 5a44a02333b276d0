import type { Clock } from '../../../../runtime/io/clock.ts'
import type { Plan } from '../../../plan/plan.ts'
import type { PlanNode } from '../../../plan/plan-node.ts'
import { advancePlan } from '../../../plan/rollout/advance-plan.ts'
import { describeEffect, describeWait } from '../../../plan/rollout/effect-words.ts'
import { brokersOf } from '../../../plan/rollout/group-change.ts'
import { liveSettings } from '../../../plan/rollout/node-settings.ts'
import { planRollout } from '../../../plan/rollout/plan-rollout.ts'
import type { ActionOutcome, Observed, RolloutAction, RolloutStep, RolloutWait } from '../../../plan/rollout/rollout.ts'
import { describeAction } from '../../../plan/rollout/rollout-words.ts'
import { backInService } from '../../../plan/rollout/steps.ts'
import { type Unfinished, unfinished } from '../../../plan/rollout/unfinished.ts'
import { ClientRoutes, type RouteChanges } from './client-routes.ts'
import type { PlannedStep, RolloutEvent } from './rollout-event.ts'
import type { RolloutJournal } from './rollout-journal.ts'

type NodeAction = Extract<RolloutAction, { readonly kind: 'startNode' | 'restartNode' | 'stopNode' }>

/** Who runs the nodes. `plan` is the one by which they run afterwards; it is kept before anything is started. */
export interface RolloutNodes {
  startNode(node: PlanNode, plan: Plan): void
  restartNode(from: PlanNode, node: PlanNode, plan: Plan): Promise<void>
  stopNode(node: PlanNode, plan: Plan): Promise<void>
  /** Takes over a plan without touching a node. */
  adopt(plan: Plan): void
  rewriteConf(node: PlanNode): void
}

/** What is done to the cluster over the network: see components/rollout. */
export interface RolloutActions {
  perform(action: Exclude<RolloutAction, NodeAction>): Promise<ActionOutcome>
  wait(wait: RolloutWait): Promise<void>
}

export interface RolloutContext {
  readonly nodes: RolloutNodes
  readonly observe: (running: Plan) => Promise<Observed>
  /** @param plan by which the cluster runs; `tell` hears what is waited for */
  readonly withActions: (
    plan: Plan,
    wanted: Plan,
    tell: (waitsFor: string) => void,
    use: (actions: RolloutActions) => Promise<void>,
  ) => Promise<void>
  readonly save: (journal: RolloutJournal) => void
  readonly clock: Pick<Clock, 'monotonic' | 'now'>
  readonly onEvent: (event: RolloutEvent) => void
}

export interface RolloutOrder {
  readonly wanted: Plan
  /** Names of losses that the user accepts. */
  readonly allow: readonly string[]
  /** What the rollout before may have changed and not noted: see {@link RolloutJournal}. */
  readonly changing?: PlanNode | undefined
  readonly routes?: RouteChanges | undefined
}

const inWords = ({ id, action, reason, effect }: RolloutStep): PlannedStep => ({
  id,
  what: describeAction(action),
  reason,
  clients: describeEffect(effect),
})

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Who has taken settings, which a broker writes into its conf file: one of Apache's that hands over refuses messages meanwhile. */
const toldOf = (action: RolloutAction, { nodes }: Plan): PlanNode | undefined => {
  if (action.kind === 'changeLive' || action.kind === 'resumeWrites') return action.node
  return action.kind === 'handOver'
    ? nodes.find(({ id, engine }) => id === action.avoid && engine === 'apache')
    : undefined
}

/**
 * Carries out a rollout, step by step. A step that fails, or whose wait is in vain, ends it there. Whoever is killed in
 * between leaves a plan and a journal with which the next run goes on.
 * @returns whether the cluster is as wanted
 */
export async function runRollout(running: Plan, order: RolloutOrder, context: RolloutContext): Promise<boolean> {
  const { clock, onEvent } = context
  const { wanted, allow } = order
  const startedAtMs = clock.monotonic()
  const observed = await context.observe(running)
  const { steps, refusals, notes } = planRollout({ running, wanted, observed, allow })
  if (refusals.length > 0) {
    onEvent({ type: 'refused', refusals })
    return false
  }
  onEvent({ type: 'planned', steps: steps.map(inWords), notes })
  const run = new RolloutRun(running, order, steps, context, observed)
  const isDone = await run.all(observed)
  if (isDone) onEvent({ type: 'done', tookMs: Math.round(clock.monotonic() - startedAtMs) })
  return isDone
}

class RolloutRun {
  #plan: Plan
  readonly #order: RolloutOrder
  readonly #steps: readonly RolloutStep[]
  readonly #context: RolloutContext
  /** What an earlier rollout left open. */
  readonly #earlier: Partial<Unfinished>
  #changing: PlanNode | undefined
  readonly #routes: ClientRoutes

  constructor(
    running: Plan,
    order: RolloutOrder,
    steps: readonly RolloutStep[],
    context: RolloutContext,
    { unseeded = [], unforgotten = [] }: Observed,
  ) {
    this.#earlier = { unseeded, unforgotten }
    this.#plan = running
    this.#order = order
    this.#steps = steps
    this.#context = context
    this.#changing = order.changing
    this.#routes = new ClientRoutes(order.routes)
  }

  /** One step after the other; false when one failed. */
  async all(observed: Observed): Promise<boolean> {
    const { nodes } = this.#context
    const hasWork = this.#steps.length > 0 || this.#changing !== undefined
    if (hasWork) this.#save('running', 0)
    const begin = async () => {
      await this.#waitForAll(observed)
      await this.#settle()
    }
    const before = hasWork ? await this.#attempt('', 0, begin) : true
    if (!before) return false
    for (const [index, step] of this.#steps.entries()) {
      this.#context.onEvent({ type: 'step', position: index + 1, count: this.#steps.length, ...inWords(step) })
      if (!(await this.#attempt(step.id, index, () => this.#step(step, index)))) return false
    }
    // With what no step changes: the order of nodes, notes, how long to wait.
    nodes.adopt(this.#order.wanted)
    this.#save('done', this.#steps.length)
    return true
  }

  async #attempt(id: string, index: number, work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.#save('stopped', index)
      this.#context.onEvent({ type: 'stopped', id, reason: messageOf(error) })
      return false
    }
  }

  #save(state: RolloutJournal['state'], done: number): void {
    const { wanted, allow } = this.#order
    const changing = this.#changing
    const left = unfinished(
      this.#plan,
      wanted,
      { done: this.#steps.slice(0, done), rest: this.#steps.slice(done) },
      this.#earlier,
    )
    const routes = this.#routes.all
    const journal = { version: 1 as const, state, wanted, allow, unfinished: left, routes }
    this.#context.save(changing === undefined ? journal : { ...journal, changing })
  }

  /** A node that was about to take new settings when the last rollout was cut off gets those that the plan has. */
  async #settle(): Promise<void> {
    const changing = this.#changing
    const node = this.#plan.nodes.find(({ id }) => id === changing?.id)
    const settings = changing === undefined || node === undefined ? undefined : liveSettings(changing, node)
    if (node !== undefined && settings !== undefined) {
      await this.#withActions('', async (actions) => {
        await actions.perform({ kind: 'changeLive', node, settings })
      })
      this.#context.nodes.rewriteConf(node)
    }
    this.#changing = undefined
  }

  /** A replica that is not back yet, from an earlier rollout or for another reason, comes first. */
  async #waitForAll(observed: Observed): Promise<void> {
    const { nodes } = this.#plan
    const mastered = new Set(brokersOf(this.#plan).flatMap((node) => (node.brokerId === 0 ? [node.group] : [])))
    const waits = nodes
      .filter(({ id }) => observed.nodes.get(id)?.alive !== false)
      .flatMap(backInService)
      // Where a fixed master was between two places, or is an elected one by now, its slaves come after the rollout's first steps.
      .filter((wait) => wait.kind !== 'caughtUp' || mastered.has(wait.group))
    await this.#withActions('', async (actions) => {
      for (const wait of waits) await actions.wait(wait)
    })
  }

  async #step(step: RolloutStep, index: number): Promise<void> {
    const { clock, onEvent } = this.#context
    const startedAtMs = clock.monotonic()
    const outcome = await this.#perform(step, index)
    await this.#withActions(step.id, async (actions) => {
      for (const wait of this.#routes.waitsOf(step)) {
        onEvent({ type: 'waiting', id: step.id, waitsFor: describeWait(wait) })
        await actions.wait(wait)
      }
    })
    const tookMs = Math.round(clock.monotonic() - startedAtMs)
    onEvent({ type: 'stepDone', id: step.id, tookMs, ...(outcome === undefined ? {} : { outcome }) })
  }

  async #perform(step: RolloutStep, index: number): Promise<string | undefined> {
    const { nodes, clock } = this.#context
    const { action } = step
    const plan = advancePlan(this.#plan, this.#order.wanted, step)
    let outcome: ActionOutcome = {}
    if (action.kind === 'startNode' || action.kind === 'restartNode' || action.kind === 'stopNode') {
      // Before the node is touched: whoever goes on after a crash finds it in the plan as it is to be.
      this.#plan = plan
      this.#save('running', index + 1)
      await this.#runNode(action, plan)
      this.#routes.end(action, {}, clock.now())
      this.#save('running', index + 1)
      return undefined
    }
    this.#changing = action.kind === 'changeLive' ? action.node : undefined
    this.#routes.begin(action, clock.now())
    this.#save('running', index)
    await this.#withActions(step.id, async (actions) => {
      outcome = await actions.perform(action)
    })
    this.#routes.end(action, outcome, clock.now())
    this.#plan = plan
    this.#changing = undefined
    nodes.adopt(plan)
    const told = toldOf(action, plan)
    if (told !== undefined) nodes.rewriteConf(told)
    this.#save('running', index + 1)
    return outcome.words
  }

  async #runNode(action: NodeAction, plan: Plan): Promise<void> {
    const { nodes } = this.#context
    if (action.kind === 'startNode') nodes.startNode(action.node, plan)
    else if (action.kind === 'restartNode') await nodes.restartNode(action.from, action.node, plan)
    else await nodes.stopNode(action.node, plan)
  }

  #withActions(id: string, use: (actions: RolloutActions) => Promise<void>): Promise<void> {
    const { withActions, onEvent } = this.#context
    const tell = (waitsFor: string) => onEvent({ type: 'waiting', id, waitsFor })
    return withActions(this.#plan, this.#order.wanted, tell, use)
  }
}
