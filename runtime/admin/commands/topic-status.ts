import { addressToRead } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { brokerTopicStats, type QueueOffsets } from '../consume-stats.ts'
import { humanTime } from '../java-text.ts'
import { compareQueues } from '../message-queue.ts'
import { logicQueueOffsets } from '../static-topics/logic-queues.ts'
import { cut, heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'topicStatus',
  summary: 'Examine topic Status info.',
  options: [
    required('t', 'topic', 'topic name'),
    value('c', 'cluster', 'cluster name or lmq parent topic, lmq is used to find the route.'),
  ],
  async run({ client, options, print }) {
    const topic = options.required('t')
    const queues: QueueOffsets[] = []
    const route = await client.route(options.text('c') ?? topic)
    const { brokerDatas } = route
    for (const address of brokerDatas.map(addressToRead)) {
      if (address !== undefined) queues.push(...(await brokerTopicStats(client, address, topic)))
    }
    queues.push(...(await logicQueueOffsets(client, topic, route, queues)))
    if (queues.length === 0) throw new AdminError(`no broker has a queue of topic ${topic}`)
    print(heading(FORMAT, '#Broker Name', '#QID', '#Min Offset', '#Max Offset', '#Last Updated'))
    for (const { brokerName, queueId, minOffset, maxOffset, lastUpdateMs } of queues.sort(compareQueues)) {
      const updated = lastUpdateMs > 0 ? humanTime(lastUpdateMs) : ''
      print(row(FORMAT, cut(brokerName, 32), queueId, minOffset, maxOffset, updated))
    }
    // The official tool never sums this up: it prints 0.0 whatever the brokers say.
    print('\nTopic Put TPS: 0.0\n')
  },
}

const FORMAT = '%-32s  %-4d  %-20d  %-20d    %s%n'
