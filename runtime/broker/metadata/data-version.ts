import { type DataVersionFields, sameDataVersion } from '../../codec/route/data-version.ts'

/** Version of a replicated table: what a name server or a slave compares to see whether it must fetch the table again. */
export class DataVersion {
  /** Epoch of the master, 0 without a controller. */
  stateVersion = 0
  timestamp: number
  counter = 0

  constructor(nowMs: number) {
    this.timestamp = nowMs
  }

  /** After a change: later than before, and at `masterEpoch` or the epoch known so far. */
  next(nowMs: number, masterEpoch = 0): void {
    this.timestamp = nowMs
    this.stateVersion = Math.max(this.stateVersion, masterEpoch)
    this.counter++
  }

  /** Whether the other copy is older: a master of a later epoch goes before one that counted further. */
  isNewerThan(other: DataVersionFields): boolean {
    if (this.stateVersion !== other.stateVersion) return this.stateVersion > other.stateVersion
    return this.counter > other.counter
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
