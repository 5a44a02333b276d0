import { cpuSeconds } from '../process-figures.ts'

/** What every load program prints on its last line, as JSON. */
export interface LoadResult {
  readonly seconds: number
  readonly messages: number
  readonly tps: number
  readonly averageMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were no success. */
  readonly refused: number
  readonly brokerCpuSeconds: number
  readonly ownCpuSeconds: number
}

interface Counts {
  readonly messages: number
  readonly refused: number
  readonly times: { averageMs: number; percentileMs(share: number): number }
}

/**
 * Lets `warmUpMs` pass, calls `begin`, and after `measuredMs` more (or when the returned function is called) prints what
 * happened in between and ends the process.
 */
export function measureWindow(options: {
  warmUpMs: number
  measuredMs: number
  brokerPid: string | undefined
  begin: () => void
  counts: () => Counts
}): () => void {
  let startedAt = performance.now()
  let brokerCpu = options.brokerPid === undefined ? 0 : cpuSeconds(options.brokerPid)
  let own = process.cpuUsage()
  const finish = (): void => {
    const seconds = (performance.now() - startedAt) / 1000
    const brokerCpuSeconds = options.brokerPid === undefined ? 0 : cpuSeconds(options.brokerPid) - brokerCpu
    const used = process.cpuUsage(own)
    const { messages, refused, times } = options.counts()
    const result: LoadResult = {
      seconds,
      messages,
      tps: messages / seconds,
      averageMs: times.averageMs,
      p50Ms: times.percentileMs(0.5),
      p99Ms: times.percentileMs(0.99),
      refused,
      brokerCpuSeconds,
      ownCpuSeconds: (used.user + used.system) / 1e6,
    }
    console.log(JSON.stringify(result))
    process.exit(0)
  }
  setTimeout(() => {
    options.begin()
    startedAt = performance.now()
    brokerCpu = options.brokerPid === undefined ? 0 : cpuSeconds(options.brokerPid)
    own = process.cpuUsage()
    setTimeout(finish, options.measuredMs)
  }, options.warmUpMs)
  return finish
}
