import { compareLogs, idsIn } from '../checks/store-contents.ts'
import { Faults } from '../faults/faults.ts'
import { rolloutCluster } from '../rollouts/rollout-cluster.ts'
import type { Rollouts } from '../rollouts/rollouts.ts'
import { World } from '../world/world.ts'
import { Cluster, TOPIC } from './cluster.ts'
import { type ScenarioName, shapeOf } from './shape.ts'

/** Of one seed, unless told otherwise. */
export const FAULTS_MS = 7_000
/** Within this after the last fault the cluster serves again, and all replicas and consumers have everything. */
export const CALM_MS = 20_000
/** A rollout that was begun has many steps yet, each of which waits. */
const ROLLOUT_CALM_MS = 120_000
/** Sends go on for so long into the calm. */
const SENDS_MS = 2_500

/** What came of one seed. */
export interface LifeResult {
  readonly digest: string
  readonly events: number
  readonly acked: number
  readonly delivered: number
  readonly faults: ReadonlyMap<string, number>
}

/** A life of a cluster that broke a promise. */
export class BrokenPromise extends Error {
  readonly story: readonly string[]

  constructor(message: string, story: readonly string[], cause: unknown) {
    super(message, { cause })
    this.story = story
  }
}

/** One seeded life of a cluster: it starts, faults come while clients work, faults end, it comes to rest. */
export class ClusterLife {
  readonly world: World
  readonly cluster: Cluster
  readonly #faults: Faults
  readonly #faultsMs: number
  readonly #rollouts: Rollouts | undefined
  readonly #storyLines: number

  constructor(scenario: ScenarioName, seed: number, faultsMs = FAULTS_MS, storyLines = 2000) {
    this.#storyLines = storyLines
    this.world = new World(seed, storyLines)
    const shape = shapeOf(scenario, this.world)
    if (scenario === 'rollout-classic' || scenario === 'rollout-controller') {
      const { cluster, rollouts } = rolloutCluster(this.world, shape)
      this.cluster = cluster
      this.#rollouts = rollouts
    } else this.cluster = new Cluster(this.world, shape)
    this.#faults = new Faults(this.cluster)
    this.#faultsMs = faultsMs
  }

  /** @throws BrokenPromise */
  async run(): Promise<LifeResult> {
    const { world, cluster } = this
    try {
      cluster.start()
      const isChanging = () => this.#rollouts?.missing !== undefined
      cluster.producer.start(
        () => world.nowMs >= this.#faultsMs + SENDS_MS && !isChanging() && this.#unserved === undefined,
      )
      cluster.transactional?.start(() => world.nowMs >= this.#faultsMs + SENDS_MS)
      cluster.popper?.start()
      this.#rollouts?.begin(this.#faultsMs)
      this.#faults.begin()
      await world.run(this.#faultsMs)
      this.#faults.end()
      if (cluster.popper !== undefined) cluster.popper.isDiligent = true
      await world.run(this.#faultsMs + SENDS_MS)
      await this.#comeToRest()
    } catch (error) {
      const { isSyncFlush, scenario } = cluster.shape
      const flush = isSyncFlush ? 'SYNC_FLUSH' : 'ASYNC_FLUSH'
      const message = `seed ${world.seed} of ${scenario} (${flush}) at ${Math.round(world.nowMs)} ms: ${(error as Error).message}`
      throw new BrokenPromise(message, world.trace.last(this.#storyLines), error)
    }
    const { trace } = world
    const { ackedCount: acked, deliveredCount: delivered } = cluster.ledger
    return { digest: trace.digest, events: trace.eventCount, acked, delivered, faults: this.#faults.counts }
  }

  async #comeToRest(): Promise<void> {
    const { world, cluster } = this
    let missing: string | undefined = 'nothing was looked at'
    const isAtRest = (): boolean => {
      missing = this.#missing()
      return missing === undefined
    }
    const calmMs = this.#rollouts === undefined ? CALM_MS : ROLLOUT_CALM_MS
    const left = this.#faultsMs + calmMs - world.nowMs
    if (!(await world.until(left, isAtRest, 250))) throw new Error(`${calmMs} ms after the last fault: ${missing}`)
    for (const name of cluster.groupNames) this.#checkStores(name)
  }

  /** A group that has acknowledged nothing since the last fault. */
  get #unserved(): string | undefined {
    const { lastAckedMs } = this.cluster.producer
    return this.cluster.groupNames.find((name) => (lastAckedMs.get(name) ?? -1) < this.#faultsMs)
  }

  /** What is not as it should be at rest. */
  #missing(): string | undefined {
    const { cluster } = this
    const toChange = this.#rollouts?.missing
    if (toChange !== undefined) return toChange
    const unserved = this.#unserved
    if (unserved !== undefined) {
      const lastMs = cluster.producer.lastAckedMs.get(unserved)
      return `no message is acknowledged by ${unserved}, the last one was at ${lastMs} ms`
    }
    for (const name of cluster.groupNames) {
      const problem = this.#missingIn(name)
      if (problem !== undefined) return problem
    }
    const undelivered = cluster.ledger.undelivered()
    if (undelivered !== undefined) return `${undelivered} is not delivered`
    const unpopped = cluster.popper === undefined ? undefined : cluster.pops.problem(cluster.ledger)
    return unpopped ?? cluster.transactions.problem()
  }

  #missingIn(name: string): string | undefined {
    const { cluster } = this
    const master = cluster.masterOf(name)
    if (master === undefined) return `${name} has no master`
    const { writtenOffset, confirmOffset } = master.broker!.store
    for (const { broker, machine } of cluster.groupOf(name)) {
      if (broker === undefined) return `${machine.name} is down`
      if (broker.store.writtenOffset !== writtenOffset) {
        return `the log of ${machine.name} ends at ${broker.store.writtenOffset}, that of the master at ${writtenOffset}`
      }
      if (broker.store.confirmOffset !== writtenOffset) {
        return `${machine.name} confirms up to ${broker.store.confirmOffset} of ${writtenOffset}, the master ${confirmOffset}`
      }
    }
    for (const node of cluster.groupOf(name)) {
      const problem = cluster.topics.problem(node)
      if (problem !== undefined) return problem
    }
    const set = master.broker!.syncStateSet
    if (set !== undefined && set.size !== cluster.groupOf(name).length)
      return `the SyncStateSet of ${name} is {${[...set]}}`
    return undefined
  }

  #checkStores(name: string): void {
    const { cluster } = this
    const { ledger } = cluster
    const master = cluster.masterOf(name)!
    for (const { broker, machine } of cluster.groupOf(name)) {
      compareLogs(master.broker!.store, broker!.store, `${master.machine.name} and ${machine.name}`)
      for (const { group, queueId } of [...ledger.queues()]) {
        if (group !== name) continue
        const ids = idsIn(broker!.store, TOPIC, queueId, ledger.sentCount, machine.name)
        ledger.compare(group, queueId, ids, machine.name)
      }
    }
  }
}
