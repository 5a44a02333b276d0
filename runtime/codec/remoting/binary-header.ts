import type { CommandView } from './command-view.ts'
import { MalformedFrameError } from './frame.ts'

/*
 * Header of serialize type 1 (RocketMQSerializable):
 *
 *   int16 code · int8 language · int16 version · int32 opaque · int32 flag
 *   int32 remarkLength · remark
 *   int32 fieldsLength · { int16 keyLength · key · int32 valueLength · value }*
 *
 * Codes above 32767 do not fit: official clients send those requests with JSON headers.
 */
const FIXED_BYTES = 21

export function scanBinaryHeader(command: CommandView, view: DataView, start: number, end: number): void {
  if (end - start < FIXED_BYTES) {
    throw new MalformedFrameError(`binary header of ${end - start} bytes, at least ${FIXED_BYTES} needed`)
  }
  command.code = view.getInt16(start)
  command.language = view.getUint8(start + 2)
  command.version = view.getInt16(start + 3)
  command.opaque = view.getInt32(start + 5)
  command.flag = view.getInt32(start + 9)
  const remarkLength = view.getInt32(start + 13)
  const fieldsAt = start + 17 + remarkLength
  if (remarkLength < 0 || fieldsAt + 4 > end) throw outside('remark', remarkLength)
  command.remarkStart = start + 17
  command.remarkLength = remarkLength
  const fieldsLength = view.getInt32(fieldsAt)
  if (fieldsLength < 0 || fieldsAt + 4 + fieldsLength > end) throw outside('fields', fieldsLength)
  scanFields(command, view, fieldsAt + 4, fieldsAt + 4 + fieldsLength)
}

function scanFields(command: CommandView, view: DataView, start: number, end: number): void {
  let at = start
  while (at < end) {
    if (at + 2 > end) throw outside('field key', end - at)
    const keyLength = view.getInt16(at)
    const keyStart = at + 2
    const valueStart = keyStart + keyLength + 4
    if (keyLength < 0 || valueStart > end) throw outside('field key', keyLength)
    const valueLength = view.getInt32(valueStart - 4)
    if (valueLength < 0 || valueStart + valueLength > end) throw outside('field value', valueLength)
    // An empty string travels as "no value" in this format (RocketMQSerializable.readStr).
    if (keyLength > 0 && valueLength > 0) command.fields.add(keyStart, keyLength, valueStart, valueLength)
    at = valueStart + valueLength
  }
}

function outside(what: string, length: number): MalformedFrameError {
  return new MalformedFrameError(`binary header: ${what} of ${length} bytes reaches outside the header`)
}
