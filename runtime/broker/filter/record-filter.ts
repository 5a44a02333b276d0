import { viewOf } from '../../codec/bytes.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'

/** Applies filters to records of the log where they lie. */
export class RecordFilter {
  readonly #record = new RecordView()
  #bytes: Uint8Array = new Uint8Array(0)
  #view = viewOf(this.#bytes)

  matches(filter: SqlFilter, bytes: Uint8Array, start: number, length: number): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = viewOf(bytes)
    }
    const record = this.#record
    // What is no whole record is handed out, as without a filter: the client finds out what is wrong with it.
    if (record.parse(this.#view, start, length) !== RecordState.ok) return true
    return filter.matches(bytes, record.propertiesStart, record.propertiesLength)
  }
}
