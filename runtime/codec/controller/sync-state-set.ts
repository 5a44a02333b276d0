import { asInteger, asObject, integerField, listField } from '../json/json-fields.ts'
import type { JsonObject } from '../json/json-value.ts'
import { parseJsonBytes } from '../json/parse-json.ts'
import { encodeJson } from '../json/write-json.ts'

/** The replicas that hold everything confirmed, and how often that set has changed (source: SyncStateSet). */
export interface SyncStateSet {
  /** Broker ids, ascending, each once. */
  readonly syncStateSet: readonly number[]
  readonly syncStateSetEpoch: number
}

/** The body of ALTER_SYNC_STATE_SET, of its answer, and of the answers that tell a broker its group's set. */
export function encodeSyncStateSet({ syncStateSet, syncStateSetEpoch }: SyncStateSet): Buffer {
  return encodeJson({ syncStateSet, syncStateSetEpoch })
}

/** @throws JsonSyntaxError, JsonFieldError */
export function decodeSyncStateSet(body: Uint8Array): SyncStateSet {
  const object = asObject(parseJsonBytes(body), 'SyncStateSet')
  return { syncStateSet: readIds(object), syncStateSetEpoch: integerField(object, 'syncStateSetEpoch') ?? 0 }
}

/** The ids in the field `syncStateSet`. @throws JsonFieldError */
export function readIds(object: JsonObject): number[] {
  const ids = (listField(object, 'syncStateSet') ?? []).map((id) => asInteger(id, 'syncStateSet'))
  return [...new Set(ids)].sort((a, b) => a - b)
}
