import { mkdirSync } from 'node:fs'
import type { Clock, Timer } from '../../../runtime/io/clock.ts'
import { type Plan, programsFor } from '../../plan/plan.ts'
import { isFixedMaster, type PlanNode } from '../../plan/plan-node.ts'
import { settingsOf } from '../../plan/rollout/node-settings.ts'
import { formerId } from '../../plan/rollout/rollout.ts'
import type { ClusterProbe } from '../health/cluster-probe.ts'
import { type HealthContext, nodeAddress, whatIsMissing } from '../health/node-health.ts'
import type { NodeHandle, NodePhase, Platform } from '../platform.ts'
import { type ClusterState, dataDirFiles, type NodeState, nodeLogFile, writePlan, writeState } from './cluster-state.ts'
import { writeNodeFiles } from './node-files.ts'
import { launchSpec } from './node-launch.ts'
import { lastWords, rotateLog } from './node-log.ts'
import { type NodeRun, newRun, stateOf } from './node-run.ts'
import type { ProcessRef } from './process-identity.ts'
import type { ProcessExit, ProcessTable } from './process-table.ts'
import { createTopicsAndGroups } from './provision.ts'
import { failuresAfterExit, restartDelayMs } from './restart-backoff.ts'
import { stopNode, stopProcesses } from './stop-processes.ts'
import { stopSignalOf } from './stop-signal.ts'
import type { SupervisorEvent } from './supervisor-event.ts'

/** Between two questions to a node that is not healthy yet. */
const healthPollMs = 25
/** After this a starting node is reported as slow, and again after each further such time. */
const slowAfterMs = 10_000
const rotatePeriodMs = 5000
/** Between two looks whether a process that is nobody's child still runs. */
const adoptedLookMs = 250

export interface SupervisorOptions {
  readonly dataDir: string
  readonly processes: ProcessTable
  readonly probe: ClusterProbe
  readonly clock: Clock
  readonly self: ProcessRef
  readonly onEvent: (event: SupervisorEvent) => void
  /** Told when nodes run by another plan from now on. */
  readonly onPlan?: (plan: Plan) => void
}

/**
 * Runs the nodes of a plan as processes of this machine: starts them in order, restarts what dies, stops all in reverse
 * order. One supervisor per data dir (see data-dir-lock.ts).
 */
export class Supervisor implements Platform {
  readonly #options: SupervisorOptions
  #plan: Plan | undefined
  #runs = new Map<string, NodeRun>()
  #ready = false
  #stopping = false
  #startedAtMs = 0
  #provisionFailures = 0
  #resolveReady: (() => void) | undefined
  #provisionTimer: Timer | undefined
  #rotation: Timer | undefined
  readonly #fileTroubles = new Set<string>()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** By which the nodes run; a rollout changes it. */
  get plan(): Plan | undefined {
    return this.#plan
  }

  /**
   * Resolves when every node is healthy and topics and groups exist. A node that keeps dying keeps it waiting.
   * @param adopted processes that an earlier supervisor left running, by id of the node: they go on
   */
  bringUp(plan: Plan, adopted: ReadonlyMap<string, ProcessRef> = new Map()): Promise<readonly NodeHandle[]> {
    const { clock, dataDir } = this.#options
    this.#plan = plan
    this.#startedAtMs = clock.monotonic()
    for (const node of plan.nodes) {
      const ref = adopted.get(node.id)
      if (ref === undefined) this.#prepare(node)
      this.#runs.set(node.id, newRun(node))
    }
    writePlan(dataDir, plan)
    this.#rotation = clock.every(rotatePeriodMs, () => {
      this.#tryFiles(() => {
        for (const id of this.#runs.keys()) rotateLog(nodeLogFile(dataDir, id))
        rotateLog(dataDirFiles(dataDir).supervisorLog)
      })
    })
    const ready = new Promise<void>((resolve) => {
      this.#resolveReady = resolve
    })
    for (const [id, ref] of adopted) this.#adopt(id, ref)
    this.#startPossible()
    return ready.then(() => this.handles())
  }

  /** Stops every node: SIGTERM, and SIGKILL for one that takes too long. */
  async takeDown(): Promise<void> {
    if (this.#stopping || this.#plan === undefined) return
    this.#stopping = true
    this.#rotation?.cancel()
    this.#provisionTimer?.cancel()
    for (const run of this.#runs.values()) run.timer?.cancel()
    const { processes, clock, onEvent } = this.#options
    const processOf = (id: string) => this.#runs.get(id)?.process
    await stopProcesses({ plan: this.#plan, processOf, processes, clock }, (event) => {
      if (event.type === 'stopping') this.#setPhase(event.nodeId, 'stopping')
      if (event.type === 'stopped') this.#setPhase(event.nodeId, 'stopped')
      onEvent(event)
    })
    for (const run of this.#runs.values()) run.phase = 'stopped'
    this.#saveState()
  }

  /**
   * Starts a node that the plan has newly. One of the same id that runs elsewhere goes on under its former id.
   * @param plan by which the nodes run from then on
   */
  startNode(node: PlanNode, plan: Plan): void {
    this.#checkGoesOn()
    const former = this.#runs.get(node.id)
    if (former !== undefined) {
      former.node = { ...former.node, id: formerId(node.id) }
      this.#runs.set(former.node.id, former)
    }
    this.#enter(node, plan)
  }

  /** Ends a node, and starts it as it is to be. Resolves when it has been started. */
  async restartNode(from: PlanNode, node: PlanNode, plan: Plan): Promise<void> {
    this.#checkGoesOn()
    await this.#end(from.id, plan)
    this.#checkGoesOn()
    this.#enter(node, plan)
  }

  /** Ends a node for good; its files stay. */
  async stopNode(node: PlanNode, plan: Plan): Promise<void> {
    this.#checkGoesOn()
    await this.#end(node.id, plan)
    this.adopt(plan)
  }

  /** The nodes run by this plan from now on; conf files that it changes are written. */
  adopt(plan: Plan): void {
    this.#plan = plan
    for (const node of plan.nodes) {
      const run = this.#runs.get(node.id)
      if (run === undefined || run.node.confFile.text === node.confFile.text) continue
      run.node = node
      this.#tryFiles(() => writeNodeFiles(node, this.#options.dataDir))
    }
    this.#options.onPlan?.(plan)
    this.#tryFiles(() => writePlan(this.#options.dataDir, plan))
    this.#saveState()
  }

  /** Its conf file is made again what the plan says: brokers write into theirs. */
  rewriteConf({ id }: PlanNode): void {
    const node = this.#runs.get(id)?.node
    if (node !== undefined) this.#tryFiles(() => writeNodeFiles(node, this.#options.dataDir))
  }

  /** For a user who will not wait for {@link takeDown}: ends every node at once. */
  killAll(): void {
    for (const { process: ref } of this.#runs.values())
      if (ref !== undefined) this.#options.processes.signal(ref, 'SIGKILL')
  }

  handles(): readonly NodeHandle[] {
    return [...this.#runs.values()].map(({ node, phase }) => ({ id: node.id, address: nodeAddress(node), phase }))
  }

  states(): ReadonlyMap<string, NodeState> {
    return new Map([...this.#runs].map(([id, run]) => [id, stateOf(run)]))
  }

  #prepare(node: PlanNode): void {
    mkdirSync(node.dataDir, { recursive: true })
    writeNodeFiles(node, this.#options.dataDir)
  }

  #checkGoesOn(): void {
    if (this.#stopping) throw new Error('the cluster is being stopped')
  }

  #enter(node: PlanNode, plan: Plan): void {
    this.#prepare(node)
    const run = newRun(node)
    this.#runs.set(node.id, run)
    this.adopt(plan)
    this.#start(run)
    this.#saveState()
  }

  /** @param plan by which the others go on */
  async #end(id: string, plan: Plan): Promise<void> {
    const run = this.#runs.get(id)
    if (run === undefined) return
    run.timer?.cancel()
    const { processes, clock, onEvent } = this.#options
    const ref = run.process
    this.#setPhase(id, 'stopping')
    if (ref !== undefined && processes.isRunning(ref)) {
      await stopNode({ processes, clock }, id, ref, onEvent, stopSignalOf(run.node, plan))
    }
    run.phase = 'stopped'
    this.#runs.delete(id)
  }

  /** A process that is nobody's child tells nobody when it ends. */
  #adopt(id: string, ref: ProcessRef): void {
    const run = this.#runs.get(id)
    const { clock, processes } = this.#options
    if (run === undefined) return
    Object.assign(run, { phase: 'starting', process: ref, starts: 1, startedAtMs: clock.monotonic() })
    const look = () => {
      if (run.process !== ref || this.#stopping) return
      if (processes.isRunning(ref)) clock.after(adoptedLookMs, look)
      else this.#exited(run, { code: undefined, signal: undefined })
    }
    clock.after(adoptedLookMs, look)
    this.#pollHealth(run, run.starts)
  }

  #setPhase(id: string, phase: NodePhase): void {
    const run = this.#runs.get(id)
    if (run === undefined) return
    run.phase = phase
    this.#saveState()
  }

  #saveState(): void {
    const state: ClusterState = {
      version: 1,
      supervisor: this.#options.self,
      ready: this.#ready,
      nodes: [...this.#runs.values()].map(stateOf),
    }
    this.#tryFiles(() => writeState(this.#options.dataDir, state))
  }

  /** A full disk must not end the supervisor, whose nodes may well go on. The same trouble is reported once. */
  #tryFiles(write: () => void): void {
    try {
      write()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (this.#fileTroubles.has(message)) return
      this.#fileTroubles.add(message)
      this.#options.onEvent({ type: 'fileTrouble', message })
    }
  }

  /** Starts every waiting node whose dependencies have been healthy. */
  #startPossible(): void {
    for (const run of this.#runs.values()) {
      if (run.phase !== 'waiting') continue
      // What is not there any more is waited for no more.
      if (run.node.dependsOn.every((id) => this.#runs.get(id)?.wasHealthy ?? true)) this.#start(run)
    }
    this.#saveState()
  }

  #start(run: NodeRun): void {
    const { processes, dataDir, clock, onEvent } = this.#options
    const programs = this.#plan === undefined ? {} : programsFor(this.#plan, run.node.id)
    run.phase = 'starting'
    run.starts++
    run.startedAtMs = clock.monotonic()
    run.slowReportedMs = 0
    onEvent({ type: 'starting', nodeId: run.node.id })
    const start = run.starts
    run.process = processes.start(launchSpec(run.node, dataDir, programs), (exit) => {
      if (run.starts === start) this.#exited(run, exit)
    })
    this.#pollHealth(run, start)
  }

  #pollHealth(run: NodeRun, start: number): void {
    const current = () => run.starts === start && run.phase === 'starting' && !this.#stopping
    run.timer = this.#options.clock.after(healthPollMs, async () => {
      const missing = await whatIsMissing(this.#options.probe, run.node, this.#healthContext(run.node))
      if (!current()) return
      if (missing === undefined) this.#becameHealthy(run)
      else {
        this.#reportSlow(run, missing)
        this.#pollHealth(run, start)
      }
    })
  }

  #healthContext(node: PlanNode): HealthContext {
    const healthy = [...this.#runs.values()].filter((run) => run.phase === 'healthy').map((run) => run.node)
    // While NameServers are exchanged there may be some that it does not know yet.
    const known = settingsOf(node).get('namesrvAddr')?.split(';') ?? []
    const nameServers = healthy
      .filter((other) => other.kind === 'nameServer')
      .map(nodeAddress)
      .filter((address) => known.includes(address))
    if (node.kind !== 'broker' || node.role !== 'SLAVE') return { nameServers }
    const brokers = [...this.#runs.values()].flatMap(({ node: other }) => (other.kind === 'broker' ? [other] : []))
    const master = brokers.find((broker) => broker.group === node.group && isFixedMaster(broker))
    // A slave that restarts while its master is down does all it can: it serves reads.
    if (master === undefined || this.#runs.get(master.id)?.phase !== 'healthy') return { nameServers }
    const others = healthy.filter(
      (other) => other.kind === 'broker' && other.group === node.group && other.role === 'SLAVE',
    )
    return { nameServers, master: { address: nodeAddress(master), inSyncSlaves: others.length + 1 } }
  }

  #reportSlow(run: NodeRun, missing: string): void {
    run.trouble = missing
    const waitedMs = this.#options.clock.monotonic() - run.startedAtMs
    if (waitedMs - run.slowReportedMs < slowAfterMs) return
    run.slowReportedMs = waitedMs
    this.#options.onEvent({ type: 'slow', nodeId: run.node.id, waitedMs, missing })
    this.#saveState()
  }

  #becameHealthy(run: NodeRun): void {
    run.phase = 'healthy'
    run.wasHealthy = true
    run.healthyAtMs = this.#options.clock.monotonic()
    run.trouble = undefined
    const tookMs = Math.round(this.#options.clock.monotonic() - run.startedAtMs)
    this.#options.onEvent({ type: 'healthy', nodeId: run.node.id, tookMs })
    this.#startPossible()
    const all = [...this.#runs.values()]
    if (!this.#ready && all.every((other) => other.wasHealthy)) void this.#provision()
  }

  async #provision(): Promise<void> {
    const { probe, clock, onEvent } = this.#options
    const plan = this.#plan
    if (plan === undefined || this.#stopping) return
    try {
      await createTopicsAndGroups(probe, plan)
    } catch (error) {
      if (this.#stopping) return
      const retryInMs = restartDelayMs(1 + ++this.#provisionFailures)
      onEvent({ type: 'provisionFailed', message: error instanceof Error ? error.message : String(error), retryInMs })
      this.#provisionTimer = clock.after(retryInMs, () => void this.#provision())
      return
    }
    if (this.#stopping) return
    this.#ready = true
    this.#saveState()
    onEvent({ type: 'ready', tookMs: Math.round(clock.monotonic() - this.#startedAtMs) })
    this.#resolveReady?.()
  }

  #exited(run: NodeRun, exit: ProcessExit): void {
    run.process = undefined
    if (this.#stopping || run.phase === 'stopping' || run.phase === 'stopped') return
    const { clock, dataDir, onEvent } = this.#options
    run.timer?.cancel()
    const nowMs = clock.monotonic()
    const healthyMs = run.phase === 'healthy' ? nowMs - run.healthyAtMs : 0
    run.failures = failuresAfterExit(run.failures, nowMs - run.startedAtMs, healthyMs)
    const restartInMs = restartDelayMs(run.failures, run.phase === 'healthy')
    const words = lastWords(nodeLogFile(dataDir, run.node.id))
    run.phase = 'restarting'
    run.trouble = words ?? 'it left no word in its log'
    onEvent({ type: 'exited', nodeId: run.node.id, exit, lastWords: words, restartInMs, failures: run.failures })
    run.timer = clock.after(restartInMs, () => {
      this.#start(run)
      this.#saveState()
    })
    this.#saveState()
  }
}
