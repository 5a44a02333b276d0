import fc from 'fast-check'
import type { ClusterConfigInput } from './schema/cluster-config.ts'

/** Valid configs of all sizes, for property tests. */
export const arbitraryConfig: fc.Arbitrary<ClusterConfigInput> = fc
  .record({
    hostCount: fc.integer({ min: 1, max: 7 }),
    nameServers: fc.integer({ min: 1, max: 5 }),
    replicas: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 }),
    brokerStep: fc.integer({ min: 4, max: 300 }),
    sync: fc.boolean(),
  })
  .map(({ hostCount, nameServers, replicas, brokerStep, sync }) => ({
    nameServers,
    hosts: Array.from({ length: hostCount }, (_, index) => ({ name: `host-${index}`, address: `10.0.0.${index + 1}` })),
    groups: replicas.map((count, index) => ({
      name: `broker-${index}`,
      replicas: count,
      replication: sync && count > 1 ? ('sync' as const) : ('async' as const),
    })),
    ports: { brokerStep },
  }))
