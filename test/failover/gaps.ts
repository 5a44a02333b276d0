import type { Acked } from './ledger.ts'

/** How a set of times is spread, ms. */
export interface Distribution {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export function distributionOf(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b)
  // The smallest value that so large a share is not above.
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

export function distributionText({ count, p50, p99, max }: Distribution): string {
  if (count === 0) return 'none'
  return `p50 ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms, max ${Math.round(max)} ms (${count})`
}

/**
 * The longest time without an acknowledgement that a disturbance caused: between two acknowledgements in a row, the later
 * of them within `windowMs` after it.
 */
export function gapAfter(acked: readonly Acked[], disturbedMs: number, windowMs: number): number {
  let longest = 0
  for (let i = 1; i < acked.length; i++) {
    const start = acked[i - 1]!.endMs
    const end = acked[i]!.endMs
    if (end <= disturbedMs || start > disturbedMs + windowMs) continue
    longest = Math.max(longest, end - start)
  }
  return longest
}
