import type { Clock, Timer } from '../../../../runtime/io/clock.ts'
import type { Plan } from '../../../plan/plan.ts'
import type { NodeState } from '../cluster-state.ts'
import { liveActions } from './live-rollout.ts'
import { observeRunning } from './observe-running.ts'
import type { RolloutEvent } from './rollout-event.ts'
import { openRollout, writeJournal } from './rollout-journal.ts'
import { logRolloutEvent } from './rollout-log.ts'
import { type RolloutRequest, readRequest, removeRequest } from './rollout-request.ts'
import { type RolloutNodes, runRollout } from './run-rollout.ts'

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
    await runRollout(
      running,
      { ...request, changing: openRollout(dataDir)?.changing },
      {
        nodes,
        clock,
        observe: (plan) => observeRunning(dataDir, plan),
        withActions: liveActions(request.waitTimeoutMs),
        save: (journal) => writeJournal(dataDir, journal),
        onEvent: (event) => this.#tell(request, event),
      },
    )
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
