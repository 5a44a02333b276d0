import type { Engine } from '../compat/server.ts'
import type { Noise } from './process-figures.ts'

/** Every figure a cell may report, in the order of the table, with its unit and which way is better. */
export const FIGURES = {
  tps: { label: 'messages/s', better: 'more' },
  consumedTps: { label: 'consumed messages/s', better: 'more' },
  perCpuSecond: { label: 'messages per broker CPU-second', better: 'more' },
  averageMs: { label: 'average ms', better: 'less' },
  p50Ms: { label: 'p50 ms', better: 'less' },
  p99Ms: { label: 'p99 ms', better: 'less' },
  durationMs: { label: 'ms', better: 'less' },
  rssMiB: { label: 'RSS MiB', better: 'less' },
  rssAnonMiB: { label: 'RssAnon MiB', better: 'less' },
  namesrvRssMiB: { label: 'NameServer RSS MiB', better: 'less' },
  loadCores: { label: 'CPU cores of the load generator', better: 'less' },
  cores: { label: 'CPU cores', better: 'less' },
  storeMiB: { label: 'store MiB', better: 'more' },
  gapP50Ms: { label: 'longest gap p50 ms', better: 'less' },
  gapP99Ms: { label: 'longest gap p99 ms', better: 'less' },
  gapMaxMs: { label: 'longest gap max ms', better: 'less' },
  writableP50Ms: { label: 'until a new master takes messages p50 ms', better: 'less' },
  writableP99Ms: { label: 'until a new master takes messages p99 ms', better: 'less' },
  routedP50Ms: { label: 'until every NameServer routes to it p50 ms', better: 'less' },
  routedP99Ms: { label: 'until every NameServer routes to it p99 ms', better: 'less' },
  failedSends: { label: 'failed sends each time', better: 'less' },
  lostMessages: { label: 'acknowledged messages lost', better: 'less' },
  refused: { label: 'refused', better: 'less' },
} as const

export type FigureName = keyof typeof FIGURES
export type Figures = { readonly [K in FigureName]?: number }

/** One measurement: a cell, once, on one engine. */
export interface Result {
  readonly cell: string
  readonly engine: Engine
  readonly round: number
  readonly figures: Figures
  readonly noise: Noise
}

/** A cell that gave no figure, and why. */
export interface Failure {
  readonly cell: string
  readonly engine: Engine
  readonly round: number
  readonly why: string
}

/** The median over the rounds; undefined when no round gave the figure. */
export function median(
  results: readonly Result[],
  cell: string,
  engine: Engine,
  figure: FigureName,
): number | undefined {
  const values = results
    .filter((result) => result.cell === cell && result.engine === engine)
    .map((result) => result.figures[figure])
    .filter((value) => value !== undefined)
    .sort((a, b) => a - b)
  if (values.length === 0) return undefined
  const middle = values.length >> 1
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1]! + values[middle]!) / 2
}
