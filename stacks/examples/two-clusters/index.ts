import * as pulumi from '@pulumi/pulumi'
import { BrokerGroup, NameServerFleet, RocketCluster, Topic } from '../../../components/index.ts'

/** Every cluster has its own range of ports; its files go into a folder of its own. */
const firstPort = new pulumi.Config().getNumber('port') ?? 9876
const localDataDir = (cluster: string) => `${pulumi.getRootDirectory()}/.gantry/${pulumi.getStack()}/${cluster}`

/** The first cluster as a whole. */
const east = new RocketCluster('east', {
  name: 'East',
  groups: ['broker-a', 'broker-b'].map((name) => ({ name })),
  ports: { nameServer: firstPort, broker: firstPort + 10, brokerStep: 10 },
  platform: { process: { localDataDir: localDataDir('east') } },
})

/** The second one put together from its parts. */
const parts = { clusterName: 'West', platform: { process: { localDataDir: localDataDir('west') } } }
const registry = new NameServerFleet('west-namesrv', { ...parts, ports: { nameServer: firstPort + 100 } })
const groups = ['broker-a', 'broker-b'].map(
  (brokerName, index) =>
    new BrokerGroup(`west-${brokerName}`, {
      ...parts,
      brokerName,
      namesrvAddr: registry.internalNamesrvAddr,
      listenPorts: [firstPort + 110 + 10 * index],
    }),
)

const clusters = [
  { name: 'East', namesrvAddr: east.namesrvAddr, options: { dependsOn: [east] } },
  { name: 'West', namesrvAddr: registry.namesrvAddr, options: { dependsOn: groups } },
]
const topics = { orders: 4, payments: 2, audit: 1 }

export const namesrvAddrs = clusters.map(({ namesrvAddr }) => namesrvAddr)
export const topicNames = clusters.flatMap(({ name, namesrvAddr, options }) =>
  Object.entries(topics).map(
    ([topicName, queues]) =>
      new Topic(`${name}-${topicName}`, { topicName, queues, namesrvAddr, clusterName: name }, options).topicName,
  ),
)
