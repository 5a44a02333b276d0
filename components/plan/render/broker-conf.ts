import type { BrokerNode } from '../plan-node.ts'
import type { ConfOverrides, GroupConfig } from '../schema/cluster-config.ts'
import { type Property, renderProperties } from './properties.ts'

/** Keys of broker.conf that the planner sets itself, and the config key to change instead. */
export const plannedBrokerKeys: ReadonlyMap<string, string> = new Map([
  ['brokerClusterName', 'name'],
  ['brokerName', 'groups[].name'],
  ['brokerId', 'groups[].replicas'],
  ['brokerRole', 'groups[].replication'],
  ['flushDiskType', 'groups[].flush'],
  ['namesrvAddr', 'nameServers'],
  ['listenPort', 'ports.broker'],
  ['haListenPort', 'ports.broker'],
  ['bindAddress', 'hosts[].bindAddress'],
  ['brokerIP1', 'hosts[].advertisedAddress'],
  ['brokerIP2', 'hosts[].address'],
  ['storePathRootDir', 'hosts[].dataDir'],
])

const twoCopies = 2

/** The properties a broker of this plan starts with, overrides last, each key once. */
export const brokerProperties = (
  node: Omit<BrokerNode, 'confFile'>,
  group: GroupConfig,
  clusterName: string,
  namesrvAddr: string,
  clusterOverrides: ConfOverrides,
): Property[] => {
  const properties = new Map<string, string | number | boolean>([
    ['brokerClusterName', clusterName],
    ['brokerName', node.group],
    ['brokerId', node.brokerId],
    ['brokerRole', node.role],
    ['flushDiskType', group.flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH'],
    ['namesrvAddr', namesrvAddr],
    ['listenPort', node.port],
  ])
  if (node.bindAddress !== undefined) properties.set('bindAddress', node.bindAddress)
  properties.set('brokerIP1', node.advertisedAddress)
  // brokerIP2 is where slaves find the replication port; left out, the engine guesses an interface of its own.
  properties.set('brokerIP2', node.address)
  properties.set('storePathRootDir', node.storePath)
  if (group.replication === 'sync') {
    // Since RocketMQ 5.0 a SYNC_MASTER waits for no slave at all unless more than one copy is asked for (CommitLog.handleHA).
    properties.set('inSyncReplicas', twoCopies)
  }
  // Without it a slave turns consumers away while its master is down (PullMessageProcessor), and a replica is only a backup.
  if (group.replicas > 1) properties.set('slaveReadEnable', true)
  // What the classic example files set: segments older than 48 h are removed at 4 o'clock.
  properties.set('deleteWhen', '04')
  properties.set('fileReservedTime', 48)
  for (const [key, value] of [...Object.entries(clusterOverrides), ...Object.entries(group.config)]) {
    properties.set(key, value)
  }
  return [...properties]
}

export const renderBrokerConf = (node: Omit<BrokerNode, 'confFile'>, properties: readonly Property[]): string =>
  renderProperties(`broker.conf of ${node.id}, rendered by gantry: change the stack config instead`, properties)
