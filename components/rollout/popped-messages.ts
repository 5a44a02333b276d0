import { brokerTopicStats } from '../../runtime/admin/consume-stats.ts'
import { fetchUserTopics } from '../../runtime/admin/metadata.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { AdminError } from '../admin/admin-client.ts'
import { progressOf, usersGroups } from './backlog.ts'
import type { LiveCluster } from './live-cluster.ts'
import { adminOf } from './metadata-tables.ts'

/*
 * What was popped counts as consumed at once, although it comes again when nobody acknowledges it. Meanwhile there is a check point
 * of it: first among the messages that have a delivery time; when that is over, in a topic of the broker's own, the revive topic;
 * and some seconds later the message stands in a retry topic, by a name that no consumer subscribes to, so that it is not
 * among what the group is said to lack while its consumers are connected.
 *
 * How far the revive topic has been gone through is no help: of both engines the last entries are never counted as done.
 */

/** A check point that came so long ago has been gone through. One of Apache's looks for them every 10 s at worst. */
const REVIVED_WITHIN_MS = 15_000

const retryPrefix = '%RETRY%'

/** Messages of a master that were popped and may come again, as one sees it who looks again and again. */
export class PoppedMessages {
  readonly #cluster: LiveCluster
  #seen = ''
  #changedMs = Number.NEGATIVE_INFINITY

  constructor(cluster: LiveCluster) {
    this.#cluster = cluster
  }

  /** Whether check points have come lately, in words. */
  async onTheirWay(master: string): Promise<string[]> {
    const { clock } = this.#cluster
    const stored = await this.#checkPoints(master)
    const seen = stored === 0 ? '' : `${master} ${stored}`
    if (seen !== this.#seen && seen !== '') this.#changedMs = clock.monotonic()
    this.#seen = seen
    const isQuiet = clock.monotonic() - this.#changedMs >= REVIVED_WITHIN_MS
    return isQuiet ? [] : ['messages that were popped and not acknowledged may come again within seconds']
  }

  /** What came again and has not been consumed, in words, one entry per consumer group and topic. */
  async comeAgain(master: string): Promise<string[]> {
    const groups = await usersGroups(this.#cluster, master)
    const topics = Object.keys((await fetchUserTopics(adminOf(this.#cluster), master, true)).table)
    const left: string[] = []
    for (const group of groups.sort()) {
      const own = retryTopicsOf(group, topics, new Set(groups))
      if (own.length === 0) continue
      for (const [topic, count] of await progressOf(this.#cluster, master, group, own)) {
        if (count > 0) left.push(`consumer group ${group} has not consumed ${count} of topic ${topic}`)
      }
    }
    return left
  }

  async #checkPoints(master: string): Promise<number> {
    try {
      const topic = `rmq_sys_REVIVE_LOG_${this.#cluster.name}`
      const queues = await brokerTopicStats(adminOf(this.#cluster), master, topic)
      return queues.reduce((sum, { maxOffset }) => sum + maxOffset, 0)
    } catch (error) {
      if (error instanceof AdminError && error.code === ResponseCode.TOPIC_NOT_EXIST) return 0
      throw error
    }
  }
}

/** `%RETRY%<group>_<topic>` and `%RETRY%<group>+<topic>`; the first may be the retry topic of another group, too. */
function retryTopicsOf(group: string, topics: readonly string[], groups: ReadonlySet<string>): string[] {
  const begin = `${retryPrefix}${group}`
  return topics.filter((topic) => {
    if (topic.startsWith(`${begin}+`)) return true
    return topic.startsWith(`${begin}_`) && !groups.has(topic.slice(retryPrefix.length))
  })
}
