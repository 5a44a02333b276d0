import * as pulumi from '@pulumi/pulumi'
import { type PerGroupInputs, perGroupId } from '../admin/per-group-id.ts'
import type { TopicSettings } from '../admin/put-requests.ts'
import type { Existing, Permission } from '../cluster/cluster-enums.ts'
import { keptOptions as kept } from '../dynamic/kept-options.ts'
import { serializedProvider } from '../dynamic/serialized-provider.ts'
import { permBits } from '../plan/plan.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import type { TopicInputs } from './topic-implementation.ts'

/** Arguments of a Topic. */
export interface TopicArgs {
  /** Name of the topic. */
  topicName: string
  /** NameServers of the cluster: `host:port;host:port`. */
  namesrvAddr: pulumi.Input<string>
  /** brokerClusterName of the cluster. Default: DefaultCluster. */
  clusterName?: string
  /** Queues on every broker group of the cluster. Default: 8. */
  queues?: number
  /** Queues by broker group instead; groups that are not named get none. */
  queuesPerGroup?: { [group: string]: number }
  /** Broker groups it is to be on, as far as queues says so; others of the cluster are left as they are. Default: every one that the NameServers know. */
  groups?: string[]
  /** What clients may do. Default: rw. */
  perm?: Permission
  /** Marks the topic as ordered (strict order survives a broker going away). Default: false. */
  order?: boolean
  /** What becomes of a topic of that name that is there already. Default: takeOver. */
  existing?: Existing
}

/** Where a topic is that somebody else made. */
export interface TopicLookupArgs {
  /** Name of the topic. */
  topicName: string
  /** NameServers of the cluster: `host:port;host:port`. */
  namesrvAddr: pulumi.Input<string>
  /** brokerClusterName of the cluster. Default: DefaultCluster. */
  clusterName?: string
}

/** A topic as the brokers have it. Read only: Pulumi neither changes nor deletes it. */
export interface FoundTopic {
  /** Settings by broker group; groups that do not have it are absent. */
  readonly onGroups: pulumi.Output<{ readonly [group: string]: TopicSettings }>
}

type Inputs<T> = { [K in keyof T]: pulumi.Input<T[K]> }

class TopicResource extends pulumi.dynamic.Resource {
  // A plain field would overwrite what the base class has set.
  declare readonly name: pulumi.Output<string>
  declare readonly onGroups: pulumi.Output<{ readonly [group: string]: TopicSettings }>

  constructor(name: string, inputs: Inputs<PerGroupInputs>, options: pulumi.CustomResourceOptions) {
    const known = { onGroups: undefined, clusterGroups: undefined }
    super(serializedProvider('topic'), name, { ...inputs, ...known }, options, 'gantry', 'TopicOnMasters')
  }
}

function topicInputs(args: TopicArgs): Inputs<TopicInputs> {
  const { topicName, queues, queuesPerGroup, perm, order } = args
  const groups = Object.keys(queuesPerGroup ?? {}).map((name) => ({ name }))
  const { topics, name } = parseClusterConfig({
    ...(args.clusterName === undefined ? {} : { name: args.clusterName }),
    groups: groups.length === 0 ? [{ name: 'broker-a' }] : groups,
    topics: [
      {
        name: topicName,
        ...(queuesPerGroup === undefined ? {} : { queues: queuesPerGroup }),
        ...(queues === undefined ? {} : { queues }),
        ...(perm === undefined ? {} : { perm }),
        ...(order === undefined ? {} : { order }),
      },
    ],
  })
  const [checked] = topics
  if (checked === undefined) throw new RangeError('a config with one topic was parsed to none')
  return {
    namesrvAddr: args.namesrvAddr,
    clusterName: name,
    name: topicName,
    ...(typeof checked.queues === 'number' ? { queues: checked.queues } : { queuesPerGroup: checked.queues }),
    perm: permBits[checked.perm],
    order: checked.order,
    ...(args.groups === undefined ? {} : { groups: args.groups }),
    ...(args.existing === undefined ? {} : { existing: args.existing }),
  }
}

/**
 * A topic on a live cluster. Creating takes over a topic of that name that exists already, unless `existing` says
 * otherwise; what others change shows as a difference. Deleting removes it with its messages: use `protect` where that must not happen.
 */
export class Topic extends pulumi.ComponentResource {
  /** Name of the topic, known once every broker group has it. */
  declare readonly topicName: pulumi.Output<string>

  constructor(name: string, args: TopicArgs, opts?: pulumi.ComponentResourceOptions) {
    const inputs = topicInputs(args)
    super('gantry:index:Topic', name, args, opts)
    const resource = new TopicResource(name, inputs, { parent: this, ...kept(opts) })
    const outputs = { topicName: resource.name }
    Object.assign(this, outputs)
    this.registerOutputs(outputs)
  }

  /** Looks at a topic that is not this program's. Fails when it is not there. */
  static get(name: string, args: TopicLookupArgs, opts: pulumi.CustomResourceOptions = {}): FoundTopic {
    const { topicName, namesrvAddr, clusterName = 'DefaultCluster' } = args
    const inputs = { name: topicName, namesrvAddr, clusterName }
    return new TopicResource(name, inputs, { ...opts, id: perGroupId(clusterName, topicName) })
  }
}
