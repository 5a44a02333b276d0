import { rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { type Cluster, layOutCluster } from '../compat/cluster.ts'
import type { Engine } from '../compat/server.ts'
import type { Failure, Figures, Result } from './figures.ts'
import { NoiseWatch } from './process-figures.ts'

export interface Settings {
  readonly smoke: boolean
  readonly rounds: number
  /** Measured seconds of a load cell. */
  readonly seconds: number
  readonly wanted: (cell: string) => boolean
}

/** Cells that share running brokers. */
export interface CellGroup {
  /** Name and what is measured. */
  readonly cells: Readonly<Record<string, string>>
  readonly run: (bench: Bench) => Promise<void>
}

type Contenders = ReadonlyMap<Engine, Cluster>

export const BOTH: readonly Engine[] = ['gantry', 'apache']

/** A cell may write this much before anybody looks at the disk again. */
const FREE_BYTES_MIN = 12 * 1024 ** 3
/** Of the answers; more, and the figure is no figure. */
const REFUSED_SHARE_MAX = 0.01

/** Runs cells, one at a time, and keeps what they gave. */
export class Bench {
  readonly settings: Settings
  readonly dir: string
  readonly results: Result[] = []
  readonly failures: Failure[] = []
  #laidOut = 0

  constructor(settings: Settings, dir: string) {
    this.settings = settings
    this.dir = dir
  }

  /** Runs `run` once per wanted round and engine, in turn (A B A B), on brokers that are up. */
  async rounds(
    cell: string,
    contenders: Contenders,
    run: (cluster: Cluster, engine: Engine) => Promise<Figures>,
  ): Promise<void> {
    if (!this.settings.wanted(cell)) return
    for (let round = 1; round <= this.settings.rounds; round++) {
      for (const [engine, cluster] of contenders) await this.measure(cell, engine, round, () => run(cluster, engine))
    }
  }

  /** One measurement. A failure is kept and told, not thrown: the other cells go on. */
  async measure(cell: string, engine: Engine, round: number, run: () => Promise<Figures>): Promise<void> {
    if (!this.settings.wanted(cell)) return
    try {
      this.#checkDisk()
      const watch = new NoiseWatch()
      const figures = await run()
      const noise = watch.end()
      checkSanity(figures)
      this.results.push({ cell, engine, round, figures, noise })
      tell(`${cell} ${engine} ${round}: ${shortText(figures)} (machine ${Math.round(noise.busyPercent)} % busy)`)
    } catch (error) {
      this.fail(cell, engine, round, error)
    }
  }

  fail(cell: string, engine: Engine, round: number, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    this.failures.push({ cell, engine, round, why })
    tell(`${cell} ${engine} ${round}: FAILED: ${why}`)
  }

  /** One cluster per engine, started; stopped and removed when `use` is done. */
  async withClusters(
    what: string,
    engines: readonly Engine[],
    options: {
      withSlave?: boolean
      conf?: Partial<Record<Engine, Record<string, string | number>>>
      /** What is left to say about a cluster before it starts. */
      prepare?: (cluster: Cluster) => Promise<void>
    },
    use: (contenders: Contenders) => Promise<void>,
  ): Promise<void> {
    const contenders = new Map<Engine, Cluster>()
    try {
      for (const engine of engines) {
        const cluster = await this.layOut(engine, options.withSlave === true, options.conf?.[engine] ?? {})
        await options.prepare?.(cluster)
        tell(`starting ${what} of ${engine}`)
        contenders.set(engine, cluster)
        await cluster.start()
      }
      await use(contenders)
    } finally {
      for (const cluster of contenders.values()) await this.remove(cluster)
    }
  }

  async layOut(engine: Engine, withSlave: boolean, conf: Record<string, string | number>): Promise<Cluster> {
    const brokers = [{ group: 'broker-a', id: 0, engine }]
    if (withSlave) brokers.push({ group: 'broker-a', id: 1, engine })
    const cluster = await layOutCluster({
      name: `${++this.#laidOut}-${engine}`,
      dir: this.dir,
      namesrvEngine: engine,
      brokers,
      conf: { ...BROKER_CONF, ...conf },
      env: { RMQ_HEAP: '1g', RMQ_GC: '-XX:+UseG1GC', RMQ_JVM: '' },
    })
    return cluster
  }

  /** Stops a cluster and removes its folder. What goes wrong then is told: the figures are there already. */
  async remove(cluster: Cluster): Promise<void> {
    // Stores go as well, so nothing is to be saved, and Java takes seconds to stop in good order; our servers write
    // their profile then.
    for (const server of [...cluster.brokers, cluster.namesrv]) {
      try {
        await server.stop(server.engine === 'apache' ? 'SIGKILL' : 'SIGTERM')
      } catch (error) {
        tell(String(error))
      }
    }
    rmSync(join(this.dir, cluster.name), { recursive: true, force: true })
  }

  #checkDisk(): void {
    const { bavail, bsize } = statfsSync(this.dir)
    if (bavail * bsize >= FREE_BYTES_MIN) return
    throw new Error(`${Math.round((bavail * bsize) / 2 ** 30)} GiB free at ${this.dir}: the benchmark needs 12`)
  }
}

/** The same keys for both engines; what is not here stands at its default. */
const BROKER_CONF = {
  mappedFileSizeCommitLog: 1024 * 1024 * 1024,
  mappedFileSizeConsumeQueue: 300_000 * 20,
  flushConsumerOffsetInterval: 5000,
  messageDelayLevel: '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
} as const

function checkSanity(figures: Figures): void {
  const main = figures.tps ?? figures.durationMs ?? figures.gapP50Ms ?? figures.rssMiB
  if (main === undefined || !Number.isFinite(main) || main <= 0) throw new Error(`no figure: ${shortText(figures)}`)
  if ((figures.refused ?? 0) > REFUSED_SHARE_MAX) {
    throw new Error(`${((figures.refused ?? 0) * 100).toFixed(1)} % of the requests were refused`)
  }
}

function shortText(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))}`)
    .join(', ')
}

/** Progress, on stderr: stdout is for the table. */
export function tell(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
}
