import type { BrokerNode } from '../../plan/plan-node.ts'

/** An elected broker of the group broker-a, as {@link ./fake-cluster.ts} has it. */
export const brokerNode = (replica: number): BrokerNode => ({
  id: `broker-a-${replica}`,
  kind: 'broker',
  engine: 'gantry',
  host: 'local',
  address: `broker-a-${replica}`,
  advertisedAddress: `broker-a-${replica}`,
  port: 10911,
  ports: [],
  dataDir: '/data',
  confFile: { path: '/data/broker.conf', text: '' },
  nodeOptions: [],
  dependsOn: [],
  group: 'broker-a',
  replica,
  role: 'REPLICA',
  storePath: '/data/store',
  replicationAddress: `broker-a-${replica}`,
})
