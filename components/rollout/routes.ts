import { objectField } from '../../runtime/codec/json/json-fields.ts'
import { parseJsonBytes } from '../../runtime/codec/json/parse-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { MASTER_ID, PERM_WRITE, readBrokerData, readRouteData } from '../../runtime/codec/route/route-data.ts'
import { InvocationError } from '../../runtime/net/pending-invocations.ts'
import { AdminError, bodyObject } from '../admin/admin-client.ts'
import type { LiveCluster } from './live-cluster.ts'
import { pause } from './waiting.ts'

/** After this long clients do not go by a route that is not so any more: pollNameServerInterval of official ones, and a little. */
export const staleRouteMsDefault = 35_000

/**
 * Waits until no client goes by a route of before any more.
 * @param wait.sinceMs when routes changed, ms since 1970; left out: just now
 */
export function waitRoutesRenewed(
  { clock, tell }: LiveCluster,
  { group, sinceMs }: { readonly group: string; readonly sinceMs?: number },
  staleRouteMs: number = staleRouteMsDefault,
): Promise<void> {
  const passedMs = sinceMs === undefined ? 0 : Math.max(0, clock.now() - sinceMs)
  const leftMs = Math.max(0, staleRouteMs - passedMs)
  if (leftMs === 0) return Promise.resolve()
  tell?.(`clients of ${group} ask for routes again, which they do every 30 s: ${Math.ceil(leftMs / 1000)} s`)
  return pause(clock, leftMs)
}

/** Addresses `host:port` by broker id: what a NameServer knows of a broker group. Id 0 is the master's. */
export type GroupMembers = ReadonlyMap<number, string>

/** Broker groups of the cluster by name, as one NameServer knows them. */
export async function brokerGroups(
  { asker, name }: LiveCluster,
  nameServer: string,
): Promise<Map<string, GroupMembers>> {
  const body = bodyObject(await asker.ask(nameServer, { code: RequestCode.GET_BROKER_CLUSTER_INFO }))
  const brokers = Object.values(objectField(body, 'brokerAddrTable') ?? {}).map(readBrokerData)
  return new Map(
    brokers.filter(({ cluster }) => cluster === name).map((broker) => [broker.brokerName, broker.brokerAddrs]),
  )
}

/**
 * What each NameServer that answers says; those that are down route nobody.
 * @throws Error when none answers
 */
export async function fromNameServers<T>(
  { nameServers }: LiveCluster,
  ask: (nameServer: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const answers = new Map<string, T>()
  let failure: unknown
  for (const nameServer of nameServers) {
    try {
      answers.set(nameServer, await ask(nameServer))
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error
      failure = error
    }
  }
  if (answers.size === 0) throw new Error(`no NameServer of ${nameServers.join(';')} answers`, { cause: failure })
  return answers
}

/** The members of a group as the first NameServer that answers knows them; none of a group it does not know. */
export async function membersOf(cluster: LiveCluster, group: string): Promise<GroupMembers> {
  const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
  return [...answers.values()][0]?.get(group) ?? new Map()
}

/** Which NameServer does not route to the master yet. */
export async function missingRoute(cluster: LiveCluster, group: string, master: string): Promise<string | undefined> {
  if (cluster.nameServers.length === 0) return undefined
  const answers = await fromNameServers(cluster, (nameServer) => brokerGroups(cluster, nameServer))
  const behind = [...answers].find(([, groups]) => groups.get(group)?.get(MASTER_ID) !== master)
  return behind === undefined ? undefined : `NameServer ${behind[0]} does not route to ${master} yet`
}

/**
 * Whether a NameServer sends writes to a group; undefined when it knows no master of it. Asked by the topic that every broker
 * has under its own name: a broker's permission counts for all its topics.
 */
export async function isRoutedForWrites(
  { asker }: LiveCluster,
  nameServer: string,
  group: string,
): Promise<boolean | undefined> {
  const fields = { topic: group, acceptStandardJsonOnly: true }
  try {
    const { body } = await asker.ask(nameServer, { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields })
    const { queueDatas } = readRouteData(parseJsonBytes(body ?? Buffer.from('{}')))
    const queue = queueDatas.find(({ brokerName }) => brokerName === group)
    return queue === undefined ? undefined : (queue.perm & PERM_WRITE) !== 0
  } catch (error) {
    if (error instanceof AdminError && error.code === ResponseCode.TOPIC_NOT_EXIST) return undefined
    throw error
  }
}
