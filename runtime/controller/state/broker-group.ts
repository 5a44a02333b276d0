/** One broker of a group, known by the id that the controllers gave it. */
export interface Replica {
  readonly brokerId: number
  /** host:port; changes when the broker moves. */
  readonly address: string
  /** What the broker made up when it applied for its id: tells a repeated application from that of another broker. */
  readonly registerCheckCode: string
}

/**
 * What the controllers have agreed on about one broker group (sources: BrokerReplicaInfo, SyncStateInfo). Never changed:
 * a command that changes the group puts another object in its place.
 */
export interface BrokerGroup {
  readonly cluster: string
  readonly brokerName: string
  /** The id offered to the next broker that asks. Ids are not given out twice. */
  readonly nextBrokerId: number
  /** Ascending by id; at least one. */
  readonly replicas: readonly Replica[]
  readonly masterBrokerId: number | undefined
  /** Counts the changes of `masterBrokerId`; 0: there was never a master. */
  readonly masterEpoch: number
  /** Ids of the replicas that hold everything confirmed, ascending. Empty only before the first election. */
  readonly syncStateSet: readonly number[]
  readonly syncStateSetEpoch: number
}

/** The id of the first broker of a group (source: MixAll.FIRST_BROKER_CONTROLLER_ID). */
export const FIRST_BROKER_ID = 1
/** Nobody counts up to here; what follows an id is an id that the books can hold. */
export const BROKER_ID_MAX = 2 ** 31 - 1
/** A group has three replicas or five; one with more than this is a mistake in somebody's script. */
export const REPLICAS_MAX = 100

export function replicaOf(group: BrokerGroup, brokerId: number | undefined): Replica | undefined {
  return group.replicas.find((replica) => replica.brokerId === brokerId)
}

export function masterAddressOf(group: BrokerGroup): string | undefined {
  return replicaOf(group, group.masterBrokerId)?.address
}

/** A new group with its first broker. */
export function newGroup(cluster: string, brokerName: string, first: Replica): BrokerGroup {
  return {
    cluster,
    brokerName,
    nextBrokerId: first.brokerId + 1,
    replicas: [first],
    masterBrokerId: undefined,
    masterEpoch: 0,
    syncStateSet: [],
    syncStateSetEpoch: 0,
  }
}

/** A replica that is new to the group. Also an id beyond the one on offer is never offered again. */
export function withReplica(group: BrokerGroup, replica: Replica): BrokerGroup {
  return {
    ...group,
    nextBrokerId: Math.max(group.nextBrokerId, replica.brokerId) + 1,
    replicas: [...group.replicas, replica].sort((a, b) => a.brokerId - b.brokerId),
  }
}

export function withAddress(group: BrokerGroup, brokerId: number, address: string): BrokerGroup {
  return {
    ...group,
    replicas: group.replicas.map((replica) => (replica.brokerId === brokerId ? { ...replica, address } : replica)),
  }
}

/**
 * The new master is all there is of the SyncStateSet: the others have to show first that they follow it. Its epoch is a new
 * one to them as well, of which `knownEpoch` is the newest that any has messages of.
 */
export function withMaster(group: BrokerGroup, brokerId: number, knownEpoch: number): BrokerGroup {
  const masterEpoch = Math.max(group.masterEpoch, knownEpoch) + 1
  return withSyncStateSet({ ...group, masterBrokerId: brokerId, masterEpoch }, [brokerId])
}

/** Nobody is master any more. Who held everything still does. */
export function withoutMaster(group: BrokerGroup): BrokerGroup {
  return { ...group, masterBrokerId: undefined, masterEpoch: group.masterEpoch + 1 }
}

export function withSyncStateSet(group: BrokerGroup, syncStateSet: readonly number[]): BrokerGroup {
  return { ...group, syncStateSet, syncStateSetEpoch: group.syncStateSetEpoch + 1 }
}
