import { AdminError } from '../admin-error.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { deleteKvConfig, getKvConfig, ORDER_TOPIC_CONFIG, putKvConfig } from '../kv-config.ts'

export const command: AdminCommand = {
  name: 'updateOrderConf',
  summary: 'Create or update or delete order conf.',
  options: [
    required('t', 'topic', 'topic name'),
    value('v', 'orderConf', 'set order conf [eg. brokerName1:num;brokerName2:num]'),
    required('m', 'method', 'option type [eg. put|get|delete'),
  ],
  async run({ client, options, print }) {
    const topic = options.required('t')
    const method = options.required('m')
    switch (method) {
      case 'get': {
        const orderConf = await getKvConfig(client, ORDER_TOPIC_CONFIG, topic)
        return print(`get orderConf success. topic=[${topic}], orderConf=[${orderConf}] `)
      }
      case 'put': {
        const orderConf = options.text('v') ?? ''
        if (orderConf === '')
          throw new AdminError('updateOrderConf: -m put needs -v, for example -v "broker-a:4;broker-b:4"')
        await putKvConfig(client, ORDER_TOPIC_CONFIG, topic, orderConf)
        return print(`update orderConf success. topic=[${topic}], orderConf=[${orderConf}]`)
      }
      case 'delete':
        await deleteKvConfig(client, ORDER_TOPIC_CONFIG, topic)
        return print(`delete orderConf success. topic=[${topic}]`)
      default:
        throw new AdminError(`updateOrderConf: -m is "${method}"; give put, get or delete`)
    }
  },
}
