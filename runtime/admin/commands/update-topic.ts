import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, required, value } from '../command.ts'
import { mergeOrderConf, ORDER_TOPIC_CONFIG, putKvConfig } from '../kv-config.ts'
import { masterTargets, onEach } from '../targets.ts'
import { parseAttributes, type TopicConfig, topicConfigText, topicSysFlag, updateTopic } from '../topic-config.ts'

export const command: AdminCommand = {
  name: 'updateTopic',
  summary: 'Update or create topic.',
  options: [
    value('b', 'brokerAddr', 'create topic to which broker'),
    value('c', 'clusterName', 'create topic to which cluster'),
    value('a', 'attributes', 'attribute(+a=b,+c=d,-e)'),
    required('t', 'topic', 'topic name'),
    value('r', 'readQueueNums', 'set read queue nums'),
    value('w', 'writeQueueNums', 'set write queue nums'),
    value('p', 'perm', "set topic's permission(2|4|6), intro[2:W 4:R; 6:RW]"),
    value('o', 'order', "set topic's order(true|false)"),
    value('u', 'unit', 'is unit topic (true|false)'),
    value('s', 'hasUnitSub', 'has unit sub (true|false)'),
  ],
  oneOf: ['b', 'c'],
  async run(context) {
    const config = readConfig(context)
    const broker = context.options.text('b')
    await onEach(context, await masterTargets(context), async (address) => {
      await updateTopic(context.client, address, config)
      if (broker !== undefined && config.order) await orderOnBroker(context, config, broker)
      context.print(`create topic to ${address} success.\n`)
    })
    if (broker === undefined && config.order) await orderOnCluster(context, config)
    context.print(`${topicConfigText(config)}\n`)
  },
}

function readConfig({ options }: CommandContext): TopicConfig {
  return {
    topicName: options.required('t'),
    readQueueNums: options.integer('r') ?? 8,
    writeQueueNums: options.integer('w') ?? 8,
    perm: options.integer('p') ?? 6,
    topicSysFlag: topicSysFlag(options.boolean('u') ?? false, options.boolean('s') ?? false),
    order: options.boolean('o') ?? false,
    attributes: parseAttributes(options.text('a') ?? ''),
  }
}

async function orderOnBroker({ client, print }: CommandContext, config: TopicConfig, address: string): Promise<void> {
  const { brokers } = await client.clusterInfo()
  const broker = [...brokers.values()].find(({ brokerAddrs }) => [...brokerAddrs.values()].includes(address))
  if (!broker) throw new AdminError(`the name servers know no broker ${address}: its order configuration was not set`)
  const entry = `${broker.brokerName}:${config.writeQueueNums}`
  await mergeOrderConf(client, config.topicName, entry)
  print(`set broker orderConf. isOrder=true, orderConf=[${entry}]\n`)
}

async function orderOnCluster({ client, options, print }: CommandContext, config: TopicConfig): Promise<void> {
  const groups = await client.brokerGroups(options.required('c'))
  const conf = groups.map(({ brokerName }) => `${brokerName}:${config.writeQueueNums}`).join(';')
  await putKvConfig(client, ORDER_TOPIC_CONFIG, config.topicName, conf)
  print(`set cluster orderConf. isOrder=true, orderConf=[${conf}]\n`)
}
