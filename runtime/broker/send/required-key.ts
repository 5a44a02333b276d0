import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { isBlank } from '../../store/compaction/record-walk.ts'
import type { MessageDraft } from '../../store/message-draft.ts'

/**
 * A message to a compaction topic needs a key, for which it is the newest one.
 * @throws RequestError
 */
export function requireKey({ properties, ranges }: MessageDraft): void {
  if (!isBlank(properties.bytes, ranges.keysStart, ranges.keysLength)) return
  throw new RequestError(ResponseCode.MESSAGE_ILLEGAL, 'Required message key is missing')
}
