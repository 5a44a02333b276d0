import { viewOf } from '../../codec/bytes.ts'
import { Property } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { isDeliverable } from '../delay/delayed-message.ts'
import { readBack } from '../send/stored-message.ts'
import { TIMER_TOPIC } from '../topics/topic-name.ts'

/** A message of the timer topic, and where it is headed. */
export interface TimerMessage {
  readonly properties: Map<string, string>
  readonly topic: string
  readonly queueId: number
  /** When its slot begins: TIMER_OUT_MS. */
  readonly slotMs: number
  readonly uniqueKey: string
  readonly rolledTimes: number
  readonly storedMs: number
}

const record = new RecordView()

/** Reads the message into the draft, as {@link readBack} does. Undefined for one that is gone, or can never be delivered. */
export function readTimerMessage(
  store: Pick<MessageStore, 'read'>,
  phyOffset: number,
  sizeBytes: number,
  draft: MessageDraft,
): TimerMessage | undefined {
  const stored = store.read(phyOffset, sizeBytes)
  if (stored === undefined) return undefined
  const { bytes, start } = stored
  if (record.parse(viewOf(bytes), start, sizeBytes) !== RecordState.ok || record.phyOffset !== phyOffset)
    return undefined
  draft.storeHost = Buffer.from(bytes.subarray(record.storeHostStart, record.storeHostStart + record.storeHostLength))
  const storedMs = record.storeTimestampMs
  const message = readBack(bytes, start, sizeBytes, draft)
  if (message === undefined || message.topic !== TIMER_TOPIC) return undefined
  const { properties } = message
  const topic = properties.get(Property.realTopic)
  const queueId = Number(properties.get(Property.realQueueId))
  const slotMs = Number(properties.get(Property.timerOutMs))
  if (topic === undefined || !isDeliverable(topic, queueId) || !Number.isSafeInteger(slotMs)) return undefined
  const uniqueKey = properties.get(Property.uniqKey) ?? ''
  const rolledTimes = Number(properties.get(Property.timerRollTimes) ?? 0) || 0
  return { properties, topic, queueId, slotMs, uniqueKey, rolledTimes, storedMs }
}
