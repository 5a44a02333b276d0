import { peekInt64, viewOf } from '../../codec/bytes.ts'
import { HOST_SIZE_V4, HOST_SIZE_V6 } from '../../codec/message/host.ts'
import { MAGIC_V1, MAGIC_V2, SYS_FLAG_AT } from '../../codec/message/record.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import type { SegmentFiles } from './segment-files.ts'

/** Where these stand in a record; see codec/message/record.ts. */
const MAGIC_AT = 4
const BORN_HOST_AT = 48
const HEAD_BYTES = BORN_HOST_AT + HOST_SIZE_V6 + 8

/**
 * When the record that starts there was stored, -1 if none does. By a small read of the file: for many records, and while
 * what the log has lent out is in use.
 */
export function storeTimeInFiles(files: SegmentFiles, phyOffset: number): number {
  const head = new Uint8Array(HEAD_BYTES)
  if (files.read(head, 0, HEAD_BYTES, phyOffset) < HEAD_BYTES) return -1
  const view = viewOf(head)
  const magic = view.getInt32(MAGIC_AT)
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2) return -1
  const isV6 = (view.getInt32(SYS_FLAG_AT) & SysFlag.bornHostV6) !== 0
  return peekInt64(view, BORN_HOST_AT + (isV6 ? HOST_SIZE_V6 : HOST_SIZE_V4))
}
