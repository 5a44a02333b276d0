import { Property } from '../../codec/message/properties.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { TRANS_HALF_TOPIC } from '../topics/topic-name.ts'
import { isStoredAnew } from './delivered-copy.ts'
import { HALF_QUEUE } from './half-messages.ts'
import type { HalfProgress } from './half-progress.ts'
import { readHalf } from './half-record.ts'

/** Half messages looked at in one go. */
const AT_ONCE_MAX = 64

const draft = new MessageDraft()
const unit = new QueueUnits(1)

/**
 * Tells `progress` which open half messages from `from` on are copies of earlier ones, a few at a time. Returns where to
 * go on, NaN at the end of the queue.
 */
export function findCopies(
  store: Pick<MessageStore, 'findQueue' | 'read'>,
  progress: HalfProgress,
  from: number,
): number {
  const queue = store.findQueue(TRANS_HALF_TOPIC, HALF_QUEUE)
  if (queue === undefined) return Number.NaN
  let next = from
  for (let i = 0; i < AT_ONCE_MAX; i++) {
    const offset = progress.nextOpen(Math.max(next, progress.halfOffset))
    if (offset >= queue.maxOffset || queue.readUnits(offset, 1, unit) === 0) return Number.NaN
    const stored = store.read(unit.phyOffsets[0]!, unit.sizes[0]!)
    const properties = stored && readHalf(stored, draft)?.message.properties
    const uniqueKey = properties?.get(Property.uniqKey)
    if (properties !== undefined && uniqueKey !== undefined && isStoredAnew(properties))
      progress.found(offset, uniqueKey)
    next = offset + 1
  }
  return next
}
