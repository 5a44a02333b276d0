import assert from 'node:assert/strict'
import { scanProperties } from '../codec/message/properties.ts'
import {
  encodeRecord,
  PROPERTIES_LENGTH_MAX,
  recordPropertiesLength,
  recordSize,
  TOPIC_LENGTH_MAX,
} from '../codec/message/record.ts'
import { entersConsumeQueue } from '../codec/message/sys-flag.ts'
import type { HotChunk } from './commit-log/hot-window.ts'
import { LightTargets } from './light/light-targets.ts'
import { AppendStatus, type MessageDraft } from './message-draft.ts'
import { StagedBatch } from './staged-batch.ts'
import type { StoreParts } from './store-parts.ts'

/** What the last successful append was given. */
export interface AppendResult {
  phyOffset: number
  queueOffset: number
  sizeBytes: number
  storeTimestampMs: number
  /** Light queues it went into besides; valid until the next commit. */
  light: Readonly<LightTargets>
}

/** Stages messages, writes them as one batch, and hands them to consume queues and index. */
export class Appender {
  readonly batch = new StagedBatch()
  readonly lastAppend: AppendResult = {
    phyOffset: 0,
    queueOffset: 0,
    sizeBytes: 0,
    storeTimestampMs: 0,
    light: new LightTargets(),
  }
  readonly #parts: StoreParts
  /** Why the last write failed; cleared by one that works. */
  #writeError: Error | undefined
  /** What was staged when the open group began. */
  readonly #groupStart = { count: 0, bytes: 0, stagedOffset: 0 }

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  /** Why appends are refused at present, and what to do; undefined while they are not. */
  get refusal(): string | undefined {
    const { cleaner, flags, intake, log, table, index } = this.#parts
    const diskFull = cleaner.diskFullText()
    if (diskFull !== undefined) return diskFull
    if (!flags.isWriteable) return `the store is not writeable: ${flags.names().join(', ')}`
    if (this.batch.count === 0 && intake.borderOffset !== log.writtenOffset) {
      return `the commit log ends in the middle of a message, at offset ${log.writtenOffset}`
    }
    if (!log.isClean) return `the disk refuses writes: ${this.#writeError?.message}`
    if (!table.hasRoom(this.batch.count + 1)) return 'the consume queues cannot be written'
    if (index !== undefined && !index.hasRoom) return 'the index cannot be written'
    return undefined
  }

  /**
   * Stages a message. On `ok` {@link lastAppend} tells what it was given; it becomes visible, and safe from the end of this
   * process, with {@link commit}.
   */
  append(draft: MessageDraft): AppendStatus {
    const targets = this.batch.next().light
    targets.clear()
    if (!this.#parts.light.isEnabled) return this.#append(draft)
    return this.#appendLight(draft, targets)
  }

  /** Light queues' offsets are among the properties of the record, and of the record alone. */
  #appendLight(draft: MessageDraft, targets: LightTargets): AppendStatus {
    const { extraProperties, queue, properties } = draft
    if (!draft.isScanned) scanProperties(properties.bytes, properties.start, properties.length, draft.ranges)
    draft.isScanned = true
    draft.extraProperties = this.#parts.light.aim(draft, queue?.topic ?? '', targets) ?? extraProperties
    try {
      return this.#append(draft)
    } finally {
      draft.extraProperties = extraProperties
    }
  }

  #append(draft: MessageDraft): AppendStatus {
    const batch = this.batch
    if (batch.count === 0 && this.refusal !== undefined) return AppendStatus.serviceNotAvailable
    const topicLength = draft.topicBytes.length
    if (
      draft.body.length > this.#parts.options.config.maxMessageSize ||
      topicLength === 0 ||
      topicLength > TOPIC_LENGTH_MAX
    ) {
      return AppendStatus.messageIllegal
    }
    const propertiesLength = recordPropertiesLength(draft)
    if (propertiesLength > PROPERTIES_LENGTH_MAX) return AppendStatus.propertiesSizeExceeded
    const sizeBytes = recordSize(draft, propertiesLength)
    if (!this.#parts.log.canHold(sizeBytes)) return AppendStatus.messageIllegal
    if (!batch.hasRoomFor(sizeBytes)) return AppendStatus.batchFull
    if (batch.count === 0) batch.startedMs = this.#parts.options.clock.now()
    const chunk = this.#reserve(sizeBytes)
    if (chunk === undefined) return AppendStatus.createFileFailed
    this.#stage(draft, chunk, sizeBytes, propertiesLength)
    return AppendStatus.ok
  }

  #reserve(sizeBytes: number): HotChunk | undefined {
    try {
      return this.#parts.log.reserve(sizeBytes)
    } catch (error) {
      this.#noteWriteError(error, 'cannot make the next commit log file')
      return undefined
    }
  }

  #stage(draft: MessageDraft, chunk: HotChunk, sizeBytes: number, propertiesLength: number): void {
    const { queue } = draft
    assert(queue !== undefined, 'a draft names its queue')
    const start = chunk.length
    const phyOffset = this.#parts.log.stagedOffset
    const storeTimestampMs = this.batch.startedMs
    const enters = entersConsumeQueue(draft.sysFlag)
    const queueOffset = enters ? queue.nextOffset : 0
    encodeRecord(
      chunk.bytes,
      chunk.view,
      start,
      draft,
      sizeBytes,
      propertiesLength,
      queueOffset,
      phyOffset,
      storeTimestampMs,
    )
    this.#parts.log.staged(chunk, sizeBytes)
    if (enters) queue.nextOffset = queueOffset + draft.messageCount
    const request = this.batch.next()
    // Transactions that are not settled enter no queue.
    if (!enters) request.light.clear()
    advance(request.light)
    request.queue = queue
    request.queueOffset = queueOffset
    request.phyOffset = phyOffset
    request.sizeBytes = sizeBytes
    request.storeTimestampMs = storeTimestampMs
    request.sysFlag = draft.sysFlag
    request.messageCount = draft.messageCount
    request.bytes = chunk.bytes
    const propertiesStart = start + sizeBytes - propertiesLength
    if (draft.isScanned) {
      request.takeRanges(draft.ranges, propertiesStart - draft.properties.start, queue.topic, this.#parts.delayLevels)
    } else {
      request.scan(propertiesStart, propertiesLength, queue.topic, this.#parts.delayLevels)
    }
    this.batch.add(sizeBytes)
    const result = this.lastAppend
    result.phyOffset = phyOffset
    result.queueOffset = queueOffset
    result.sizeBytes = sizeBytes
    result.storeTimestampMs = storeTimestampMs
    result.light = request.light
  }

  /**
   * Writes what is staged and makes it visible. False if it could not be written: every message staged since the last
   * commit is refused, and the store is as it was before them.
   */
  commit(): boolean {
    const batch = this.batch
    assert(!batch.isGroupOpen, 'a group is committed as a whole')
    if (batch.count === 0) return true
    try {
      this.#parts.log.write()
    } catch (error) {
      this.#takeBackFrom(0)
      this.#noteWriteError(error, `cannot write ${batch.count} messages, which are refused`)
      batch.clear()
      return false
    }
    this.#writeError = undefined
    this.#dispatchBatch()
    this.#parts.statistics.noteBatch(batch.count, batch.bytes, this.#parts.options.clock.now() - batch.startedMs)
    batch.clear()
    return true
  }

  /** What has to be confirmed first is read again from the log when it is: it is still in the hot window then. */
  #dispatchBatch(): void {
    const { intake, log, dispatcher, options } = this.#parts
    const { batch } = this
    intake.wholeTo(log.writtenOffset)
    if (options.config.enableControllerMode) return
    intake.dispatchedOffset = log.writtenOffset
    for (let i = 0; i < batch.count; i++) {
      if (dispatcher.dispatch(batch.at(i))) continue
      this.stall(batch.at(i).phyOffset)
      break
    }
    this.noteDispatched()
  }

  /**
   * From here to {@link endGroup} messages are staged that are stored wholly or not at all. False if what is staged
   * already has to be committed first.
   */
  beginGroup(count: number, sizeBytes: number): boolean {
    const { batch } = this
    assert(!batch.isGroupOpen, 'one group at a time')
    if (!batch.hasRoomForGroup(count, sizeBytes)) return false
    batch.isGroupOpen = true
    this.#groupStart.count = batch.count
    this.#groupStart.bytes = batch.bytes
    this.#groupStart.stagedOffset = this.#parts.log.stagedOffset
    return true
  }

  /** Without `isKept` the messages of the group are taken back. */
  endGroup(isKept: boolean): void {
    const { batch } = this
    assert(batch.isGroupOpen, 'a group was begun')
    batch.isGroupOpen = false
    if (isKept) return
    const { count, bytes, stagedOffset } = this.#groupStart
    this.#takeBackFrom(count)
    this.#parts.log.unstageFrom(stagedOffset)
    batch.cutTo(count, bytes)
  }

  noteDispatched(): void {
    const { lastPhyOffset, lastStoreTimestampMs } = this.#parts.dispatcher
    if (lastPhyOffset >= 0) this.#parts.dispatchFlush.noteDispatched(lastPhyOffset, lastStoreTimestampMs)
  }

  #takeBackFrom(first: number): void {
    const batch = this.batch
    for (let i = batch.count - 1; i >= first; i--) {
      const { queue, queueOffset, sysFlag, light } = batch.at(i)
      if (queue !== undefined && entersConsumeQueue(sysFlag)) queue.nextOffset = queueOffset
      for (let j = 0; j < light.count; j++) light.queues[j]!.nextOffset = light.offsets[j]!
    }
    this.#parts.statistics.putFailedCount += batch.count - first
  }

  /** Reports the first of a row of failures. */
  #noteWriteError(error: unknown, what: string): void {
    const isFirst = this.#writeError === undefined
    this.#writeError = error instanceof Error ? error : new Error(String(error))
    if (isFirst) this.#parts.options.reporter.error(`${what}: check the disk of storePathCommitLog`, error)
  }

  /** Messages from `phyOffset` on are in the log but not in the queues: {@link tick} tries again, and appends wait. */
  stall(phyOffset: number): void {
    this.#parts.intake.dispatchedOffset = phyOffset
    if (!this.#parts.flags.set('writeLogicsQueueError', true)) return
    this.#parts.options.reporter.error(
      `consume queues or index take no more; messages from commit log offset ${phyOffset} on wait for them: check the ` +
        'disks of storePathConsumeQueue and storePathIndex',
    )
  }
}

function advance(light: LightTargets): void {
  for (let i = 0; i < light.count; i++) light.queues[i]!.nextOffset = light.offsets[i]! + 1
}
