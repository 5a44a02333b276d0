/** Keys of broker.conf that steer replication of either kind. */
export interface LinkOptions {
  /** haSendHeartbeatInterval: an idle side says that it lives. */
  readonly haSendHeartbeatInterval: number
  /** haHousekeepingInterval: a silent connection is given up after this. */
  readonly haHousekeepingInterval: number
  /** haTransferBatchSize: bytes of one transfer. */
  readonly haTransferBatchSize: number
}

/** Slaves of one master. A port scanner or health check that holds more than these is refused. */
export const SLAVES_MAX = 64

/** Stop reading the log for a slave while this much waits for its socket. */
export const SLAVE_WAITING_MAX_BYTES = 4 * 1024 * 1024

/** Both sides look at their silence limits this often. */
export const HOUSEKEEPING_PERIOD_MS = 1_000

/** Time a slave leaves between two attempts to reach its master. Official: 5 s. */
export const RECONNECT_DELAY_MS = 500

/** A slave may be configured for more than our own haTransferBatchSize; nobody sends more than this in one transfer. */
const TRANSFER_MAX_BYTES = 16 * 1024 * 1024

/** @throws Error for a size that no master means */
export function checkedTransferSize(sizeBytes: number): number {
  if (sizeBytes >= 0 && sizeBytes <= TRANSFER_MAX_BYTES) return sizeBytes
  throw new Error(`the master announces a transfer of ${sizeBytes} bytes; 0 to ${TRANSFER_MAX_BYTES} are possible`)
}
