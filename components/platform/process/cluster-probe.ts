import { asObject, asText, integerField, objectField } from '../../../runtime/codec/json/json-fields.ts'
import type { JsonObject } from '../../../runtime/codec/json/json-value.ts'
import { parseJsonBytes } from '../../../runtime/codec/json/parse-json.ts'
import type { RemotingCommand, RequestDraft } from '../../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import { readBrokerData } from '../../../runtime/codec/route/route-data.ts'
import { RealClock } from '../../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../../runtime/io/real-network.ts'
import { createNetContext } from '../../../runtime/net/net-context.ts'
import { RemotingClient } from '../../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../../runtime/observe/logger.ts'
import type { PlannedConsumerGroup, PlannedTopic } from '../../plan/plan.ts'

/** Broker addresses by brokerId, by brokerName: what a NameServer knows. */
export type BrokerTable = ReadonlyMap<string, ReadonlyMap<number, string>>

/** Questions and orders to the live nodes. Every address is `host:port`. Calls reject when there is no good answer. */
export interface ClusterProbe {
  brokerTable(nameServer: string): Promise<BrokerTable>
  /** The runtime table of a broker (request 28). */
  runtimeInfo(broker: string): Promise<ReadonlyMap<string, string>>
  /** Slaves the master counts as in sync (request 907). */
  inSyncSlaves(master: string): Promise<number>
  createTopic(master: string, topic: PlannedTopic, queueCount: number): Promise<void>
  createConsumerGroup(master: string, group: PlannedConsumerGroup): Promise<void>
  close(): void
}

/** A node answered, but not with success. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError'
}

const timeoutMs = 3000

/** The body of an answer; an empty one counts as an empty object. */
function bodyObject(response: RemotingCommand): JsonObject {
  return response.body === undefined ? {} : asObject(parseJsonBytes(response.body), 'body of the answer')
}

/** SubscriptionGroupConfig with the fields the planner knows; the broker fills in its defaults for the rest. */
function consumerGroupBody(group: PlannedConsumerGroup): Uint8Array {
  const config = {
    groupName: group.name,
    consumeEnable: true,
    consumeFromMinEnable: true,
    consumeBroadcastEnable: group.broadcast,
    consumeMessageOrderly: group.orderly,
    retryQueueNums: group.retryQueues,
    retryMaxTimes: group.retryMaxTimes,
    brokerId: 0,
    whichBrokerWhenConsumeSlowly: 1,
    notifyConsumerIdsChangedEnable: true,
  }
  return Buffer.from(JSON.stringify(config))
}

/** Speaks the admin protocol, one connection per node. */
export class RemotingProbe implements ClusterProbe {
  readonly #client = new RemotingClient(createNetContext(new RealClock(), new RealNetwork(), silentLogger), {
    connectTimeoutMs: timeoutMs,
  })

  async brokerTable(nameServer: string): Promise<BrokerTable> {
    const body = bodyObject(await this.#ask(nameServer, { code: RequestCode.GET_BROKER_CLUSTER_INFO }))
    const groups = Object.entries(objectField(body, 'brokerAddrTable') ?? {})
    return new Map(groups.map(([brokerName, data]) => [brokerName, readBrokerData(data).brokerAddrs]))
  }

  async runtimeInfo(broker: string): Promise<ReadonlyMap<string, string>> {
    const body = bodyObject(await this.#ask(broker, { code: RequestCode.GET_BROKER_RUNTIME_INFO }))
    const table = objectField(body, 'table') ?? {}
    return new Map(Object.entries(table).map(([key, value]) => [key, asText(value, key)]))
  }

  async inSyncSlaves(master: string): Promise<number> {
    const body = bodyObject(await this.#ask(master, { code: RequestCode.GET_BROKER_HA_STATUS }))
    return integerField(body, 'inSyncSlaveNums') ?? 0
  }

  async createTopic(master: string, topic: PlannedTopic, queueCount: number): Promise<void> {
    const fields = {
      topic: topic.name,
      // The topic whose settings a new one takes after; unused when all are given, but official brokers demand the field.
      defaultTopic: 'TBW102',
      readQueueNums: queueCount,
      writeQueueNums: queueCount,
      perm: topic.perm,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: topic.order,
    }
    await this.#ask(master, { code: RequestCode.UPDATE_AND_CREATE_TOPIC, fields })
  }

  async createConsumerGroup(master: string, group: PlannedConsumerGroup): Promise<void> {
    await this.#ask(master, {
      code: RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
      body: consumerGroupBody(group),
    })
  }

  close(): void {
    this.#client.close()
  }

  async #ask(address: string, request: RequestDraft): Promise<RemotingCommand> {
    const response = await this.#client.invoke(address, request, timeoutMs)
    if (response.code === ResponseCode.SUCCESS) return response
    throw new ProbeError(
      `${address} answered request ${request.code} with ${response.code}: ${response.remark ?? 'no remark'}`,
    )
  }
}
