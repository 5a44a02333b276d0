import { ByteKeyMap } from '../../codec/byte-key-map.ts'
import { viewOf } from '../../codec/bytes.ts'
import { integerOfAscii, PropertyRanges, scanProperties } from '../../codec/message/properties.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { isDeliverable } from '../delay/delayed-message.ts'
import { TIMER_TOPIC } from '../topics/topic-name.ts'

const TOPIC_BYTES = Buffer.from(TIMER_TOPIC)
/** Names of topics that were met; beyond that they are met anew. */
const TOPICS_MAX = 10_000

/**
 * A message of the timer topic where it lies in what the store has lent: valid until the next call into the store. Makes no
 * objects, for all that is asked of most messages.
 */
export class TimerRecord {
  readonly view = new RecordView()
  readonly ranges = new PropertyRanges()
  bytes: Uint8Array = new Uint8Array(0)
  /** Where in {@link bytes} it begins. */
  start = 0
  /** Where it is headed. */
  topic = ''
  queueId = 0
  /** When its slot begins: TIMER_OUT_MS. */
  slotMs = 0
  /** Over {@link bytes}: the store lends the same few pages again and again. */
  #dataView = viewOf(this.bytes)
  #topics = new ByteKeyMap<string>()

  /** False for a message that is gone, or can never be delivered. */
  load(store: Pick<MessageStore, 'read'>, phyOffset: number, sizeBytes: number): boolean {
    const stored = store.read(phyOffset, sizeBytes)
    if (stored === undefined) return false
    const { view, ranges } = this
    const { bytes, start } = stored
    if (bytes !== this.bytes) this.#dataView = viewOf(bytes)
    this.bytes = bytes
    this.start = start
    if (view.parse(this.#dataView, start, sizeBytes) !== RecordState.ok || view.phyOffset !== phyOffset) return false
    if (!this.#isOfTimerTopic()) return false
    scanProperties(bytes, view.propertiesStart, view.propertiesLength, ranges)
    if (ranges.realTopicStart < 0 || ranges.realQueueIdStart < 0 || ranges.timerOutStart < 0) return false
    this.topic = this.#topicName()
    this.queueId = integerOfAscii(bytes, ranges.realQueueIdStart, ranges.realQueueIdLength)
    this.slotMs = integerOfAscii(bytes, ranges.timerOutStart, ranges.timerOutLength)
    return isDeliverable(this.topic, this.queueId) && Number.isSafeInteger(this.slotMs)
  }

  #isOfTimerTopic(): boolean {
    const { topicStart, topicLength } = this.view
    if (topicLength !== TOPIC_BYTES.length) return false
    for (let i = 0; i < topicLength; i++) if (this.bytes[topicStart + i] !== TOPIC_BYTES[i]) return false
    return true
  }

  #topicName(): string {
    const { bytes, ranges } = this
    const { realTopicStart: start, realTopicLength: length } = ranges
    const known = this.#topics.getBytes(bytes, start, length)
    if (known !== undefined) return known
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString()
    if (this.#topics.size >= TOPICS_MAX) this.#topics = new ByteKeyMap()
    this.#topics.set(name, name)
    return name
  }
}
