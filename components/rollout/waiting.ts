import type { LiveCluster } from './live-cluster.ts'

/** What a rollout waits for has not come to pass in time: it stops there, and nothing else is touched. */
export class RolloutWaitError extends Error {
  override readonly name = 'RolloutWaitError'
}

/** Between two looks. */
const pollMs = 100

/**
 * Looks until nothing is missing any more. A look that fails is one at which something is missing: nodes come and go while a
 * cluster changes.
 * @param what is waited for, for the error: `broker-a-1 is in sync`
 * @param missing tells what is missing, in words
 * @throws RolloutWaitError with what was missing last
 */
export async function waitUntil(
  { clock, tell }: Pick<LiveCluster, 'clock' | 'tell'>,
  what: string,
  timeoutMs: number,
  missing: () => Promise<string | undefined>,
): Promise<void> {
  const deadlineMs = clock.monotonic() + timeoutMs
  let told: string | undefined
  for (;;) {
    const now = await missing().catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    if (now === undefined) return
    if (now !== told) tell?.(`${what}: ${now}`)
    told = now
    if (clock.monotonic() >= deadlineMs) {
      throw new RolloutWaitError(`waited ${timeoutMs / 1000} s until ${what}, in vain: ${now}`)
    }
    await pause(clock, pollMs)
  }
}

export const pause = (clock: LiveCluster['clock'], ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve))
