import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { deleteTopicInBrokers, deleteTopicInNameServers } from '../delete-topic.ts'
import { deleteKvConfig, ORDER_TOPIC_CONFIG } from '../kv-config.ts'
import { masterTargets, onEach } from '../targets.ts'

export const command: AdminCommand = {
  name: 'deleteSubGroup',
  summary: 'Delete subscription group from broker.',
  options: [
    value('b', 'brokerAddr', 'delete subscription group from which broker'),
    value('c', 'clusterName', 'delete subscription group from which cluster'),
    required('g', 'groupName', 'subscription group name'),
    value('r', 'removeOffset', 'remove offset'),
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const { client, options, print } = context
    const group = options.required('g')
    const cluster = options.has('b') ? undefined : options.required('c')
    const fields = { groupName: group, cleanOffset: options.boolean('r') ?? false }
    await onEach(context, await masterTargets(context), async (address) => {
      await client.call(address, { code: RequestCode.DELETE_SUBSCRIPTIONGROUP, fields })
      const where = cluster === undefined ? '' : ` in cluster [${cluster}]`
      print(`delete subscription group [${group}] from broker [${address}]${where} success.\n`)
    })
    if (cluster === undefined) return
    const addresses = await client.brokerAddresses(cluster)
    for (const topic of [`%RETRY%${group}`, `%DLQ%${group}`]) {
      await onEach(context, addresses, (address) => deleteTopicInBrokers(client, [address], topic))
      await deleteTopicInNameServers(client, topic)
      await deleteKvConfig(client, ORDER_TOPIC_CONFIG, topic)
    }
  },
}
