import type { Disk } from '../../io/disk.ts'
import type { StoreReporter } from '../store-options.ts'
import { ConsumeQueue } from './consume-queue.ts'
import { QueueContext } from './queue-context.ts'
import { QueueFiles } from './queue-files.ts'
import { type ConsumeQueueLimits, DEFAULT_QUEUE_LIMITS } from './queue-limits.ts'
import { UNIT_BYTES } from './queue-unit.ts'
import { TopicMap, type TopicQueues } from './topic-map.ts'

export interface ConsumeQueueTableOptions {
  readonly disk: Disk
  /** storePathConsumeQueue. */
  readonly folder: string
  /** mappedFileSizeConsumeQueue; rounded up to whole units, as Java does. */
  readonly fileSizeBytes: number
  readonly reporter: StoreReporter
  readonly limits?: Partial<ConsumeQueueLimits>
}

/**
 * All consume queues of a store. Opening lists topics and queue ids; a queue reads its end from disk when it is first
 * used, so 50,000 idle queues cost neither time nor files nor buffers.
 */
export class ConsumeQueueTable {
  readonly context: QueueContext
  readonly #disk: Disk
  readonly #folder: string
  readonly #topics = new TopicMap()
  #nextId = 0
  #queueCount = 0
  #lightQueueCount = 0

  constructor(options: ConsumeQueueTableOptions) {
    const limits = { ...DEFAULT_QUEUE_LIMITS, ...options.limits }
    const fileBytes = Math.ceil(options.fileSizeBytes / UNIT_BYTES) * UNIT_BYTES
    const files = new QueueFiles(options.disk, fileBytes, limits.openFilesMax)
    this.context = new QueueContext(files, limits, options.reporter)
    this.#disk = options.disk
    this.#folder = options.folder
  }

  static open(options: ConsumeQueueTableOptions): ConsumeQueueTable {
    const table = new ConsumeQueueTable(options)
    for (const topic of options.disk.list(options.folder)) table.#addFromDisk(topic)
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
    return this.#add(this.#topics.obtain(topic, `${this.#folder}/${topic}`), queueId, true)
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
      this.#addFromDisk(topic)
      throw error
    }
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

  #addFromDisk(topic: string): void {
    const folder = `${this.#folder}/${topic}`
    if (!this.#disk.stat(folder)?.isDirectory) return
    for (const name of this.#disk.list(folder)) {
      if (/^(0|[1-9]\d{0,9})$/.test(name)) this.#add(this.#topics.obtain(topic, folder), Number(name), false)
    }
  }

  #add(topic: TopicQueues, queueId: number, isNew: boolean): ConsumeQueue {
    const queue = new ConsumeQueue(this.context, topic, queueId, this.#nextId++, isNew)
    topic.queues.set(queueId, queue)
    this.#queueCount++
    if (topic.isLight) this.#lightQueueCount++
    return queue
  }
}

function isFolderName(topic: string): boolean {
  return topic !== '' && topic !== '.' && topic !== '..' && !/[/\0]/.test(topic)
}
