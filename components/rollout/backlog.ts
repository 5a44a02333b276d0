import { brokerTopicStats } from '../../runtime/admin/consume-stats.ts'
import { fetchUserTopics } from '../../runtime/admin/metadata.ts'
import { asObject, integerField, objectField, textField } from '../../runtime/codec/json/json-fields.ts'
import { parseJson } from '../../runtime/codec/json/parse-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { bodyObject } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'
import { adminOf, consumerGroupTable } from './metadata-tables.ts'

/** The consumer group by which a broker keeps how far transactions are settled, and the topic of their first halves. */
const transactions = { group: 'CID_RMQ_SYS_TRANS', topic: 'RMQ_SYS_TRANS_HALF_TOPIC' }
/** Groups of the broker's own; how far they are says nothing of users' messages. */
const ownPrefix = 'CID_RMQ_SYS_'

/**
 * What consumer groups have not consumed on a master, `group: topic 12` each. Retry topics of a group are among its topics.
 * Groups that broadcast keep their offsets themselves and are not among them.
 */
export async function backlogOf(cluster: LiveCluster, master: string): Promise<string[]> {
  const groups = await usersGroups(cluster, master)
  const left: string[] = []
  for (const group of groups.sort()) {
    const perTopic = await progressOf(cluster, master, group)
    for (const [topic, count] of perTopic) if (count > 0) left.push(`${group}: ${topic} ${count}`)
  }
  const unsettled = (await progressOf(cluster, master, transactions.group)).get(transactions.topic) ?? 0
  return unsettled > 0 ? [...left, `transactions that are not settled: ${unsettled}`] : left
}

async function usersGroups(cluster: LiveCluster, master: string): Promise<string[]> {
  return Object.keys(await consumerGroupTable(cluster, master)).filter((name) => !name.startsWith(ownPrefix))
}

/**
 * What consumer groups that consume a topic on other masters have not begun to consume here: a broker knows of a group only
 * once it has committed an offset, which it has not on a broker that is new.
 */
export async function notBegunOn(
  cluster: LiveCluster,
  master: string,
  others: readonly string[],
): Promise<readonly string[]> {
  if (others.length === 0) return []
  const topics = new Set(Object.keys((await fetchUserTopics(adminOf(cluster), master, true)).table))
  const left = new Set<string>()
  for (const other of others) {
    for (const group of await usersGroups(cluster, other)) {
      const elsewhere = [...(await progressOf(cluster, other, group)).keys()].filter((topic) => topics.has(topic))
      if (elsewhere.length === 0) continue
      const here = await progressOf(cluster, master, group)
      for (const topic of elsewhere) {
        const count = here.has(topic) ? 0 : await storedIn(cluster, master, topic)
        if (count > 0) left.add(`${group}: ${topic} ${count}, not begun`)
      }
    }
  }
  return [...left]
}

async function storedIn(cluster: LiveCluster, master: string, topic: string): Promise<number> {
  const queues = await brokerTopicStats(adminOf(cluster), master, topic)
  return queues.reduce((sum, { minOffset, maxOffset }) => sum + maxOffset - minOffset, 0)
}

/** Messages not consumed, by topic. */
async function progressOf({ asker }: LiveCluster, master: string, consumerGroup: string): Promise<Map<string, number>> {
  const request = { code: RequestCode.GET_CONSUME_STATS, fields: { consumerGroup } }
  const table = objectField(bodyObject(await asker.ask(master, request)), 'offsetTable') ?? {}
  const perTopic = new Map<string, number>()
  for (const [key, value] of Object.entries(table)) {
    const topic = textField(asObject(parseJson(key), 'message queue'), 'topic') ?? ''
    const offsets = asObject(value, key)
    const lag = (integerField(offsets, 'brokerOffset') ?? 0) - (integerField(offsets, 'consumerOffset') ?? 0)
    perTopic.set(topic, (perTopic.get(topic) ?? 0) + Math.max(0, lag))
  }
  return perTopic
}
