import { RequestCode } from '../codec/remoting/request-code.ts'
import type { AdminClient } from './admin-client.ts'

export async function deleteTopicInBrokers(
  client: AdminClient,
  addresses: readonly string[],
  topic: string,
): Promise<void> {
  for (const address of addresses) {
    await client.call(address, { code: RequestCode.DELETE_TOPIC_IN_BROKER, fields: { topic } })
  }
}

/** In one cluster, or in all when none is named. */
export async function deleteTopicInNameServers(
  client: AdminClient,
  topic: string,
  clusterName?: string,
): Promise<void> {
  for (const address of client.nameServers) {
    await client.call(address, { code: RequestCode.DELETE_TOPIC_IN_NAMESRV, fields: { topic, clusterName } })
  }
}
