import { viewOf } from '../../codec/bytes.ts'
import { JsonFieldError } from '../../codec/json/json-fields.ts'
import { JsonSyntaxError } from '../../codec/json/parse-json.ts'
import { RecordState, RecordView } from '../../codec/message/record.ts'
import type { Logger } from '../../observe/logger.ts'
import { QueueUnits } from '../../store/consume-queue/queue-unit.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { TopicQueueMappingTable } from '../static-topics/topic-queue-mapping-table.ts'
import { METADATA_TOPIC } from '../topics/topic-name.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { decodeEntry } from './journal-entry.ts'
import { JOURNAL_QUEUE } from './metadata-journal.ts'

export interface JournalReplayParts {
  readonly store: Pick<MessageStore, 'findQueue' | 'read'>
  readonly topics: Pick<TopicTable, 'repeat'>
  readonly groups: Pick<SubscriptionGroupTable, 'repeat'>
  readonly mappings: Pick<TopicQueueMappingTable, 'repeat'>
  readonly logger: Logger
}

const UNITS = 64

/**
 * Repeats on a replica what its masters wrote into the journal. Every entry carries the version of its table, so that one
 * that is known already changes nothing: the journal is read from its start once, and from there on what is new.
 */
export class JournalReplay {
  readonly #parts: JournalReplayParts
  readonly #units = new QueueUnits(UNITS)
  readonly #record = new RecordView()
  #nextOffset = 0

  constructor(parts: JournalReplayParts) {
    this.#parts = parts
  }

  /**
   * Repeats the entries that end at or before `phyOffset`; what stands behind it may still be cut off. Returns how many
   * changed something.
   */
  catchUp(phyOffset: number): number {
    const queue = this.#parts.store.findQueue(METADATA_TOPIC, JOURNAL_QUEUE)
    if (queue === undefined) return 0
    let repeated = 0
    this.#nextOffset = Math.min(Math.max(this.#nextOffset, queue.minOffset), queue.maxOffset)
    for (;;) {
      const count = queue.readUnits(this.#nextOffset, UNITS, this.#units)
      for (let i = 0; i < count; i++) {
        const start = this.#units.phyOffsets[i]!
        const sizeBytes = this.#units.sizes[i]!
        if (start + sizeBytes > phyOffset) return repeated
        if (this.#repeat(start, sizeBytes)) repeated++
        this.#nextOffset++
      }
      if (count < UNITS) return repeated
    }
  }

  #repeat(phyOffset: number, sizeBytes: number): boolean {
    const { store, topics, groups, mappings, logger } = this.#parts
    const stored = store.read(phyOffset, sizeBytes)
    const record = this.#record
    if (!stored || record.parse(viewOf(stored.bytes), stored.start, sizeBytes) !== RecordState.ok) return false
    try {
      const entry = decodeEntry(stored.bytes.subarray(record.bodyStart, record.bodyStart + record.bodyLength))
      if ('mapping' in entry) return mappings.repeat(entry.mapping)
      return 'topic' in entry ? topics.repeat(entry.topic) : groups.repeat(entry.group)
    } catch (error) {
      if (!(error instanceof JsonFieldError || error instanceof JsonSyntaxError)) throw error
      // The table as a whole is fetched from the master as well.
      logger.warn({ phyOffset, reason: error.message }, 'a change of metadata in the log cannot be read, passed over')
      return false
    }
  }
}
