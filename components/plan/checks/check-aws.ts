import { needsHosts } from '../aws/aws-hosts.ts'
import { contains, overlap, parseAddress } from '../aws/cidr.ts'
import { isXen } from '../aws/instance-type.ts'
import { type Seating, seatNodes, slotOf } from '../aws/node-seats.ts'
import { type AwsSubnet, networkFault, planSubnets, showSubnet } from '../aws/subnets.ts'
import { regionOfZone } from '../aws/zone.ts'
import type { ConfigPath, ConfigProblem } from '../config-problem.ts'
import type { AwsConfig, AwsNetworkConfig } from '../schema/aws-config.ts'
import type { ClusterConfig } from '../schema/cluster-config.ts'
import { suggestName } from '../suggest-name.ts'
import { checkInstanceSecrets } from './check-secrets.ts'
import { duplicateNames, problemAt } from './problem-at.ts'

const networkPath: ConfigPath = ['platform', 'aws', 'network']

/** A network to make and an existing one have different keys; one of the two is described, and completely. */
function checkNetworkForm(network: AwsNetworkConfig): ConfigProblem[] {
  const { cidr, zones, vpcId, subnets, s3PrefixListId, ssmSecurityGroupId } = network
  const existing = Object.entries({ vpcId, subnets, s3PrefixListId, ssmSecurityGroupId }).filter(
    ([, value]) => value !== undefined,
  )
  const made = Object.entries({ cidr, zones }).filter(([, value]) => value !== undefined)
  const [firstExisting] = existing
  if (firstExisting !== undefined && made.length > 0) {
    const [key, value] = firstExisting
    const fix = 'Keep cidr and zones to make a VPC, or vpcId and subnets to use one.'
    return [problemAt([...networkPath, key], value, 'cannot be together with cidr or zones', fix)]
  }
  const needed = firstExisting === undefined ? { cidr, zones } : { vpcId, subnets }
  const what = firstExisting === undefined ? 'to make a VPC' : 'to use an existing VPC'
  return Object.entries(needed).flatMap(([key, value]) =>
    value === undefined ? [problemAt([...networkPath, key], value, `is missing ${what}`, `Give ${key}.`)] : [],
  )
}

function checkRegion(zones: readonly string[], pathOf: (index: number) => ConfigPath): ConfigProblem[] {
  const [first] = zones
  if (first === undefined) return []
  const region = regionOfZone(first)
  return zones.flatMap((zone, index) =>
    regionOfZone(zone) === region
      ? []
      : [problemAt(pathOf(index), zone, `is in another region than ${first}`, `Name zones of ${region} only.`)],
  )
}

function checkSubnets(network: AwsNetworkConfig): ConfigProblem[] {
  const { zones = [], subnets = [], cidr } = network
  const zonePath = (index: number): ConfigPath =>
    network.subnets === undefined ? [...networkPath, 'zones', index] : [...networkPath, 'subnets', index, 'zone']
  const named = network.subnets === undefined ? zones : subnets.map(({ zone }) => zone)
  const problems = [...duplicateNames(named, zonePath, 'subnet a zone and'), ...checkRegion(named, zonePath)]
  const fault = networkFault(network)
  if (fault !== '') {
    const fix = 'Give a larger range, or set subnetPrefix to a larger number, which makes the subnets smaller.'
    return [...problems, problemAt([...networkPath, 'cidr'], cidr, fault, fix)]
  }
  const planned = planSubnets(network)
  for (const [index, subnet] of planned.entries()) {
    const other = planned.slice(0, index).find((each) => overlap(each.cidr, subnet.cidr))
    if (other === undefined) continue
    const path = [...networkPath, 'subnets', index, 'cidr']
    const fix = `It shares addresses with ${showSubnet(other)}: look the subnets up again.`
    problems.push(problemAt(path, subnets[index]?.cidr, 'overlaps with another subnet', fix))
  }
  return problems
}

/** Zones that groups ask for have a subnet; there is one for each replica. */
function checkGroupZones({ groups }: ClusterConfig, subnets: readonly AwsSubnet[]): ConfigProblem[] {
  const known = subnets.map(({ zone }) => zone)
  return groups.flatMap((group, index) => {
    const zones = group.aws?.zones
    if (zones === undefined) return []
    const path = ['groups', index, 'aws', 'zones']
    const unknown = zones.flatMap((zone, position) =>
      known.includes(zone)
        ? []
        : [problemAt([...path, position], zone, 'has no subnet in platform.aws.network', suggestName(zone, known))],
    )
    if (zones.length === group.replicas) return unknown
    const problem = `names ${zones.length} zones for ${group.replicas} replicas`
    return [...unknown, problemAt(path, zones, problem, 'Name one zone per replica, or leave it out.')]
  })
}

function checkSlots({ groups }: ClusterConfig): ConfigProblem[] {
  const slots = groups.map(slotOf)
  return groups.flatMap((group, index) => {
    const first = slots.indexOf(slots[index] ?? -1)
    if (first === index) return []
    const problem = `is the slot of ${groups[first]?.name} as well`
    const fix = 'Give each group a slot of its own; a group that names none has its place in the list, from 0.'
    return [problemAt(['groups', index, 'aws', 'slot'], group.aws?.slot ?? index, problem, fix)]
  })
}

function checkRoom({ faults }: Seating, { network }: AwsConfig): ConfigProblem[] {
  return faults.slice(0, 1).map(({ id, subnet, addressesNeeded }) => {
    const prefix = Math.floor(32 - Math.log2(addressesNeeded))
    const made = network.subnets === undefined
    const path = [...networkPath, made ? 'subnetPrefix' : 'subnets']
    const value = made ? network.subnetPrefix : network.subnets
    const problem = `leaves no address for ${id} in ${showSubnet(subnet)}`
    return problemAt(path, value, problem, `Use subnets of /${prefix} or larger, or give groups lower slots.`)
  })
}

function checkInstanceTypes({ groups }: ClusterConfig, aws: AwsConfig): ConfigProblem[] {
  const parts = ['nameServers', 'controllers', 'brokers', 'proxies'] as const
  const named = [
    ...parts.map((part) => [['platform', 'aws', part, 'instanceType'], aws[part].instanceType] as const),
    ...groups.map((group, index) => [['groups', index, 'aws', 'instanceType'], group.aws?.instanceType] as const),
  ]
  return named.flatMap(([path, type]) => {
    if (type === undefined || !isXen(type)) return []
    const fix = 'Take an instance of the Nitro system, e.g. m7g.large.'
    return [problemAt(path, type, 'is too old: its volumes cannot be told apart by their ids', fix)]
  })
}

/** Where hosts are made up, none can be named. */
function checkNoHostsNamed({ nameServers, controllers, proxies, groups }: ClusterConfig): ConfigProblem[] {
  const named: [ConfigPath, unknown][] = [
    [['nameServers'], nameServers],
    [['controllers', 'replicas'], controllers?.replicas],
    [['proxies', 'replicas'], proxies?.replicas],
    ...groups.map(({ hosts }, index): [ConfigPath, unknown] => [['groups', index, 'hosts'], hosts]),
  ]
  return named.flatMap(([path, value]) => {
    if (!Array.isArray(value)) return []
    const fix = 'Give a number instead, and for a broker group aws.zones to say where.'
    return [problemAt(path, value, 'names hosts, but on platform.aws every node gets an instance of its own', fix)]
  })
}

/** Hosts that the config names itself: an instance each, in the subnet of its zone. */
function checkOwnHosts({ hosts }: ClusterConfig, subnets: readonly AwsSubnet[]): ConfigProblem[] {
  return hosts.flatMap((host, index) => {
    const subnet = subnets.find(({ zone }) => zone === host.zone)
    if (subnet === undefined) {
      const fix = `Set its zone to one of ${subnets.map(({ zone }) => zone).join(', ')}.`
      return [problemAt(['hosts', index, 'zone'], host.zone, 'has no subnet in platform.aws.network', fix)]
    }
    const key = host.bindAddress === undefined ? 'address' : 'bindAddress'
    const address = parseAddress(host[key] ?? '')
    if (address !== undefined && contains(subnet.cidr, address)) return []
    const fix = `Give a free address of ${showSubnet(subnet)} as bindAddress.`
    return [problemAt(['hosts', index, key], host[key], 'is no address in the subnet of the host', fix)]
  })
}

/** What holds on AWS, or that nothing is said of it elsewhere. */
export function checkAws(config: ClusterConfig): ConfigProblem[] {
  const { aws } = config.platform
  if (aws === undefined) {
    return config.groups.flatMap((group, index) =>
      group.aws === undefined
        ? []
        : [problemAt(['groups', index, 'aws'], group.aws, 'is for platform.aws', 'Remove it, or set platform.aws.')],
    )
  }
  const problems = checkNetworkForm(aws.network)
  if (problems.length > 0) return problems
  problems.push(...checkSubnets(aws.network))
  if (problems.length > 0) return problems
  const subnets = planSubnets(aws.network)
  problems.push(...checkGroupZones(config, subnets))
  if (needsHosts(config)) {
    problems.push(...checkNoHostsNamed(config), ...checkSlots(config))
    if (problems.length === 0) problems.push(...checkRoom(seatNodes(config, subnets), aws))
  } else problems.push(...checkOwnHosts(config, subnets))
  return [...problems, ...checkInstanceTypes(config, aws), ...checkInstanceSecrets(config)]
}
