import { viewOf } from '../../codec/bytes.ts'
import { integerOfAscii, PropertyRanges, scanProperties, TimerKind } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { StoredBytes } from '../../store/log-reader.ts'

/** A message of the revive topic where it lies in what the store has lent: valid until the next call into the store. */
export class ReviveRecord {
  tag = ''
  /** When it was to come, 0 when that is not known. */
  deliverMs = 0
  body: Uint8Array = new Uint8Array(0)
  readonly #record = new RecordView()
  readonly #ranges = new PropertyRanges()

  /** False for what is no record. */
  load({ bytes, start, length }: StoredBytes): boolean {
    const record = this.#record
    if (record.parse(viewOf(bytes), start, length) !== RecordState.ok) return false
    const ranges = this.#ranges
    scanProperties(bytes, record.propertiesStart, record.propertiesLength, ranges)
    this.tag = ranges.tagsStart < 0 ? '' : textAt(bytes, ranges.tagsStart, ranges.tagsLength)
    const hasTime = ranges.timerKind === TimerKind.deliverMs
    this.deliverMs = hasTime ? integerOfAscii(bytes, ranges.timerStart, ranges.timerLength) || 0 : 0
    this.body = bytes.subarray(record.bodyStart, record.bodyStart + record.bodyLength)
    return true
  }
}

function textAt(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString()
}
