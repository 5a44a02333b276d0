/** Samples kept, one a second: the longest average looks back ten minutes. */
const SAMPLES_MAX = 601
const SAMPLE_INTERVAL_MS = 1000
/** Seconds over which rates are given, as in Java. */
const RATE_SPANS = [10, 60, 600]

const DURATION_LIMITS_MS = [0, 10, 50, 100, 200, 500, 1000, 2000, 3000, 4000, 5000, 10_000]
const DURATION_NAMES = [
  '[<=0ms]',
  '[0~10ms]',
  '[10~50ms]',
  '[50~100ms]',
  '[100~200ms]',
  '[200~500ms]',
  '[500ms~1s]',
  '[1~2s]',
  '[2~3s]',
  '[3~4s]',
  '[4~5s]',
  '[5~10s]',
  '[10s~]',
]

/** Fields of one sample. */
const Field = { timeMs: 0, put: 1, found: 2, miss: 3, transferred: 4 } as const
const FIELD_COUNT = 5

/** Counters of the store and their rates, under the names of Java's `StoreStatsService`. */
export class StoreStatistics {
  putCount = 0
  putBytes = 0
  putFailedCount = 0
  getFoundCount = 0
  getMissCount = 0
  transferredCount = 0
  readonly #bootMs: number
  readonly #putDurations = new Float64Array(DURATION_NAMES.length)
  #putDurationMsMax = 0
  readonly #samples = new Float64Array(SAMPLES_MAX * FIELD_COUNT)
  #sampleCount = 0
  #sampledMs = Number.NEGATIVE_INFINITY

  constructor(nowMs: number) {
    this.#bootMs = nowMs
  }

  /** A batch of `count` messages was written; `durationMs` from its first append to the end of its commit. */
  noteBatch(count: number, bytes: number, durationMs: number): void {
    this.putCount += count
    this.putBytes += bytes
    let bucket = 0
    while (bucket < DURATION_LIMITS_MS.length && durationMs > DURATION_LIMITS_MS[bucket]!) bucket++
    this.#putDurations[bucket]! += count
    if (durationMs > this.#putDurationMsMax) this.#putDurationMsMax = durationMs
  }

  noteGet(count: number): void {
    if (count > 0) this.getFoundCount++
    else this.getMissCount++
    this.transferredCount += count
  }

  /** Called often; takes one sample a second. */
  tick(nowMs: number): void {
    if (nowMs < this.#sampledMs + SAMPLE_INTERVAL_MS && nowMs >= this.#sampledMs) return
    this.#sampledMs = nowMs
    const at = (this.#sampleCount % SAMPLES_MAX) * FIELD_COUNT
    this.#samples[at + Field.timeMs] = nowMs
    this.#samples[at + Field.put] = this.putCount
    this.#samples[at + Field.found] = this.getFoundCount
    this.#samples[at + Field.miss] = this.getMissCount
    this.#samples[at + Field.transferred] = this.transferredCount
    this.#sampleCount++
  }

  /** Per second over each span, separated by blanks; nothing for a span not yet lived through, as in Java. */
  #rates(fields: readonly number[]): string {
    return RATE_SPANS.map((span) => {
      if (this.#sampleCount <= span) return ''
      const last = this.#sample(this.#sampleCount - 1)
      const before = this.#sample(this.#sampleCount - 1 - span)
      let count = 0
      for (const field of fields) count += this.#samples[last + field]! - this.#samples[before + field]!
      const spanMs = this.#samples[last + Field.timeMs]! - this.#samples[before + Field.timeMs]!
      return javaDouble((count / spanMs) * 1000)
    }).join(' ')
  }

  #sample(index: number): number {
    return (index % SAMPLES_MAX) * FIELD_COUNT
  }

  #durationAt(share: number): number {
    let left = this.putCount * share
    for (let bucket = 0; bucket < DURATION_LIMITS_MS.length; bucket++) {
      left -= this.#putDurations[bucket]!
      if (left <= 0) return DURATION_LIMITS_MS[bucket]!
    }
    return this.#putDurationMsMax
  }

  runtimeInfo(nowMs: number): Map<string, string> {
    const putTimes = Math.max(this.putCount, 1)
    return new Map([
      ['bootTimestamp', String(this.#bootMs)],
      ['runtime', runtimeText(nowMs - this.#bootMs)],
      ['putMessageEntireTimeMax', String(Math.round(this.#putDurationMsMax))],
      ['putMessageTimesTotal', String(putTimes)],
      ['putMessageFailedTimes', String(this.putFailedCount)],
      ['putMessageSizeTotal', String(this.putBytes)],
      ['putMessageDistributeTime', DURATION_NAMES.map((name, i) => `${name}:${this.#putDurations[i]} `).join('')],
      ['putMessageAverageSize', javaDouble(this.putBytes / putTimes)],
      // Records wait in memory for their dispatch at most for one batch.
      ['dispatchMaxBuffer', '0'],
      ['getMessageEntireTimeMax', '0'],
      ['putTps', this.#rates([Field.put])],
      ['getFoundTps', this.#rates([Field.found])],
      ['getMissTps', this.#rates([Field.miss])],
      ['getTotalTps', this.#rates([Field.found, Field.miss])],
      ['getTransferredTps', this.#rates([Field.transferred])],
      ['putLatency99', this.#durationAt(0.99).toFixed(2)],
      ['putLatency999', this.#durationAt(0.999).toFixed(2)],
    ])
  }
}

/** Java prints a double with at least one decimal. */
export function javaDouble(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}

function runtimeText(ms: number): string {
  const days = Math.floor(ms / 86_400_000)
  const hours = Math.floor((ms % 86_400_000) / 3_600_000)
  const minutes = Math.floor((ms % 3_600_000) / 60_000)
  const seconds = Math.floor((ms % 60_000) / 1000)
  return `[ ${days} days, ${hours} hours, ${minutes} minutes, ${seconds} seconds ]`
}
