import type { ReplicatedLog } from '../replicated-log.ts'

/** The store as auto-switch replication sees it: {@link ../../store/message-store.ts} in controller mode. */
export interface AutoSwitchLog extends ReplicatedLog {
  /** Everything below survives a power cut. */
  readonly flushedOffset: number
  /** End of the last message that is there as a whole. */
  readonly borderOffset: number
  /** Whether a message, or the unused rest of a file, starts there. */
  isBorder(phyOffset: number): boolean
  /** Start of the newest commit log file that holds anything, -1 without one. */
  readonly lastFileOffset: number
  /** Messages below are shown to readers. */
  readonly confirmOffset: number
  confirm(offset: number): void
  /** Shows all that is confirmed before it returns. */
  showConfirmed(): void
  /** Queue offsets go on behind the messages of the log as it is now. */
  continueQueues(): void
  /** Durable when it returns. @throws Error when no message starts there */
  truncateTo(phyOffset: number): void
  /** Durable when it returns. */
  discardAll(): void
  /** Asks for everything written to become durable. */
  flush(): void
  onFlushed(listener: (flushedOffset: number) => void): void
}

/** Keys of broker.conf that steer auto-switch replication, beside those of every link. */
export interface AutoSwitchConfig {
  readonly storePathEpochFile: string
  /** Whether a replica holds a message only once it is on its disk. */
  readonly flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH'
  /** A replica that lags for longer leaves the SyncStateSet. */
  readonly haMaxTimeSlaveNotCatchup: number
  readonly syncFromLastFile: boolean
  readonly asyncLearner: boolean
}
