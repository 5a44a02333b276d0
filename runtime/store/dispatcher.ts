import { integerOfAscii, type PropertyRanges, scanProperties } from '../codec/message/properties.ts'
import type { RecordView } from '../codec/message/record.ts'
import { entersConsumeQueue, SysFlag } from '../codec/message/sys-flag.ts'
import type { ConsumeQueue } from './consume-queue/consume-queue.ts'
import { QueueAppend } from './consume-queue/consume-queue.ts'
import type { ConsumeQueueTable } from './consume-queue/consume-queue-table.ts'
import { MESSAGES_PER_UNIT_MAX } from './consume-queue/queue-unit.ts'
import type { DelayLevels } from './delay-levels.ts'
import { DispatchRequest } from './dispatch-request.ts'
import type { IndexService } from './index/index-service.ts'
import type { LightQueues } from './light/light-queues.ts'
import type { StoreReporter } from './store-options.ts'

/** Brings records of the log into consume queues and index, one after the other and each exactly once. */
export class Dispatcher {
  /** Start of the last record brought in, -1 before the first. */
  lastPhyOffset = -1
  lastStoreTimestampMs = 0
  /** Called for every record read from the log that a consume queue has got. */
  onRecord: ((queue: ConsumeQueue) => void) | undefined
  readonly #table: ConsumeQueueTable
  readonly #index: IndexService | undefined
  readonly #light: LightQueues
  readonly #delayLevels: DelayLevels
  readonly #reporter: StoreReporter
  readonly #request = new DispatchRequest()

  constructor(
    table: ConsumeQueueTable,
    index: IndexService | undefined,
    light: LightQueues,
    delayLevels: DelayLevels,
    reporter: StoreReporter,
  ) {
    this.#reporter = reporter
    this.#table = table
    this.#index = index
    this.#light = light
    this.#delayLevels = delayLevels
  }

  /** False if consume queue or index cannot take it now: it must be offered again, before any later one. */
  dispatch(request: DispatchRequest): boolean {
    const { queue } = request
    if (queue !== undefined && entersConsumeQueue(request.sysFlag)) {
      const { phyOffset, sizeBytes } = request
      const appended = queue.isBatch
        ? appendBatch(queue, request)
        : queue.append(request.queueOffset, phyOffset, sizeBytes, request.tagsCode)
      if (appended === QueueAppend.failed) return false
      const { light } = request
      for (let i = 0; i < light.count; i++) {
        const appended = light.queues[i]!.append(light.offsets[i]!, phyOffset, sizeBytes, request.tagsCode)
        if (appended === QueueAppend.failed) return false
      }
    }
    if (this.#index !== undefined && queue !== undefined) {
      const { phyOffset, storeTimestampMs, sysFlag, bytes, ranges } = request
      const { indexKeySeed } = queue
      if (!this.#index.put(indexKeySeed, phyOffset, storeTimestampMs, sysFlag, storeTimestampMs, bytes, ranges))
        return false
    }
    this.lastPhyOffset = request.phyOffset
    this.lastStoreTimestampMs = request.storeTimestampMs
    return true
  }

  /**
   * The same for a record found in the log: one that came from a master, or that recovery reads. One whose topic or queue
   * id no consume queue can have is reported and passed over.
   */
  dispatchRecord(record: RecordView, bytes: Uint8Array, phyOffset: number): boolean {
    const request = this.#request
    const queue = this.#queueOf(record, bytes)
    if (queue === undefined) return true
    request.queue = queue
    request.messageCount = 1
    request.queueOffset = record.queueOffset
    request.phyOffset = phyOffset
    request.sizeBytes = record.sizeBytes
    request.storeTimestampMs = record.storeTimestampMs
    request.sysFlag = record.sysFlag
    request.bytes = bytes
    request.scan(record.propertiesStart, record.propertiesLength, queue.topic, this.#delayLevels)
    if (isInnerBatch(record)) request.messageCount = this.#messagesIn(record, bytes, request.ranges)
    this.#light.read(bytes, request.ranges, queue.topic, request.light)
    if (!this.dispatch(request)) return false
    this.onRecord?.(queue)
    for (let i = 0; i < request.light.count; i++) this.onRecord?.(request.light.queues[i]!)
    return true
  }

  /** A record of the log that no queue has got yet: the next message of its queue comes behind it. */
  followQueue(record: RecordView, bytes: Uint8Array): void {
    if (!entersConsumeQueue(record.sysFlag)) return
    const queue = this.#queueOf(record, bytes)
    if (queue === undefined) return
    const { ranges, light } = this.#request
    if (this.#light.isEnabled || isInnerBatch(record))
      scanProperties(bytes, record.propertiesStart, record.propertiesLength, ranges)
    const count = isInnerBatch(record) ? this.#messagesIn(record, bytes, ranges) : 1
    queue.nextOffset = Math.max(queue.nextOffset, record.queueOffset + count)
    if (!this.#light.isEnabled) return
    this.#light.read(bytes, ranges, queue.topic, light)
    for (let i = 0; i < light.count; i++) {
      const one = light.queues[i]!
      one.nextOffset = Math.max(one.nextOffset, light.offsets[i]! + 1)
    }
  }

  /** As in Java's `CommitLog.setBatchSizeIfNeeded`. */
  #messagesIn(
    record: RecordView,
    bytes: Uint8Array,
    { innerNumStart, innerNumLength, hasInnerBase }: PropertyRanges,
  ): number {
    if (innerNumStart < 0 || !hasInnerBase) return 1
    const count = integerOfAscii(bytes, innerNumStart, innerNumLength)
    if (count >= 1 && count <= MESSAGES_PER_UNIT_MAX) return count
    this.#reporter.warn(
      `the record at commit log offset ${record.phyOffset} says that it holds ${count} messages: taken as 1`,
    )
    return 1
  }

  #queueOf(record: RecordView, bytes: Uint8Array): ConsumeQueue | undefined {
    const found = this.#table.findByBytes(bytes, record.topicStart, record.topicLength, record.queueId)
    if (found !== undefined && (found.isBatch || !isInnerBatch(record))) return found
    const topic = Buffer.from(bytes.buffer, bytes.byteOffset + record.topicStart, record.topicLength).toString('utf8')
    try {
      return isInnerBatch(record)
        ? this.#table.obtainForBatch(topic, record.queueId)
        : this.#table.obtain(topic, record.queueId)
    } catch (error) {
      this.#reporter.error(`message at commit log offset ${record.phyOffset} stays without consume queue`, error)
      return undefined
    }
  }
}

function isInnerBatch(record: RecordView): boolean {
  return (record.sysFlag & SysFlag.innerBatch) !== 0
}

function appendBatch(queue: ConsumeQueue, request: DispatchRequest): QueueAppend {
  const { queueOffset, phyOffset, sizeBytes, tagsCode, storeTimestampMs, messageCount } = request
  return queue.append(queueOffset, phyOffset, sizeBytes, tagsCode, storeTimestampMs, messageCount)
}
