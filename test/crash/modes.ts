/** What a broker promises in one configuration, as far as the death of a process goes. */
export interface Mode {
  readonly name: string
  readonly conf: Readonly<Record<string, string | number | boolean>>
  readonly slaves: number
}

const base = { brokerRole: 'ASYNC_MASTER', flushDiskType: 'ASYNC_FLUSH' }

/**
 * A killed process loses what it had not yet handed to the operating system, and nothing may be acknowledged before
 * that: so every mode must survive kill -9 of any process. (What a power cut takes is another matter: the store's own
 * tests cut the power of a simulated disk.)
 */
export const MODES: readonly Mode[] = [
  { name: 'single ASYNC_FLUSH', conf: base, slaves: 0 },
  { name: 'single SYNC_FLUSH', conf: { ...base, flushDiskType: 'SYNC_FLUSH' }, slaves: 0 },
  { name: 'ASYNC_MASTER + slave', conf: base, slaves: 1 },
  { name: 'SYNC_MASTER + slave', conf: { ...base, brokerRole: 'SYNC_MASTER' }, slaves: 1 },
]
