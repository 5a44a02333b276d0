import type { Boundary } from './offset-by-time.ts'
import type { QueueUnits } from './queue-unit.ts'
import type { TopicQueues } from './topic-map.ts'

export const QueueAppend = {
  appended: 0,
  /** The queue has this unit already, or a later one at its place. */
  ignored: 1,
  /** Out of memory because writing fails, or an offset no queue can reach; reported. Nothing has changed. */
  failed: 2,
} as const

export type QueueAppend = (typeof QueueAppend)[keyof typeof QueueAppend]

/** Offsets, or units, beyond this need more files than a queue may have. */
export const FILE_INDEX_MAX = 2 ** 24 - 1

/**
 * Positions of one queue's messages in the commit log. Derived from the commit log: units wait in memory until they are
 * written out, and what a crash takes is appended again by recovery. There are two kinds: {@link SimpleConsumeQueue} with a
 * unit for every message, and {@link BatchConsumeQueue}, whose units stand for records of several messages each.
 */
export abstract class ConsumeQueue {
  readonly id: number
  readonly queueId: number
  /** Whether a unit may stand for several messages. */
  readonly isBatch: boolean
  /** Kept by {@link QueueContext}. */
  isListedDirty = false
  readonly owner: TopicQueues

  constructor(owner: TopicQueues, queueId: number, id: number) {
    this.owner = owner
    this.queueId = queueId
    this.id = id
    this.isBatch = owner.isBatch
  }

  get topic(): string {
    return this.owner.topic
  }

  get topicBytes(): Uint8Array {
    return this.owner.topicBytes
  }

  /** Java hash of `topic#`, with which the hash of an index key begins. */
  get indexKeySeed(): number {
    return this.owner.indexKeySeed
  }

  get folder(): string {
    return `${this.owner.folder}/${this.queueId}`
  }

  /** The offset the next message gets. May run ahead of maxOffset while messages are staged. */
  abstract get nextOffset(): number
  abstract set nextOffset(offset: number)

  /** First offset whose message is still in the commit log. */
  abstract get minOffset(): number

  /** One past the last message. */
  abstract get maxOffset(): number

  /** End of the last message in the commit log, -1 without one. */
  abstract get maxPhyOffset(): number

  abstract get isDirty(): boolean

  /** Whether the end of the queue has been read from disk. */
  abstract get isLoaded(): boolean

  abstract get isRemoved(): boolean

  abstract get firstFileIndex(): number

  abstract get lastFileIndex(): number

  /** Size of each of its files. */
  abstract get fileBytes(): number

  get sizeBytes(): number {
    return this.firstFileIndex < 0 ? 0 : (this.lastFileIndex - this.firstFileIndex + 1) * this.fileBytes
  }

  /** `storeTimestampMs` and `messageCount` are kept by batch consume queues alone: others need not be told. */
  abstract append(
    queueOffset: number,
    phyOffset: number,
    sizeBytes: number,
    tagsCode: number,
    storeTimestampMs?: number,
    messageCount?: number,
  ): QueueAppend

  /** Fills `out` with up to `count` units from the one that holds `offset` on; returns how many. None outside minOffset..maxOffset. */
  abstract readUnits(offset: number, count: number, out: QueueUnits): number

  /** First offset not earlier (`lower`) or last offset not later (`upper`) than a time. */
  abstract offsetByTime(
    timestampMs: number,
    boundary: Boundary,
    storeTimeOf: (phyOffset: number, sizeBytes: number) => number,
    minPhyOffset: number,
  ): number

  /** Writes the units that wait in memory. After a failure they still wait. */
  abstract writeOut(): void

  /** Drops every unit whose message starts at or after `phyOffset`. */
  abstract truncateFrom(phyOffset: number): void

  /** Deletes files whose messages have all left the commit log and moves minOffset up. Returns the files deleted. */
  abstract dropBelow(minPhyOffset: number): number

  /** minOffset becomes the first message that is in the commit log, or maxOffset when there is none. */
  abstract correctMinOffset(minPhyOffset: number): void

  /** Takes the queue out of use; its files have been or will be removed with their folder. */
  abstract retire(): void
}
