import type { DataVersionFields } from '../../codec/route/data-version.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { isBatchTopic } from './batch-topics.ts'
import type { TopicConfig } from './topic-config.ts'
import type { TopicTable } from './topic-table.ts'

/** Whether of each key only the newest message is kept. With batch consume queues, where messages share records, it is not. */
export function isCompactionTopic(config: TopicConfig | undefined): boolean {
  return config?.attributes.get('cleanup.policy') === 'COMPACTION' && !isBatchTopic(config)
}

/** Tells the store which topics are to be compacted, whoever has changed the table: an administrator, a master, the journal. */
export class CompactionTopics {
  readonly #topics: TopicTable
  readonly #store: Pick<MessageStore, 'compaction'>
  readonly #isEnabled: boolean
  #seen: DataVersionFields | undefined
  /** With the number of their queues. */
  readonly declared = new Map<string, number>()

  /** Opens the files of those that are there. @throws Error naming file and key for such that cannot be used */
  constructor(topics: TopicTable, store: Pick<MessageStore, 'compaction'>, isEnabled: boolean) {
    this.#topics = topics
    this.#store = store
    this.#isEnabled = isEnabled
    this.follow()
  }

  /** To be called now and then: does nothing unless the table has changed. */
  follow(): void {
    const { dataVersion } = this.#topics
    if (!this.#isEnabled || (this.#seen !== undefined && dataVersion.equals(this.#seen))) return
    this.#seen = dataVersion.toJson()
    const { declared } = this
    const before = [...declared.keys()]
    declared.clear()
    for (const config of this.#topics.all()) {
      const { topicName, readQueueNums, writeQueueNums } = config
      if (isCompactionTopic(config)) declared.set(topicName, Math.max(readQueueNums, writeQueueNums))
    }
    if (declared.size === 0 && before.length === 0) return
    const { compaction } = this.#store
    for (const topic of before) if (this.#topics.find(topic) === undefined) compaction.deleteTopic(topic)
    compaction.declare(declared.keys())
  }
}
