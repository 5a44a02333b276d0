import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterConfigInput } from '../../components/plan/schema/cluster-config.ts'
import type { Driver } from '../compat/driver.ts'
import { createTopic } from '../compat/remoting.ts'
import { SeededRandom } from '../sim/seeded-random.ts'
import { contentDifference, contentOf } from './broker-content.ts'
import { type Distribution, distributionOf, gapAfter } from './gaps.ts'
import type { Ledger } from './ledger.ts'
import { PROBE_TOPIC, type Recovery } from './recovery-watch.ts'
import { addressOf, StackCluster } from './stack-cluster.ts'
import { SteadyClients } from './steady-clients.ts'
import { type Content, isGood, judge, type Verdict } from './verdict.ts'

const TOPIC = 'Failover'
const QUEUES = 4
const QUIET_MS = 1_000
const CONSUMED_WITHIN_MS = 60_000
const EQUAL_TRIES = 40
const EQUAL_PAUSE_MS = 250
/** A gap that begins later than this after a disturbance has another cause. */
const GAP_WINDOW_MS = 10_000

/** Something that was done to the cluster. */
export interface Disturbance {
  readonly atMs: number
  readonly what: string
  /** The group lost its master, while everything else was in order: what is measured. */
  readonly isMeasured: boolean
  readonly recovery: Recovery | undefined
}

export interface TrialSettings {
  readonly name: string
  readonly stack: 'controller-embedded' | 'controller-standalone'
  readonly groups: number
  /** How often clients look at routes; left out: as they do by themselves. */
  readonly pollMs?: number
  readonly everyMs: number
  readonly timeoutMs?: number
  /** Laid over what the stack says. */
  readonly config?: Partial<ClusterConfigInput>
  /** Of another system, whose replicas may stay behind: so many have to be in sync. Left out: all, and they have to be equal. */
  readonly inSync?: number
  readonly disturb: (trial: Trial) => Promise<void>
}

export interface TrialResult {
  readonly name: string
  readonly disturbances: readonly Disturbance[]
  readonly ledger: Ledger
  readonly verdict: Verdict
  /** Between replicas of a group at the end. */
  readonly differences: readonly string[]
  readonly gaps: Distribution
  readonly writable: Distribution
  readonly routed: Distribution
}

/** One cluster under load, to which something happens. */
export class Trial {
  readonly settings: TrialSettings
  readonly cluster: StackCluster
  readonly clients: SteadyClients
  readonly random: SeededRandom
  readonly disturbances: Disturbance[] = []
  readonly say: (text: string) => void

  private constructor(
    settings: TrialSettings,
    cluster: StackCluster,
    clients: SteadyClients,
    seed: number,
    say: (text: string) => void,
  ) {
    this.settings = settings
    this.cluster = cluster
    this.clients = clients
    this.random = new SeededRandom(seed)
    this.say = say
  }

  static async run(
    settings: TrialSettings,
    driver: Driver,
    baseDir: string,
    seed: number,
    say: (text: string) => void,
  ): Promise<TrialResult> {
    const dir = join(baseDir, settings.name.replaceAll(/\W+/g, '-'))
    mkdirSync(dir, { recursive: true })
    const { stack, groups, everyMs, pollMs, timeoutMs, config, inSync } = settings
    const cluster = await StackCluster.start({
      stack,
      dir,
      groups,
      config: config ?? {},
      ...(inSync === undefined ? {} : { inSync }),
    })
    await cluster.awaitWhole()
    for (const group of cluster.groups) {
      const master = (await cluster.masterOf(group))!
      await createTopic(master, TOPIC, QUEUES)
      await createTopic(master, PROBE_TOPIC, 1)
    }
    const clients = await SteadyClients.start({
      driver,
      dir,
      namesrvAddr: cluster.namesrvAddr,
      topic: TOPIC,
      everyMs,
      ...(pollMs === undefined ? {} : { pollMs }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    const trial = new Trial(settings, cluster, clients, seed, say)
    try {
      await trial.pause(QUIET_MS)
      await settings.disturb(trial)
      const result = await trial.#end()
      await cluster.stop()
      return result
    } finally {
      // Whatever happened: clients of this trial must not speak to the cluster of the next, which may have its ports.
      await clients.abandon()
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }

  /** Any whole number from `low` on, below `high`. */
  between(low: number, high: number): number {
    return low + this.random.below(high - low)
  }

  async #end(): Promise<TrialResult> {
    await this.cluster.awaitWhole()
    await this.pause(QUIET_MS)
    await this.clients.stop(CONSUMED_WITHIN_MS)
    const ledger = this.clients.ledger()
    const content: Content = new Map(
      (await Promise.all(this.cluster.groups.map((group) => this.#content(group)))).flat(),
    )
    const times = this.disturbances.map(({ atMs }) => atMs)
    const verdict = judge(ledger, content, this.clients.deliveries(), times)
    const measured = this.disturbances.filter(({ isMeasured }) => isMeasured)
    const recoveries = measured.flatMap(({ recovery }) => recovery ?? [])
    return {
      name: this.settings.name,
      disturbances: this.disturbances,
      ledger,
      verdict,
      differences: this.settings.inSync === undefined ? await this.#differences(content) : [],
      gaps: distributionOf(measured.map(({ atMs }) => gapAfter(ledger.acked, atMs, windowOf(atMs, times)))),
      writable: distributionOf(recoveries.map(({ writableMs }) => writableMs ?? Number.POSITIVE_INFINITY)),
      routed: distributionOf(recoveries.map(({ routedMs }) => routedMs ?? Number.POSITIVE_INFINITY)),
    }
  }

  async #content(group: string): Promise<[string, readonly string[]][]> {
    const master = (await this.cluster.masterOf(group))!
    return [...(await contentOf(this.cluster.client, master, group, TOPIC, QUEUES))]
  }

  /** Replicas hold what their master holds; one that has just got it needs a moment to show it. */
  async #differences(content: Content): Promise<string[]> {
    const found: string[] = []
    for (const node of this.cluster.brokers) {
      const expected = new Map([...content].filter(([queue]) => queue.startsWith(`${node.group}/`)))
      let difference: string | undefined
      for (let tries = 0; tries < EQUAL_TRIES; tries++) {
        const held = await contentOf(this.cluster.client, addressOf(node), node.group, TOPIC, QUEUES)
        difference = contentDifference(expected, held)
        if (difference === undefined) break
        await this.pause(EQUAL_PAUSE_MS)
      }
      if (difference !== undefined) found.push(`${node.id}: ${difference}`)
    }
    return found
  }
}

/** A gap that begins after the next disturbance is that one's. */
function windowOf(atMs: number, times: readonly number[]): number {
  const nextMs = Math.min(...times.filter((ms) => ms > atMs))
  return Math.min(GAP_WINDOW_MS, nextMs - atMs)
}

/** What a result must be, whatever was done: nothing acknowledged is lost, moved or out of order. */
export function faultsOf({ ledger, verdict, differences }: TrialResult): string[] {
  const faults = [...differences]
  if (ledger.acked.length === 0) faults.push('nothing was acknowledged')
  if (isGood(verdict)) return faults
  const { lost, moved, disordered, doubled, consumed } = verdict
  for (const [what, list] of Object.entries({ lost, moved, disordered, doubled, consumed })) {
    if (list.length > 0) faults.push(`${what}: ${list.length}, first ${list.slice(0, 3).join('; ')}`)
  }
  return faults
}
