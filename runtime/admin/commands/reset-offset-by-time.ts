import { type AdminCommand, required, value } from '../command.ts'
import { parseTime } from '../java-text.ts'
import { offlineTable, onlineTable, resetOffsets, resetOneQueue } from '../reset-offset.ts'

export const command: AdminCommand = {
  name: 'resetOffsetByTime',
  summary: 'Reset consumer offset by timestamp(without client restart).',
  options: [
    required('g', 'group', 'set the consumer group'),
    required('t', 'topic', 'set the topic'),
    required('s', 'timestamp', 'set the timestamp[now|currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]'),
    value('f', 'force', 'set the force rollback by timestamp switch[true|false]. Deprecated.'),
    value('c', 'cluster', 'Cluster name or lmq parent topic, lmq is used to find the route.'),
    value('b', 'broker', 'broker addr'),
    value('q', 'queue', 'queue id'),
    value('o', 'offset', 'Expect queue offset, not support old version broker'),
  ],
  async run({ client, options, clock, print }) {
    const group = options.required('g')
    const topic = options.required('t')
    const written = options.required('s')
    const timestamp = written === 'now' ? clock.now() : parseTime(written)
    const broker = options.text('b')
    const queueId = options.integer('q') ?? -1
    const when = `timestamp(string)[${written}], timestamp(long)[${timestamp}]`
    if (broker !== undefined && queueId >= 0) {
      print(
        `start reset consumer offset by specified, group[${group}], topic[${topic}], queueId[${queueId}], broker[${broker}], ${when}\n`,
      )
      const offset = await resetOneQueue(client, {
        address: broker,
        group,
        topic,
        queueId,
        timestamp,
        offset: options.integer('o'),
      })
      print(`reset consumer offset to ${offset}\n`)
      return
    }
    const force = options.boolean('f') ?? true
    const result = await resetOffsets(client, { cluster: options.text('c'), group, topic, timestamp, force })
    const what = `group[${group}], topic[${topic}], force[${force}], ${when}\n`
    print(
      result.isOnline
        ? `start reset consumer offset by specified, ${what}`
        : `reset consumer offset by specified consumerG${what.slice(1)}`,
    )
    print(result.isOnline ? onlineTable(result.queues) : offlineTable(result.queues, '#resetOffset'))
  },
}
