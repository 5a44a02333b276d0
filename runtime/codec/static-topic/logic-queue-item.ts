import { asObject, integerField, textField } from '../json/json-fields.ts'
import type { JsonValue } from '../json/json-value.ts'

/**
 * One stretch of a static topic's queue: a queue of a broker, which clients see as part of a longer one (source:
 * LogicQueueMappingItem). Its offsets are counted from `startOffset` there and from `logicOffset` by clients.
 */
export interface LogicQueueItem {
  /** Grows from one stretch of a queue to the next. */
  readonly gen: number
  /** Of the queue on its broker. */
  readonly queueId: number
  /** The broker group. */
  readonly bname: string
  /** What clients call its first message; -1 while that is not decided, as the stretch before may still grow. */
  readonly logicOffset: number
  /** Number of its first message on the broker: 0. */
  readonly startOffset: number
  /** One past its last message on the broker; -1 while it grows. */
  readonly endOffset: number
  /** Milliseconds, reserved: -1. */
  readonly timeOfStart: number
  /** Milliseconds, reserved: -1. */
  readonly timeOfEnd: number
}

/** @throws JsonFieldError */
export function readLogicQueueItem(value: JsonValue): LogicQueueItem {
  const object = asObject(value, 'logic queue item')
  return {
    gen: integerField(object, 'gen') ?? 0,
    queueId: integerField(object, 'queueId') ?? 0,
    bname: textField(object, 'bname') ?? '',
    logicOffset: integerField(object, 'logicOffset') ?? 0,
    startOffset: integerField(object, 'startOffset') ?? 0,
    endOffset: integerField(object, 'endOffset') ?? -1,
    timeOfStart: integerField(object, 'timeOfStart') ?? -1,
    timeOfEnd: integerField(object, 'timeOfEnd') ?? -1,
  }
}

/** What clients call the broker's offset. */
export function staticOffset({ logicOffset, startOffset }: LogicQueueItem, physicalOffset: number): number {
  return physicalOffset < startOffset ? logicOffset : logicOffset + (physicalOffset - startOffset)
}

/** The same, not beyond the end of the stretch; -1 when it is not decided where the stretch begins. */
export function staticOffsetWithin(item: LogicQueueItem, physicalOffset: number): number {
  const { logicOffset, startOffset, endOffset } = item
  if (logicOffset < 0) return -1
  const isBeyond = endOffset >= startOffset && endOffset < physicalOffset
  return staticOffset(item, isBeyond ? endOffset : physicalOffset)
}

export function physicalOffset({ logicOffset, startOffset }: LogicQueueItem, offset: number): number {
  return offset - logicOffset + startOffset
}

/** What clients call its end, as far as the mapping knows. */
export function endOfStretch({ logicOffset, startOffset, endOffset }: LogicQueueItem): number {
  return endOffset >= startOffset ? logicOffset + endOffset - startOffset : logicOffset
}

export function isEndDecided({ startOffset, endOffset }: LogicQueueItem): boolean {
  return endOffset > startOffset
}

/** The stretch in which clients find an offset: the first one for offsets before all; undefined when none is decided. */
export function stretchOf(items: readonly LogicQueueItem[], offset: number): LogicQueueItem | undefined {
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i]!
    if (item.logicOffset >= 0 && offset >= item.logicOffset) return item
  }
  return items.find((item) => item.logicOffset >= 0)
}

/** The decided stretch that follows. */
export function stretchAfter(items: readonly LogicQueueItem[], { gen }: LogicQueueItem): LogicQueueItem | undefined {
  const at = items.findIndex((item) => item.logicOffset >= 0 && item.gen === gen)
  const next = at < 0 ? undefined : items[at + 1]
  return next !== undefined && next.logicOffset >= 0 ? next : undefined
}
