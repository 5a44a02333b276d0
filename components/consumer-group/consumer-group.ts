import * as pulumi from '@pulumi/pulumi'
import { type PerGroupInputs, perGroupId } from '../admin/per-group-id.ts'
import type { ConsumerGroupSettings } from '../admin/put-requests.ts'
import type { Existing } from '../cluster/cluster-enums.ts'
import { keptOptions as kept } from '../dynamic/kept-options.ts'
import { serializedProvider } from '../dynamic/serialized-provider.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import type { ConsumerGroupInputs } from './consumer-group-implementation.ts'

/** Arguments of a ConsumerGroup. */
export interface ConsumerGroupArgs {
  /** Name of the consumer group. */
  groupName: string
  /** NameServers of the cluster: `host:port;host:port`. */
  namesrvAddr: pulumi.Input<string>
  /** brokerClusterName of the cluster. Default: DefaultCluster. */
  clusterName?: string
  /** Broker groups it is to be on; others of the cluster are left as they are. Default: every one that the NameServers know. */
  groups?: string[]
  /** consumeMessageOrderly. Default: false. */
  orderly?: boolean
  /** consumeBroadcastEnable: broadcasting consumption is allowed. Default: true. */
  broadcast?: boolean
  /** retryQueueNums: queues of the retry topic. Default: 1. */
  retryQueues?: number
  /** Deliveries before a message goes to the dead-letter topic. Default: 16. */
  retryMaxTimes?: number
  /** What becomes of a consumer group of that name that is there already. Default: takeOver. */
  existing?: Existing
}

/** Where a consumer group is that somebody else made. */
export interface ConsumerGroupLookupArgs {
  /** Name of the consumer group. */
  groupName: string
  /** NameServers of the cluster: `host:port;host:port`. */
  namesrvAddr: pulumi.Input<string>
  /** brokerClusterName of the cluster. Default: DefaultCluster. */
  clusterName?: string
}

/** A consumer group as the brokers have it. Read only: Pulumi neither changes nor deletes it. */
export interface FoundConsumerGroup {
  /** Settings by broker group; groups that do not have it are absent. */
  readonly onGroups: pulumi.Output<{ readonly [group: string]: ConsumerGroupSettings }>
}

type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

class ConsumerGroupResource extends pulumi.dynamic.Resource {
  // A plain field would overwrite what the base class has set.
  declare readonly name: pulumi.Output<string>
  declare readonly onGroups: pulumi.Output<{ readonly [group: string]: ConsumerGroupSettings }>

  constructor(name: string, inputs: Inputs<PerGroupInputs>, options: pulumi.CustomResourceOptions) {
    const known = { onGroups: undefined, clusterGroups: undefined }
    super(serializedProvider('consumerGroup'), name, { ...inputs, ...known }, options, 'gantry', 'GroupOnMasters')
  }
}

function groupInputs(args: ConsumerGroupArgs): Inputs<ConsumerGroupInputs> {
  const { groupName, namesrvAddr, clusterName, groups, existing, ...settings } = args
  const { consumerGroups, name } = parseClusterConfig({
    ...(clusterName === undefined ? {} : { name: clusterName }),
    groups: [{ name: 'broker-a' }],
    consumerGroups: [{ name: groupName, ...settings }],
  })
  const [checked] = consumerGroups
  if (checked === undefined) throw new RangeError('a config with one consumer group was parsed to none')
  return {
    namesrvAddr,
    clusterName: name,
    ...checked,
    ...(groups === undefined ? {} : { groups }),
    ...(existing === undefined ? {} : { existing }),
  }
}

/**
 * A consumer group on every broker group of a live cluster. Creating takes over one of that name that exists already,
 * unless `existing` says otherwise; what others change shows as a difference. Deleting forgets its offsets as well.
 */
export class ConsumerGroup extends pulumi.ComponentResource {
  /** Name of the consumer group, known once every broker group has it. */
  declare readonly groupName: pulumi.Output<string>

  constructor(name: string, args: ConsumerGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    const inputs = groupInputs(args)
    super('gantry:index:ConsumerGroup', name, args, opts)
    const resource = new ConsumerGroupResource(name, inputs, { parent: this, ...kept(opts) })
    const outputs = { groupName: resource.name }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }

  /** Looks at a consumer group that is not this program's. Fails when it is not there. */
  static get(name: string, args: ConsumerGroupLookupArgs, opts: pulumi.CustomResourceOptions = {}): FoundConsumerGroup {
    const { groupName, namesrvAddr, clusterName = 'DefaultCluster' } = args
    const inputs = { name: groupName, namesrvAddr, clusterName }
    return new ConsumerGroupResource(name, inputs, { ...opts, id: perGroupId(clusterName, groupName) })
  }
}
