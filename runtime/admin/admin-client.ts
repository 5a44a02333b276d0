import { asObject, objectField, textListField } from '../codec/json/json-fields.ts'
import type { JsonObject } from '../codec/json/json-value.ts'
import { parseJsonBytes } from '../codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../codec/remoting/remoting-command.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import {
  type BrokerData,
  MASTER_ID,
  readBrokerData,
  readRouteData,
  type TopicRouteData,
} from '../codec/route/route-data.ts'
import { InvocationError } from '../net/pending-invocations.ts'
import { parseAddress } from '../net/remoting-client.ts'
import { AbsentError, AdminError, RefusedError } from './admin-error.ts'
import { compareTexts } from './message-queue.ts'

/** What sends requests: a RemotingClient, or recorded answers in tests. */
export interface Invoker {
  /** @throws InvocationError */
  invoke(address: string, request: RequestDraft, timeoutMs: number): Promise<RemotingCommand>
}

/** Brokers by name and broker names by cluster, each sorted by name. */
export interface ClusterInfo {
  readonly brokers: ReadonlyMap<string, BrokerData>
  readonly clusters: ReadonlyMap<string, readonly string[]>
}

/** As the official admin client waits. */
export const CALL_TIMEOUT_MS = 20_000

/** Requests of administration to name servers and brokers. */
export class AdminClient {
  readonly #invoker: Invoker
  readonly #nameServers: readonly string[]

  /** `nameServers`: addresses `host:port`; may be empty as long as no command needs one. */
  constructor(invoker: Invoker, nameServers: readonly string[]) {
    this.#invoker = invoker
    this.#nameServers = nameServers
  }

  /** @throws AdminError when none was given */
  get nameServers(): readonly string[] {
    if (this.#nameServers.length > 0) return this.#nameServers
    throw new AdminError(
      'no name server given: add -n host:port (several with ";" between them) or set NAMESRV_ADDR, for example NAMESRV_ADDR=127.0.0.1:9876',
    )
  }

  /** The answer to a request, whatever its code. @throws AdminError when there is none */
  async ask(address: string, request: RequestDraft, timeoutMs = CALL_TIMEOUT_MS): Promise<RemotingCommand> {
    checkAddress(address)
    try {
      return await this.#invoker.invoke(address, request, timeoutMs)
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error
      const about = error.message.includes(address) ? '' : `${address}: `
      throw new AdminError(`${about}${error.message}; check that the server runs and the address is right`, {
        cause: error,
      })
    }
  }

  /** The answer to a request that succeeded. @throws AdminError, RefusedError */
  async call(address: string, request: RequestDraft, timeoutMs = CALL_TIMEOUT_MS): Promise<RemotingCommand> {
    const answer = await this.ask(address, request, timeoutMs)
    if (answer.code === ResponseCode.SUCCESS) return answer
    throw new RefusedError(address, request.code, answer.code, answer.remark)
  }

  /** The object in the body of an answer; without a body an empty one. */
  async callForObject(address: string, request: RequestDraft, timeoutMs = CALL_TIMEOUT_MS): Promise<JsonObject> {
    const { body } = await this.call(address, request, timeoutMs)
    return body ? asObject(parseJsonBytes(body), `answer of ${address}`) : {}
  }

  /** Asks the name servers in turn until one answers: each knows everything. */
  async askNameServer(request: RequestDraft): Promise<{ address: string; answer: RemotingCommand }> {
    let last: unknown
    for (const address of this.nameServers) {
      try {
        return { address, answer: await this.ask(address, request) }
      } catch (error) {
        last = error
      }
    }
    if (this.nameServers.length === 1) throw last
    throw new AdminError(
      `no name server of ${this.nameServers.join(';')} answers; the last one: ${(last as Error).message}`,
    )
  }

  async callNameServer(request: RequestDraft): Promise<RemotingCommand> {
    const { address, answer } = await this.askNameServer(request)
    if (answer.code === ResponseCode.SUCCESS) return answer
    throw new RefusedError(address, request.code, answer.code, answer.remark)
  }

  async clusterInfo(): Promise<ClusterInfo> {
    const { body } = await this.callNameServer({ code: RequestCode.GET_BROKER_CLUSTER_INFO })
    const info = body ? asObject(parseJsonBytes(body), 'cluster info') : {}
    const brokers = Object.values(objectField(info, 'brokerAddrTable') ?? {}).map(readBrokerData)
    const names = objectField(info, 'clusterAddrTable') ?? {}
    return {
      brokers: new Map(brokers.sort(byBrokerName).map((broker) => [broker.brokerName, broker])),
      clusters: new Map(
        Object.keys(names)
          .sort(compareTexts)
          .map((cluster) => [cluster, (textListField(names, cluster) ?? []).sort(compareTexts)]),
      ),
    }
  }

  /** The route of a topic, its brokers and queues sorted by broker name. @throws AbsentError when no broker has the topic */
  async route(topic: string): Promise<TopicRouteData> {
    const { route } = await this.routeWithBody(topic)
    return route
  }

  async routeWithBody(topic: string): Promise<{ route: TopicRouteData; body: JsonObject }> {
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields: { topic } }
    const { address, answer } = await this.askNameServer(request)
    if (answer.code === ResponseCode.TOPIC_NOT_EXIST) {
      throw new AbsentError(
        ResponseCode.TOPIC_NOT_EXIST,
        `no broker serves topic ${topic}; name server ${address} knows no route for it`,
      )
    }
    if (answer.code !== ResponseCode.SUCCESS || !answer.body) {
      throw new RefusedError(address, request.code, answer.code, answer.remark)
    }
    const body = asObject(parseJsonBytes(answer.body), 'topic route')
    const read = readRouteData(body)
    const route = {
      ...read,
      brokerDatas: read.brokerDatas.toSorted(byBrokerName),
      queueDatas: read.queueDatas.toSorted(byBrokerName),
    }
    return { route, body }
  }

  async topicList(): Promise<string[]> {
    const { body } = await this.callNameServer({ code: RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER })
    const list = body ? asObject(parseJsonBytes(body), 'topic list') : {}
    return (textListField(list, 'topicList') ?? []).sort(compareTexts)
  }

  /** Addresses of a cluster's masters. @throws AdminError when there is no such cluster or no master in it */
  async masters(cluster: string): Promise<string[]> {
    const groups = await this.brokerGroups(cluster)
    const masters = groups.flatMap(({ brokerAddrs }) => brokerAddrs.get(MASTER_ID) ?? [])
    if (masters.length === 0) throw new AdminError(`cluster ${cluster} has no master at the moment`)
    return masters
  }

  /** Addresses of all brokers of a cluster, master first. */
  async brokerAddresses(cluster: string): Promise<string[]> {
    return (await this.brokerGroups(cluster)).flatMap(addressesOf)
  }

  /** The broker groups of a cluster. @throws AdminError naming the clusters there are */
  async brokerGroups(cluster: string): Promise<BrokerData[]> {
    const { clusters, brokers } = await this.clusterInfo()
    const names = clusters.get(cluster)
    if (names) return names.flatMap((name) => brokers.get(name) ?? [])
    const known = clusters.size === 0 ? 'none' : [...clusters.keys()].join(', ')
    throw new AdminError(
      `cluster ${cluster} is unknown to the name servers ${this.nameServers.join(';')}; they know: ${known}`,
    )
  }
}

/** The master; while there is none, the slave with the lowest id. */
export function addressToRead(broker: BrokerData): string | undefined {
  return addressesOf(broker)[0]
}

/** Addresses by broker id, the master's first. */
export function addressesOf(broker: BrokerData): string[] {
  return [...broker.brokerAddrs].sort(([a], [b]) => a - b).map(([, address]) => address)
}

function byBrokerName(a: { readonly brokerName: string }, b: { readonly brokerName: string }): number {
  return compareTexts(a.brokerName, b.brokerName)
}

function checkAddress(address: string): void {
  try {
    parseAddress(address)
  } catch (error) {
    throw new AdminError((error as Error).message, { cause: error })
  }
}
