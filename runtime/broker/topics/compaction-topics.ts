import type { DataVersionFields } from '../../codec/route/data-version.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { TopicConfig } from './topic-config.ts'
import type { TopicTable } from './topic-table.ts'

/** Whether of each key only the newest message is kept. */
export function isCompactionTopic(config: TopicConfig | undefined): boolean {
  return config?.attributes.get('cleanup.policy') === 'COMPACTION'
}

/** Tells the store which topics are to be compacted, whoever has changed the table: an administrator, a master, the journal. */
export class CompactionTopics {
  readonly #topics: TopicTable
  readonly #store: Pick<MessageStore, 'compaction'>
  readonly #isEnabled: boolean
  #seen: DataVersionFields | undefined
  #declared: string[] = []

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
    const wanted: string[] = []
    for (const config of this.#topics.all()) if (isCompactionTopic(config)) wanted.push(config.topicName)
    if (wanted.length === 0 && this.#declared.length === 0) return
    const { compaction } = this.#store
    for (const topic of this.#declared) if (this.#topics.find(topic) === undefined) compaction.deleteTopic(topic)
    compaction.declare(wanted)
    this.#declared = wanted
  }
}
