import { type DataVersionFields, sameDataVersion } from '../../codec/route/data-version.ts'

/** Version of a replicated table: what a name server or a slave compares to see whether it must fetch the table again. */
export class DataVersion {
  /** Epoch of the master, 0 without a controller. */
  stateVersion = 0
  timestamp: number
  counter = 0
  /** Of the master that changes the table, here or where it is copied from; 0 without a controller. */
  masterEpoch = 0
  /**
   * A replica's copy, in controller mode. What the replica changes by itself (a consumer group that somebody uses) does not
   * count: it would pass for later than what its master changes, which then would not be repeated here.
   */
  isCopy = false

  constructor(nowMs: number) {
    this.timestamp = nowMs
  }

  /** After a change: later than before, and at the master's epoch or the one known so far. Of a copy: another one. */
  next(nowMs: number): void {
    if (this.isCopy) {
      this.timestamp = nowMs === this.timestamp ? nowMs + 1 : nowMs
      return
    }
    this.timestamp = nowMs
    this.stateVersion = Math.max(this.stateVersion, this.masterEpoch)
    this.counter++
  }

  /** Whether the other copy is older: a master of a later epoch goes before one that counted further. */
  isNewerThan(other: DataVersionFields): boolean {
    if (this.stateVersion !== other.stateVersion) return this.stateVersion > other.stateVersion
    return this.counter > other.counter
  }

  /**
   * Whether what was fetched for this copy lacks changes that came by the log meanwhile, or is of a master that has not
   * begun yet. A table that comes from elsewhere, with an epoch that the master has not reached, is replaced by anything.
   */
  isPast(fetched: DataVersionFields): boolean {
    return this.isCopy && this.stateVersion <= this.masterEpoch && this.isNewerThan(fetched)
  }

  assign(other: DataVersionFields): void {
    this.stateVersion = other.stateVersion
    this.timestamp = other.timestamp
    this.counter = other.counter
  }

  equals(other: DataVersionFields): boolean {
    return sameDataVersion(this, other)
  }

  toJson(): DataVersionFields {
    return { counter: this.counter, stateVersion: this.stateVersion, timestamp: this.timestamp }
  }
}
