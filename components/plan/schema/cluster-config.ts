import { z } from 'zod'
import { awsGroupSchema } from './aws-group-config.ts'
import { controllersSchema } from './controllers-config.ts'
import { address, confOverrides, engine, folder, identifier, port, topicOrGroupName } from './field-types.ts'
import { platformSchema } from './platform-config.ts'
import { proxiesSchema } from './proxies-config.ts'
import { securitySchema } from './security-config.ts'

/*
 * What a user writes under `gantry:cluster`. Every default of the planner stands here and nowhere else; descriptions end
 * up in stacks/gantry.schema.json and from there in the editor.
 */

/** The only host of a config that names none. */
export const thisMachine = { name: 'local', address: '127.0.0.1' } as const

const hostSchema = z
  .strictObject({
    name: identifier('host name', 63).describe('How the rest of this config refers to the host.'),
    address: address.describe('Where the other nodes reach it. A loopback address means: this machine.'),
    advertisedAddress: address
      .optional()
      .describe('Where clients reach it, when that differs from address (NAT, containers). Becomes brokerIP1.'),
    bindAddress: address
      .optional()
      .describe(
        'The interface to listen on. Left out: loopback hosts listen on their address, others on all interfaces.',
      ),
    dataDir: folder
      .optional()
      .describe('Where nodes on this host keep their files, if not in the dataDir of the cluster.'),
    zone: identifier('zone', 63)
      .optional()
      .describe(
        'What fails together with this host: a rack, a room, an availability zone. Replicas are spread over zones.',
      ),
  })
  .describe('A machine that nodes may be placed on.')

const groupSchema = z
  .strictObject({
    name: identifier('broker group name', 64).describe('brokerName: the name master and slaves share.'),
    replicas: z.int().min(1).max(9).default(1).describe('Brokers in the group: one master, the rest slaves.'),
    engine: engine.optional().describe('Who runs the brokers of this group. Left out: the engine of the cluster.'),
    replication: z
      .enum(['async', 'sync'])
      .default('async')
      .describe(
        'async: a send is acknowledged when the master has it. sync: when one slave has it too, so that losing the master loses no acknowledged message; with controllers: when every replica of the SyncStateSet has it.',
      ),
    minInSyncReplicas: z
      .int()
      .min(1)
      .max(9)
      .optional()
      .describe(
        'With controllers: sends are refused while fewer replicas than this are in sync. Left out: 2 for sync groups of three and more, else 1.',
      ),
    flush: z
      .enum(['async', 'sync'])
      .default('async')
      .describe(
        'async: acknowledged once handed to the operating system (survives a process crash). sync: once on disk (survives a power cut).',
      ),
    hosts: z
      .array(z.string())
      .optional()
      .describe('Pins the replicas: one host name per replica, the master first. Left out: the planner spreads them.'),
    config: confOverrides('broker.conf for the brokers of this group'),
    aws: awsGroupSchema.optional().describe('On platform.aws: what is different for the brokers of this group.'),
  })
  .describe('A broker group: replicas of the same queues under one brokerName.')

const topicSchema = z
  .strictObject({
    name: topicOrGroupName('topic name', 127),
    queues: z
      .union([z.int().min(1).max(10_000), z.record(z.string(), z.int().min(0).max(10_000))])
      .default(8)
      .describe('Queues per broker group: one number for every group, or a number for each group named.'),
    perm: z.enum(['rw', 'r', 'w']).default('rw').describe('What clients may do: read, write or both.'),
    order: z
      .boolean()
      .default(false)
      .describe('Marks the topic as ordered (strict order survives a broker going away).'),
  })
  .describe('A topic to create once the cluster is up.')

const consumerGroupSchema = z
  .strictObject({
    name: topicOrGroupName('consumer group name', 120),
    orderly: z.boolean().default(false).describe('consumeMessageOrderly.'),
    broadcast: z.boolean().default(true).describe('consumeBroadcastEnable: broadcasting consumption is allowed.'),
    retryQueues: z.int().min(1).max(10_000).default(1).describe('retryQueueNums: queues of the retry topic.'),
    retryMaxTimes: z
      .int()
      .min(-1)
      .max(10_000)
      .default(16)
      .describe('Deliveries before a message goes to the dead-letter topic.'),
  })
  .describe('A consumer group to create once the cluster is up.')

export const clusterConfigSchema = z
  .strictObject({
    name: identifier('cluster name', 64).default('DefaultCluster').describe('brokerClusterName.'),
    nameServers: z
      .union([z.int().min(1).max(9), z.array(z.string()).min(1).max(9)])
      .default(1)
      .describe('How many NameServers (spread over the hosts), or the names of the hosts to run one each.'),
    nameServerConfig: confOverrides('namesrv.conf for all NameServers'),
    engine: engine
      .default('gantry')
      .describe('Who runs the nodes: gantry, or apache for the official Apache RocketMQ with the same config.'),
    controllers: controllersSchema
      .optional()
      .describe(
        'Controllers elect masters: with them a group fails over by itself. Left out: replica 0 is the master.',
      ),
    groups: z.array(groupSchema).min(1).describe('The broker groups.'),
    brokerConfig: confOverrides('broker.conf for all brokers; a group may override them'),
    hosts: z
      .array(hostSchema)
      .min(1)
      .default([thisMachine])
      .describe(
        'The machines. Left out: everything runs on this machine and listens on loopback only; on platform.aws every node gets an instance of its own.',
      ),
    antiAffinity: z
      .enum(['preferred', 'required'])
      .default('preferred')
      .describe(
        'Two replicas of a group share a host only when there are too few hosts (preferred), or never (required).',
      ),
    ports: z
      .strictObject({
        nameServer: port.default(9876).describe('First NameServer of a host; further ones follow one by one.'),
        broker: port.default(10911).describe('First broker of a host. A broker also takes its port - 2 and + 1.'),
        controller: port
          .default(19876)
          .describe('First controller of a host, for brokers and its peers; further ones follow one by one.'),
        proxyGrpc: port
          .default(8081)
          .describe('gRPC port of the first proxy of a host; further ones follow ten by ten.'),
        proxyRemoting: port.default(8080).describe('Remoting port of the first proxy of a host; likewise.'),
        brokerStep: z
          .int()
          .min(4)
          .max(10_000)
          .default(1000)
          .describe('Distance from one broker of a host to the next.'),
      })
      .prefault({}),
    dataDir: folder
      .default('/var/lib/gantry')
      .describe('Where nodes keep their files on hosts other than this machine.'),
    runtime: z
      .strictObject({
        nodeOptions: z
          .array(z.string().min(1))
          .default([])
          .describe('Flags for the Node that runs each node, e.g. --max-old-space-size=512.'),
        javaOptions: z
          .array(z.string().min(1))
          .default([])
          .describe(
            'Flags for the Java that runs each node with engine: apache, after those of its heap, e.g. -XX:+UseZGC.',
          ),
      })
      .prefault({})
      .describe('Flags of the programs that run the nodes.'),
    proxies: proxiesSchema.optional().describe('Proxies speak gRPC with clients. Left out: none.'),
    platform: platformSchema
      .prefault({})
      .describe('Where nodes run and what becomes of their files. Left out: processes of this machine.'),
    security: securitySchema
      .optional()
      .describe('Certificates and credentials that are made for the cluster. Left out: none.'),
    topics: z.array(topicSchema).default([]),
    consumerGroups: z.array(consumerGroupSchema).default([]),
  })
  .describe('A RocketMQ cluster.')

/** A config as written, defaults still missing. */
export type ClusterConfigInput = z.input<typeof clusterConfigSchema>
/** A checked config with every default filled in. */
export type ClusterConfig = z.output<typeof clusterConfigSchema>
export type HostConfig = ClusterConfig['hosts'][number]
export type GroupConfig = ClusterConfig['groups'][number]
export type ControllersConfig = NonNullable<ClusterConfig['controllers']>
export type TopicConfig = ClusterConfig['topics'][number]
export type ConfOverrides = GroupConfig['config']
