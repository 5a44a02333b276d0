import { brokerTopicStats } from '../../runtime/admin/consume-stats.ts'
import { fetchUserTopics } from '../../runtime/admin/metadata.ts'
import { asObject, integerField, objectField, textField } from '../../runtime/codec/json/json-fields.ts'
import { parseJson } from '../../runtime/codec/json/parse-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { AdminError, bodyObject } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'
import { adminOf, consumerGroupTable } from './metadata-tables.ts'

/** The consumer group by which a broker keeps how far transactions are settled, and the topic of their first halves. */
const transactions = { group: 'CID_RMQ_SYS_TRANS', topic: 'RMQ_SYS_TRANS_HALF_TOPIC' }
/** Groups of the broker's own; how far they are says nothing of users' messages. */
const ownPrefix = 'CID_RMQ_SYS_'

/**
 * What consumer groups have not consumed on a master, in words, one entry per group and topic. Retry topics of a group are among its
 * topics. Groups that broadcast keep their offsets themselves and are not among them.
 */
export async function backlogOf(cluster: LiveCluster, master: string): Promise<string[]> {
  const groups = await usersGroups(cluster, master)
  const left: string[] = []
  for (const group of groups.sort()) {
    const behind = [...(await progressOf(cluster, master, group))].filter(([, count]) => count > 0)
    if (behind.length === 0) continue
    const nobody = (await isOffline(cluster, master, group)) ? ', and none of its consumers is connected' : ''
    for (const [topic, count] of behind) {
      left.push(`consumer group ${group} has not consumed ${count} of topic ${topic}${nobody}`)
    }
  }
  const unsettled = (await progressOf(cluster, master, transactions.group)).get(transactions.topic) ?? 0
  return unsettled > 0 ? [...left, `transactions that are not settled: ${unsettled}`] : left
}

/** False also for who is not told. */
async function isOffline({ asker }: LiveCluster, master: string, consumerGroup: string): Promise<boolean> {
  try {
    await asker.ask(master, { code: RequestCode.GET_CONSUMER_CONNECTION_LIST, fields: { consumerGroup } })
    return false
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    return error.code === ResponseCode.CONSUMER_NOT_ONLINE
  }
}

export async function usersGroups(cluster: LiveCluster, master: string): Promise<string[]> {
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
        if (count > 0) left.add(`consumer group ${group} has not begun to consume topic ${topic} here: ${count}`)
      }
    }
  }
  return [...left]
}

async function storedIn(cluster: LiveCluster, master: string, topic: string): Promise<number> {
  const queues = await brokerTopicStats(adminOf(cluster), master, topic)
  return queues.reduce((sum, { minOffset, maxOffset }) => sum + maxOffset - minOffset, 0)
}

/**
 * Messages not consumed, by topic.
 * @param topics left out: those that the group has offsets of and, while its consumers are connected, they subscribe to
 */
export async function progressOf(
  { asker }: LiveCluster,
  master: string,
  consumerGroup: string,
  topics?: readonly string[],
): Promise<Map<string, number>> {
  const fields = { consumerGroup, ...(topics === undefined ? {} : { topicList: topics.join(';') }) }
  const request = { code: RequestCode.GET_CONSUME_STATS, fields }
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
