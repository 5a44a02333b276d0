import { integerOfAscii, Property, type PropertyRanges } from '../../codec/message/properties.ts'
import { type ByteRange, PROPERTIES_LENGTH_MAX, recordPropertiesLength } from '../../codec/message/record.ts'
import type { ConsumeQueueTable } from '../consume-queue/consume-queue-table.ts'
import { LMQ_PREFIX } from '../consume-queue/topic-map.ts'
import { SCHEDULE_TOPIC } from '../delay-levels.ts'
import type { MessageDraft } from '../message-draft.ts'
import type { StoreConfig, StoreReporter } from '../store-options.ts'
import type { LightTargets } from './light-targets.ts'

/** A light queue is a topic with this one queue. */
export const LMQ_QUEUE_ID = 0

const SEPARATOR = ','
/** Its name is that of a folder: what file systems take, in bytes. */
const NAME_BYTES_MAX = 255
/** Room that an offset and the comma behind it take at most: queues hold fewer than 10^13 messages. */
const OFFSET_TEXT_MAX = 14
/** Room for the name of the offsets' property and for what the broker adds besides. */
const ADDED_BYTES_MAX = 512

const NOT_FOR_LIGHT_QUEUES = ['%RETRY%', '%DLQ%', 'rmq_sys_']
/** Messages that wait there come out later under their own topic, and get into the light queues then. */
const WAITING_ROOMS = ['RMQ_SYS_', 'TRANS_CHECK_MAX_TIME_TOPIC']

/** Why a message with such names cannot be taken. */
export interface LightRefusal {
  /** `names`: they can be no queues. `quota`: there are too many light queues already. */
  readonly kind: 'names' | 'quota'
  readonly reason: string
}

type LightConfig = Pick<StoreConfig, 'enableLmq' | 'enableMultiDispatch' | 'enableLmqQuota' | 'maxLmqConsumeQueueNum'>

/**
 * Light message queues (LMQ): a message that names some in INNER_MULTI_DISPATCH (`%LMQ%a,%LMQ%b`) lies in the log once, and
 * in the consume queue of each beside the one of its topic. Its offsets there stand in INNER_MULTI_QUEUE_OFFSET, in the same
 * order, so that queues can be made again from the log. As Apache RocketMQ's LmqDispatch and MultiDispatchUtils.
 */
export class LightQueues {
  readonly #table: ConsumeQueueTable
  readonly #config: LightConfig
  readonly #reporter: StoreReporter
  readonly isEnabled: boolean

  constructor(table: ConsumeQueueTable, config: LightConfig, reporter: StoreReporter) {
    this.#table = table
    this.#config = config
    this.#reporter = reporter
    this.isEnabled = config.enableLmq && config.enableMultiDispatch
  }

  /**
   * Whether the store can take a message with these properties, to be asked before it is stored or made to wait: later on
   * nobody is there to be told.
   */
  refusalOf(properties: Readonly<ByteRange>, ranges: PropertyRanges): LightRefusal | undefined {
    if (!this.isEnabled || ranges.lightQueuesStart < 0) return undefined
    const names = namesIn(properties.bytes, ranges)
    for (const name of names) {
      const problem = nameProblem(name)
      if (problem !== undefined) {
        return { kind: 'names', reason: `${Property.innerMultiDispatch} names the queue '${name}': ${problem}` }
      }
    }
    if (properties.length + ADDED_BYTES_MAX + names.length * OFFSET_TEXT_MAX > PROPERTIES_LENGTH_MAX) {
      return {
        kind: 'names',
        reason: `${Property.innerMultiDispatch} names ${names.length} queues: too many for a message`,
      }
    }
    return this.#quotaRefusal(names)
  }

  #quotaRefusal(names: readonly string[]): LightRefusal | undefined {
    const { enableLmqQuota, maxLmqConsumeQueueNum } = this.#config
    if (!enableLmqQuota) return undefined
    const added = names.filter((name) => this.#table.find(name, LMQ_QUEUE_ID) === undefined).length
    if (added === 0 || this.#table.lightQueueCount + added <= maxLmqConsumeQueueNum) return undefined
    return {
      kind: 'quota',
      reason: `there are ${this.#table.lightQueueCount} light queues of maxLmqConsumeQueueNum = ${maxLmqConsumeQueueNum}`,
    }
  }

  /** Whether a consumer that asks for a queue makes one: of light queues nobody has named yet not more than there may be. */
  mayBeAwaited(topic: string): boolean {
    return !topic.startsWith(LMQ_PREFIX) || this.#table.lightQueueCount < this.#config.maxLmqConsumeQueueNum
  }

  /**
   * Finds the light queues of a draft that is about to be staged, whose properties are scanned, and returns what its
   * `extraProperties` have to be; undefined when it goes into none.
   */
  aim(draft: MessageDraft, topic: string, out: LightTargets): Uint8Array | undefined {
    const { ranges } = draft
    if (!this.isEnabled || ranges.lightQueuesStart < 0) return undefined
    if (!mayHold(topic) || isWaitingRoom(topic)) return undefined
    const names = namesIn(draft.properties.bytes, ranges)
    // Sends were asked about. What was stored under another configuration is stored, if need be without light queues.
    if (names.some((name) => nameProblem(name) !== undefined)) return undefined
    const offsets = names.map((name) => this.#table.obtain(name, LMQ_QUEUE_ID).nextOffset)
    const text = `${Property.innerMultiQueueOffset}\x01${offsets.join(SEPARATOR)}\x02`
    const before = draft.extraProperties
    const extra = before === undefined ? Buffer.from(text) : Buffer.concat([before, Buffer.from(text)])
    if (recordPropertiesLength(draft) + text.length + 1 > PROPERTIES_LENGTH_MAX) return undefined
    // A queue that is named twice gets the message once.
    for (const [i, name] of names.entries()) {
      if (names.indexOf(name) === i) out.add(this.#table.obtain(name, LMQ_QUEUE_ID), offsets[i]!)
    }
    return extra
  }

  /** Finds the light queues of a record in the log. */
  read(bytes: Uint8Array, ranges: PropertyRanges, topic: string, out: LightTargets): void {
    out.clear()
    if (!this.isEnabled || ranges.lightQueuesStart < 0 || ranges.lightOffsetsStart < 0 || !mayHold(topic)) return
    const names = namesIn(bytes, ranges)
    let at = ranges.lightOffsetsStart
    const end = at + ranges.lightOffsetsLength
    for (const [i, name] of names.entries()) {
      let comma = at
      while (comma < end && bytes[comma] !== COMMA) comma++
      const offset = comma > at ? integerOfAscii(bytes, at, comma - at) : Number.NaN
      at = Math.min(comma + 1, end)
      if (names.indexOf(name) !== i) continue
      // Apache RocketMQ's broker stores whatever is named: what can be no queue has no offset, or is passed over.
      if (nameProblem(name) === undefined && offset >= 0) this.#add(name, offset, topic, out)
      else if (name.startsWith(LMQ_PREFIX)) this.#passedOver(name, topic)
    }
  }

  /**
   * Apache RocketMQ gives half messages places in light queues; these stay, so that queues made again from its log are as it
   * made them. Copies of half messages carry the offsets of the first one.
   */
  #add(name: string, offset: number, topic: string, out: LightTargets): void {
    const queue = this.#table.obtain(name, LMQ_QUEUE_ID)
    if (isWaitingRoom(topic) && offset < queue.maxOffset) return
    out.add(queue, offset)
  }

  #passedOver(name: string, topic: string): void {
    this.#reporter.warn(
      `a message of topic ${topic} names the light queue '${name}', which there cannot be: passed over`,
    )
  }
}

const COMMA = 0x2c

function namesIn(bytes: Uint8Array, { lightQueuesStart, lightQueuesLength }: PropertyRanges): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + lightQueuesStart, lightQueuesLength).toString('utf8')
  const names = text.split(SEPARATOR)
  // As Java splits: nothing behind the last comma is no name.
  while (names.at(-1) === '') names.pop()
  return names
}

function nameProblem(name: string): string | undefined {
  if (!name.startsWith(LMQ_PREFIX)) return `names begin with ${LMQ_PREFIX}`
  if (/[/\0]/.test(name)) return 'it cannot name a folder'
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) return `names have at most ${NAME_BYTES_MAX} bytes`
  return undefined
}

function isWaitingRoom(topic: string): boolean {
  return WAITING_ROOMS.some((prefix) => topic.startsWith(prefix))
}

function mayHold(topic: string): boolean {
  return topic !== SCHEDULE_TOPIC && !NOT_FOR_LIGHT_QUEUES.some((prefix) => topic.startsWith(prefix))
}
