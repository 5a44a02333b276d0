import { findBatchQueueEnd, findValidBatchEnd, unitAtTime, unitOfOffset } from './batch-queue-search.ts'
import { BatchUnitChain } from './batch-unit-chain.ts'
import { ConsumeQueue, FILE_INDEX_MAX, QueueAppend } from './consume-queue.ts'
import type { Boundary } from './offset-by-time.ts'
import { PAGE_UNITS, type QueueContext, SCRATCH_BATCH_UNITS } from './queue-context.ts'
import { checkFileSize, connectedFiles } from './queue-files.ts'
import { firstAtOrAfter, type UnitLayout } from './queue-search.ts'
import { BATCH_UNIT_BYTES, QueueUnits } from './queue-unit.ts'
import type { TopicQueues } from './topic-map.ts'

/** For looking at units inside the store; never handed out. All batch consume queues share it. */
const page = new QueueUnits(PAGE_UNITS)

/**
 * A queue of a topic with `queue.type=BatchCQ`: a unit for every record, which may hold many messages (an inner batch).
 * Units are numbered from 0 on, without gaps, in the order of the log; which one holds an offset has to be looked for. Rules
 * as in Apache RocketMQ's `BatchConsumeQueue`.
 *
 * Units below `#chain.start` are in files, those up to `#end` in the chain.
 */
export class BatchConsumeQueue extends ConsumeQueue {
  readonly #context: QueueContext
  readonly #chain: BatchUnitChain
  readonly #layout: UnitLayout
  #isLoaded = false
  #isRemoved = false
  #next = 0
  #min = 0
  #max = 0
  /** Number of the unit that holds `#min`, or `#end`. */
  #first = 0
  #end = 0
  #maxPhyOffset = -1
  #firstFile = -1
  #lastFile = -1
  /** Where the last read began: the next one begins nearby as a rule. */
  #hintUnit = 0
  #hintOffset = Number.POSITIVE_INFINITY

  constructor(context: QueueContext, owner: TopicQueues, queueId: number, id: number, isNew: boolean) {
    super(owner, queueId, id)
    this.#context = context
    this.#chain = new BatchUnitChain(context.pool)
    this.#layout = { unitsPerFile: context.batchUnitsPerFile, page }
    this.#isLoaded = isNew
  }

  get nextOffset(): number {
    if (!this.#isLoaded) this.#load()
    return this.#next
  }

  set nextOffset(offset: number) {
    if (!this.#isLoaded) this.#load()
    this.#next = offset
  }

  get minOffset(): number {
    if (!this.#isLoaded) this.#load()
    return this.#min
  }

  get maxOffset(): number {
    if (!this.#isLoaded) this.#load()
    return this.#max
  }

  get maxPhyOffset(): number {
    if (!this.#isLoaded) this.#load()
    return this.#maxPhyOffset
  }

  get unitEnd(): number {
    if (!this.#isLoaded) this.#load()
    return this.#end
  }

  get isDirty(): boolean {
    return !this.#chain.isEmpty
  }

  get isLoaded(): boolean {
    return this.#isLoaded
  }

  get isRemoved(): boolean {
    return this.#isRemoved
  }

  get firstFileIndex(): number {
    if (!this.#isLoaded) this.#load()
    return this.#firstFile
  }

  get lastFileIndex(): number {
    if (!this.#isLoaded) this.#load()
    return this.#lastFile
  }

  get fileBytes(): number {
    return this.#context.batchFileBytes
  }

  append(
    queueOffset: number,
    phyOffset: number,
    sizeBytes: number,
    tagsCode: number,
    storeTimestampMs = 0,
    messageCount = 1,
  ): QueueAppend {
    if (!this.#isLoaded) this.#load()
    if (phyOffset + sizeBytes <= this.#maxPhyOffset || this.#isRemoved) return QueueAppend.ignored
    if (queueOffset !== this.#max) {
      const prepared = this.#prepareFor(queueOffset)
      if (prepared !== QueueAppend.appended) return prepared
    }
    if (this.#chain.isFull && !this.#grow()) return QueueAppend.failed
    this.#chain.push(phyOffset, sizeBytes, tagsCode, storeTimestampMs, queueOffset, messageCount)
    if (this.#first === this.#end) this.#min = queueOffset
    this.#end++
    this.#max = queueOffset + messageCount
    this.#maxPhyOffset = phyOffset + sizeBytes
    if (this.#next < this.#max) this.#next = this.#max
    return QueueAppend.appended
  }

  readUnits(offset: number, count: number, out: QueueUnits): number {
    out.count = 0
    if (offset < this.minOffset || offset >= this.#max) return 0
    const unit = this.#unitOf(offset)
    const read = this.readStored(unit, Math.min(count, this.#end - unit, out.capacity), out)
    this.#hintUnit = unit
    this.#hintOffset = out.baseOffsets[0]!
    return read
  }

  /**
   * As `BatchConsumeQueue.getOffsetInQueueByTime`: offsets are those of the records' first messages, and a time behind the
   * last record gives that one (where a queue with a unit for every message gives maxOffset).
   */
  offsetByTime(timestampMs: number, boundary: Boundary): number {
    if (this.minOffset === this.#max) return this.#max
    const found = unitAtTime(this, this.#first, this.#end, timestampMs, boundary === 'upper', this.#layout)
    const unit = boundary === 'lower' ? Math.min(found, this.#end - 1) : Math.max(found - 1, this.#first)
    page.count = 0
    this.readStored(unit, 1, page)
    return page.baseOffsets[0]!
  }

  /** Adds the units `first`..`first + count` to `out`; they must exist. */
  readStored(first: number, count: number, out: QueueUnits): number {
    let at = first
    const end = first + count
    const { start } = this.#chain
    if (at < start) at = this.#readFiles(at, Math.min(end, start), out)
    if (at < end) this.#chain.read(at, end, out)
    return count
  }

  /** Reads units as the files hold them, whatever the queue's bounds; the files must exist. */
  readFileUnits(first: number, count: number, out: QueueUnits): void {
    out.count = 0
    this.#readFiles(first, first + count, out)
  }

  writeOut(): void {
    if (this.#chain.isEmpty) return
    this.#chain.forEachPiece(this.#end, this.#context.scratch, (from, count) => this.#writeGathered(from, count))
    this.#chain.clear(this.#end)
  }

  truncateFrom(phyOffset: number): void {
    if (!this.#isLoaded) this.#load()
    this.writeOut()
    if (this.#firstFile < 0) return
    const { files, batchUnitsPerFile } = this.#context
    // An attempt that failed may have left it too short.
    checkFileSize(this, this.#lastFile, BATCH_UNIT_BYTES, this.#context)
    const end = findValidBatchEnd(this, phyOffset, this.#layout)
    const lostOffset = this.#baseOffsetOf(end)
    const keptFile = Math.min(this.#lastFile, Math.floor(end / batchUnitsPerFile))
    while (this.#lastFile > keptFile) {
      files.remove(this, this.#lastFile)
      this.#lastFile--
    }
    if (end < (keptFile + 1) * batchUnitsPerFile)
      files.zeroFrom(this, keptFile, (end - keptFile * batchUnitsPerFile) * BATCH_UNIT_BYTES)
    this.#setEnd(end)
    // Were nothing left, what comes next would begin at 0 again although older messages were there.
    if (this.#maxPhyOffset < 0) this.#max = lostOffset
    this.#next = this.#max
    this.#first = Math.min(this.#first, end)
    this.#min = Math.min(this.#min, this.#max)
  }

  dropBelow(minPhyOffset: number): number {
    if (!this.#isLoaded) this.#load()
    const { files, batchUnitsPerFile } = this.#context
    let deleted = 0
    while (this.#firstFile < this.#lastFile && this.#chain.start > (this.#firstFile + 1) * batchUnitsPerFile) {
      this.readFileUnits((this.#firstFile + 1) * batchUnitsPerFile - 1, 1, page)
      if (page.phyOffsets[0]! >= minPhyOffset) break
      files.remove(this, this.#firstFile)
      this.#firstFile++
      deleted++
    }
    this.correctMinOffset(minPhyOffset)
    return deleted
  }

  correctMinOffset(minPhyOffset: number): void {
    if (!this.#isLoaded) this.#load()
    const from = Math.max(this.#first, this.#firstFile * this.#context.batchUnitsPerFile, 0)
    this.#first = firstAtOrAfter(this, from, this.#end, minPhyOffset, page)
    this.#min = this.#max
    if (this.#first < this.#end) {
      page.count = 0
      this.readStored(this.#first, 1, page)
      this.#min = page.baseOffsets[0]!
    }
  }

  retire(): void {
    this.#chain.clear(this.#end)
    if (this.#firstFile >= 0) this.#context.files.forget(this, this.#firstFile, this.#lastFile)
    this.#isRemoved = true
  }

  /** Number of the unit that holds an offset of the queue; of one that is missing, the next. */
  #unitOf(offset: number): number {
    if (offset >= this.#hintOffset && this.#hintUnit >= this.#first && this.#hintUnit < this.#end) {
      page.count = 0
      const count = this.readStored(this.#hintUnit, Math.min(PAGE_UNITS, this.#end - this.#hintUnit), page)
      for (let i = 0; i < count; i++) if (page.endOffset(i) > offset) return this.#hintUnit + i
    }
    return unitOfOffset(this, this.#first, this.#end, offset, this.#layout)
  }

  #grow(): boolean {
    const context = this.#context
    if (this.#end - this.#chain.start >= context.limits.queueTailUnitsMax && context.writeError === undefined) {
      context.tryWriteOut(this)
    }
    const chunk = context.takeChunk()
    if (chunk < 0) return false
    // Taking a chunk may have written this queue out.
    if (this.#chain.isEmpty) context.becameDirty(this)
    this.#chain.add(chunk)
    return true
  }

  /** Called for a unit that does not follow the last one. */
  #prepareFor(queueOffset: number): QueueAppend {
    const { reporter, batchUnitsPerFile } = this.#context
    if (queueOffset < 0 || Math.floor(this.#end / batchUnitsPerFile) > FILE_INDEX_MAX) {
      reporter.error(
        `message for ${this.topic}-${this.queueId} has impossible queue offset ${queueOffset}: not dispatched`,
      )
      return QueueAppend.failed
    }
    if (queueOffset < this.#max) {
      if (queueOffset > 0) return QueueAppend.ignored
      // Offsets begin anew only when the topic was deleted and created again: rebuilding leads to where living did.
      reporter.warn(
        `queue ${this.topic}-${this.queueId} begins again at offset 0: its older messages, up to ${this.#max}, are dropped`,
      )
      return this.#restart()
    }
    if (this.#firstFile < 0 && this.#chain.isEmpty) return QueueAppend.appended
    reporter.warn(
      `queue ${this.topic}-${this.queueId} lacks ${queueOffset - this.#max} messages from offset ${this.#max} on`,
    )
    return QueueAppend.appended
  }

  /** Begins the queue at offset 0: whatever it held goes. */
  #restart(): QueueAppend {
    try {
      while (this.#lastFile >= 0 && this.#lastFile >= this.#firstFile) {
        this.#context.files.remove(this, this.#lastFile)
        this.#lastFile--
      }
    } catch (error) {
      this.#context.reporter.error(`cannot begin ${this.topic}-${this.queueId} anew`, error)
      return QueueAppend.failed
    }
    this.#firstFile = -1
    this.#lastFile = -1
    this.#first = 0
    this.#end = 0
    this.#min = 0
    this.#max = 0
    this.#next = 0
    this.#maxPhyOffset = -1
    this.#hintOffset = Number.POSITIVE_INFINITY
    this.#chain.clear(0)
    return QueueAppend.appended
  }

  /** Of the unit in files that is about to be dropped; 0 where there is none. */
  #baseOffsetOf(unit: number): number {
    if (unit >= (this.#lastFile + 1) * this.#context.batchUnitsPerFile) return 0
    this.readFileUnits(unit, 1, page)
    return Math.max(page.baseOffsets[0]!, 0)
  }

  /** Units from `from` that fit one scratch and one file. */
  #pieceUnits(from: number, end: number): number {
    const { batchUnitsPerFile } = this.#context
    return Math.min(end - from, SCRATCH_BATCH_UNITS, batchUnitsPerFile - (from % batchUnitsPerFile))
  }

  /** Writes units that stand in the scratch memory, splitting them at file borders. */
  #writeGathered(from: number, count: number): void {
    const { files, batchUnitsPerFile, scratch } = this.#context
    const end = from + count
    for (let at = from; at < end; ) {
      const piece = this.#pieceUnits(at, end)
      const fileIndex = Math.floor(at / batchUnitsPerFile)
      this.#makeFile(fileIndex)
      const position = (at - fileIndex * batchUnitsPerFile) * BATCH_UNIT_BYTES
      files.write(this, fileIndex, scratch, piece * BATCH_UNIT_BYTES, position)
      at += piece
      if (at < end) scratch.copyWithin(0, piece * BATCH_UNIT_BYTES, (piece + end - at) * BATCH_UNIT_BYTES)
    }
  }

  #makeFile(fileIndex: number): void {
    if (fileIndex <= this.#lastFile) return
    this.#context.files.create(this, fileIndex)
    this.#lastFile = fileIndex
    if (this.#firstFile < 0) this.#firstFile = fileIndex
  }

  #readFiles(from: number, end: number, out: QueueUnits): number {
    const { files, batchUnitsPerFile, scratch, scratchView } = this.#context
    let at = from
    while (at < end) {
      const count = this.#pieceUnits(at, end)
      const fileIndex = Math.floor(at / batchUnitsPerFile)
      const position = (at - fileIndex * batchUnitsPerFile) * BATCH_UNIT_BYTES
      files.read(this, fileIndex, scratch, count * BATCH_UNIT_BYTES, position)
      out.takeBatches(scratchView, 0, count)
      at += count
    }
    return at
  }

  #load(): void {
    const { files, batchUnitsPerFile, reporter, minPhyOffset } = this.#context
    const indexes = files.list(this)
    this.#isLoaded = true
    if (indexes.length === 0) return
    try {
      this.#firstFile = indexes[0]!
      this.#lastFile = connectedFiles(this, indexes, files, reporter)
      for (let index = this.#firstFile; index <= this.#lastFile; index++)
        checkFileSize(this, index, BATCH_UNIT_BYTES, this.#context)
      this.#setEnd(findBatchQueueEnd(this, this.#lastFile, this.#layout))
      this.#next = this.#max
      this.#first = this.#firstFile * batchUnitsPerFile
      this.correctMinOffset(minPhyOffset)
    } catch (error) {
      this.#isLoaded = false
      throw error
    }
  }

  #setEnd(end: number): void {
    this.#end = end
    this.#chain.clear(end)
    this.#hintOffset = Number.POSITIVE_INFINITY
    this.#max = 0
    this.#maxPhyOffset = -1
    if (end <= this.#firstFile * this.#context.batchUnitsPerFile) return
    this.readFileUnits(end - 1, 1, page)
    this.#max = page.endOffset(0)
    this.#maxPhyOffset = page.phyOffsets[0]! + page.sizes[0]!
  }
}
