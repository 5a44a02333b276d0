import { type FigureName, median, type Result } from './figures.ts'

/** A target that was looked at: what came out, and whether that is enough. */
export interface Verdict {
  readonly cell: string
  readonly figure: FigureName
  readonly target: string
  /** Undefined when the run did not have the cells for it. */
  readonly isMet: boolean | undefined
  readonly value: string
}

type Judge = (results: readonly Result[]) => Omit<Verdict, 'cell' | 'figure' | 'target'>
interface Target {
  readonly cell: string
  readonly figure: FigureName
  readonly target: string
  readonly judge: Judge
}

const UNKNOWN = { isMet: undefined, value: 'not measured' }

/** Our figure divided by Apache's. */
export function ratioOf(results: readonly Result[], cell: string, figure: FigureName): number | undefined {
  const ours = median(results, cell, 'gantry', figure)
  const theirs = median(results, cell, 'apache', figure)
  return ours === undefined || theirs === undefined ? undefined : ours / theirs
}

function atLeast(cell: string, figure: FigureName, factor: number): Target {
  const judge: Judge = (results) => {
    const ratio = ratioOf(results, cell, figure)
    return ratio === undefined ? UNKNOWN : { isMet: ratio >= factor, value: `${ratio.toFixed(2)} x` }
  }
  return { cell, figure, target: `at least ${factor} x Apache`, judge }
}

function atMost(cell: string, figure: FigureName, factor: number, target: string): Target {
  const judge: Judge = (results) => {
    const ratio = ratioOf(results, cell, figure)
    return ratio === undefined ? UNKNOWN : { isMet: ratio <= factor, value: `${ratio.toFixed(2)} x` }
  }
  return { cell, figure, target, judge }
}

function below(cell: string, figure: FigureName, limit: number): Target {
  const judge: Judge = (results) => {
    const ours = median(results, cell, 'gantry', figure)
    return ours === undefined ? UNKNOWN : { isMet: ours <= limit, value: ours.toFixed(limit < 10 ? 2 : 0) }
  }
  return { cell, figure, target: `at most ${limit}`, judge }
}

/** How far our figure in `cell` falls behind that in `base`: at most `percent`. */
function losesAtMost(cell: string, base: string, figure: FigureName, percent: number, target: string): Target {
  const judge: Judge = (results) => {
    const reference = median(results, base, 'gantry', figure)
    const ours = median(results, cell, 'gantry', figure)
    if (reference === undefined || ours === undefined) return UNKNOWN
    const lost = 100 * (1 - ours / reference)
    return { isMet: lost <= percent, value: `${lost.toFixed(1)} %` }
  }
  return { cell, figure, target, judge }
}

/** How much more a message costs in `cell` than in `base`. */
function costsAtMost(cell: string, base: string, percent: number): Target {
  const judge: Judge = (results) => {
    const reference = median(results, base, 'gantry', 'perCpuSecond')
    const ours = median(results, cell, 'gantry', 'perCpuSecond')
    if (reference === undefined || ours === undefined) return UNKNOWN
    const growth = 100 * (reference / ours - 1)
    return { isMet: growth < percent, value: `${growth.toFixed(1)} %` }
  }
  return { cell, figure: 'perCpuSecond', target: `less than ${percent} % dearer than with 8`, judge }
}

/** Recovery of a store eight times the size may not take anything like eight times as long. */
const recoveryTarget: Target = {
  cell: 'recovery-2g',
  figure: 'durationMs',
  target: 'at most 1.5 x as long as 256 MiB',
  judge: (results) => {
    const small = median(results, 'recovery-256m', 'gantry', 'durationMs')
    const large = median(results, 'recovery-2g', 'gantry', 'durationMs')
    if (small === undefined || large === undefined) return UNKNOWN
    return { isMet: large <= 1.5 * small, value: `${(large / small).toFixed(2)} x` }
  },
}

/** Of the timer wheel's file: memory for timers may be 50 MiB beyond it. */
const WHEEL_MIB = 36.9

const TIMED = [
  ...['produce-128', 'produce-1024', 'produce-4096', 'produce-65536', 'produce-sync-flush-1024'],
  ...['produce-async-master-slave-1024', 'produce-sync-master-slave-1024'],
  ...['consume-hot', 'consume-cold', 'produce-consume-1024', 'latency-200'],
]

const UNDER_LOAD = [...TIMED, 'official-produce-1024', 'official-produce-consume-1024', 'queues-10000', 'queues-50000']

const TARGETS: readonly Target[] = [
  atLeast('produce-128', 'perCpuSecond', 3),
  atLeast('produce-1024', 'perCpuSecond', 3),
  atLeast('produce-4096', 'perCpuSecond', 1.5),
  atLeast('produce-65536', 'perCpuSecond', 1),
  atLeast('official-produce-1024', 'perCpuSecond', 2),
  atLeast('produce-1024', 'tps', 2),
  ...['official-produce-1024', 'official-produce-consume-1024'].map((cell) => atLeast(cell, 'tps', 1)),
  ...TIMED.map((cell) => atMost(cell, 'p99Ms', 1, 'no higher than Apache')),
  atLeast('transactions-64', 'perCpuSecond', 3),
  atLeast('filtered-consume', 'perCpuSecond', 2),
  atLeast('pop-ack', 'perCpuSecond', 2),
  ...['grpc-send-16', 'grpc-send-64', 'grpc-receive-ack'].flatMap((cell) => {
    return [atLeast(cell, 'tps', 2), atLeast(cell, 'perCpuSecond', 2)]
  }),
  below('timers-pending', 'rssAnonMiB', 50 + WHEEL_MIB),
  below('timers-deliver', 'p99Ms', 50),
  atMost('latency-200', 'p50Ms', 1, 'no higher than Apache'),
  losesAtMost(
    'produce-sync-master-slave-1024',
    'produce-async-master-slave-1024',
    'tps',
    10,
    'at most 10 % below ASYNC_MASTER',
  ),
  losesAtMost('produce-3-replicas-1024', 'produce-1-replica-1024', 'tps', 25, 'at most 25 % below a single replica'),
  below('failover-kill', 'gapP50Ms', 350),
  below('failover-kill', 'gapP99Ms', 700),
  below('failover-kill', 'writableP99Ms', 300),
  below('failover-kill-default-polling', 'gapP99Ms', 1_000),
  below('failover-hand-over', 'gapMaxMs', 200),
  below('failover-hand-over', 'failedSends', 0),
  below('failover-silent', 'gapMaxMs', 4_000),
  ...UNDER_LOAD.map((cell) => below(cell, 'rssAnonMiB', 250)),
  below('idle-memory', 'rssMiB', 100),
  below('idle-memory', 'namesrvRssMiB', 80),
  below('controller-idle-memory', 'rssMiB', 80),
  below('controller-10000-groups', 'rssMiB', 80),
  below('controller-10000-groups', 'cores', 1),
  below('plan-300-brokers', 'durationMs', 1000),
  below('preview-aws-prod', 'durationMs', 5000),
  atMost('start-up', 'durationMs', 0.2, 'at most 0.2 x Apache'),
  costsAtMost('queues-10000', 'queues-8', 10),
  recoveryTarget,
]

export function judgeAll(results: readonly Result[]): Verdict[] {
  return TARGETS.map(({ cell, figure, target, judge }) => ({ cell, figure, target, ...judge(results) }))
}
