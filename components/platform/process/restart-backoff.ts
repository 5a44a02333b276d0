const firstDelayMs = 250
const restartDelayMsMax = 30_000
/** A node that ran this long is considered stable: its next exit is the first one again. */
export const stableAfterMs = 60_000

/** Exits in a row, without a stable run between them, after one more exit. */
export function failuresAfterExit(failures: number, ranMs: number): number {
  return ranMs >= stableAfterMs ? 1 : failures + 1
}

/** Wait before the next start after that many exits in a row: 250 ms, 500 ms, 1 s and so on up to 30 s. */
export function restartDelayMs(failures: number): number {
  const doublings = Math.min(Math.max(failures - 1, 0), 16)
  return Math.min(firstDelayMs * 2 ** doublings, restartDelayMsMax)
}
