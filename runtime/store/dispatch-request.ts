import { hashCodeOfUtf8, integerOfAscii, PropertyRanges, scanProperties } from '../codec/message/properties.ts'
import type { ConsumeQueue } from './consume-queue/consume-queue.ts'
import { type DelayLevels, SCHEDULE_TOPIC } from './delay-levels.ts'
import { LightTargets } from './light/light-targets.ts'

/** What consume queue and index need to know of a record in the log. Reused; the bytes are valid while it is dispatched. */
export class DispatchRequest {
  queue: ConsumeQueue | undefined
  queueOffset = 0
  phyOffset = 0
  sizeBytes = 0
  /** Java's hash code of the tag, or the time of delivery in the topic of delayed messages; 0 without tag. */
  tagsCode = 0
  storeTimestampMs = 0
  sysFlag = 0
  /** Messages of the record. */
  messageCount = 1
  /** The record's memory; `ranges` holds positions in it. */
  bytes: Uint8Array = new Uint8Array(0)
  readonly ranges = new PropertyRanges()
  /** The light queues that get it, too. */
  readonly light = new LightTargets()

  /** Reads the properties at `start` of {@link bytes} and what follows from them. */
  scan(start: number, length: number, topic: string, delayLevels: DelayLevels): void {
    scanProperties(this.bytes, start, length, this.ranges)
    this.#setTagsCode(topic, delayLevels)
  }

  /** Takes over ranges found in a copy of the properties that stands `shift` bytes before the one in {@link bytes}. */
  takeRanges(from: PropertyRanges, shift: number, topic: string, delayLevels: DelayLevels): void {
    const to = this.ranges
    to.tagsStart = from.tagsStart < 0 ? -1 : from.tagsStart + shift
    to.tagsLength = from.tagsLength
    to.keysStart = from.keysStart < 0 ? -1 : from.keysStart + shift
    to.keysLength = from.keysLength
    to.uniqKeyStart = from.uniqKeyStart < 0 ? -1 : from.uniqKeyStart + shift
    to.uniqKeyLength = from.uniqKeyLength
    to.delayStart = from.delayStart < 0 ? -1 : from.delayStart + shift
    to.delayLength = from.delayLength
    this.#setTagsCode(topic, delayLevels)
  }

  /** As in Java's `CommitLog.checkMessageAndReturnSize`. */
  #setTagsCode(topic: string, delayLevels: DelayLevels): void {
    const { ranges, bytes } = this
    this.tagsCode = ranges.tagsStart < 0 ? 0 : hashCodeOfUtf8(bytes, ranges.tagsStart, ranges.tagsLength)
    if (ranges.delayStart >= 0 && topic === SCHEDULE_TOPIC) {
      const level = integerOfAscii(bytes, ranges.delayStart, ranges.delayLength)
      if (level > 0) this.tagsCode = delayLevels.deliveryTimeMs(level, this.storeTimestampMs)
    }
  }
}
