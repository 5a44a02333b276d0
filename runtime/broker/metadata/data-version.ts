import { asObject, integerField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'

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
    return (
      this.stateVersion === other.stateVersion && this.timestamp === other.timestamp && this.counter === other.counter
    )
  }

  toJson(): DataVersionFields {
    return { counter: this.counter, stateVersion: this.stateVersion, timestamp: this.timestamp }
  }
}

export interface DataVersionFields {
  readonly stateVersion: number
  readonly timestamp: number
  readonly counter: number
}

/** Absent fields are 0, as in files of old versions, which have no stateVersion. @throws JsonFieldError */
export function readDataVersion(value: JsonValue | undefined): DataVersionFields {
  const object = asObject(value, 'dataVersion')
  return {
    stateVersion: integerField(object, 'stateVersion') ?? 0,
    timestamp: integerField(object, 'timestamp') ?? 0,
    counter: integerField(object, 'counter') ?? 0,
  }
}
