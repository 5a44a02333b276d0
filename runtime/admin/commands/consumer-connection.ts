import { type AdminCommand, required, value } from '../command.ts'
import { consumerConnection } from '../consumers.ts'
import { versionName } from '../java-text.ts'
import { row } from '../table.ts'

export const command: AdminCommand = {
  name: 'consumerConnection',
  summary: "Query consumer's socket connection, client version and subscription.",
  options: [required('g', 'consumerGroup', 'consumer group name'), value('b', 'brokerAddr', 'broker address')],
  async run({ client, options, print }) {
    const group = options.required('g')
    const { connections, subscriptions, ...how } = await consumerConnection(client, group, options.text('b'))
    print(row(CONNECTION, '#ClientId', '#ClientAddr', '#Language', '#Version'))
    for (const { clientId, clientAddr, language, version } of connections) {
      print(row(CONNECTION, clientId, clientAddr, language, versionName(version)))
    }
    print('\nBelow is subscription:\n')
    print(row(SUBSCRIPTION, '#Topic', '#SubExpression'))
    for (const { topic, subString } of subscriptions) print(row(SUBSCRIPTION, topic, subString))
    print(`\nConsumeType: ${how.consumeType ?? 'null'}\n`)
    print(`MessageModel: ${how.messageModel ?? 'null'}\n`)
    print(`ConsumeFromWhere: ${how.consumeFromWhere ?? 'null'}\n`)
  },
}

const CONNECTION = '%-36s %-22s %-10s %s%n'
const SUBSCRIPTION = '%-20s %s%n'
