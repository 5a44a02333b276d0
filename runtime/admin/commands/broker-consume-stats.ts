import { asObject, integerField, listField } from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { type AdminCommand, required, value } from '../command.ts'
import { type QueueProgress, readConsumeStats } from '../consume-stats.ts'
import { humanSeconds } from '../java-text.ts'
import { cut, heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'brokerConsumeStats',
  summary: 'Fetch broker consume stats data.',
  options: [
    required('b', 'brokerAddr', 'Broker address'),
    value('t', 'timeoutMillis', 'request timeout Millis'),
    value('l', 'level', 'threshold of print diff'),
    value('o', 'order', 'order topic'),
  ],
  async run({ client, options, print }) {
    const address = options.required('b')
    const request = {
      code: RequestCode.GET_BROKER_CONSUME_STATS,
      fields: { isOrder: options.boolean('o') ?? false },
    }
    const body = await client.callForObject(address, request, options.integer('t') ?? 50_000)
    const least = options.integer('l') ?? 0
    print(
      heading(
        FORMAT,
        '#Topic',
        '#Group',
        '#Broker Name',
        '#QID',
        '#Broker Offset',
        '#Consumer Offset',
        '#Diff',
        '#LastTime',
      ),
    )
    for (const { group, queues } of groupsOf(body)) {
      for (const queue of queues) {
        const diff = queue.brokerOffset - queue.consumerOffset
        if (diff >= least && queue.lastTimeMs > 0) print(line(group, queue, diff))
      }
    }
    print(`\nDiff Total: ${integerField(body, 'totalDiff') ?? 0}\n`)
  },
}

const FORMAT = '%-64s  %-64s  %-32s  %-4d  %-20d  %-20d  %-20d  %s%n'

/** The body is a list of maps of one group each to the stats of its topics. */
function groupsOf(body: JsonObject): { group: string; queues: readonly QueueProgress[] }[] {
  const maps = (listField(body, 'consumeStatsList') ?? []).map((value) => asObject(value, 'consumeStatsList'))
  return maps.flatMap((map) =>
    Object.keys(map).map((group) => ({
      group,
      queues: (listField(map, group) ?? []).flatMap((stats) => readConsumeStats(asObject(stats, group)).queues),
    })),
  )
}

function line(group: string, queue: QueueProgress, diff: number): string {
  const { topic, brokerName, queueId, brokerOffset, consumerOffset, lastTimeMs } = queue
  const lastTime = humanSeconds(lastTimeMs)
  return row(FORMAT, cut(topic, 64), group, cut(brokerName, 32), queueId, brokerOffset, consumerOffset, diff, lastTime)
}
