import type { PlanNode } from '../plan-node.ts'
import type { AwsConfig } from '../schema/aws-config.ts'
import { type ClusterConfig, type HostConfig, thisMachine } from '../schema/cluster-config.ts'
import { type NodeSeat, seatNodes } from './node-seats.ts'
import { planSubnets } from './subnets.ts'

/** What others know by name rather than by address, so that conf files say what they mean. */
const isNamed: Record<PlanNode['kind'], boolean> = { nameServer: true, controller: true, broker: false, proxy: false }

/** A host is one instance and has one node, whose id is its name. */
const hostOf = ({ id, kind, zone, address }: NodeSeat, { domain }: AwsConfig): HostConfig => ({
  name: id,
  address: isNamed[kind] ? `${id}.${domain}` : address,
  bindAddress: address,
  zone,
})

const namesOf = (seats: readonly NodeSeat[], kind: PlanNode['kind']): string[] =>
  seats.filter((seat) => seat.kind === kind).map(({ id }) => id)

/** Whether the hosts of a config are still to be made up: on AWS every node gets one. */
export const needsHosts = ({ platform, hosts }: ClusterConfig): boolean =>
  platform.aws !== undefined &&
  hosts.length === 1 &&
  hosts[0]?.name === thisMachine.name &&
  hosts[0].address === thisMachine.address

/**
 * On AWS, where the config names no hosts: the same config with a host for every node and every node on its own one. Then
 * it is planned like any other. Its network must be sound (checked beforehand).
 */
export function withHosts(config: ClusterConfig): ClusterConfig {
  const { controllers, proxies } = config
  const { aws } = config.platform
  if (aws === undefined || !needsHosts(config)) return config
  const { seats } = seatNodes(config, planSubnets(aws.network))
  return {
    ...config,
    hosts: seats.map((seat) => hostOf(seat, aws)),
    nameServers: namesOf(seats, 'nameServer'),
    groups: config.groups.map((group) => ({
      ...group,
      hosts: Array.from({ length: group.replicas }, (_, replica) => `${group.name}-${replica}`),
    })),
    ...(controllers?.mode === 'standalone'
      ? { controllers: { ...controllers, replicas: namesOf(seats, 'controller') } }
      : {}),
    ...(proxies === undefined ? {} : { proxies: { ...proxies, replicas: namesOf(seats, 'proxy') } }),
  }
}
