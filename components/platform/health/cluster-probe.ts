import { decodeReplicasInfo } from '../../../runtime/codec/controller/replicas-info.ts'
import { asText, integerField, objectField } from '../../../runtime/codec/json/json-fields.ts'
import { encodeJson } from '../../../runtime/codec/json/write-json.ts'
import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { readBrokerData } from '../../../runtime/codec/route/route-data.ts'
import { AdminClient, bodyObject } from '../../admin/admin-client.ts'
import { putConsumerGroup, putTopic } from '../../admin/put-requests.ts'
import type { PlannedConsumerGroup, PlannedTopic } from '../../plan/plan.ts'

/** Broker addresses by brokerId, by brokerName: what a NameServer knows. */
export type BrokerTable = ReadonlyMap<string, ReadonlyMap<number, string>>

/** A replica in a SyncStateSet. */
export interface InSyncReplica {
  readonly address: string
  /** The controllers hear of it. */
  readonly isAlive: boolean
}

/** Questions and orders to the live nodes. Every address is `host:port`. Calls reject when there is no good answer. */
export interface ClusterProbe {
  brokerTable(nameServer: string): Promise<BrokerTable>
  /** The runtime table of a broker (request 28). */
  runtimeInfo(broker: string): Promise<ReadonlyMap<string, string>>
  /** Slaves the master counts as in sync (request 907). */
  inSyncSlaves(master: string): Promise<number>
  /** The leader a controller knows of (request 1005), '' for none. */
  controllerLeader(controller: string): Promise<string>
  /** A group's SyncStateSet (request 1006, which only the leader answers). */
  syncStateSet(controllerLeader: string, group: string): Promise<readonly InSyncReplica[]>
  /** Resolves when something takes connections there. */
  connect(address: string): Promise<void>
  createTopic(master: string, topic: PlannedTopic, queueCount: number): Promise<void>
  createConsumerGroup(master: string, group: PlannedConsumerGroup): Promise<void>
  close(): void
}

/** Speaks the admin protocol, one connection per node. */
export class RemotingProbe implements ClusterProbe {
  readonly #client = new AdminClient()

  async brokerTable(nameServer: string): Promise<BrokerTable> {
    const body = bodyObject(await this.#client.ask(nameServer, { code: RequestCode.GET_BROKER_CLUSTER_INFO }))
    const groups = Object.entries(objectField(body, 'brokerAddrTable') ?? {})
    return new Map(groups.map(([brokerName, data]) => [brokerName, readBrokerData(data).brokerAddrs]))
  }

  async runtimeInfo(broker: string): Promise<ReadonlyMap<string, string>> {
    const body = bodyObject(await this.#client.ask(broker, { code: RequestCode.GET_BROKER_RUNTIME_INFO }))
    const table = objectField(body, 'table') ?? {}
    return new Map(Object.entries(table).map(([key, value]) => [key, asText(value, key)]))
  }

  async inSyncSlaves(master: string): Promise<number> {
    const body = bodyObject(await this.#client.ask(master, { code: RequestCode.GET_BROKER_HA_STATUS }))
    return integerField(body, 'inSyncSlaveNums') ?? 0
  }

  async controllerLeader(controller: string): Promise<string> {
    const answer = await this.#client.ask(controller, { code: RequestCode.CONTROLLER_GET_METADATA_INFO })
    return answer.fields['controllerLeaderAddress'] ?? ''
  }

  async syncStateSet(controllerLeader: string, group: string): Promise<readonly InSyncReplica[]> {
    const request = { code: RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, body: encodeJson([group]) }
    const { body } = await this.#client.ask(controllerLeader, request)
    const replicas = body === undefined ? [] : (decodeReplicasInfo(body).get(group)?.inSyncReplicas ?? [])
    return replicas.map(({ brokerAddress, alive }) => ({ address: brokerAddress, isAlive: alive }))
  }

  connect(address: string): Promise<void> {
    return this.#client.connect(address)
  }

  async createTopic(master: string, topic: PlannedTopic, queueCount: number): Promise<void> {
    const settings = { readQueues: queueCount, writeQueues: queueCount, perm: topic.perm, order: topic.order }
    await this.#client.ask(master, putTopic(topic.name, settings))
  }

  async createConsumerGroup(master: string, group: PlannedConsumerGroup): Promise<void> {
    await this.#client.ask(master, putConsumerGroup(group.name, group))
  }

  close(): void {
    this.#client.close()
  }
}
