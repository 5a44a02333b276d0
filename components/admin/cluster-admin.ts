import {
  asObject,
  asText,
  booleanField,
  integerField,
  listField,
  objectField,
} from '../../runtime/codec/json/json-fields.ts'
import type { JsonObject } from '../../runtime/codec/json/json-value.ts'
import { parseJsonBytes } from '../../runtime/codec/json/parse-json.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { MASTER_ID, readBrokerData } from '../../runtime/codec/route/route-data.ts'
import { InvocationError } from '../../runtime/net/pending-invocations.ts'
import { AdminClient, AdminError, bodyObject } from './admin-client.ts'
import { type ConsumerGroupSettings, putConsumerGroup, putTopic, type TopicSettings } from './put-requests.ts'

/** Master addresses `host:port` by broker group; undefined for a group without a master at the moment. */
export type Masters = ReadonlyMap<string, string | undefined>

/** A change has to get through to a machine that is busy starting nodes; all are such that a second one changes nothing. */
const timeoutMs = 15_000

/** Changes and reads topics and consumer groups of one live cluster. */
export class ClusterAdmin {
  readonly #client = new AdminClient(timeoutMs)
  readonly #nameServers: readonly string[]
  readonly #cluster: string

  /**
   * @param namesrvAddr `host:port;host:port`
   * @param cluster brokerClusterName: NameServers may serve several clusters
   */
  constructor(namesrvAddr: string, cluster: string) {
    this.#nameServers = namesrvAddr.split(';').filter((address) => address !== '')
    this.#cluster = cluster
  }

  /** @throws Error when no NameServer answers, or the cluster is unknown to the one that does. */
  async masters(): Promise<Masters> {
    const body = await this.#clusterInfo()
    const names = listField(objectField(body, 'clusterAddrTable') ?? {}, this.#cluster)?.map((name) =>
      asText(name, 'group'),
    )
    if (names === undefined || names.length === 0) {
      throw new Error(`${this.#nameServers.join(';')} know no brokers of a cluster ${this.#cluster}: is it running?`)
    }
    const table = objectField(body, 'brokerAddrTable') ?? {}
    return new Map(
      names.sort().map((name) => {
        const data = table[name]
        return [name, data === undefined ? undefined : readBrokerData(data).brokerAddrs.get(MASTER_ID)]
      }),
    )
  }

  async topic(master: string, name: string): Promise<TopicSettings | undefined> {
    const object = await this.#settings(master, {
      code: RequestCode.GET_TOPIC_CONFIG,
      fields: { topic: name, lo: true },
    })
    if (object === undefined) return undefined
    return {
      readQueues: integerField(object, 'readQueueNums') ?? 0,
      writeQueues: integerField(object, 'writeQueueNums') ?? 0,
      perm: integerField(object, 'perm') ?? 0,
      order: booleanField(object, 'order') ?? false,
    }
  }

  async putTopic(master: string, name: string, settings: TopicSettings): Promise<void> {
    await this.#client.ask(master, putTopic(name, settings))
  }

  async deleteTopic(master: string, name: string): Promise<void> {
    await this.#client.ask(master, { code: RequestCode.DELETE_TOPIC_IN_BROKER, fields: { topic: name } })
  }

  /** Makes every NameServer forget the topic's routes in this cluster; those that are down have none to forget. */
  async forgetTopic(name: string): Promise<void> {
    const fields = { topic: name, clusterName: this.#cluster }
    for (const nameServer of this.#nameServers) {
      try {
        await this.#client.ask(nameServer, { code: RequestCode.DELETE_TOPIC_IN_NAMESRV, fields })
      } catch (error) {
        if (!(error instanceof InvocationError)) throw error
      }
    }
  }

  /** Looks in the whole table: asking for one group would create it where groups are created by use. */
  async consumerGroup(master: string, name: string): Promise<ConsumerGroupSettings | undefined> {
    const body = bodyObject(await this.#client.ask(master, { code: RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG }))
    const object = objectField(objectField(body, 'subscriptionGroupTable') ?? {}, name)
    if (object === undefined) return undefined
    return {
      orderly: booleanField(object, 'consumeMessageOrderly') ?? false,
      broadcast: booleanField(object, 'consumeBroadcastEnable') ?? true,
      retryQueues: integerField(object, 'retryQueueNums') ?? 1,
      retryMaxTimes: integerField(object, 'retryMaxTimes') ?? 16,
    }
  }

  async putConsumerGroup(master: string, name: string, settings: ConsumerGroupSettings): Promise<void> {
    await this.#client.ask(master, putConsumerGroup(name, settings))
  }

  async deleteConsumerGroup(master: string, name: string): Promise<void> {
    const fields = { groupName: name, cleanOffset: true }
    await this.#client.ask(master, { code: RequestCode.DELETE_SUBSCRIPTIONGROUP, fields })
  }

  close(): void {
    this.#client.close()
  }

  async #settings(master: string, request: Parameters<AdminClient['ask']>[1]): Promise<JsonObject | undefined> {
    try {
      const { body } = await this.#client.ask(master, request)
      return body === undefined ? undefined : asObject(parseJsonBytes(body), 'settings')
    } catch (error) {
      if (error instanceof AdminError && error.code === ResponseCode.TOPIC_NOT_EXIST) return undefined
      throw error
    }
  }

  async #clusterInfo(): Promise<JsonObject> {
    let failure: unknown
    for (const nameServer of this.#nameServers) {
      try {
        return bodyObject(await this.#client.ask(nameServer, { code: RequestCode.GET_BROKER_CLUSTER_INFO }))
      } catch (error) {
        failure = error
      }
    }
    throw new Error(`no NameServer of ${this.#nameServers.join(';')} answers`, { cause: failure })
  }
}
