import { MASTER_ID } from '../../runtime/codec/route/route-data.ts'
import { putConsumerGroup, putTopic } from '../admin/put-requests.ts'
import type { LiveCluster } from './live-cluster.ts'
import { brokerGroups, fromNameServers } from './routes.ts'
import type { Declared } from './seed.ts'

/**
 * Creates consumer groups on every master, then topics where they are to have queues; those that are there already get the
 * settings.
 * @throws Error when a group has no master at the moment
 */
export async function provision(cluster: LiveCluster, { topics, consumerGroups }: Declared): Promise<void> {
  const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
  const groups = new Map([...answers.values()].flatMap((each) => [...each]))
  const masterOf = (group: string): string => {
    const master = groups.get(group)?.get(MASTER_ID)
    if (master === undefined) throw new Error(`broker group ${group} has no master at the moment`)
    return master
  }
  for (const group of groups.keys()) {
    for (const each of consumerGroups) await cluster.asker.ask(masterOf(group), putConsumerGroup(each.name, each))
  }
  for (const { name, queues, perm, order } of topics) {
    for (const { group, count } of queues) {
      await cluster.asker.ask(masterOf(group), putTopic(name, { readQueues: count, writeQueues: count, perm, order }))
    }
  }
}
