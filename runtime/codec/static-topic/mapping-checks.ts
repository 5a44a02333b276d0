import { endOfStretch, type LogicQueueItem } from './logic-queue-item.ts'

/** A mapping that cannot be; the words are those of Apache RocketMQ's TopicQueueMappingUtils. */
export class MappingError extends Error {
  override readonly name = 'MappingError'
}

/** The stretches of one queue must follow one another. @throws MappingError */
export function checkStretches(items: readonly LogicQueueItem[]): void {
  let lastGen = -1
  let lastOffset = -1
  for (let i = items.length - 1; i >= 0; i--) {
    const item = items[i]!
    const { startOffset, endOffset, gen, queueId, logicOffset } = item
    if (startOffset < 0 || gen < 0 || queueId < 0) throw wrong('The field is illegal, should not be negative', item)
    if (i <= items.length - 2 && logicOffset < 0) throw wrong('The non-latest item has negative logic offset', item)
    if (lastGen !== -1 && gen >= lastGen) throw wrong('The gen does not increase monotonically', item)
    if (endOffset !== -1 && endOffset < startOffset) throw wrong('The endOffset is smaller than the start offset', item)
    if (lastOffset !== -1 && logicOffset !== -1) {
      if (logicOffset >= lastOffset) throw wrong('The base logic offset does not increase monotonically', item)
      if (endOfStretch(item) >= lastOffset) throw wrong('The max logic offset does not increase monotonically', item)
    }
    lastGen = gen
    lastOffset = logicOffset
  }
}

function wrong(problem: string, item: LogicQueueItem): MappingError {
  return new MappingError(`${problem}: ${JSON.stringify(item)}`)
}

/**
 * What is written down of a queue's past stays; the earliest stretches may go, and new ones may come.
 * @param isSameEpoch then the stretch that takes messages stays, too
 * @throws MappingError
 */
export function checkSuccession(
  before: readonly LogicQueueItem[],
  after: readonly LogicQueueItem[],
  isSameEpoch: boolean,
): void {
  const was = before.at(-1)
  if (was === undefined) return
  const is = after.at(-1)
  if (is === undefined) throw new MappingError('The new item list is null or empty')
  const byGen = new Map(before.map((item) => [item.gen, item]))
  for (const item of after) {
    const known = byGen.get(item.gen)
    if (known !== undefined && !isSameStretch(known, item)) {
      throw new MappingError(`${JSON.stringify(known)} cannot become ${JSON.stringify(item)}`)
    }
  }
  if (isSameEpoch && (was.gen !== is.gen || !isSameStretch(was, is))) {
    throw new MappingError('The new leader is different but epoch equal')
  }
}

function isSameStretch(a: LogicQueueItem, b: LogicQueueItem): boolean {
  const isSameQueue = a.bname === b.bname && a.queueId === b.queueId && a.startOffset === b.startOffset
  return isSameQueue && (a.logicOffset === -1 || a.logicOffset === b.logicOffset)
}
