import { type DataVersionFields, sameDataVersion } from '../../codec/route/data-version.ts'
import type { RegisterBody } from '../../codec/route/register-body.ts'
import { MASTER_ID, type QueueData } from '../../codec/route/route-data.ts'
import { BrokerGroup } from './broker-group.ts'
import { LiveBrokers } from './live-broker.ts'
import { type RouteListener, TopicTable } from './topic-table.ts'

/** A broker that sends no time-out of its own (it does so with enableSlaveActingMaster) is given up after this. */
export const DEFAULT_BROKER_TIMEOUT_MS = 120_000

/** REGISTER_BROKER, decoded. */
export interface Registration {
  readonly cluster: string
  readonly address: string
  readonly brokerName: string
  readonly brokerId: number
  readonly haServerAddr: string
  readonly zoneName: string | undefined
  readonly timeoutMs: number | undefined
  /** Undefined for a broker older than RocketMQ 5, which never takes part in slave acting master. */
  readonly enableActingMaster: boolean | undefined
  readonly body: RegisterBody
  readonly connection: object
}

interface BrokerIdentity {
  readonly cluster: string
  readonly address: string
  readonly brokerName: string
  readonly brokerId: number
}

export interface Unregistration extends BrokerIdentity {
  /** The broker asked for it (orderly stop); otherwise its connection was lost or it fell silent. */
  readonly wasAsked: boolean
}

/** The smallest broker id of a group is another one now: its members are to be told (NOTIFY_MIN_BROKER_ID_CHANGE). */
export interface MinBrokerIdChange {
  readonly brokerAddrs: ReadonlyMap<number, string>
  readonly offlineBrokerAddr: string | undefined
  readonly haBrokerAddr: string | undefined
}

export type RegisterOutcome =
  | {
      readonly kind: 'registered'
      readonly isNew: boolean
      /** For slaves: where to replicate from. */
      readonly master: { readonly address: string; readonly haServerAddr: string } | undefined
      readonly minBrokerIdChange: MinBrokerIdChange | undefined
    }
  /** Another broker holds the id with a newer state version: this one is a stale master and stays out. */
  | { readonly kind: 'fenced'; readonly holder: string }
  /** A single topic of a broker that has not registered as a whole yet. */
  | { readonly kind: 'unknown broker' }

export interface UnregisterOutcome {
  /** Those that were registered. */
  readonly gone: readonly BrokerIdentity[]
  readonly minBrokerIdChanges: readonly MinBrokerIdChange[]
}

/**
 * What a name server knows of brokers and topics. Synchronous and without clock: every operation that depends on the time
 * takes monotonic milliseconds. Source of the rules: RouteInfoManager of Apache RocketMQ 5.5.0.
 */
export class RouteTable {
  readonly topics: TopicTable
  readonly groups = new Map<string, BrokerGroup>()
  /** Names of the broker groups by cluster. */
  readonly clusters = new Map<string, Set<string>>()
  readonly #live = new LiveBrokers()
  readonly #filterServers = new Map<string, readonly string[]>()
  readonly #listener: RouteListener

  constructor(listener: RouteListener) {
    this.#listener = listener
    this.topics = new TopicTable(listener)
  }

  /** @param dropAbsentTopics forget topics of the group that the body does not name (deleteTopicWithBrokerRegistration) */
  register(registration: Registration, dropAbsentTopics: boolean, nowMs: number): RegisterOutcome {
    const { cluster, address, brokerName, brokerId, body } = registration
    const known = this.groups.get(brokerName)
    const holder = known?.brokerAddrs.get(brokerId)
    if (holder !== undefined && holder !== address) {
      const live = this.#live.get(cluster, holder)
      if (live && live.dataVersion.stateVersion > body.dataVersion.stateVersion) {
        this.#live.remove(cluster, address)
        this.#leaveOtherIds(known!, address, brokerId)
        return { kind: 'fenced', holder }
      }
    }
    if (holder === undefined && body.topics.size === 1) return { kind: 'unknown broker' }

    const group = known ?? this.#addGroup(cluster, brokerName)
    const previousMin = group.minBrokerId
    this.#join(group, registration)
    const previous = this.#live.get(cluster, address)
    // One that has come again may have lost a version with a crash, and say other things by the same one.
    const isSame = previous?.connection === registration.connection
    const isChanged = !isSame || previous === undefined || !sameDataVersion(previous.dataVersion, body.dataVersion)
    this.#registerTopics(group, registration, { isFirst: holder === undefined, isChanged, dropAbsentTopics })
    this.#live.put({
      cluster,
      address,
      lastSeenMs: nowMs,
      timeoutMs: registration.timeoutMs ?? DEFAULT_BROKER_TIMEOUT_MS,
      dataVersion: body.dataVersion,
      connection: registration.connection,
      haServerAddr: registration.haServerAddr,
    })
    this.#keepFilterServers(cluster, address, body.filterServers)
    const isNewMin = previousMin !== undefined && brokerId < previousMin
    return {
      kind: 'registered',
      isNew: previous === undefined,
      master: brokerId === MASTER_ID ? undefined : this.#masterOf(group),
      minBrokerIdChange: isNewMin
        ? {
            brokerAddrs: new Map(group.brokerAddrs),
            offlineBrokerAddr: undefined,
            haBrokerAddr: registration.haServerAddr,
          }
        : undefined,
    }
  }

  /** Takes brokers out, several at once: topics are walked once however many leave. */
  unregister(requests: readonly Unregistration[]): UnregisterOutcome {
    const gone: BrokerIdentity[] = []
    const removedGroups = new Set<string>()
    const reducedGroups = new Set<BrokerGroup>()
    const changes = new Map<string, MinBrokerIdChange>()
    for (const request of requests) {
      const { cluster, address, brokerName, brokerId, wasAsked } = request
      if (this.#live.remove(cluster, address)) gone.push({ cluster, address, brokerName, brokerId })
      this.#filterServers.delete(filterKey(cluster, address))
      if (wasAsked && brokerId === MASTER_ID) this.topics.forgetWipe(brokerName)
      const group = this.groups.get(brokerName)
      if (!group) continue
      const wasMin = group.minBrokerId === brokerId
      const held = group.idOf(address)
      if (held !== undefined) {
        group.brokerAddrs.delete(held)
        this.#listener.groupsChanged()
      }
      if (group.brokerAddrs.size === 0) {
        this.#removeGroup(group)
        removedGroups.add(brokerName)
        reducedGroups.delete(group)
        changes.delete(brokerName)
      } else {
        reducedGroups.add(group)
        if (wasMin && group.enableActingMaster) {
          const brokerAddrs = new Map(group.brokerAddrs)
          changes.set(brokerName, { brokerAddrs, offlineBrokerAddr: address, haBrokerAddr: undefined })
        }
      }
    }
    this.topics.removeGroups(removedGroups)
    for (const group of reducedGroups) {
      if (group.enableActingMaster && !group.hasMaster) this.topics.removeWritePerm(group.brokerName)
    }
    return { gone, minBrokerIdChanges: [...changes.values()] }
  }

  /** The brokers that registered over a connection. */
  brokersOf(connection: object): Unregistration[] {
    return this.#live.ofConnection(connection).flatMap((live) => this.#lost(live.cluster, live.address))
  }

  /** The brokers that were silent for too long, with the connections to close. */
  expired(nowMs: number): { readonly requests: Unregistration[]; readonly connections: object[] } {
    const silent = this.#live.expired(nowMs)
    return {
      requests: silent.flatMap((live) => this.#lost(live.cluster, live.address)),
      connections: silent.map((live) => live.connection),
    }
  }

  /** BROKER_HEARTBEAT: nothing happens for a broker that is not registered. */
  touch(cluster: string, address: string, nowMs: number): void {
    const live = this.#live.get(cluster, address)
    if (live) live.lastSeenMs = nowMs
  }

  dataVersionOf(cluster: string, address: string): DataVersionFields | undefined {
    return this.#live.get(cluster, address)?.dataVersion
  }

  /** REGISTER_TOPIC_IN_NAMESRV: refused as a whole, without an error, when a broker group is unknown. */
  registerTopic(topic: string, queueDatas: readonly QueueData[]): boolean {
    if (!queueDatas.every((queueData) => this.groups.has(queueData.brokerName))) return false
    for (const queueData of queueDatas) {
      this.topics.register(queueData.brokerName, { topicName: topic, ...queueData }, false)
    }
    return true
  }

  /** DELETE_TOPIC_IN_NAMESRV, of one cluster only if it is named. */
  deleteTopic(topic: string, cluster: string | undefined): void {
    this.topics.remove(topic, cluster === undefined ? undefined : (this.clusters.get(cluster) ?? []))
  }

  /** WIPE_WRITE_PERM_OF_BROKER. Returns the number of topics. */
  wipeWritePerm(brokerName: string): number {
    return this.groups.has(brokerName) ? this.topics.wipeWritePerm(brokerName) : 0
  }

  filterServersOf(cluster: string, address: string): readonly string[] | undefined {
    return this.#filterServers.get(filterKey(cluster, address))
  }

  /** The live broker that answers this address may already be of another group or gone from all: then only it is dropped. */
  #lost(cluster: string, address: string): Unregistration[] {
    for (const group of this.groups.values()) {
      const brokerId = group.cluster === cluster ? group.idOf(address) : undefined
      if (brokerId !== undefined) return [{ cluster, address, brokerName: group.brokerName, brokerId, wasAsked: false }]
    }
    this.#live.remove(cluster, address)
    return []
  }

  #addGroup(cluster: string, brokerName: string): BrokerGroup {
    const group = new BrokerGroup(cluster, brokerName)
    this.groups.set(brokerName, group)
    return group
  }

  #removeGroup(group: BrokerGroup): void {
    this.groups.delete(group.brokerName)
    for (const [cluster, names] of this.clusters) {
      if (names.delete(group.brokerName) && names.size === 0) this.clusters.delete(cluster)
    }
  }

  #join(group: BrokerGroup, registration: Registration): void {
    const { cluster, address, brokerName, brokerId } = registration
    const names = this.clusters.get(cluster)
    if (names) names.add(brokerName)
    else this.clusters.set(cluster, new Set([brokerName]))
    const enableActingMaster = registration.enableActingMaster ?? false
    const isSame =
      group.brokerAddrs.get(brokerId) === address &&
      group.zoneName === registration.zoneName &&
      group.enableActingMaster === enableActingMaster
    if (isSame) return
    this.#leaveOtherIds(group, address, brokerId)
    group.brokerAddrs.set(brokerId, address)
    group.zoneName = registration.zoneName
    group.enableActingMaster = enableActingMaster
    this.#listener.groupsChanged()
  }

  /** A slave that became master: one address stands for one id only. */
  #leaveOtherIds(group: BrokerGroup, address: string, brokerId: number): void {
    for (const [id, held] of group.brokerAddrs) {
      if (held !== address || id === brokerId) continue
      group.brokerAddrs.delete(id)
      this.#listener.groupsChanged()
    }
  }

  #registerTopics(
    group: BrokerGroup,
    { brokerName, brokerId, enableActingMaster, body }: Registration,
    { isFirst, isChanged, dropAbsentTopics }: { isFirst: boolean; isChanged: boolean; dropAbsentTopics: boolean },
  ): void {
    // Without its master, the topics of a group are what its smallest slave says.
    const isPrimeSlave = enableActingMaster !== undefined && brokerId !== MASTER_ID && brokerId === group.minBrokerId
    if (brokerId !== MASTER_ID && !isPrimeSlave) return
    if (dropAbsentTopics && body.mappings.size === 0) this.topics.retain(brokerName, body.topics)
    const isReadOnly = isPrimeSlave && group.enableActingMaster
    for (const topic of body.topics.values()) {
      if (isFirst || isChanged || !this.topics.has(topic.topicName, brokerName)) {
        this.topics.register(brokerName, topic, isReadOnly)
      }
    }
    if (!isFirst && !isChanged) return
    for (const [topic, mapping] of body.mappings) this.topics.putMapping(topic, mapping)
  }

  #masterOf(group: BrokerGroup): { address: string; haServerAddr: string } | undefined {
    const address = group.brokerAddrs.get(MASTER_ID)
    const live = address === undefined ? undefined : this.#live.get(group.cluster, address)
    return live && { address: live.address, haServerAddr: live.haServerAddr }
  }

  #keepFilterServers(cluster: string, address: string, servers: readonly string[]): void {
    const key = filterKey(cluster, address)
    if (servers.length === 0 && !this.#filterServers.has(key)) return
    if (servers.length === 0) this.#filterServers.delete(key)
    else this.#filterServers.set(key, servers)
    this.#listener.groupsChanged()
  }
}

function filterKey(cluster: string, address: string): string {
  return `${cluster}\n${address}`
}
