import type { Disk } from '../../io/disk.ts'
import type { StoreReporter } from '../store-options.ts'
import { BatchConsumeQueue } from './batch-consume-queue.ts'
import { type ConsumeQueue, QueueAppend } from './consume-queue.ts'
import { QueueContext } from './queue-context.ts'
import { QueueFiles } from './queue-files.ts'
import { type ConsumeQueueLimits, DEFAULT_QUEUE_LIMITS } from './queue-limits.ts'
import { BATCH_UNIT_BYTES, QueueUnits, UNIT_BYTES } from './queue-unit.ts'
import { SimpleConsumeQueue } from './simple-consume-queue.ts'
import { TopicMap, TopicQueues } from './topic-map.ts'

/** For topics with batch consume queues. */
export interface BatchQueueOptions {
  /** `<storePathRootDir>/batchconsumequeue` */
  readonly folder: string
  /** mapperFileSizeBatchConsumeQueue; rounded up to whole units (Java's broker stands still at the end of other files). */
  readonly fileSizeBytes: number
  /** When the record that starts there was stored, -1 if none does. Called in the middle of a dispatch. */
  readonly storeTimeOf: (phyOffset: number) => number
}

export interface ConsumeQueueTableOptions {
  readonly disk: Disk
  /** storePathConsumeQueue. */
  readonly folder: string
  /** mappedFileSizeConsumeQueue; rounded up to whole units, as Java does. */
  readonly fileSizeBytes: number
  readonly batch: BatchQueueOptions
  readonly reporter: StoreReporter
  readonly limits?: Partial<ConsumeQueueLimits>
}

/** Where queues are put before they are removed: no number, so neither engine takes it for a queue. */
const OLD_QUEUES = 'old'

/** Read at a time when queues are made anew. */
const UNITS_AT_ONCE = 256

/**
 * All consume queues of a store. Opening lists topics and queue ids; a queue reads its end from disk when it is first
 * used, so 50,000 idle queues cost neither time nor files nor buffers.
 */
export class ConsumeQueueTable {
  readonly context: QueueContext
  /** Whether a topic has batch consume queues; undefined for one that is not known. */
  isBatchTopic: (topic: string) => boolean | undefined = () => undefined
  readonly #disk: Disk
  readonly #folder: string
  readonly #batchFolder: string
  readonly #storeTimeOf: (phyOffset: number) => number
  readonly #topics = new TopicMap()
  #nextId = 0
  #queueCount = 0
  #lightQueueCount = 0

  constructor(options: ConsumeQueueTableOptions) {
    const limits = { ...DEFAULT_QUEUE_LIMITS, ...options.limits }
    const fileBytes = Math.ceil(options.fileSizeBytes / UNIT_BYTES) * UNIT_BYTES
    const batchFileBytes = Math.ceil(options.batch.fileSizeBytes / BATCH_UNIT_BYTES) * BATCH_UNIT_BYTES
    const files = new QueueFiles(options.disk, limits.openFilesMax)
    this.context = new QueueContext(files, { fileBytes, batchFileBytes }, limits, options.reporter)
    this.#disk = options.disk
    this.#folder = options.folder
    this.#batchFolder = options.batch.folder
    this.#storeTimeOf = options.batch.storeTimeOf
  }

  static open(options: ConsumeQueueTableOptions): ConsumeQueueTable {
    const table = new ConsumeQueueTable(options)
    for (const topic of options.disk.list(options.folder)) table.#addFromDisk(topic, false)
    for (const topic of options.disk.list(options.batch.folder)) {
      // With folders of both kinds the process ended within makeBatch, which begins with the other one.
      if (table.#topics.get(topic) === undefined) table.#addFromDisk(topic, true)
      else options.disk.remove(`${options.batch.folder}/${topic}`)
    }
    return table
  }

  get queueCount(): number {
    return this.#queueCount
  }

  /** Of those the light ones. */
  get lightQueueCount(): number {
    return this.#lightQueueCount
  }

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.#topics.get(topic)?.queues.get(queueId)
  }

  findByBytes(topicBytes: Uint8Array, start: number, length: number, queueId: number): ConsumeQueue | undefined {
    return this.#topics.getByBytes(topicBytes, start, length)?.queues.get(queueId)
  }

  /** The queue, made (in memory only, until it gets units) if there is none. */
  obtain(topic: string, queueId: number): ConsumeQueue {
    const found = this.find(topic, queueId)
    if (found) return found
    if (!isFolderName(topic)) throw new Error(`topic '${topic}' cannot name a folder: no consume queue for it`)
    if (!Number.isInteger(queueId) || queueId < 0)
      throw new Error(`queue id ${queueId} of topic ${topic} is not 0 or more`)
    return this.#add(this.#topics.get(topic) ?? this.#addTopic(topic, this.isBatchTopic(topic) === true), queueId, true)
  }

  /**
   * The queue for a record of several messages. Such records are in topics with batch consume queues alone: they tell of what
   * kind a topic is that is not known (yet).
   */
  obtainForBatch(topic: string, queueId: number): ConsumeQueue {
    if (this.isBatchTopic(topic) === false) return this.obtain(topic, queueId)
    this.makeBatch(topic)
    if (this.#topics.get(topic) === undefined && isFolderName(topic)) this.#addTopic(topic, true)
    return this.obtain(topic, queueId)
  }

  queuesOf(topic: string): ConsumeQueue[] {
    return [...(this.#topics.get(topic)?.queues.values() ?? [])]
  }

  topics(): string[] {
    return this.#topics.names()
  }

  forEach(visit: (queue: ConsumeQueue) => void): void {
    for (const topic of this.#topics.values()) for (const queue of topic.queues.values()) visit(queue)
  }

  /** End of the last message that any queue knows, -1 without messages. Reads every queue's end. */
  maxPhyOffset(): number {
    let max = -1
    this.forEach((queue) => {
      max = Math.max(max, queue.maxPhyOffset)
    })
    return max
  }

  /**
   * Drops every unit of a message that starts at or after `phyOffset`. After an unclean stop recovery calls this with the
   * position it dispatches from: behind it files may have holes, and everything there is dispatched again.
   */
  truncateFrom(phyOffset: number): void {
    this.forEach((queue) => {
      queue.truncateFrom(phyOffset)
    })
  }

  /** The commit log begins at `minPhyOffset`. Queues already in use are corrected now, others when they are loaded. */
  correctMinOffset(minPhyOffset: number): void {
    this.context.minPhyOffset = minPhyOffset
    this.forEach((queue) => {
      if (queue.isLoaded) queue.correctMinOffset(minPhyOffset)
    })
  }

  /** Whether a batch may be appended although writing fails: there is memory for it. False: refuse it before staging. */
  hasRoom(unitCount: number): boolean {
    return this.context.hasRoom(unitCount)
  }

  totalSizeBytes(): number {
    let total = 0
    this.forEach((queue) => {
      total += queue.sizeBytes
    })
    return total
  }

  /** Removes a topic's queues and files. If that fails, what is left on disk is a topic still. */
  deleteTopic(topic: string): void {
    const found = this.#topics.get(topic)
    if (!found) return
    for (const queue of found.queues.values()) queue.retire()
    this.#queueCount -= found.queues.size
    if (found.isLight) this.#lightQueueCount -= found.queues.size
    this.#topics.delete(topic)
    try {
      this.#disk.remove(found.folder)
      this.context.files.forgetFolder(found.folder, this.#folder)
    } catch (error) {
      this.#addFromDisk(topic, found.isBatch)
      throw error
    }
  }

  /**
   * A topic turns out to have batch consume queues, after some of its messages have been put into others: a slave may get
   * messages before it hears of their topic. Its queues are made anew, of the other kind, and durable when it returns. Queue
   * objects handed out before are retired.
   */
  makeBatch(topic: string): void {
    const old = this.#topics.get(topic)
    if (old === undefined || old.isBatch) return
    const folder = `${this.#batchFolder}/${topic}`
    // Of an attempt that failed.
    this.#disk.remove(folder)
    const made = new TopicQueues(topic, folder, true)
    for (const queue of old.queues.values()) this.#makeBatchQueue(queue, made)
    this.#disk.makeFolder(folder)
    for (const path of [...made.queues.values()].map((queue) => queue.folder).concat(folder, this.#batchFolder))
      if (this.#disk.stat(path)) this.#disk.syncFolder(path)
    this.#moveAway(old, `${folder}/${OLD_QUEUES}`)
    for (const queue of old.queues.values()) queue.retire()
    this.#topics.delete(topic)
    this.#topics.add(made)
    this.context.files.forgetFolder(old.folder, this.#folder)
    this.context.reporter.info(`the consume queues of topic ${topic} have become batch consume queues`)
  }

  /** By a rename, for a removal that a crash cuts short leaves a part. */
  #moveAway({ folder }: TopicQueues, to: string): void {
    if (!this.#disk.stat(folder)) return
    this.#disk.rename(folder, to)
    this.#disk.syncFolder(this.#folder)
    this.#disk.remove(to)
  }

  #makeBatchQueue(from: ConsumeQueue, owner: TopicQueues): void {
    const { files } = this.context
    const queue = new BatchConsumeQueue(this.context, owner, from.queueId, this.#nextId++, true)
    const units = new QueueUnits(UNITS_AT_ONCE)
    for (let offset = from.minOffset; offset < from.maxOffset; offset += units.count) {
      from.readUnits(offset, UNITS_AT_ONCE, units)
      for (let i = 0; i < units.count; i++) {
        if (units.isFiller(i)) continue
        const phyOffset = units.phyOffsets[i]!
        const appended = queue.append(
          offset + i,
          phyOffset,
          units.sizes[i]!,
          units.tagsCodes[i]!,
          this.#storeTimeOf(phyOffset),
        )
        if (appended === QueueAppend.failed) throw new Error(`no room for queue ${queue.topic}-${queue.queueId}`)
      }
    }
    queue.writeOut()
    for (let fileIndex = queue.firstFileIndex; fileIndex >= 0 && fileIndex <= queue.lastFileIndex; fileIndex++)
      files.syncNow({ queue, fileIndex })
    queue.nextOffset = from.nextOffset
    owner.queues.set(queue.queueId, queue)
  }

  /** Removes queues whose messages have all left the commit log, as cleanExpiredConsumeQueue asks; returns `topic-queueId`. */
  removeExpired(minPhyOffset: number, isSystemTopic: (topic: string) => boolean): string[] {
    const removed: string[] = []
    for (const topic of [...this.#topics.values()]) {
      if (isSystemTopic(topic.topic)) continue
      for (const queue of [...topic.queues.values()]) {
        if (queue.maxPhyOffset < 0 || queue.maxPhyOffset >= minPhyOffset) continue
        // Messages that are not confirmed yet will come to it.
        if (queue.nextOffset > queue.maxOffset) continue
        this.#removeQueue(topic, queue)
        removed.push(`${queue.topic}-${queue.queueId}`)
      }
      if (topic.queues.size === 0) this.deleteTopic(topic.topic)
    }
    return removed
  }

  /** Closes files. Units not written out are lost to this process; recovery would append them again. */
  close(): void {
    this.context.files.closeAll()
  }

  #removeQueue(topic: TopicQueues, queue: ConsumeQueue): void {
    queue.retire()
    topic.queues.delete(queue.queueId)
    this.#queueCount--
    if (topic.isLight) this.#lightQueueCount--
    try {
      this.#disk.remove(queue.folder)
      this.context.files.forgetFolder(queue.folder, topic.folder)
    } catch (error) {
      this.#add(topic, queue.queueId, false)
      throw error
    }
  }

  #addFromDisk(topic: string, isBatch: boolean): void {
    const folder = `${isBatch ? this.#batchFolder : this.#folder}/${topic}`
    if (!this.#disk.stat(folder)?.isDirectory) return
    for (const name of this.#disk.list(folder)) {
      if (!/^(0|[1-9]\d{0,9})$/.test(name)) continue
      this.#add(this.#topics.get(topic) ?? this.#addTopic(topic, isBatch), Number(name), false)
    }
  }

  #addTopic(topic: string, isBatch: boolean): TopicQueues {
    const folder = `${isBatch ? this.#batchFolder : this.#folder}/${topic}`
    return this.#topics.add(new TopicQueues(topic, folder, isBatch))
  }

  #add(topic: TopicQueues, queueId: number, isNew: boolean): ConsumeQueue {
    const id = this.#nextId++
    const queue = topic.isBatch
      ? new BatchConsumeQueue(this.context, topic, queueId, id, isNew)
      : new SimpleConsumeQueue(this.context, topic, queueId, id, isNew)
    topic.queues.set(queueId, queue)
    this.#queueCount++
    if (topic.isLight) this.#lightQueueCount++
    return queue
  }
}

function isFolderName(topic: string): boolean {
  return topic !== '' && topic !== '.' && topic !== '..' && !/[/\0]/.test(topic)
}
