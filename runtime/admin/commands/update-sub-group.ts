import { asObject } from '../../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../../codec/json/json-value.ts'
import { parseJson } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, required, value } from '../command.ts'
import { groupConfigText, newGroupConfig } from '../group-config.ts'
import { masterTargets, onEach } from '../targets.ts'
import { parseAttributes } from '../topic-config.ts'

export const command: AdminCommand = {
  name: 'updateSubGroup',
  summary: 'Update or create subscription group.',
  options: [
    value('b', 'brokerAddr', 'create subscription group to which broker'),
    value('c', 'clusterName', 'create subscription group to which cluster'),
    required('g', 'groupName', 'consumer group name'),
    value('s', 'consumeEnable', 'consume enable'),
    value('m', 'consumeFromMinEnable', 'from min offset'),
    value('d', 'consumeBroadcastEnable', 'broadcast'),
    value('o', 'consumeMessageOrderly', 'consume message orderly'),
    value('q', 'retryQueueNums', 'retry queue nums'),
    value('r', 'retryMaxTimes', 'retry max times'),
    value(
      'p',
      'groupRetryPolicy',
      'the json string of retry policy ( exp: {"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":5000,"max":7200000,"multiplier":2}} {"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[1000,5000,10000]}} )',
    ),
    value('i', 'brokerId', 'consumer from which broker id'),
    value('w', 'whichBrokerWhenConsumeSlowly', 'which broker id when consume slowly'),
    value('a', 'notifyConsumerIdsChanged', 'notify consumerId changed'),
    { long: 'attributes', takesValue: true, description: 'attribute(+a=b,+c=d,-e)' },
  ],
  oneOf: ['b', 'c'],
  oneOfInUsage: false,
  async run(context) {
    const config = readConfig(context)
    await onEach(context, await masterTargets(context), async (address) => {
      const body = encodeJson(config)
      await context.client.call(address, { code: RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, body })
      context.print(`create subscription group to ${address} success.\n`)
    })
    context.print(groupConfigText(config))
  },
}

const FLAGS = [
  ['s', 'consumeEnable'],
  ['m', 'consumeFromMinEnable'],
  ['d', 'consumeBroadcastEnable'],
  ['o', 'consumeMessageOrderly'],
  ['a', 'notifyConsumerIdsChangedEnable'],
] as const

const NUMBERS = [
  ['q', 'retryQueueNums'],
  ['r', 'retryMaxTimes'],
  ['i', 'brokerId'],
  ['w', 'whichBrokerWhenConsumeSlowly'],
] as const

function readConfig({ options }: CommandContext): JsonObject {
  const config: Record<string, JsonValue> = newGroupConfig(options.required('g'))
  for (const [option, field] of FLAGS) if (options.has(option)) config[field] = options.boolean(option) ?? false
  for (const [option, field] of NUMBERS) if (options.has(option)) config[field] = options.integer(option) ?? 0
  const policy = options.text('p')
  if (policy !== undefined) config['groupRetryPolicy'] = parsePolicy(policy)
  const attributes = options.text('attributes')
  if (attributes !== undefined) config['attributes'] = Object.fromEntries(parseAttributes(attributes))
  return config
}

function parsePolicy(text: string): JsonObject {
  try {
    return asObject(parseJson(text), 'retry policy')
  } catch (error) {
    throw new AdminError(`updateSubGroup: -p is no retry policy: ${(error as Error).message}`, { cause: error })
  }
}
