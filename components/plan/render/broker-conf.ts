import type { BrokerNode } from '../plan-node.ts'
import type { ConfOverrides, GroupConfig } from '../schema/cluster-config.ts'
import { type Property, renderProperties } from './properties.ts'

/** Keys of broker.conf that the planner sets itself, and the config key to change instead. */
export const plannedBrokerKeys: ReadonlyMap<string, string> = new Map([
  ['brokerClusterName', 'name'],
  ['brokerName', 'groups[].name'],
  ['brokerId', 'groups[].replicas'],
  ['brokerRole', 'groups[].replication'],
  ['enableControllerMode', 'controllers'],
  ['controllerAddr', 'controllers.replicas'],
  ['totalReplicas', 'groups[].replicas'],
  ['allAckInSyncStateSet', 'groups[].replication'],
  ['minInSyncReplicas', 'groups[].minInSyncReplicas'],
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
/** From this many replicas on a group can lose one and still ask for two copies. */
const replicasToSpareOne = 3

/** What brokers have to be told of the cluster around them. */
export interface BrokerSurroundings {
  readonly clusterName: string
  readonly namesrvAddr: string
  /** '' where the master is fixed. */
  readonly controllerAddr: string
}

/** Role and acknowledgements: by configuration, or in controller mode. */
const roleProperties = (
  { brokerId, role }: Omit<BrokerNode, 'confFile'>,
  { replication, replicas, minInSyncReplicas }: GroupConfig,
  controllerAddr: string,
): Property[] => {
  if (brokerId !== undefined) {
    const properties: Property[] = [
      ['brokerId', brokerId],
      ['brokerRole', role],
    ]
    // Since RocketMQ 5.0 a SYNC_MASTER waits for no slave at all unless more than one copy is asked for (CommitLog.handleHA).
    return replication === 'sync' ? [...properties, ['inSyncReplicas', twoCopies]] : properties
  }
  const isSync = replication === 'sync'
  const copiesMin = minInSyncReplicas ?? (isSync && replicas >= replicasToSpareOne ? twoCopies : 1)
  return [
    ['enableControllerMode', true],
    ['controllerAddr', controllerAddr],
    ['totalReplicas', replicas],
    ['allAckInSyncStateSet', isSync],
    ['minInSyncReplicas', copiesMin],
  ]
}

/** The properties a broker of this plan starts with, overrides last, each key once. */
export const brokerProperties = (
  node: Omit<BrokerNode, 'confFile'>,
  group: GroupConfig,
  { clusterName, namesrvAddr, controllerAddr }: BrokerSurroundings,
  clusterOverrides: ConfOverrides,
): Property[] => {
  const properties = new Map<string, string | number | boolean>([
    ['brokerClusterName', clusterName],
    ['brokerName', node.group],
    ...roleProperties(node, group, controllerAddr),
    ['flushDiskType', group.flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH'],
    ['namesrvAddr', namesrvAddr],
    ['listenPort', node.port],
  ])
  if (node.bindAddress !== undefined) properties.set('bindAddress', node.bindAddress)
  properties.set('brokerIP1', node.advertisedAddress)
  // brokerIP2 is where slaves find the replication port; left out, the engine guesses an interface of its own.
  properties.set('brokerIP2', node.replicationAddress)
  properties.set('storePathRootDir', node.storePath)
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
