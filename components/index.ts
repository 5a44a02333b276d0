export { BrokerGroup, type BrokerGroupArgs } from './broker/broker-group.ts'
export type * from './cluster/aws-platform-args.ts'
export { argsOfConfig } from './cluster/cluster-config-form.ts'
export {
  AntiAffinity,
  ClientCertificates,
  ControllerMode,
  Engine,
  Existing,
  Flush,
  Permission,
  Replication,
  TlsMode,
} from './cluster/cluster-enums.ts'
export type { PlatformArgs, ProcessPlatformArgs } from './cluster/platform-args.ts'
export type { RenderedConf } from './cluster/rendered-conf.ts'
export { type ClusterParts, RocketCluster } from './cluster/rocket-cluster.ts'
export type { ConsumerGroupSpecArgs, RocketClusterArgs, TopicSpecArgs } from './cluster/rocket-cluster-args.ts'
export type {
  AccessControlArgs,
  AdminCredentials,
  ClientCertificate,
  SecurityArgs,
  TlsArgs,
} from './cluster/security-args.ts'
export type {
  BrokerGroupSpecArgs,
  ClusterNode,
  ControllersArgs,
  HostArgs,
  PlacedArgs,
  PortsArgs,
  ProxiesArgs,
  RuntimeArgs,
} from './cluster/shared-args.ts'
export {
  ConsumerGroup,
  type ConsumerGroupArgs,
  type ConsumerGroupLookupArgs,
  type FoundConsumerGroup,
} from './consumer-group/consumer-group.ts'
export { ControllerQuorum, type ControllerQuorumArgs } from './controller/controller-quorum.ts'
export {
  type EmbeddedControllersArgs,
  NameServerFleet,
  type NameServerFleetArgs,
} from './nameserver/name-server-fleet.ts'
export { parseClusterConfig } from './plan/schema/parse-cluster-config.ts'
export { AwsFoundation, type AwsFoundationArgs } from './platform/aws/foundation/aws-foundation.ts'
export { ProxyFleet, type ProxyFleetArgs } from './proxy/proxy-fleet.ts'
export { type FoundTopic, Topic, type TopicArgs, type TopicLookupArgs } from './topic/topic.ts'
