import { asObject, integerKeyed, listField, objectField } from '../../codec/json/json-fields.ts'
import type { JsonInput, JsonObject } from '../../codec/json/json-value.ts'
import { formatJson } from '../../codec/json/write-json.ts'
import type { TopicRouteData } from '../../codec/route/route-data.ts'
import { type AdminCommand, flag, required } from '../command.ts'
import { javaMap } from '../java-text.ts'
import { compareTexts } from '../message-queue.ts'
import { heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'topicRoute',
  summary: 'Examine topic route info.',
  options: [required('t', 'topic', 'topic name'), flag('l', 'list', 'Use list format to print data')],
  async run({ client, options, print }) {
    const { route, body } = await client.routeWithBody(options.required('t'))
    print(options.has('l') ? listText(route) : `${formatJson(routeJson(body))}\n`)
  },
}

/** The body with its brokers sorted by name and broker ids as numbers. */
function routeJson(body: JsonObject): JsonInput {
  const byName = (list: string) =>
    (listField(body, list) ?? [])
      .map((value) => asObject(value, list))
      .sort((a, b) => compareTexts(String(a['brokerName']), String(b['brokerName'])))
  const brokerDatas = byName('brokerDatas').map((broker) => {
    return { ...broker, brokerAddrs: new Map(integerKeyed(objectField(broker, 'brokerAddrs') ?? {})) }
  })
  return { ...body, brokerDatas, queueDatas: byName('queueDatas') }
}

const FORMAT = '%-45s %-32s %-50s %-10d %-11d %-5d%n'

function listText(route: TopicRouteData): string {
  let text = heading(FORMAT, '#ClusterName', '#BrokerName', '#BrokerAddrs', '#ReadQueue', '#WriteQueue', '#Perm')
  let reads = 0
  let writes = 0
  for (const { cluster, brokerName, brokerAddrs } of route.brokerDatas) {
    const queues = route.queueDatas.find((data) => data.brokerName === brokerName)
    const { readQueueNums = 0, writeQueueNums = 0, perm = 0 } = queues ?? {}
    reads += readQueueNums
    writes += writeQueueNums
    const addresses = javaMap([...brokerAddrs].sort(([a], [b]) => a - b))
    text += row(FORMAT, cluster, brokerName, addresses, readQueueNums, writeQueueNums, perm)
  }
  return `${text}${'-'.repeat(158)}\n${row(FORMAT, 'Total:', route.queueDatas.length, '', reads, writes, '')}`
}
