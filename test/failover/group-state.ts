import { decodeSyncStateSet } from '../../runtime/codec/controller/sync-state-set.ts'
import { asObject, objectField } from '../../runtime/codec/json/json-fields.ts'
import { parseJson } from '../../runtime/codec/json/parse-json.ts'
import type { RemotingCommand } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { MASTER_ID, readBrokerData } from '../../runtime/codec/route/route-data.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'

const CONNECT_TIMEOUT_MS = 500
const TIMEOUT_MS = 1_000

/** A client for the suite's own questions; connections are kept. */
export function openClient(): RemotingClient {
  const context = createNetContext(new RealClock(), new RealNetwork(), silentLogger)
  return new RemotingClient(context, { connectTimeoutMs: CONNECT_TIMEOUT_MS })
}

/** What the controllers hold of a group. */
export interface GroupState {
  /** `host:port`; undefined while there is none. */
  readonly master: string | undefined
  readonly masterEpoch: number
  readonly syncStateSet: readonly number[]
}

/** What the leading controller says of a group; undefined while none leads, or the group is unknown. */
export async function groupState(
  client: RemotingClient,
  controllers: readonly string[],
  brokerName: string,
): Promise<GroupState | undefined> {
  const request = { code: RequestCode.CONTROLLER_GET_REPLICA_INFO, fields: { brokerName } }
  const asked = controllers.map((address) => client.invoke(address, request, TIMEOUT_MS).catch(() => undefined))
  const answer = (await Promise.all(asked)).find((one) => one?.code === ResponseCode.SUCCESS)
  if (answer === undefined) return undefined
  return {
    master: answer.fields['masterAddress'] || undefined,
    masterEpoch: Number(answer.fields['masterEpoch'] ?? 0),
    syncStateSet: answer.body === undefined ? [] : decodeSyncStateSet(answer.body).syncStateSet,
  }
}

/** The address of the leading controller; undefined while none is. */
export async function leadingController(
  client: RemotingClient,
  controllers: readonly string[],
): Promise<string | undefined> {
  const request = { code: RequestCode.CONTROLLER_GET_METADATA_INFO }
  const asked = controllers.map(async (address) => {
    const answer = await client.invoke(address, request, TIMEOUT_MS).catch(() => undefined)
    return answer?.fields['isLeader'] === 'true' ? address : undefined
  })
  return (await Promise.all(asked)).find((address) => address !== undefined)
}

/** The brokers of a group as a NameServer routes to them: addresses by id; id 0 is the master. */
export async function routedBrokers(
  client: RemotingClient,
  nameServer: string,
  brokerName: string,
): Promise<ReadonlyMap<number, string>> {
  const answer = await client.invoke(nameServer, { code: RequestCode.GET_BROKER_CLUSTER_INFO }, TIMEOUT_MS)
  const data = objectField(objectField(bodyOf(answer), 'brokerAddrTable') ?? {}, brokerName)
  return data === undefined ? new Map() : readBrokerData(data).brokerAddrs
}

export async function routedMaster(
  client: RemotingClient,
  nameServer: string,
  brokerName: string,
): Promise<string | undefined> {
  return (await routedBrokers(client, nameServer, brokerName)).get(MASTER_ID)
}

/** A cluster as far as its groups are concerned. */
export interface GroupCluster {
  readonly client: RemotingClient
  readonly controllers: readonly string[]
  readonly nameServers: readonly string[]
}

/** Why a group is not in order: no master, replicas that are not in sync, NameServers that route otherwise. */
export async function whatIsMissingIn(
  { client, controllers, nameServers }: GroupCluster,
  group: string,
  replicas: number,
): Promise<string | undefined> {
  const state = await groupState(client, controllers, group)
  if (state?.master === undefined) return `${group} has no master`
  if (state.syncStateSet.length < replicas) return `${group}: in sync are ${state.syncStateSet}`
  for (const nameServer of nameServers) {
    const routed = await routedBrokers(client, nameServer, group)
    if (routed.get(0) !== state.master || routed.size < replicas) {
      return `${nameServer} routes ${group} to ${[...routed].map((entry) => entry.join('=')).join(' ')}`
    }
  }
  return undefined
}

function bodyOf({ body }: RemotingCommand) {
  return asObject(parseJson((body ?? Buffer.from('{}')).toString()), 'answer of a NameServer')
}
