import type { LinkOptions } from '../link/link-options.ts'

/** Keys of broker.conf that steer classic replication. */
export interface ReplicationOptions extends LinkOptions {
  /** haMaxGapNotInSync: a slave further behind does not count as in sync. */
  readonly haMaxGapNotInSync: number
}
