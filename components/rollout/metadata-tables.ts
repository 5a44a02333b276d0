import { AdminClient } from '../../runtime/admin/admin-client.ts'
import { fetchGroupTable, fetchUserGroups, fetchUserTopics } from '../../runtime/admin/metadata.ts'
import type { JsonObject } from '../../runtime/codec/json/json-value.ts'
import type { LiveCluster } from './live-cluster.ts'

/** What speaks to a node as mqadmin does. */
export const adminOf = ({ asker, nameServers }: LiveCluster): AdminClient =>
  new AdminClient({ invoke: (address, request) => asker.ask(address, request) }, nameServers)

/** All consumer groups of a broker by name, its own among them. */
export async function consumerGroupTable(cluster: LiveCluster, broker: string): Promise<JsonObject> {
  return (await fetchGroupTable(adminOf(cluster), broker)).table
}

/** Consumer groups that users made. */
export async function userGroups(cluster: LiveCluster, broker: string): Promise<JsonObject> {
  return (await fetchUserGroups(adminOf(cluster), broker)).table
}

/** Topics that users made; those for retries and dead letters come by themselves, with the consumers. */
export async function userTopics(cluster: LiveCluster, broker: string): Promise<JsonObject> {
  return (await fetchUserTopics(adminOf(cluster), broker, false)).table
}
