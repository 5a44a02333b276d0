import { Property } from '../../codec/message/properties.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { type HalfRecord, readHalf } from './half-record.ts'

/** Messages with one key that are looked at. */
const FOUND_MAX = 16

const draft = new MessageDraft()

/** Whether the index knows a message that came of the half message when it was committed. */
export function wasDelivered(
  store: Pick<MessageStore, 'queryByKey' | 'recordAt'>,
  { message, storeTimestampMs }: HalfRecord,
  nowMs: number,
): boolean {
  const topic = message.properties.get(Property.realTopic) ?? ''
  const uniqueKey = message.properties.get(Property.uniqKey) ?? ''
  if (uniqueKey === '') return false
  // A half message that was stored anew is younger than what may have come of it.
  const fromMs = isStoredAnew(message.properties) ? 0 : storeTimestampMs
  const { phyOffsets } = store.queryByKey(topic, uniqueKey, FOUND_MAX, fromMs, nowMs)
  for (const phyOffset of phyOffsets) {
    const stored = store.recordAt(phyOffset)
    const found = stored && readHalf(stored, draft)
    if (found === undefined || (draft.sysFlag & SysFlag.transactionMask) !== SysFlag.transactionCommit) continue
    if (found.message.topic === topic && found.message.properties.get(Property.uniqKey) === uniqueKey) return true
  }
  return false
}

/** Whether a half message is the copy of an earlier one, made to be asked about again. */
export function isStoredAnew(properties: ReadonlyMap<string, string>): boolean {
  return properties.has(Property.transactionCheckTimes) || properties.has(Property.preparedQueueOffset)
}
