import { Property } from '../../codec/message/properties.ts'
import type { DelayLevels } from '../../store/delay-levels.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { readBack, type StoredMessage } from '../send/stored-message.ts'
import { TRANS_HALF_TOPIC, topicNameProblem } from '../topics/topic-name.ts'

/** A message of the schedule topic, and where it is headed. */
export interface DelayedMessage {
  readonly message: StoredMessage
  readonly topic: string
  readonly queueId: number
}

const QUEUE_ID_MAX = 65_535

/** As official brokers: a message that claims to be due later than its level allows is due now. */
export function dueMs(levels: DelayLevels, level: number, tagsCode: number, nowMs: number): number {
  return tagsCode > nowMs + levels.delayMs(level) ? nowMs : tagsCode
}

/** Reads the message into the draft, as {@link readBack} does. Undefined for one that can never be delivered. */
export function readDelayed(
  store: Pick<MessageStore, 'read'>,
  phyOffset: number,
  sizeBytes: number,
  draft: MessageDraft,
): DelayedMessage | undefined {
  const stored = store.read(phyOffset, sizeBytes)
  const message = stored && readBack(stored.bytes, stored.start, sizeBytes, draft)
  const topic = message?.properties.get(Property.realTopic)
  const queueId = Number(message?.properties.get(Property.realQueueId))
  if (message === undefined || topic === undefined || !isDeliverable(topic, queueId)) return undefined
  return { message, topic, queueId }
}

/** Of what the engine wrote everything is; a damaged message must not stop those behind it. */
export function isDeliverable(topic: string, queueId: number): boolean {
  if (topic === TRANS_HALF_TOPIC || topicNameProblem(topic) !== undefined) return false
  return Number.isInteger(queueId) && queueId >= 0 && queueId <= QUEUE_ID_MAX
}
