import { indexKeySeed } from '../index/key-hash.ts'
import type { ConsumeQueue } from './consume-queue.ts'

/** With which the names of light queues begin. */
export const LMQ_PREFIX = '%LMQ%'

/** A topic with its queues. */
export class TopicQueues {
  readonly topic: string
  readonly topicBytes: Uint8Array
  readonly folder: string
  readonly isLight: boolean
  /** Whether its queues are batch consume queues. */
  readonly isBatch: boolean
  /** Java hash of `topic#`. */
  readonly indexKeySeed: number
  readonly queues = new Map<number, ConsumeQueue>()

  constructor(topic: string, folder: string, isBatch: boolean) {
    this.topic = topic
    this.isBatch = isBatch
    this.topicBytes = Buffer.from(topic)
    this.folder = folder
    this.isLight = topic.startsWith(LMQ_PREFIX)
    this.indexKeySeed = indexKeySeed(topic)
  }
}

const FIRST_CAPACITY = 64

/** Topics by name and by the bytes of the name, so that a frame's topic is found without making a string. */
export class TopicMap {
  readonly #byName = new Map<string, TopicQueues>()
  /** Open addressing with linear probing, at most half full. */
  #slots: (TopicQueues | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined)

  get(topic: string): TopicQueues | undefined {
    return this.#byName.get(topic)
  }

  getByBytes(bytes: Uint8Array, start: number, length: number): TopicQueues | undefined {
    const mask = this.#slots.length - 1
    for (let slot = hashOf(bytes, start, length) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]
      if (found === undefined || isName(found.topicBytes, bytes, start, length)) return found
    }
  }

  /** Adds a topic that is not there yet. */
  add(queues: TopicQueues): TopicQueues {
    this.#byName.set(queues.topic, queues)
    if (this.#byName.size * 2 > this.#slots.length) this.#rebuild(this.#slots.length * 2)
    else this.#place(queues)
    return queues
  }

  delete(topic: string): void {
    if (this.#byName.delete(topic)) this.#rebuild(this.#slots.length)
  }

  values(): IterableIterator<TopicQueues> {
    return this.#byName.values()
  }

  names(): string[] {
    return [...this.#byName.keys()]
  }

  #rebuild(capacity: number): void {
    this.#slots = new Array(capacity).fill(undefined)
    for (const queues of this.#byName.values()) this.#place(queues)
  }

  #place(queues: TopicQueues): void {
    const mask = this.#slots.length - 1
    let slot = hashOf(queues.topicBytes, 0, queues.topicBytes.length) & mask
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & mask
    this.#slots[slot] = queues
  }
}

/** FNV-1a, folded so that the low bits depend on all of it. */
function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5 | 0
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash ^ (hash >>> 15)
}

function isName(name: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false
  for (let i = 0; i < length; i++) if (name[i] !== bytes[start + i]) return false
  return true
}
