import { LMQ_PREFIX } from '../../store/consume-queue/topic-map.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { TopicConfig } from './topic-config.ts'
import type { TopicTable } from './topic-table.ts'

/** Whether the topic has batch consume queues (`queue.type`), where the messages of a batch stay one record. */
export function isBatchTopic({ attributes }: TopicConfig): boolean {
  return attributes.get('queue.type') === 'BatchCQ'
}

/** Tells the store which topics have batch consume queues, now and whenever a slave learns of topics. */
export function tellBatchTopics(
  store: Pick<MessageStore, 'isBatchTopic' | 'makeBatch'>,
  topics: Pick<TopicTable, 'find' | 'all' | 'onCopied'>,
): void {
  store.isBatchTopic = (name) => {
    if (name.startsWith(LMQ_PREFIX)) return false
    const config = topics.find(name)
    return config && isBatchTopic(config)
  }
  const makeBatch = (configs: Iterable<TopicConfig>): void => {
    for (const config of configs) if (isBatchTopic(config)) store.makeBatch(config.topicName)
  }
  makeBatch(topics.all())
  topics.onCopied(makeBatch)
}
