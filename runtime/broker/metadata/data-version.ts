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

  next(nowMs: number, stateVersion = 0): void {
    this.timestamp = nowMs
    this.stateVersion = stateVersion
    this.counter++
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
