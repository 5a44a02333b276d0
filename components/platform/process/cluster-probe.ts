import type { RemotingCommand, RequestDraft } from '../../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
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

/**
 * Apache's servers write maps with numbers as keys without quotes, which JSON does not allow: `{0:"10.0.0.1:10911"}`.
 * Addresses hold no such text, so putting the quotes in is safe here.
 */
function parseLenientJson(text: string): unknown {
  return JSON.parse(text.replace(/([{,]\s*)(-?\d+)(\s*:)/g, '$1"$2"$3'))
}

interface ClusterInfoBody {
  readonly brokerAddrTable?: Record<string, { readonly brokerAddrs?: Record<string, string> }>
}

function parseBrokerTable(body: string): BrokerTable {
  const { brokerAddrTable = {} } = parseLenientJson(body) as ClusterInfoBody
  return new Map(
    Object.entries(brokerAddrTable).map(([brokerName, { brokerAddrs = {} }]) => [
      brokerName,
      new Map(Object.entries(brokerAddrs).map(([id, address]) => [Number(id), address])),
    ]),
  )
}

function bodyText(response: RemotingCommand): string {
  return response.body?.toString('utf8') ?? '{}'
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
    return parseBrokerTable(bodyText(await this.#ask(nameServer, { code: RequestCode.GET_BROKER_CLUSTER_INFO })))
  }

  async runtimeInfo(broker: string): Promise<ReadonlyMap<string, string>> {
    const response = await this.#ask(broker, { code: RequestCode.GET_BROKER_RUNTIME_INFO })
    const { table = {} } = parseLenientJson(bodyText(response)) as { table?: Record<string, string> }
    return new Map(Object.entries(table))
  }

  async inSyncSlaves(master: string): Promise<number> {
    const response = await this.#ask(master, { code: RequestCode.GET_BROKER_HA_STATUS })
    return (parseLenientJson(bodyText(response)) as { inSyncSlaveNums?: number }).inSyncSlaveNums ?? 0
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
