import type { StoreCheckpoint } from './checkpoint.ts'
import type { CommitLog } from './commit-log/commit-log.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { RunningFlags } from './running-flags.ts'
import type { StoreConfig, StoreReporter } from './store-options.ts'

const PAGE_BYTES = 4096
/** The next file is made when less than this part of the current one is left, so that no message waits for it. */
const MAKE_AHEAD_PART = 0.1

export interface LogUpkeepParts {
  readonly log: CommitLog
  readonly config: StoreConfig
  readonly flags: RunningFlags
  readonly reporter: StoreReporter
  readonly checkpoint: StoreCheckpoint
  readonly dispatcher: Dispatcher
}

/** When the commit log is flushed and its files are made. */
export class LogUpkeep {
  readonly #log: CommitLog
  readonly #config: StoreConfig
  readonly #flags: RunningFlags
  readonly #reporter: StoreReporter
  readonly #checkpoint: StoreCheckpoint
  readonly #dispatcher: Dispatcher
  #lastFlushMs: number
  #makeAheadFailed = false
  /** What the checkpoint may say once the log is flushed so far. */
  #askedOffset = 0
  #askedTimestampMs = 0

  constructor(parts: LogUpkeepParts, nowMs: number) {
    this.#log = parts.log
    this.#config = parts.config
    this.#flags = parts.flags
    this.#reporter = parts.reporter
    this.#checkpoint = parts.checkpoint
    this.#dispatcher = parts.dispatcher
    this.#lastFlushMs = nowMs
  }

  /** As Java's `FlushRealTimeService`: after the interval if enough is dirty, after the thorough interval whatever is. */
  tick(nowMs: number): void {
    const dirtyBytes = this.#log.writtenOffset - this.#log.flushedOffset
    const sinceMs = nowMs - this.#lastFlushMs
    const { flushIntervalCommitLog, flushCommitLogThoroughInterval, flushCommitLogLeastPages } = this.#config
    const isDue =
      sinceMs >= flushCommitLogThoroughInterval ||
      (sinceMs >= flushIntervalCommitLog && dirtyBytes >= flushCommitLogLeastPages * PAGE_BYTES)
    if (dirtyBytes > 0 && (isDue || sinceMs < 0)) this.flush(nowMs)
    this.#makeAhead()
  }

  flush(nowMs: number): void {
    this.#lastFlushMs = nowMs
    if (this.#log.flushedOffset >= this.#askedOffset) {
      this.#askedOffset = this.#log.writtenOffset
      this.#askedTimestampMs = this.#dispatcher.lastStoreTimestampMs
    }
    this.#log.flush()
  }

  noteFlushed(flushedOffset: number): void {
    if (flushedOffset >= this.#askedOffset && this.#askedTimestampMs > 0) {
      this.#checkpoint.physicMsgTimestamp = this.#askedTimestampMs
    }
  }

  /** The log was cut: what was asked for may speak of messages that are gone. */
  forgetAsked(): void {
    this.#askedOffset = 0
    this.#askedTimestampMs = 0
  }

  noteAllFlushed(): void {
    const { lastStoreTimestampMs } = this.#dispatcher
    if (lastStoreTimestampMs > 0) this.#checkpoint.physicMsgTimestamp = lastStoreTimestampMs
  }

  /** After a failed fdatasync nobody knows what the device holds: no further message is taken. */
  noteFlushFailed(error: Error): void {
    this.#flags.set('notWriteable', true)
    this.#reporter.error(
      'cannot flush the commit log, so no further messages are taken: check the disk of storePathCommitLog, then restart',
      error,
    )
  }

  #makeAhead(): void {
    const { files, writtenOffset } = this.#log
    if (files.starts.length === 0 || !this.#flags.isWriteable) return
    const next = files.startOf(writtenOffset) + files.segmentSizeBytes
    if (next - writtenOffset > files.segmentSizeBytes * MAKE_AHEAD_PART || files.has(next)) return
    try {
      files.create(next)
      this.#makeAheadFailed = false
    } catch (error) {
      // It is tried again when a message needs it, and that one is refused then.
      if (!this.#makeAheadFailed) this.#reporter.warn(`cannot make the next commit log file ahead: ${String(error)}`)
      this.#makeAheadFailed = true
    }
  }
}
