import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { encodeHost } from '../../codec/message/host.ts'
import { decodeMessages, type MessageExt } from '../../codec/message/message-ext.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import { AppendStatus, MessageDraft } from '../message-draft.ts'
import { MessageStore } from '../message-store.ts'
import type { PullStatus } from '../pull.ts'
import { type StoreConfig, type StoreReporter, storeConfigDefaults } from '../store-options.ts'

/** A clock that stands still until it is set. */
class StillClock implements Clock {
  nowMs = 1_700_000_000_000

  now(): number {
    return this.nowMs
  }

  monotonic(): number {
    return this.nowMs
  }

  after(): Timer {
    throw new Error('the store arms no timers')
  }

  every(): Timer {
    throw new Error('the store arms no timers')
  }

  endOfTurn(): void {
    throw new Error('the store waits for nothing')
  }
}

/** Keeps what was reported. */
class KeptReports implements StoreReporter {
  readonly infos: string[] = []
  readonly warnings: string[] = []
  readonly errors: string[] = []

  info(text: string): void {
    this.infos.push(text)
  }

  warn(text: string): void {
    this.warnings.push(text)
  }

  error(text: string): void {
    this.errors.push(text)
  }
}

export const ROOT = '/store'
export const COMMIT_LOG = `${ROOT}/commitlog`

/** Small files, so that a few messages fill them. */
const SMALL: Partial<StoreConfig> = {
  mappedFileSizeCommitLog: 8192,
  mappedFileSizeConsumeQueue: 20 * 50,
  mapperFileSizeBatchConsumeQueue: 46 * 20,
  maxHashSlotNum: 100,
  maxIndexNum: 400,
}

/** A store on a simulated disk, with what it reported. */
export class StoreFixture {
  readonly disk: SimDisk
  readonly clock = new StillClock()
  readonly config: StoreConfig
  reports = new KeptReports()
  store: MessageStore

  constructor(config: Partial<StoreConfig> = {}, disk = new SimDisk()) {
    this.disk = disk
    this.config = { ...storeConfigDefaults(ROOT), ...SMALL, ...config }
    this.store = this.#open()
  }

  #open(): MessageStore {
    return MessageStore.open({
      config: this.config,
      disk: this.disk,
      clock: this.clock,
      reporter: this.reports,
      pid: 4711,
      physicalMemoryBytes: 2 ** 34,
    })
  }

  /** Opens the store again after a clean close. */
  reopen(): MessageStore {
    this.store.close()
    this.reports = new KeptReports()
    this.store = this.#open()
    return this.store
  }

  /** Opens the store again after its process died. */
  restart(kind: 'process' | 'power' | 'power-worst' = 'process'): MessageStore {
    this.disk.crash(kind)
    this.reports = new KeptReports()
    this.store = this.#open()
    return this.store
  }

  /** Everything written becomes durable. */
  flush(): void {
    this.store.flush()
    while (this.disk.completeSyncs() > 0);
  }

  /** Appends and commits one message; returns its commit log offset. */
  put(message: DraftParts = {}): number {
    this.stage(message)
    if (!this.store.commit()) throw new Error('the commit failed')
    return this.store.lastAppend.phyOffset
  }

  stage(message: DraftParts = {}): void {
    const status = this.store.append(draftOf(this.store, message))
    if (status !== AppendStatus.ok) throw new Error(`append status ${status}`)
  }

  /** All messages of a queue. */
  messages(topic = 'TopicTest', queueId = 0): MessageExt[] {
    const queue = this.store.findQueue(topic, queueId)
    if (queue === undefined) return []
    const found: MessageExt[] = []
    for (let offset = queue.minOffset; offset < queue.maxOffset; offset = this.store.lastPull.nextOffset) {
      const { status, messages } = this.pull(topic, queueId, offset, 32)
      if (status !== 'FOUND') throw new Error(`pull at ${offset}: ${status}`)
      found.push(...messages)
    }
    return found
  }

  bodies(topic = 'TopicTest', queueId = 0): string[] {
    return this.messages(topic, queueId).map((message) => message.body.toString())
  }

  pull(
    topic: string,
    queueId: number,
    offset: number,
    maxCount: number,
    maxBytes = 1 << 20,
    accepts?: (tagsCode: number) => boolean,
  ): { status: PullStatus; messages: MessageExt[] } {
    const taken: Buffer[] = []
    const status = this.store.pull(this.store.findQueue(topic, queueId), offset, maxCount, maxBytes, accepts, {
      take: (bytes, start, length) => {
        taken.push(Buffer.from(bytes.subarray(start, start + length)))
      },
    })
    return { status, messages: decodeMessages(Buffer.concat(taken)) }
  }

  /** Bytes of the whole commit log up to its end. */
  logBytes(): Buffer {
    const files = this.disk.list(COMMIT_LOG).map((name) => this.disk.readFile(`${COMMIT_LOG}/${name}`))
    return Buffer.concat(files).subarray(0, this.store.writtenOffset - this.store.minOffset)
  }
}

export interface DraftParts {
  readonly topic?: string
  readonly queueId?: number
  readonly body?: string | Uint8Array
  readonly properties?: string
  readonly sysFlag?: number
  readonly extraProperties?: Uint8Array
}

const BORN_HOST = encodeHost('10.1.2.200', 50123)
const STORE_HOST = encodeHost('192.168.0.1', 10911)

export function draftOf(store: MessageStore, parts: DraftParts = {}): MessageDraft {
  const draft = new MessageDraft()
  const topic = parts.topic ?? 'TopicTest'
  draft.topicBytes = Buffer.from(topic)
  draft.queueId = parts.queueId ?? 0
  draft.queue = store.queue(topic, draft.queueId)
  draft.sysFlag = parts.sysFlag ?? 0
  draft.bornTimestampMs = 1_700_000_000_123
  draft.bornHost = BORN_HOST
  draft.storeHost = STORE_HOST
  setRange(draft.body, Buffer.from(parts.body ?? 'hello'))
  setRange(draft.properties, Buffer.from(parts.properties ?? ''))
  draft.extraProperties = parts.extraProperties
  return draft
}

function setRange(range: { bytes: Uint8Array; start: number; length: number }, bytes: Uint8Array): void {
  range.bytes = bytes
  range.start = 0
  range.length = bytes.length
}
