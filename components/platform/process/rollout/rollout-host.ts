import type { Clock, Timer } from '../../../../runtime/io/clock.ts'
import { AdminClient } from '../../../admin/admin-client.ts'
import type { Plan } from '../../../plan/plan.ts'
import { brokersOf } from '../../../plan/rollout/group-change.ts'
import { TrafficWatch } from '../../../rollout/traffic-watch.ts'
import { nodeAddress } from '../../health/node-health.ts'
import type { NodeState } from '../cluster-state.ts'
import { liveActions } from './live-rollout.ts'
import { observeRunning } from './observe-running.ts'
import type { RolloutEvent } from './rollout-event.ts'
import { openRollout, recentRoutes, writeJournal } from './rollout-journal.ts'
import { logRolloutEvent } from './rollout-log.ts'
import { type RolloutRequest, readRequest, removeRequest } from './rollout-request.ts'
import { type RolloutNodes, type RolloutOrder, runRollout } from './run-rollout.ts'

/** Between two looks for a request. */
const lookMs = 200

export interface RolloutHostOptions {
  readonly dataDir: string
  /** The supervisor: it runs the nodes. */
  readonly nodes: RolloutNodes & {
    readonly plan: Plan | undefined
    /** What each node is at, by id. */
    states(): ReadonlyMap<string, Pick<NodeState, 'phase' | 'trouble'>>
  }
  readonly clock: Clock
  readonly onEvent: (event: RolloutEvent) => void
}

/** A broker that does not answer is asked again after this. */
const askTimeoutMs = 1000

/** An event with what went on in the cluster meanwhile. */
function withTraffic(event: RolloutEvent, watch: TrafficWatch): RolloutEvent {
  if (event.type === 'step') watch.beginStep()
  if (event.type === 'stepDone') return { ...event, traffic: watch.step }
  return event.type === 'done' ? { ...event, traffic: watch.whole } : event
}

/** Carries out what is asked of a supervisor: one rollout at a time. */
export class RolloutHost {
  readonly #options: RolloutHostOptions
  #timer: Timer | undefined
  #isBusy = false

  constructor(options: RolloutHostOptions) {
    this.#options = options
  }

  /** From now on requests are taken. */
  start(): void {
    this.#timer = this.#options.clock.every(lookMs, () => void this.#look())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  async #look(): Promise<void> {
    if (this.#isBusy) return
    const { dataDir, nodes } = this.#options
    const request = readRequest(dataDir)
    if (request === undefined || nodes.plan === undefined) return
    this.#isBusy = true
    try {
      await this.#run(request, nodes.plan)
    } catch (error) {
      this.#tell(request, { type: 'stopped', id: '', reason: error instanceof Error ? error.message : String(error) })
    } finally {
      removeRequest(dataDir)
      this.#isBusy = false
    }
  }

  async #run(request: RolloutRequest, running: Plan): Promise<void> {
    const { dataDir, nodes, clock } = this.#options
    const cutOff = openRollout(dataDir)
    const asker = new AdminClient(askTimeoutMs)
    const watch = new TrafficWatch(asker, clock, () => brokersOf(nodes.plan ?? running).map(nodeAddress))
    watch.start()
    try {
      await this.#rollOut(
        running,
        { ...request, changing: cutOff?.changing, routes: recentRoutes(dataDir, clock.now()).all },
        watch,
      )
    } finally {
      watch.stop()
      asker.close()
    }
  }

  async #rollOut(running: Plan, request: RolloutRequest & RolloutOrder, watch: TrafficWatch): Promise<void> {
    const { dataDir, nodes, clock } = this.#options
    await runRollout(running, request, {
      nodes,
      clock,
      observe: (plan) => observeRunning(dataDir, plan),
      withActions: liveActions(dataDir, request.waitTimeoutMs),
      save: (journal) => writeJournal(dataDir, journal),
      onEvent: (event) => this.#tell(request, withTraffic(event, watch)),
    })
  }

  #tell(request: RolloutRequest, happened: RolloutEvent): void {
    const { dataDir, clock, onEvent } = this.#options
    const event = happened.type === 'stopped' ? { ...happened, reason: this.#withTroubles(happened.reason) } : happened
    logRolloutEvent(dataDir, request.id, clock.now(), event)
    onEvent(event)
  }

  /** A node that does not come up says why in its log. */
  #withTroubles(reason: string): string {
    const troubled = [...this.#options.nodes.states()].filter(([, { phase }]) => phase !== 'healthy')
    const troubles = troubled.map(([id, { phase, trouble }]) => `${id} is ${phase}${trouble ? `: ${trouble}` : ''}`)
    return [reason, ...troubles].join('; ')
  }
}
