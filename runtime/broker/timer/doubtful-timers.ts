import { Property } from '../../codec/message/properties.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { readBack } from '../send/stored-message.ts'
import { TIMER_TOPIC } from '../topics/topic-name.ts'
import type { TimerMessage } from './timer-message.ts'

/** Messages with one unique key that are looked at. */
const FOUND_MAX = 64
/** The index knows times by the second. */
const INDEX_MARGIN_MS = 2_000

type DoubtfulStore = Pick<
  MessageStore,
  'recordAt' | 'queryByKey' | 'writtenOffset' | 'dispatchedOffset' | 'lastStoreTimestampMs'
>

/**
 * What was delivered shortly before this broker began, or before it became master: how far delivery came is known a little
 * late. Messages whose slot had come by then are looked for in the index before they are delivered.
 */
export class DoubtfulTimers {
  readonly #store: DoubtfulStore
  readonly #draft = new MessageDraft()
  /** By topic, key and slot: how many that were found stand for messages passed over already. */
  readonly #counted = new Map<string, number>()
  /** Only messages before this are in doubt, and only what lies before it was delivered earlier. */
  #mark = 0
  #untilMs = 0

  constructor(store: DoubtfulStore) {
    this.#store = store
  }

  /** What is in the log by now may have been delivered. */
  begin(nowMs: number): void {
    const { writtenOffset, dispatchedOffset, lastStoreTimestampMs } = this.#store
    this.#counted.clear()
    this.#mark = writtenOffset
    // Nothing was delivered later than the last message says.
    const isKnown = dispatchedOffset >= writtenOffset && lastStoreTimestampMs > 0
    this.#untilMs = isKnown ? lastStoreTimestampMs : nowMs
  }

  /** The log of which it is not known what was delivered has to be in the index first. */
  get mark(): number {
    return this.#mark
  }

  /** Whether the message, which waited in the slot of `atMs`, is in the log as a delivered one, or one that was rolled on. */
  wasDelivered(message: TimerMessage, phyOffset: number, isRolled: boolean, atMs: number): boolean {
    if (phyOffset >= this.#mark || message.uniqueKey === '') return false
    // Another engine may have rolled it on earlier.
    if (!isRolled && atMs > this.#untilMs + INDEX_MARGIN_MS) return false
    const { topic, uniqueKey, slotMs, rolledTimes } = message
    const found = this.#count(message, phyOffset, isRolled ? TIMER_TOPIC : topic, isRolled)
    if (found === 0) return false
    const isDeletion = message.properties.has(Property.timerDeleteUniqueKey)
    const name = `${topic} ${uniqueKey} ${slotMs} ${rolledTimes} ${isRolled} ${isDeletion}`
    const counted = this.#counted.get(name) ?? 0
    if (counted >= found) return false
    this.#counted.set(name, counted + 1)
    return true
  }

  #count(message: TimerMessage, phyOffset: number, topic: string, isRolled: boolean): number {
    const { uniqueKey, slotMs, rolledTimes, properties } = message
    const isDeletion = properties.has(Property.timerDeleteUniqueKey)
    const beginMs = isRolled ? 0 : slotMs - INDEX_MARGIN_MS
    const { phyOffsets } = this.#store.queryByKey(topic, uniqueKey, FOUND_MAX, beginMs, Number.MAX_SAFE_INTEGER)
    let count = 0
    for (const found of phyOffsets) {
      if (found <= phyOffset || found >= this.#mark) continue
      const stored = this.#store.recordAt(found)
      const other = stored && readBack(stored.bytes, stored.start, stored.length, this.#draft)
      if (other?.topic !== topic || other.properties.get(Property.uniqKey) !== uniqueKey) continue
      if (Number(other.properties.get(Property.timerOutMs)) !== slotMs) continue
      if (isRolled && Number(other.properties.get(Property.timerRollTimes)) !== rolledTimes + 1) continue
      // A message that deletes this one has the same key.
      if (other.properties.has(Property.timerDeleteUniqueKey) !== isDeletion) continue
      count++
    }
    return count
  }
}
