import { viewOf } from '../../codec/bytes.ts'
import { CompactionUnits } from './compaction-unit.ts'

const RECORD_SCRATCH_BYTES = 1024 * 1024
/** Units read at once. */
export const UNITS_AT_ONCE = 256

/** Memory that all compaction logs of a store share: what is in it is valid until the next call into one of them. */
export class CompactionScratch {
  /** Units of one file, in a row. */
  readonly units = new CompactionUnits(UNITS_AT_ONCE)
  /** Of a search, which must not disturb those. */
  readonly unit = new CompactionUnits(1)
  #records = new Uint8Array(RECORD_SCRATCH_BYTES)
  #recordView = viewOf(this.#records)

  get records(): Uint8Array {
    return this.#records
  }

  get recordView(): DataView {
    return this.#recordView
  }

  /** Room for a record that is larger than usual; not kept for longer than it is needed. */
  makeRoom(sizeBytes: number): void {
    if (sizeBytes <= this.#records.length && this.#records.length === RECORD_SCRATCH_BYTES) return
    const wanted = Math.max(sizeBytes, RECORD_SCRATCH_BYTES)
    if (wanted === this.#records.length) return
    this.#records = new Uint8Array(wanted)
    this.#recordView = viewOf(this.#records)
  }
}
