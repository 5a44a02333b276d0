import type { PlanNode } from '../plan-node.ts'
import type { ClusterConfig, GroupConfig } from '../schema/cluster-config.ts'
import { formatAddress, sizeOf } from './cidr.ts'
import type { AwsSubnet } from './subnets.ts'

/*
 * Every node has an address of its own in its subnet, which follows from what the node is and from nothing else: nodes
 * that are added or removed never move another one. Counted from the first address that nodes may take:
 *
 *    16   NameServers, by number
 *    32   controllers, by number
 *    64   proxies, by number
 *   128   brokers: 16 for each group by its slot, then by replica
 *
 * The first ones are not used: AWS keeps 0 to 3 of every subnet for itself.
 */

const firstOffset = { nameServer: 16, controller: 32, proxy: 64, broker: 128 } as const satisfies Record<
  PlanNode['kind'],
  number
>
const offsetsPerGroup = 16

/** A node's place in the network. */
export interface NodeSeat {
  /** Id of the node: `namesrv-0`. */
  readonly id: string
  readonly kind: PlanNode['kind']
  readonly zone: string
  readonly address: string
}

/** A node that no subnet has room for. */
interface SeatFault {
  readonly id: string
  readonly subnet: AwsSubnet
  /** How many addresses the subnet would have to have. */
  readonly addressesNeeded: number
}

export interface Seating {
  readonly seats: readonly NodeSeat[]
  readonly faults: readonly SeatFault[]
}

/** The slot of a group: its own, or its place in the list. */
export const slotOf = (group: GroupConfig, index: number): number => group.aws?.slot ?? index

interface Wanted {
  readonly id: string
  readonly kind: PlanNode['kind']
  readonly offset: number
  readonly subnet: AwsSubnet | undefined
}

const inTurn = (subnets: readonly AwsSubnet[], index: number): AwsSubnet | undefined => subnets[index % subnets.length]

const countOf = (replicas: number | readonly string[] | undefined): number =>
  typeof replicas === 'number' ? replicas : (replicas?.length ?? 0)

const several = (kind: PlanNode['kind'], prefix: string, count: number, subnets: readonly AwsSubnet[]): Wanted[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `${prefix}-${index}`,
    kind,
    offset: firstOffset[kind] + index,
    subnet: inTurn(subnets, index),
  }))

/** The zones in turn, so that two replicas share one only when there are fewer zones; the master's moves on with the slot. */
const ofGroup = (group: GroupConfig, slot: number, subnets: readonly AwsSubnet[]): Wanted[] =>
  Array.from({ length: group.replicas }, (_, replica) => {
    const pinned = group.aws?.zones?.[replica]
    return {
      id: `${group.name}-${replica}`,
      kind: 'broker',
      offset: firstOffset.broker + slot * offsetsPerGroup + replica,
      subnet: pinned === undefined ? inTurn(subnets, slot + replica) : subnets.find(({ zone }) => zone === pinned),
    }
  })

/** Gives every node of a config its zone and address. Pinned zones must be those of subnets (checked beforehand). */
export function seatNodes(config: ClusterConfig, subnets: readonly AwsSubnet[]): Seating {
  const { nameServers, controllers, proxies, groups } = config
  const standalone = controllers?.mode === 'standalone' ? countOf(controllers.replicas) : 0
  const wanted = [
    ...several('nameServer', 'namesrv', countOf(nameServers), subnets),
    ...several('controller', 'controller', standalone, subnets),
    ...groups.flatMap((group, index) => ofGroup(group, slotOf(group, index), subnets)),
    ...several('proxy', 'proxy', countOf(proxies?.replicas), subnets),
  ]
  const seats: NodeSeat[] = []
  const faults: SeatFault[] = []
  for (const { id, kind, offset, subnet } of wanted) {
    if (subnet === undefined) throw new RangeError(`${id} has no subnet: zones are checked beforehand`)
    const inSubnet = subnet.addressOffset + offset
    // The last address of a subnet is its broadcast address.
    if (inSubnet + 1 >= sizeOf(subnet.cidr)) faults.push({ id, subnet, addressesNeeded: inSubnet + 2 })
    else seats.push({ id, kind, zone: subnet.zone, address: formatAddress(subnet.cidr.base + inSubnet) })
  }
  return { seats, faults }
}
