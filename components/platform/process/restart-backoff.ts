const firstDelayMs = 250
const restartDelayMsMax = 30_000
/** Of a node that was healthy: others may wait for it, as a group does for the only replica in sync. */
const healthyDelayMsMax = 1_000
/** A node that ran this long is considered stable: its next exit is the first one again. */
export const stableAfterMs = 10_000
/** So is one that has been healthy for this long: what it needs to run is there, and something from outside ended it. */
export const stableHealthyAfterMs = 1_000

/** Exits in a row, without a stable run between them, after one more exit. `healthyMs`: 0 for one that never was. */
export function failuresAfterExit(failures: number, ranMs: number, healthyMs: number): number {
  return ranMs >= stableAfterMs || healthyMs >= stableHealthyAfterMs ? 1 : failures + 1
}

/**
 * Wait before the next start after that many exits in a row: none after the first, so that who was killed is back as soon as
 * it can be, then 250 ms, 500 ms, 1 s and so on up to 30 s; for a node that `wasHealthy` when it ended, up to 1 s: what it
 * needs to run is there.
 */
export function restartDelayMs(failures: number, wasHealthy = false): number {
  if (failures <= 1) return 0
  const doublings = Math.min(failures - 2, 16)
  return Math.min(firstDelayMs * 2 ** doublings, wasHealthy ? healthyDelayMsMax : restartDelayMsMax)
}
