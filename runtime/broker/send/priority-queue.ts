import { integerOfAscii } from '../../codec/message/properties.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import { withoutPriority } from './rewritten-properties.ts'
import { isTrue } from './send-request.ts'

const PRIORITY_MAX = 0x7fff_ffff

/**
 * The queue of a message with a priority (`_SYS_MSG_PRIORITY_`, from 0 on): the one of that number, or the last one. A message
 * that is also one of a transaction, with a delay, or of an ordered kind loses its priority and stays where it was sent; so rules
 * Apache RocketMQ's SendMessageProcessor. What is no priority is left alone.
 */
export function queueByPriority(draft: MessageDraft, writeQueueNums: number, queueId: number): number {
  const { ranges, properties } = draft
  const priority = integerOfAscii(properties.bytes, ranges.priorityStart, ranges.priorityLength)
  if (!(priority >= 0 && priority <= PRIORITY_MAX) || writeQueueNums < 1) return queueId
  if (!isOfOtherKind(draft)) return Math.min(priority, writeQueueNums - 1)
  withoutPriority(draft)
  return queueId
}

function isOfOtherKind({ ranges, properties }: MessageDraft): boolean {
  const { transactionPreparedStart: start, transactionPreparedLength: length } = ranges
  const isHalf = start >= 0 && isTrue(properties.bytes, start, length)
  return isHalf || ranges.delayStart >= 0 || ranges.hasTimer || ranges.hasShardingKey
}
