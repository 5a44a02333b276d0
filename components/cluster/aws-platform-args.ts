import type { Input } from '@pulumi/pulumi'

/** A subnet of an existing VPC. */
export interface AwsSubnetArgs {
  /** Id of the subnet. */
  id: string
  /** Its availability zone. */
  zone: string
  /** Its addresses. */
  cidr: string
  /** Nodes take addresses from this one on, when the first ones of the subnet are taken by others. Default: 0. */
  addressOffset?: number
}

/** The network: one to make (cidr, zones), or an existing one (vpcId, subnets). */
export interface AwsNetworkArgs {
  /** Addresses of the VPC to make. Default: an existing one is used, see vpcId. */
  cidr?: string
  /** Zones of the VPC to make: a subnet in each. */
  zones?: string[]
  /** Length of the prefix of the subnets made. Default: 22. */
  subnetPrefix?: number
  /** Whether the VPC made gets endpoints for Session Manager. Default: true. */
  ssmEndpoints?: boolean
  /** An existing VPC to use instead. */
  vpcId?: string
  /** Its subnets to use: one per zone. */
  subnets?: AwsSubnetArgs[]
  /** Existing VPC: the prefix list of its gateway endpoint for S3. Default: HTTPS connections to anywhere. */
  s3PrefixListId?: string
  /** Existing VPC: the security group of its endpoints for Systems Manager, which nodes may reach besides S3. */
  ssmSecurityGroupId?: string
}

/** Who may reach nodes. */
export interface AwsPeersArgs {
  /** Ranges of addresses. Default: none. */
  cidrs?: string[]
  /** Security groups. Default: none. */
  securityGroupIds?: string[]
}

/** Instances of NameServers or controllers. */
export interface AwsRegistryMachineArgs {
  /** EC2 instance type. Default: t4g.small. */
  instanceType?: string
  /** Size of the root volume, which keeps no data. Default: 12. */
  rootVolumeSizeGiB?: number
  /** Size of each data volume. It may grow, never shrink. Default: 8. */
  volumeSizeGiB?: number
}

/** Instances of brokers. */
export interface AwsBrokerMachineArgs {
  /** EC2 instance type. Default: m7g.large. */
  instanceType?: string
  /** Size of the root volume, which keeps no data. Default: 12. */
  rootVolumeSizeGiB?: number
  /** Size of each data volume. It may grow, never shrink. Default: 100. */
  volumeSizeGiB?: number
  /** Operations a second of each data volume (gp3). Default: 3000. */
  volumeIops?: number
  /** Throughput of each data volume (gp3). Default: 125. */
  volumeThroughputMiBps?: number
}

/** Instances of proxies, which keep nothing. */
export interface AwsProxyMachineArgs {
  /** EC2 instance type. Default: c7g.large. */
  instanceType?: string
  /** Size of the root volume. Default: 12. */
  rootVolumeSizeGiB?: number
}

/** Images to boot. Default: the Amazon Linux 2023 that is newest when an instance is made. */
export interface AwsImagesArgs {
  /** For Graviton instances. */
  arm64?: string
  /** For Intel and AMD instances. */
  x64?: string
  /** Whether a newer Amazon Linux 2023 replaces the instances. Default: false. */
  followLatest?: boolean
}

/** What instances are given to run. */
export interface AwsArtifactsArgs {
  /** Where `gantry artifact build` has put the engine, from the folder of Pulumi.yaml. Default: .gantry/artifacts. */
  folder?: string
  /** The binary release of Apache RocketMQ 5 (a zip file), for nodes with engine: apache. */
  apacheRelease?: string
  /** Its checksum as Apache publishes it. */
  apacheReleaseSha512?: string
  /** Heap of each Apache broker. Default: 4g. */
  apacheHeap?: string
}

/** A file that instances fetch from S3. */
export interface AwsObjectArgs {
  /** Name of the bucket. */
  bucket: Input<string>
  /** Key of the object. */
  key: Input<string>
  /** What its bytes have to be. */
  sha256: Input<string>
}

/** What the nodes of a cluster share on AWS: the outputs of an AwsFoundation. */
export interface AwsSharedArgs {
  /** Id of the VPC. */
  vpcId: Input<string>
  /** Ids of the subnets by zone. */
  subnetIds: Input<{ [zone: string]: string }>
  /** Security groups by kind of node: nameServer, controller, broker, proxy. */
  securityGroupIds: Input<{ [kind: string]: string }>
  /** Name of the instance profile; '' where each kind of node has its own. */
  instanceProfile: Input<string>
  /** Names of instance profiles by kind of node, where each has its own. */
  instanceProfiles?: Input<{ [kind: string]: string }>
  /** Names of the parameters that hold the secrets of nodes begin with it, where a cluster has security. */
  secretsPrefix?: Input<string>
  /** Id of the private zone. */
  zoneId: Input<string>
  /** Images to boot by architecture: arm64, x64. */
  imageIds: Input<{ [architecture: string]: string }>
  /** Artifacts by name: gantry-arm64, gantry-x64, apache. */
  objects: Input<{ [artifact: string]: AwsObjectArgs }>
}

/** EC2 instances with volumes of their own. */
export interface AwsPlatformArgs {
  /** The network: one to make, or an existing one. */
  network: AwsNetworkArgs
  /** Private zone with the names of NameServers and controllers. Default: rocketmq.internal. */
  domain?: string
  /** Who may use the cluster: reaches NameServers, brokers and proxies. Default: nobody. */
  clients?: AwsPeersArgs
  /** Who may run it: reaches controllers as well. Default: nobody. */
  operators?: AwsPeersArgs
  /** Instances of NameServers. */
  nameServers?: AwsRegistryMachineArgs
  /** Instances of controllers. */
  controllers?: AwsRegistryMachineArgs
  /** Instances of brokers. */
  brokers?: AwsBrokerMachineArgs
  /** Instances of proxies. */
  proxies?: AwsProxyMachineArgs
  /** Images to boot. Default: the newest Amazon Linux 2023. */
  images?: AwsImagesArgs
  /** What instances are given to run. */
  artifacts?: AwsArtifactsArgs
  /** Key that encrypts volumes, artifacts and secrets. Default: the keys that AWS manages. */
  kmsKeyArn?: string
  /** Tags for everything made. Default: none but gantry's own. */
  tags?: { [key: string]: string }
  /** Whether instances of one part stand on different hardware within a zone. Default: true. */
  spread?: boolean
  /** SNS topics to tell when an instance fails its status checks. Default: none. */
  alarmTopicArns?: string[]
  /** Whether an internal load balancer stands before the proxies. Default: false. */
  proxyLoadBalancer?: boolean
  /** Whether a node counts as made only when it answers; Pulumi has to run where it reaches the nodes. Default: false. */
  waitUntilHealthy?: boolean
  /** What the parts of a cluster share. Default: a RocketCluster makes an AwsFoundation of its own; parts on their own need one. */
  foundation?: AwsSharedArgs
}

/** On AWS: what is different for the brokers of one group. */
export interface AwsGroupArgs {
  /** Decides addresses and zones of the group. Default: its place in the list of groups. */
  slot?: number
  /** Zone of each replica. Default: the zones in turn, starting with another one for every group. */
  zones?: string[]
  /** EC2 instance type. */
  instanceType?: string
  /** Size of each data volume. It may grow, never shrink. */
  volumeSizeGiB?: number
  /** Operations a second of each data volume (gp3). */
  volumeIops?: number
  /** Throughput of each data volume (gp3). */
  volumeThroughputMiBps?: number
}
