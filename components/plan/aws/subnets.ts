import type { AwsNetworkConfig } from '../schema/aws-config.ts'
import { type Cidr, formatCidr, parseCidr, partCount, partOf } from './cidr.ts'

/** A subnet that nodes get addresses in: one per zone. */
export interface AwsSubnet {
  readonly zone: string
  readonly cidr: Cidr
  /** The first address of the subnet that nodes may take, counted from its base. */
  readonly addressOffset: number
  /** Of an existing subnet. */
  readonly id?: string
}

const rangeOf = (text: string): Cidr => {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new RangeError(`${text} is no range of addresses: the schema lets none through`)
  return cidr
}

/** @returns what is wrong with the network, or '' */
export function networkFault({ cidr, zones = [], subnetPrefix }: AwsNetworkConfig): string {
  if (cidr === undefined || zones.length === 0) return ''
  const count = partCount(rangeOf(cidr), subnetPrefix)
  return count >= zones.length
    ? ''
    : `has room for ${count} subnets of /${subnetPrefix}, but there are ${zones.length} zones`
}

/**
 * The subnets of a network that has no fault, in the order of the zones. Those of a VPC to be made are its first parts in
 * turn, so that a zone appended to the list never moves the subnet of another one.
 */
export function planSubnets({ cidr, zones = [], subnetPrefix, subnets }: AwsNetworkConfig): AwsSubnet[] {
  if (subnets !== undefined) return subnets.map((subnet) => ({ ...subnet, cidr: rangeOf(subnet.cidr) }))
  if (cidr === undefined) return []
  const whole = rangeOf(cidr)
  return zones.map((zone, index) => ({ zone, cidr: partOf(whole, subnetPrefix, index), addressOffset: 0 }))
}

export const showSubnet = ({ zone, cidr }: AwsSubnet): string => `${formatCidr(cidr)} in ${zone}`
