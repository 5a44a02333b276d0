import { decodeMessage } from '../../../runtime/codec/message/message-ext.ts'
import type { MessageStore } from '../../../runtime/store/message-store.ts'
import { idOf } from './message-body.ts'

const PULL_COUNT = 32
const PULL_BYTES = 1 << 20

/**
 * The numbers of the messages in a queue, by queue offset, from the first on.
 * @throws Error for a gap, a wrong offset, and for what nobody has sent
 */
export function idsIn(store: MessageStore, topic: string, queueId: number, sentCount: number, where: string): number[] {
  const ids: number[] = []
  const queue = store.findQueue(topic, queueId)
  const end = queue?.maxOffset ?? 0
  while (ids.length < end) {
    const before = ids.length
    store.pull(queue, before, PULL_COUNT, PULL_BYTES, undefined, {
      take: (bytes, start) => {
        const message = decodeMessage(bytes, start)
        if (message.queueOffset !== ids.length || message.queueId !== queueId) {
          throw new Error(`${where}: ${message.queueId}:${message.queueOffset} stands at ${queueId}:${ids.length}`)
        }
        ids.push(idOf(message.body.toString(), sentCount))
      },
    })
    if (ids.length === before) throw new Error(`${where}: nothing can be read at ${queueId}:${before} of ${end}`)
  }
  return ids
}

const COMPARE_BYTES = 1 << 16

/** @throws Error saying where two logs differ */
export function compareLogs(one: MessageStore, other: MessageStore, names: string): void {
  if (one.writtenOffset !== other.writtenOffset) {
    throw new Error(`${names}: the logs end at ${one.writtenOffset} and ${other.writtenOffset}`)
  }
  for (let at = Math.max(one.minOffset, other.minOffset); at < one.writtenOffset; ) {
    const left = one.readRaw(at, COMPARE_BYTES)
    const right = other.readRaw(at, COMPARE_BYTES)
    if (left === undefined || right === undefined) throw new Error(`${names}: nothing can be read at ${at}`)
    const length = Math.min(left.length, right.length)
    const a = left.bytes.subarray(left.start, left.start + length)
    const b = right.bytes.subarray(right.start, right.start + length)
    if (Buffer.compare(a, b) !== 0) throw new Error(`${names}: the logs differ between ${at} and ${at + length}`)
    at += length
  }
}
