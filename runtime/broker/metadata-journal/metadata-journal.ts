import { RequestError } from '../../codec/remoting/request-error.ts'
import type { Logger } from '../../observe/logger.ts'
import { MessageDraft } from '../../store/message-draft.ts'
import type { SendTargets } from '../send/send-target.ts'
import type { StoreGate } from '../send/store-gate.ts'
import { topicConfig } from '../topics/topic-config.ts'
import { METADATA_TOPIC } from '../topics/topic-name.ts'
import { encodeEntry, type JournalEntry } from './journal-entry.ts'

export interface MetadataJournalParts {
  readonly gate: StoreGate
  readonly targets: SendTargets
  readonly storeHost: Uint8Array
  readonly wallClock: () => number
  readonly logger: Logger
}

/** One queue: changes have an order. */
export const JOURNAL_QUEUE = 0

const JOURNAL_TOPIC = topicConfig(METADATA_TOPIC, { readQueueNums: 1, writeQueueNums: 1, perm: 0 })

/**
 * Where the master of controller mode writes down changes of topics and groups: in the log that its replicas copy, ahead
 * of the messages that rest on them. So what an elected replica has of the messages it also has of the topics. The
 * original copies tables every few seconds, and topics made shortly before a switch vanish (apache/rocketmq#9804).
 */
export class MetadataJournal {
  readonly #parts: MetadataJournalParts
  readonly #draft = new MessageDraft()
  /** Where the last entry ends in the log; 0 before the first. */
  endOffset = 0
  /** Entries that the log did not take, and why it did not take the last of them. */
  refusedCount = 0
  refusal = ''

  constructor(parts: MetadataJournalParts) {
    this.#parts = parts
  }

  /** Stages an entry; it goes into the log with the batch of this turn. */
  write(entry: JournalEntry): void {
    const { gate, targets, storeHost, wallClock, logger } = this.#parts
    const draft = this.#draft
    const body = encodeEntry(entry)
    draft.body.bytes = body
    draft.body.start = 0
    draft.body.length = body.length
    draft.bornTimestampMs = wallClock()
    draft.bornHost = storeHost
    draft.storeHost = storeHost
    try {
      gate.putAsIs(draft, targets.of(JOURNAL_TOPIC), JOURNAL_QUEUE, undefined)
      const { phyOffset, sizeBytes } = gate.log.lastAppend
      this.endOffset = phyOffset + sizeBytes
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      // The change itself stands, here and in what replicas fetch: only a switch within seconds would miss it. Who asked is
      // told that it is not safe.
      this.refusedCount++
      this.refusal = error.message
      logger.warn({ reason: error.message }, 'a change of metadata is not in the log')
    }
  }
}
