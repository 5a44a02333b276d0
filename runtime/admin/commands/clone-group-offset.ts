import { RequestCode } from '../../codec/remoting/request-code.ts'
import { addressToRead } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { groupConsumeStats } from '../consume-stats.ts'

export const command: AdminCommand = {
  name: 'cloneGroupOffset',
  summary: 'Clone offset from other group.',
  options: [
    required('s', 'srcGroup', 'set source consumer group'),
    required('d', 'destGroup', 'set destination consumer group'),
    required('t', 'topic', 'set the topic'),
    value('o', 'offline', 'the group or the topic is offline'),
  ],
  async run({ client, options, print }) {
    const srcGroup = options.required('s')
    const destGroup = options.required('d')
    const topic = options.required('t')
    const { queues } = await groupConsumeStats(client, srcGroup)
    const { brokerDatas } = await client.route(topic)
    for (const { topic: queueTopic, queueId, brokerName, consumerOffset } of queues) {
      if (consumerOffset < 0) continue
      const broker = brokerDatas.find((data) => data.brokerName === brokerName)
      const address = broker && addressToRead(broker)
      if (address === undefined)
        throw new AdminError(`broker ${brokerName} has offsets of ${srcGroup} but no topic ${topic}`)
      const fields = {
        consumerGroup: destGroup,
        topic: queueTopic,
        queueId,
        commitOffset: consumerOffset,
        bname: brokerName,
      }
      await client.call(address, { code: RequestCode.UPDATE_CONSUMER_OFFSET, fields })
    }
    print(`clone group offset success. srcGroup[${srcGroup}], destGroup=[${destGroup}], topic[${topic}]`)
  },
}
