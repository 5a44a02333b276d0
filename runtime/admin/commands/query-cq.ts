import { asObject, integerField, listField, objectField, textField } from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { formatJson } from '../../codec/json/write-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { addressToRead } from '../admin-client.ts'
import { AdminError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, required, value } from '../command.ts'

export const command: AdminCommand = {
  name: 'queryCq',
  summary: 'Query cq command.',
  options: [
    required('t', 'topic', 'topic name'),
    required('q', 'queue', 'queue num, ie. 1'),
    required('i', 'index', 'start queue index.'),
    value('c', 'count', 'how many.'),
    value('b', 'broker', 'broker addr.'),
    value('g', 'consumer', 'consumer group.'),
  ],
  async run(context) {
    const { client, options, print } = context
    const index = options.integer('i') ?? 0
    const fields = {
      topic: options.required('t'),
      queueId: options.integer('q') ?? 0,
      index,
      count: options.integer('c') ?? 10,
      consumerGroup: options.text('g'),
    }
    const address = options.text('b') ?? (await firstBroker(context))
    const answer = await client.callForObject(address, { code: RequestCode.QUERY_CONSUME_QUEUE, fields })
    if (Object.keys(answer).length === 0) {
      throw new AdminError(`${address}: nothing at index ${index} of queue ${fields.queueId} of topic ${fields.topic}`)
    }
    const subscription = objectField(answer, 'subscriptionData')
    if (subscription) print(`Subscription data: \n${formatJson(subscription)}\n${LINE}`)
    const filter = textField(answer, 'filterData')
    if (filter !== undefined) print(`Filter data: \n${filter}\n${LINE}`)
    print(
      `Queue data: \nmax: ${integerField(answer, 'maxQueueIndex')}, min: ${integerField(answer, 'minQueueIndex')}\n${LINE}`,
    )
    for (const [at, unit] of (listField(answer, 'queueData') ?? []).entries()) {
      print(`idx: ${index + at}\n${unitText(asObject(unit, 'queueData'))}\n${LINE}`)
    }
  },
}

const LINE = `${'='.repeat(38)}\n`

async function firstBroker({ client, options }: CommandContext): Promise<string> {
  const topic = options.required('t')
  const { brokerDatas } = await client.route(topic)
  const address = brokerDatas.map(addressToRead).find((candidate) => candidate !== undefined)
  if (address !== undefined) return address
  throw new AdminError(`the route of ${topic} names no broker; name one with -b`)
}

function unitText(unit: JsonObject): string {
  const text = (name: string) => textField(unit, name) ?? 'null'
  return (
    `ConsumeQueueData{physicOffset=${text('physicOffset')}, physicSize=${text('physicSize')}, tagsCode=${text('tagsCode')}, ` +
    `extendDataJson='${text('extendDataJson')}', bitMap='${text('bitMap')}', eval=${unit['eval'] ?? false}, msg='${text('msg')}'}`
  )
}
