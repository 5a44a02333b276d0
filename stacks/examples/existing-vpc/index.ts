import * as pulumi from '@pulumi/pulumi'
import {
  AwsFoundation,
  type AwsSubnetArgs,
  BrokerGroup,
  NameServerFleet,
  Replication,
} from '../../../components/index.ts'

const config = new pulumi.Config()
const clusterName = 'Shop'
const aws = {
  network: { vpcId: config.require('vpcId'), subnets: config.requireObject<AwsSubnetArgs[]>('subnets') },
  clients: { securityGroupIds: [config.require('clientSecurityGroup')] },
  artifacts: { folder: config.require('artifacts') },
  brokers: { instanceType: 'm7g.large', volumeSizeGiB: config.getNumber('volumeSizeGiB') ?? 200 },
}

/** What all nodes share: security groups, what instances may do, what they run, a private zone. */
const foundation = new AwsFoundation('shop', { clusterName, platform: { aws } })
const placed = { clusterName, platform: { aws: { ...aws, foundation } } }

const registry = new NameServerFleet('shop-namesrv', { ...placed, replicas: 2 })

/** Each group has a slot of its own: it decides zones and addresses, and must not change when others come and go. */
const slots = { orders: 0, payments: 1 }
const groups = Object.entries(slots).map(
  ([brokerName, slot]) =>
    new BrokerGroup(`shop-${brokerName}`, {
      ...placed,
      brokerName,
      namesrvAddr: registry.internalNamesrvAddr,
      replicas: 2,
      replication: Replication.Sync,
      aws: { slot },
    }),
)

export const namesrvAddr = registry.namesrvAddr
export const brokers = groups.map((group) => group.nodes)
