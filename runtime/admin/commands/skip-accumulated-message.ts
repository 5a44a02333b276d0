import { type AdminCommand, required, value } from '../command.ts'
import { offlineTable, onlineTable, resetOffsets } from '../reset-offset.ts'

export const command: AdminCommand = {
  name: 'skipAccumulatedMessage',
  summary: 'Skip all messages that are accumulated (not consumed) currently.',
  options: [
    required('g', 'group', 'set the consumer group'),
    required('t', 'topic', 'set the topic'),
    value('f', 'force', 'set the force rollback by timestamp switch[true|false]'),
    value('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
  ],
  async run({ client, options, print }) {
    const result = await resetOffsets(client, {
      cluster: options.text('c'),
      group: options.required('g'),
      topic: options.required('t'),
      timestamp: TO_THE_END,
      force: options.boolean('f') ?? true,
    })
    print(result.isOnline ? onlineTable(result.queues) : offlineTable(result.queues, '#rollbackOffset'))
  },
}

/** Brokers take this timestamp for the newest message. */
const TO_THE_END = -1
