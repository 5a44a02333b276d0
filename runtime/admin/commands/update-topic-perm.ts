import { MASTER_ID, type TopicRouteData } from '../../codec/route/route-data.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { masterTargets, onEach } from '../targets.ts'
import { type TopicConfig, topicConfigText, updateTopic } from '../topic-config.ts'

export const command: AdminCommand = {
  name: 'updateTopicPerm',
  summary: 'Update topic perm.',
  options: [
    value('b', 'brokerAddr', 'create topic to which broker'),
    value('c', 'clusterName', 'create topic to which cluster'),
    required('t', 'topic', 'topic name'),
    required('p', 'perm', "set topic's permission(2|4|6), intro[2:W; 4:R; 6:RW]"),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const topic = context.options.required('t')
    const perm = context.options.integer('p') ?? 0
    const broker = context.options.text('b')
    const route = await context.client.route(topic)
    await onEach(context, await masterTargets(context), async (address) => {
      const { oldPerm, config } = changed(route, topic, perm, address)
      if (broker !== undefined && oldPerm === perm) {
        context.print('new perm equals to the old one!\n')
        return
      }
      await updateTopic(context.client, address, config)
      context.print(`update topic perm from ${oldPerm} to ${perm} in ${address} success.\n`)
      if (broker !== undefined) context.print(`${topicConfigText(config)}.\n`)
    })
  },
}

/** The topic as it is on the broker with another permission: each broker keeps its own number of queues. */
function changed(
  route: TopicRouteData,
  topic: string,
  perm: number,
  address: string,
): { oldPerm: number; config: TopicConfig } {
  const name = route.brokerDatas.find(({ brokerAddrs }) => brokerAddrs.get(MASTER_ID) === address)?.brokerName
  const queues = route.queueDatas.find(({ brokerName }) => brokerName === name)
  if (!queues)
    throw new AdminError(`${address} is no master that serves topic ${topic}: its permission was not changed`)
  const { readQueueNums, writeQueueNums, topicSysFlag } = queues
  const attributes = new Map<string, string>()
  const config = { topicName: topic, readQueueNums, writeQueueNums, perm, topicSysFlag, order: false, attributes }
  return { oldPerm: queues.perm, config }
}
