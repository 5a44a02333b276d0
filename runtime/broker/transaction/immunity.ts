/**
 * How long after its birth a half message is not asked about: what its property CHECK_IMMUNITY_TIME_IN_SECONDS says, but
 * at least `timeOutMs` (TransactionalMessageUtil.getImmunityTime).
 */
export function immunityMs(seconds: string, timeOutMs: number): number {
  const ms = /^[+-]?\d+$/.test(seconds) ? Number(seconds) * 1000 : 0
  return Math.max(ms, timeOutMs)
}
