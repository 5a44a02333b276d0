import type { ClusterConfig } from './schema/cluster-config.ts'
import { dockerSchema } from './schema/docker-config.ts'
import { platformKind } from './schema/platform-config.ts'
import { gatewayOf, parseSubnet } from './subnet.ts'

/*
 * Hosts on the docker platform. Every node is reached at its host's address and at a port that is the same inside and
 * outside of its container, from everywhere: that is why an address in a route never has to be translated. Where no host is
 * named there is one, and its address is its end of the cluster's network: other containers reach it as well as processes
 * of the machine, and nobody else does.
 */

/** Where nodes keep their files in every container: a volume is mounted here. */
export const containerDataDir = '/var/lib/gantry'

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A config as written, with the one host of a docker platform that names none. */
export const withDockerHost = (input: unknown): unknown => {
  if (!isObject(input) || !isObject(input['platform']) || !isObject(input['platform']['docker'])) return input
  if (input['hosts'] !== undefined) return input
  const { subnet: schema } = dockerSchema.shape
  const subnet = schema.safeParse(input['platform']['docker']['subnet'])
  // What is wrong with the subnet is told elsewhere; meanwhile it is the default one.
  const parsed = (subnet.success ? parseSubnet(subnet.data) : undefined) ?? parseSubnet(schema.parse(undefined))
  if (parsed === undefined) throw new RangeError('the default subnet is none')
  return { ...input, hosts: [{ name: 'docker', address: gatewayOf(parsed) }] }
}

/**
 * What other replicas of a group use instead of the host's address to reach the replication port of one: on the same
 * network its name there, so that replication does not take the detour through the host. Undefined for the address.
 */
export const replicationName = (config: ClusterConfig, hosts: ReadonlySet<string>, id: string): string | undefined =>
  platformKind(config.platform) === 'docker' && hosts.size === 1 ? id : undefined
