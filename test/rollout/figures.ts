import type { Acked, Delivery, Ledger } from '../failover/ledger.ts'

/** What clients saw of one change. */
export interface Figures {
  /** Of the time that counts: sends that were acknowledged, and sends that ended with an error although the client had tried again. */
  readonly sent: number
  readonly failed: number
  /** Keys of messages that were acknowledged and never came to the consumer. */
  readonly lost: readonly string[]
  /** Messages that a consumer got, or a queue holds, more than once. */
  readonly duplicated: number
  /** Longest time between two acknowledgements in a row, ms. */
  readonly sendGapMs: number
  /** Longest time in which the consumer got nothing although something had been acknowledged, ms. */
  readonly consumerStallMs: number
}

/** @param fromMs from when on gaps count, ms since 1970; what comes before is the clients' own start */
export function figuresOf(ledger: Ledger, deliveries: readonly Delivery[], fromMs: number, toMs: number): Figures {
  const got = new Set(deliveries.map(({ key }) => key))
  const counts = (ms: number) => ms >= fromMs && ms <= toMs
  return {
    sent: ledger.acked.filter(({ startMs }) => counts(startMs)).length,
    failed: ledger.failed.filter(({ startMs }) => counts(startMs)).length,
    lost: ledger.acked
      .filter(({ key }) => !got.has(key))
      .map(({ key, queue, offset, status }) => `${key} (${queue} ${offset}, ${status})`),
    duplicated: deliveries.length - got.size,
    sendGapMs: longestGap(
      ledger.acked.map(({ endMs }) => endMs),
      fromMs,
      toMs,
    ),
    consumerStallMs: longestStall(ledger.acked, deliveries, fromMs, toMs),
  }
}

function longestGap(times: readonly number[], fromMs: number, toMs: number): number {
  const sorted = times.filter((ms) => ms >= fromMs && ms <= toMs).sort((a, b) => a - b)
  const all = [fromMs, ...sorted, toMs]
  return Math.max(...all.slice(1).map((ms, index) => ms - all[index]!))
}

/** The longest time that a message waited, from its acknowledgement until the consumer had it. */
function longestStall(acked: readonly Acked[], deliveries: readonly Delivery[], fromMs: number, toMs: number): number {
  const first = new Map<string, number>()
  for (const { key, atMs } of deliveries) first.set(key, Math.min(first.get(key) ?? Number.POSITIVE_INFINITY, atMs))
  let longest = 0
  for (const { key, endMs } of acked) {
    const atMs = first.get(key)
    if (atMs === undefined || endMs < fromMs || endMs > toMs) continue
    longest = Math.max(longest, atMs - endMs)
  }
  return longest
}

export interface Row extends Figures {
  readonly change: string
  /** How long the change took, ms. */
  readonly tookMs: number
  readonly faults: readonly string[]
}

/** As the documentation has it. */
export function tableOf(rows: readonly Row[]): string {
  const head = ['change', 'took', 'sent', 'failed', 'lost', 'duplicated', 'longest send gap', 'longest consumer stall']
  const lines = rows.map((row) => [
    row.change,
    `${(row.tookMs / 1000).toFixed(1)} s`,
    ...[row.sent, row.failed, row.lost.length, row.duplicated].map(String),
    `${Math.round(row.sendGapMs)} ms`,
    `${Math.round(row.consumerStallMs)} ms`,
  ])
  const text = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [text(head), text(head.map(() => '---')), ...lines.map(text)].join('\n')
}
