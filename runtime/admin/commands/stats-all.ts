import { integerField, numberField, objectField } from '../../codec/json/json-fields.ts'
import type { JsonObject } from '../../codec/json/json-value.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { MASTER_ID } from '../../codec/route/route-data.ts'
import type { AdminClient } from '../admin-client.ts'
import { AbsentError, AdminError, RefusedError } from '../admin-error.ts'
import { type AdminCommand, type CommandContext, flag, value } from '../command.ts'
import { groupConsumeStats, totalDiff } from '../consume-stats.ts'
import { groupsOfTopic } from '../message-track.ts'
import { cut, heading, row } from '../table.ts'

export const command: AdminCommand = {
  name: 'statsAll',
  summary: 'Topic and Consumer tps stats.',
  options: [flag('a', 'activeTopic', 'print active topic only'), value('t', 'topic', 'print select topic only')],
  async run(context) {
    const { client, options, print } = context
    const wanted = options.text('t')
    const topics = (await client.topicList()).filter(
      (topic) => !topic.startsWith('%RETRY%') && !topic.startsWith('%DLQ%'),
    )
    if (wanted !== undefined && !topics.includes(wanted))
      throw new AdminError(`there is no topic ${wanted}; see topicList`)
    const titles = ['#Topic', '#Consumer Group', '#Accumulation', '#InTPS', '#OutTPS', '#InMsg24Hour', '#OutMsg24Hour']
    print(heading(FORMAT, ...titles))
    for (const topic of wanted === undefined ? topics : [wanted]) {
      try {
        await printTopic(context, topic)
      } catch (error) {
        if (!(error instanceof AdminError)) throw error
        context.fail(new AdminError(`topic ${topic}: ${error.message}`))
      }
    }
  },
}

const FORMAT = '%-64s  %-64s %12d %11.2f %11.2f %14d %14d%n'
const FORMAT_UNUSED = '%-64s  %-64s %12d %11.2f %11s %14d %14s%n'

interface Traffic {
  readonly tps: number
  readonly messages: number
}

async function printTopic({ client, options, print }: CommandContext, topic: string): Promise<void> {
  const { brokerDatas } = await client.route(topic)
  const masters = brokerDatas.flatMap(({ brokerAddrs }) => brokerAddrs.get(MASTER_ID) ?? [])
  const groups = await groupsOfTopic(client, topic)
  const into = await traffic(client, masters, 'TOPIC_PUT_NUMS', topic)
  const activeOnly = options.has('a')
  const name = cut(topic, 64)
  if (groups.length === 0 && (!activeOnly || into.messages > 0)) {
    print(row(FORMAT_UNUSED, name, '', 0, into.tps, '', into.messages, 'NO_CONSUMER'))
  }
  for (const group of groups) {
    const out = await traffic(client, masters, 'GROUP_GET_NUMS', `${topic}@${group}`)
    if (activeOnly && into.messages === 0 && out.messages === 0) continue
    const behind = await accumulation(client, group, topic)
    print(row(FORMAT, name, cut(group, 64), behind, into.tps, out.tps, into.messages, out.messages))
  }
}

/** A broker refuses figures of what has had no traffic yet: that is none. */
async function traffic(
  client: AdminClient,
  masters: readonly string[],
  statsName: string,
  statsKey: string,
): Promise<Traffic> {
  let tps = 0
  let messages = 0
  for (const address of masters) {
    const request = { code: RequestCode.VIEW_BROKER_STATS_DATA, fields: { statsName, statsKey } }
    const stats = await orNothing(client.callForObject(address, request))
    if (!stats) continue
    tps += numberField(objectField(stats, 'statsMinute') ?? {}, 'tps') ?? 0
    messages += sumOf24Hours(stats)
  }
  return { tps, messages }
}

/** Of the longest period that has a sum: a young broker has none for the day yet. */
function sumOf24Hours(stats: JsonObject): number {
  const sums = ['statsDay', 'statsHour', 'statsMinute'].map(
    (name) => integerField(objectField(stats, name) ?? {}, 'sum') ?? 0,
  )
  return sums.find((sum) => sum !== 0) ?? 0
}

/** Negative while the broker's own figures lag behind: shown as 0. */
async function accumulation(client: AdminClient, group: string, topic: string): Promise<number> {
  const stats = await orNothing(groupConsumeStats(client, group, topic))
  return stats ? Math.max(0, totalDiff(stats)) : 0
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof RefusedError || error instanceof AbsentError) return undefined
    throw error
  }
}
