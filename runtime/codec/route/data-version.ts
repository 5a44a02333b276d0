import { asObject, integerField } from '../json/json-fields.ts'
import type { JsonValue } from '../json/json-value.ts'

/** Says whether two copies of a table are the same (source: DataVersion). */
export interface DataVersionFields {
  /** Epoch of the master, 0 without a controller. */
  readonly stateVersion: number
  /** Milliseconds since the epoch of the last change. */
  readonly timestamp: number
  readonly counter: number
}

/** What a broker that sends no version has. */
export const NO_DATA_VERSION: DataVersionFields = { stateVersion: 0, timestamp: 0, counter: 0 }

/** Absent fields are 0, as in files of old versions, which have no stateVersion. @throws JsonFieldError */
export function readDataVersion(value: JsonValue | undefined): DataVersionFields {
  const object = asObject(value, 'dataVersion')
  return {
    stateVersion: integerField(object, 'stateVersion') ?? 0,
    timestamp: integerField(object, 'timestamp') ?? 0,
    counter: integerField(object, 'counter') ?? 0,
  }
}

export function sameDataVersion(a: DataVersionFields, b: DataVersionFields): boolean {
  return a.stateVersion === b.stateVersion && a.timestamp === b.timestamp && a.counter === b.counter
}
