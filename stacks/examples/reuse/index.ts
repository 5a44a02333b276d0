import * as pulumi from '@pulumi/pulumi'
import { ConsumerGroup, Replication, RocketCluster, Topic } from '../../../components/index.ts'

const ports = { nameServer: new pulumi.Config().getNumber('port') ?? 9876, brokerStep: 10 }

const cluster = new RocketCluster('shop', {
  name: 'Shop',
  ports: { ...ports, broker: ports.nameServer + 10 },
  groups: [{ name: 'broker-a', replicas: 2, replication: Replication.Sync }],
})

const live = { namesrvAddr: cluster.namesrvAddr, clusterName: 'Shop' }
const onCluster = { dependsOn: cluster }
const orders = new Topic('orders', { ...live, topicName: 'orders', queues: 4 }, onCluster)
const billing = new ConsumerGroup('billing', { ...live, groupName: 'billing', orderly: true }, onCluster)

export const namesrvAddr = cluster.namesrvAddr
export const names = [orders.topicName, billing.groupName]
