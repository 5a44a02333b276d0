import { ConsumeQueue, FILE_INDEX_MAX, QueueAppend } from './consume-queue.ts'
import { type Boundary, offsetAtTime } from './offset-by-time.ts'
import type { QueueContext } from './queue-context.ts'
import { SCRATCH_UNITS } from './queue-context.ts'
import { checkFileSize, connectedFiles } from './queue-files.ts'
import { findQueueEnd, findValidEnd, firstAtOrAfter, firstRealUnit } from './queue-search.ts'
import { FILLER_SIZE, type QueueUnits, setUnit, UNIT_BYTES } from './queue-unit.ts'
import type { TopicQueues } from './topic-map.ts'
import { UnitChain } from './unit-chain.ts'

/**
 * A queue with a unit for every message, at the place of its offset. Rules as in Apache RocketMQ's `ConsumeQueue`.
 *
 * Units below `#written` are in files, those from `#chain.start` to `#max` in the chain; what lies between the two are
 * fillers still to be written (at the start of a queue whose first message is not number 0).
 */
export class SimpleConsumeQueue extends ConsumeQueue {
  readonly #context: QueueContext
  readonly #chain: UnitChain
  #isLoaded = false
  #isRemoved = false
  #next = 0
  #min = 0
  #max = 0
  #maxPhyOffset = -1
  #written = 0
  #firstFile = -1
  #lastFile = -1

  constructor(context: QueueContext, owner: TopicQueues, queueId: number, id: number, isNew: boolean) {
    super(owner, queueId, id)
    this.#context = context
    this.#chain = new UnitChain(context.pool)
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
    return this.maxOffset
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
    return this.#context.fileBytes
  }

  append(queueOffset: number, phyOffset: number, sizeBytes: number, tagsCode: number): QueueAppend {
    if (!this.#isLoaded) this.#load()
    if (phyOffset + sizeBytes <= this.#maxPhyOffset || this.#isRemoved) return QueueAppend.ignored
    if (queueOffset !== this.#max) {
      const prepared = this.#prepareFor(queueOffset)
      if (prepared !== QueueAppend.appended) return prepared
    }
    if (!this.#push(phyOffset, sizeBytes, tagsCode)) return QueueAppend.failed
    this.#maxPhyOffset = phyOffset + sizeBytes
    if (this.#next < this.#max) this.#next = this.#max
    return QueueAppend.appended
  }

  /** A queue without units goes on at an offset: of what came before, nothing is in the commit log. */
  beginAt(queueOffset: number): void {
    if (this.maxOffset === 0) this.#restart(queueOffset)
  }

  readUnits(offset: number, count: number, out: QueueUnits): number {
    out.count = 0
    if (offset < this.minOffset || offset >= this.#max) return 0
    return this.readStored(offset, Math.min(count, this.#max - offset, out.capacity), out)
  }

  /** First offset not earlier (`lower`) or last offset not later (`upper`) than a time. See {@link offsetAtTime}. */
  offsetByTime(
    timestampMs: number,
    boundary: Boundary,
    storeTimeOf: (phyOffset: number, sizeBytes: number) => number,
    minPhyOffset: number,
  ): number {
    return offsetAtTime(this, timestampMs, boundary, storeTimeOf, minPhyOffset, this.#context.page)
  }

  /** Like {@link readUnits} without its bounds: the units must exist (`out` has its count reset by the caller). */
  readStored(offset: number, count: number, out: QueueUnits): number {
    let at = offset
    const end = offset + count
    if (at < this.#written) at = this.#readFiles(at, Math.min(end, this.#written), out)
    if (at < this.#chain.start && at < end) {
      const fillers = Math.min(end, this.#chain.start) - at
      out.takeFillers(fillers)
      at += fillers
    }
    if (at < end) this.#chain.read(at, end, out)
    return count
  }

  /** Reads units as the files hold them, whatever the queue's bounds; the files must exist. */
  readFileUnits(offset: number, count: number, out: QueueUnits): void {
    out.count = 0
    this.#readFiles(offset, offset + count, out)
  }

  writeOut(): void {
    if (this.#chain.isEmpty) return
    const { scratch, scratchView } = this.#context
    for (let from = this.#written; from < this.#chain.start; ) {
      const count = this.#pieceUnits(from, this.#chain.start)
      for (let i = 0; i < count; i++) setUnit(scratchView, i * UNIT_BYTES, 0, FILLER_SIZE, 0)
      this.#writePiece(from, count)
      from += count
    }
    this.#chain.forEachPiece(this.#max, scratch, (from, count) => this.#writeGathered(from, count))
    this.#clearChain()
  }

  truncateFrom(phyOffset: number): void {
    if (!this.#isLoaded) this.#load()
    this.writeOut()
    if (this.#firstFile < 0) return
    const { files, unitsPerFile } = this.#context
    // An attempt that failed may have left it too short.
    this.#checkSize(this.#lastFile)
    const end = findValidEnd(this, phyOffset, this.#context)
    // The file in which the end lies stays even if nothing is left in it: its name keeps the queue's position.
    const keptFile = Math.min(this.#lastFile, Math.floor(end / unitsPerFile))
    while (this.#lastFile > keptFile) {
      files.remove(this, this.#lastFile)
      this.#lastFile--
    }
    if (end < (keptFile + 1) * unitsPerFile)
      files.zeroFrom(this, keptFile, (end - keptFile * unitsPerFile) * UNIT_BYTES)
    this.#setEnd(end)
    this.#next = end
    this.#min = Math.min(this.#min, end)
  }

  dropBelow(minPhyOffset: number): number {
    if (!this.#isLoaded) this.#load()
    const { files, unitsPerFile, page } = this.#context
    let deleted = 0
    while (this.#firstFile < this.#lastFile && this.#written > (this.#firstFile + 1) * unitsPerFile) {
      this.readFileUnits((this.#firstFile + 1) * unitsPerFile - 1, 1, page)
      if (page.phyOffsets[0]! >= minPhyOffset) break
      files.remove(this, this.#firstFile)
      this.#firstFile++
      deleted++
    }
    this.correctMinOffset(minPhyOffset)
    return deleted
  }

  /**
   * minOffset becomes the first unit whose message is in the commit log, or maxOffset when there is none. Fillers do not
   * count, also while the commit log starts at 0 (Java's `correctMinOffset` stops at them then).
   */
  correctMinOffset(minPhyOffset: number): void {
    if (!this.#isLoaded) this.#load()
    const from = Math.max(this.#min, this.#firstFile * this.#context.unitsPerFile, 0)
    this.#min = firstAtOrAfter(this, from, this.#max, minPhyOffset, this.#context.page)
  }

  retire(): void {
    this.#clearChain()
    if (this.#firstFile >= 0) this.#context.files.forget(this, this.#firstFile, this.#lastFile)
    this.#isRemoved = true
  }

  #push(phyOffset: number, sizeBytes: number, tagsCode: number): boolean {
    if (this.#chain.isFull && !this.#grow()) return false
    this.#chain.push(phyOffset, sizeBytes, tagsCode)
    this.#max++
    return true
  }

  #grow(): boolean {
    const context = this.#context
    if (this.#max - this.#chain.start >= context.limits.queueTailUnitsMax && context.writeError === undefined) {
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
    const { reporter, unitsPerFile } = this.#context
    if (queueOffset < 0 || Math.floor(queueOffset / unitsPerFile) > FILE_INDEX_MAX) {
      reporter.error(
        `message for ${this.topic}-${this.queueId} has impossible queue offset ${queueOffset}: not dispatched`,
      )
      return QueueAppend.failed
    }
    if (queueOffset < this.#max) {
      if (queueOffset > 0) return QueueAppend.ignored
      // Offsets begin anew only when the topic was deleted and created again: rebuilding leads to where living did.
      reporter.warn(
        `queue ${this.topic}-${this.queueId} begins again at offset 0: its ${this.#max} older units are dropped`,
      )
      return this.#restart(0)
    }
    if (this.#firstFile < 0 && this.#chain.isEmpty) return this.#restart(queueOffset)
    const gap = queueOffset - this.#max
    reporter.warn(`queue ${this.topic}-${this.queueId} lacks ${gap} units from offset ${this.#max} on`)
    if (gap > unitsPerFile) return this.#restart(queueOffset)
    const isWithoutMessages = this.#min === this.#max
    for (let i = 0; i < gap; i++) if (!this.#push(0, FILLER_SIZE, 0)) return QueueAppend.failed
    if (isWithoutMessages) this.#min = queueOffset
    return QueueAppend.appended
  }

  /** Begins the queue at an offset: whatever it held goes. */
  #restart(queueOffset: number): QueueAppend {
    try {
      while (this.#lastFile >= 0 && this.#lastFile >= this.#firstFile) {
        this.#context.files.remove(this, this.#lastFile)
        this.#lastFile--
      }
    } catch (error) {
      this.#context.reporter.error(`cannot begin ${this.topic}-${this.queueId} anew at offset ${queueOffset}`, error)
      return QueueAppend.failed
    }
    this.#firstFile = -1
    this.#lastFile = -1
    this.#max = queueOffset
    this.#next = queueOffset
    this.#min = queueOffset
    this.#maxPhyOffset = -1
    this.#clearChain()
    this.#written = queueOffset - (queueOffset % this.#context.unitsPerFile)
    return QueueAppend.appended
  }

  #clearChain(): void {
    this.#written = this.#max
    this.#chain.clear(this.#max)
  }

  /** Units from `from` that fit one scratch and one file. */
  #pieceUnits(from: number, end: number): number {
    const { unitsPerFile } = this.#context
    return Math.min(end - from, SCRATCH_UNITS, unitsPerFile - (from % unitsPerFile))
  }

  /** Writes units that stand in the scratch memory, splitting them at file borders. */
  #writeGathered(from: number, count: number): void {
    const { scratch } = this.#context
    const end = from + count
    for (let at = from; at < end; ) {
      const piece = this.#pieceUnits(at, end)
      this.#writePiece(at, piece)
      at += piece
      if (at < end) scratch.copyWithin(0, piece * UNIT_BYTES, (piece + end - at) * UNIT_BYTES)
    }
  }

  #writePiece(from: number, count: number): void {
    const { files, unitsPerFile, scratch } = this.#context
    const fileIndex = Math.floor(from / unitsPerFile)
    if (fileIndex > this.#lastFile) {
      files.create(this, fileIndex)
      this.#lastFile = fileIndex
      if (this.#firstFile < 0) this.#firstFile = fileIndex
    }
    files.write(this, fileIndex, scratch, count * UNIT_BYTES, (from - fileIndex * unitsPerFile) * UNIT_BYTES)
  }

  #readFiles(from: number, end: number, out: QueueUnits): number {
    const { files, unitsPerFile, scratch, scratchView } = this.#context
    let at = from
    while (at < end) {
      const count = this.#pieceUnits(at, end)
      const fileIndex = Math.floor(at / unitsPerFile)
      files.read(this, fileIndex, scratch, count * UNIT_BYTES, (at - fileIndex * unitsPerFile) * UNIT_BYTES)
      out.take(scratchView, 0, count)
      at += count
    }
    return at
  }

  #load(): void {
    const { files, unitsPerFile, reporter, minPhyOffset, page } = this.#context
    const indexes = files.list(this)
    this.#isLoaded = true
    if (indexes.length === 0) return
    try {
      this.#firstFile = indexes[0]!
      this.#lastFile = connectedFiles(this, indexes, files, reporter)
      for (let index = this.#firstFile; index <= this.#lastFile; index++) this.#checkSize(index)
      this.#setEnd(findQueueEnd(this, this.#lastFile, this.#context))
      this.#next = this.#max
      this.#min = firstRealUnit(this, this.#firstFile * unitsPerFile, this.#max, page)
      if (minPhyOffset > 0) this.correctMinOffset(minPhyOffset)
    } catch (error) {
      this.#isLoaded = false
      throw error
    }
  }

  #checkSize(fileIndex: number): void {
    checkFileSize(this, fileIndex, UNIT_BYTES, this.#context)
  }

  #setEnd(end: number): void {
    const { page, unitsPerFile } = this.#context
    this.#max = end
    this.#clearChain()
    this.#maxPhyOffset = -1
    if (end <= this.#firstFile * unitsPerFile) return
    this.readFileUnits(end - 1, 1, page)
    if (!page.isFiller(0)) this.#maxPhyOffset = page.phyOffsets[0]! + page.sizes[0]!
  }
}
