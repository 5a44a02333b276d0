import { createHash } from 'node:crypto'
import * as pulumi from '@pulumi/pulumi'
import type { AwsSharedArgs } from '../../cluster/aws-platform-args.ts'
import { given } from '../../cluster/given.ts'
import { joinHostPort } from '../../plan/address.ts'
import { instanceTlsFiles } from '../../plan/aws/instance-files.ts'
import { architectureOf } from '../../plan/aws/instance-type.ts'
import { partitionOfRegion, regionOfZone } from '../../plan/aws/zone.ts'
import type { AwsConfig } from '../../plan/schema/aws-config.ts'
import type { ClusterConfig } from '../../plan/schema/cluster-config.ts'
import { NodeGate } from '../../rollout/rollout-resources.ts'
import type { NodePlatform, NodeRequest, NodeResource } from '../node-platform.ts'
import { awsSdk } from './aws-sdk.ts'
import { tagsOf } from './foundation/foundation-context.ts'
import { type MachineSize, machineSizeOf } from './machine-size.ts'
import { hasMachineSecrets, machineSpec } from './machine-spec-of-node.ts'
import { NodeReady, NodeSeat } from './node-guards.ts'
import { ProxyBalancer } from './proxy-balancer.ts'
import { encodeUserData } from './user-data/encode-user-data.ts'
import { renderUserData } from './user-data/user-data.ts'

/** The device name that the volume is attached by; on the instance it is found by its id. */
const deviceName = '/dev/sdf'
const nameTtlSeconds = 60

/** One node on its way to being made. */
interface Making {
  readonly request: NodeRequest
  readonly options: pulumi.CustomResourceOptions
  readonly zone: string
  readonly ip: string
  readonly size: MachineSize
  /** Its secrets, if it has some. */
  readonly parameter?: NodeParameter
}

/** What holds the secrets of a node. */
interface NodeParameter {
  readonly resource: pulumi.Resource
  readonly name: pulumi.Output<string>
}

/**
 * Nodes as EC2 instances. Network interface and data volume are resources of their own that outlive the instance: a new
 * one takes them over, and with them the node's address and its data.
 */
export class AwsPlatform implements NodePlatform {
  readonly #config: ClusterConfig
  readonly #aws: AwsConfig
  readonly #shared: AwsSharedArgs
  /** The node made last: the next one waits for it, so that no two of a part are replaced at the same time. */
  #last: pulumi.Resource | undefined
  #isFirst = true
  #placementGroup: pulumi.Output<string> | undefined
  #balancer: ProxyBalancer | undefined

  readonly tlsFiles = instanceTlsFiles

  constructor(config: ClusterConfig, aws: AwsConfig, shared: AwsSharedArgs) {
    this.#config = config
    this.#aws = aws
    this.#shared = shared
  }

  addNode(request: NodeRequest, options: pulumi.CustomResourceOptions): NodeResource {
    const host = this.#config.hosts.find(({ name }) => name === request.place.host)
    if (host?.zone === undefined) throw new RangeError(`${request.place.id} has no zone: hosts are checked beforehand`)
    const size = machineSizeOf(this.#config, this.#aws, request.place)
    const seated = { request, options, zone: host.zone, ip: host.bindAddress ?? host.address, size }
    const { name, place } = request
    const seat = this.#addSeat(seated)
    const parameter = this.#addParameter(seated)
    const making = parameter === undefined ? seated : { ...seated, parameter }
    const networkInterface = this.#addInterface(making, seat)
    this.#addName(making)
    const volume = this.#addVolume(making, seat)
    const { instance, last } = this.#addInstance(making, networkInterface, volume)
    this.#addAlarms(making, instance)
    if (place.kind === 'proxy' && this.#aws.proxyLoadBalancer) this.#proxyBalancer(making).add(name, making.ip, options)
    return this.#made(making, instance, last)
  }

  /** NameServers and controllers are known by names, and reached by addresses where these do not resolve. */
  certificateNames({ place }: NodeRequest): readonly string[] {
    const host = this.#config.hosts.find(({ name }) => name === place.host)
    return host?.bindAddress === undefined ? [] : [host.bindAddress]
  }

  proxyEndpoint(): pulumi.Output<string> | undefined {
    return this.#balancer?.endpoint
  }

  #tags({ request: { place } }: Making, suffix = ''): Record<string, string> {
    const { name: clusterName } = this.#config
    const group = place.kind === 'broker' ? { 'gantry:group': place.group } : {}
    const own = { 'gantry:node': place.id, 'gantry:kind': place.kind, ...group }
    return tagsOf({ clusterName, aws: this.#aws }, `${clusterName}-${place.id}${suffix}`, own)
  }

  #addSeat({ request: { name, place, security }, options, zone, ip: address, size }: Making): NodeSeat {
    // One node remembers for all what the cluster runs with.
    const remembers = place.kind === 'nameServer' && this.#isFirst && security !== undefined
    this.#isFirst = false
    const inputs = { node: place.id, zone, address, volumeSizeGiB: size.volume?.sizeGiB ?? 0 }
    return new NodeSeat(`${name}-seat`, { ...inputs, ...(remembers ? { security } : {}) }, options)
  }

  /** Secrets go to a node by Parameter Store: user data can be read by many. */
  #addParameter(making: Making): NodeParameter | undefined {
    const { name, place, secrets } = making.request
    if (secrets === undefined || !hasMachineSecrets(place)) return undefined
    const { kmsKeyArn } = this.#aws
    const prefix = pulumi.output(this.#shared.secretsPrefix ?? '').apply(secretsPrefixIn)
    const parameterName = pulumi.interpolate`${prefix}/${place.kind}/${place.id}`
    const args = {
      name: parameterName,
      type: 'SecureString',
      value: secrets.apply((all) => JSON.stringify(all)),
      // Standard up to 4 KB, which costs nothing; advanced where a text is longer.
      tier: 'Intelligent-Tiering',
      ...(kmsKeyArn === undefined ? {} : { keyId: kmsKeyArn }),
      description: `Secrets of ${place.id} of ${this.#config.name}`,
      tags: this.#tags(making),
    }
    const resource = new (awsSdk().ssm.Parameter)(`${name}-secrets`, args, making.options)
    return { resource, name: parameterName }
  }

  /** What its instance may do. */
  #profile({ request: { place } }: Making): pulumi.Output<string> {
    const { instanceProfile, instanceProfiles = {} } = this.#shared
    const names = pulumi.all([instanceProfile, instanceProfiles] as const)
    return names.apply(([ofAll, ofKinds]) => ofKinds[place.kind] ?? ofAll)
  }

  #addInterface(making: Making, seat: NodeSeat) {
    const { request, options, zone, ip } = making
    const { kind, id } = request.place
    return new (awsSdk().ec2.NetworkInterface)(
      `${request.name}-eni`,
      {
        subnetId: pulumi.output(this.#shared.subnetIds).apply((ids) => known(ids, zone)),
        privateIps: [ip],
        securityGroups: [pulumi.output(this.#shared.securityGroupIds).apply((ids) => known(ids, kind))],
        description: `${id} of ${this.#config.name}`,
        tags: this.#tags(making),
      },
      { ...options, dependsOn: [seat] },
    )
  }

  /** Only for what others know by name. */
  #addName({ request: { name, place }, options, ip }: Making): void {
    if (place.address === ip) return
    const record = { zoneId: this.#shared.zoneId, name: place.address, type: 'A', ttl: nameTtlSeconds, records: [ip] }
    ;new (awsSdk().route53.Record)(`${name}-name`, record, options)
  }

  #addVolume(making: Making, seat: NodeSeat) {
    const { request, options, zone, size } = making
    if (size.volume === undefined) return undefined
    const { retainData, protectData } = this.#config.platform
    const { sizeGiB, iops, throughputMiBps } = size.volume
    return new (awsSdk().ebs.Volume)(
      `${request.name}-data`,
      {
        availabilityZone: zone,
        type: 'gp3',
        size: sizeGiB,
        iops,
        throughput: throughputMiBps,
        encrypted: true,
        ...this.#kmsKey(),
        tags: this.#tags(making, '-data'),
      },
      { ...options, dependsOn: [seat], retainOnDelete: retainData, protect: protectData },
    )
  }

  #kmsKey(): { kmsKeyId?: string } {
    const { kmsKeyArn } = this.#aws
    return kmsKeyArn === undefined ? {} : { kmsKeyId: kmsKeyArn }
  }

  /** @returns the instance, and what has to be there for its node to start */
  #addInstance(
    making: Making,
    networkInterface: { readonly id: pulumi.Output<string> },
    volume?: { readonly id: pulumi.Output<string> },
  ) {
    const { request, options, size } = making
    const { ec2 } = awsSdk()
    const architecture = architectureOf(size.instanceType)
    const followsImage = this.#aws.images.followLatest || this.#aws.images[architecture] !== undefined
    const before = [
      ...(this.#last === undefined ? [] : [this.#last]),
      ...(request.master ? [request.master.resource] : []),
      ...(request.before ?? []),
      ...(making.parameter === undefined ? [] : [making.parameter.resource]),
    ]
    const ami = pulumi.output(this.#shared.imageIds).apply((ids) => known(ids, architecture))
    const userData = this.#userData(making, architecture, volume?.id)
    // What another instance is needed for when it changes.
    const gate = this.#addGate(making, { ami: followsImage ? ami : '', userData, type: size.instanceType }, before)
    const instance = new ec2.Instance(
      request.name,
      {
        ami,
        instanceType: size.instanceType,
        primaryNetworkInterface: { networkInterfaceId: networkInterface.id },
        iamInstanceProfile: this.#profile(making),
        ebsOptimized: true,
        metadataOptions: { httpTokens: 'required', httpEndpoint: 'enabled', httpPutResponseHopLimit: 1 },
        maintenanceOptions: { autoRecovery: 'default' },
        ...(this.#aws.spread ? { placementGroup: this.#spread(making) } : {}),
        rootBlockDevice: {
          volumeType: 'gp3',
          volumeSize: size.rootVolumeSizeGiB,
          encrypted: true,
          deleteOnTermination: true,
          ...this.#kmsKey(),
          tags: this.#tags(making, '-root'),
        },
        userDataBase64: userData,
        userDataReplaceOnChange: true,
        tags: this.#tags(making),
      },
      {
        ...options,
        dependsOn: [...before, ...gate],
        // Interface and volume can be in one instance only.
        deleteBeforeReplace: true,
        ignoreChanges: followsImage ? [] : ['ami'],
      },
    )
    if (volume === undefined) return { instance, last: instance }
    const attachment = new ec2.VolumeAttachment(
      `${request.name}-attachment`,
      // The node stops in good order before its volume goes.
      { deviceName, instanceId: instance.id, volumeId: volume.id, stopInstanceBeforeDetaching: true },
      { ...options, deleteBeforeReplace: true },
    )
    return { instance, last: attachment }
  }

  /** Where nodes can be asked from here, one makes way before its instance is replaced. */
  #addGate({ request, options }: Making, replacing: object, before: pulumi.Resource[]): pulumi.Resource[] {
    if (!this.#aws.waitUntilHealthy) return []
    const { name, node, nameServers } = request
    const hash = (values: unknown) => createHash('sha256').update(JSON.stringify(values)).digest('hex')
    const spec = pulumi.unsecret(pulumi.output(replacing).apply(hash))
    const { readyTimeoutSeconds, staleRouteSeconds } = this.#config.platform
    const times = { readyTimeoutMs: readyTimeoutSeconds * 1000, staleRouteMs: staleRouteSeconds * 1000 }
    const gate = new NodeGate(`${name}-gate`, { node, nameServers, spec, ...times }, { ...options, dependsOn: before })
    return [gate]
  }

  #userData({ request, zone, parameter }: Making, architecture: string, volumeId: pulumi.Output<string> | undefined) {
    const { engine, id } = request.place
    const artifactName = engine === 'apache' ? 'apache' : `gantry-${architecture}`
    const { name: clusterName, dataDir: dataRoot } = this.#config
    const { apacheHeap } = this.#aws.artifacts
    const sources = pulumi.all([request.node, this.#shared.objects, volumeId, parameter?.name])
    return sources.apply(([node, objects, dataVolumeId, secrets]) => {
      const artifact = known(objects, artifactName)
      const from = { clusterName, region: regionOfZone(zone), artifact, dataRoot, apacheHeap }
      const own = given({ dataVolumeId, parameter: secrets })
      const spec = machineSpec(node, { ...from, ...own })
      return encodeUserData(renderUserData(spec), id)
    })
  }

  /** One for the nodes of this part: they stand on different hardware, even where two share a zone. */
  #spread({ request, options }: Making): pulumi.Output<string> {
    if (this.#placementGroup !== undefined) return this.#placementGroup
    const name = `${request.name.replace(/-\d+$/, '')}-spread`
    const tags = tagsOf({ clusterName: this.#config.name, aws: this.#aws }, name)
    this.#placementGroup = new (awsSdk().ec2.PlacementGroup)(name, { strategy: 'spread', tags }, options).name
    return this.#placementGroup
  }

  /** The hypervisor's trouble is answered by recovery, which is on by default; a hanging system is restarted. */
  #addAlarms(making: Making, instance: { readonly id: pulumi.Output<string> }): void {
    const { alarmTopicArns: topics } = this.#aws
    if (topics.length === 0) return
    const { request, options, zone } = making
    const region = regionOfZone(zone)
    const reboot = `arn:${partitionOfRegion(region)}:automate:${region}:ec2:reboot`
    const checks = [
      { suffix: 'system', metricName: 'StatusCheckFailed_System', alarmActions: topics },
      { suffix: 'instance', metricName: 'StatusCheckFailed_Instance', alarmActions: [reboot, ...topics] },
    ]
    for (const { suffix, metricName, alarmActions } of checks) {
      ;new (awsSdk().cloudwatch.MetricAlarm)(
        `${request.name}-alarm-${suffix}`,
        {
          namespace: 'AWS/EC2',
          metricName,
          dimensions: { InstanceId: instance.id },
          statistic: 'Maximum',
          comparisonOperator: 'GreaterThanThreshold',
          threshold: 0,
          period: 60,
          evaluationPeriods: 3,
          treatMissingData: 'missing',
          alarmDescription: `${request.place.id} of ${this.#config.name} fails its ${suffix} status check`,
          alarmActions,
          okActions: topics,
          tags: this.#tags(making),
        },
        options,
      )
    }
  }

  #proxyBalancer({ request, options }: Making): ProxyBalancer {
    const name = `${request.name.replace(/-\d+$/, '')}-balancer`
    this.#balancer ??= new ProxyBalancer(name, { config: this.#config, aws: this.#aws, shared: this.#shared, options })
    return this.#balancer
  }

  /**
   * Addresses depend on the node only where it is waited for: a value that came from an instance would let all that use it
   * be replaced with the instance.
   */
  #made(making: Making, instance: { readonly id: pulumi.Output<string> }, last: pulumi.Resource): NodeResource {
    const { request, options, ip } = making
    const { place, nameServers, master } = request
    const address = joinHostPort(place.address, place.port)
    const advertisedAddress = joinHostPort(place.advertisedAddress, place.port)
    if (!this.#aws.waitUntilHealthy) {
      this.#last = last
      return { resource: last, address: pulumi.output(address), advertisedAddress: pulumi.output(advertisedAddress) }
    }
    const ready = new NodeReady(
      `${request.name}-ready`,
      {
        node: request.node,
        ip,
        instance: instance.id,
        nameServers: nameServers,
        ...(master === undefined ? {} : { master: master.address }),
        readyTimeoutMs: this.#config.platform.readyTimeoutSeconds * 1000,
        address,
        advertisedAddress,
      },
      { ...options, dependsOn: [last] },
    )
    this.#last = ready
    return { resource: ready, address: ready.address, advertisedAddress: ready.advertisedAddress }
  }
}

function secretsPrefixIn(prefix: string): string {
  if (prefix !== '') return prefix
  const fix =
    'give the AwsFoundation secretsPrefix, a name such as /gantry/shop, for then nodes may read what is below it'
  throw new Error(`the foundation has no secretsPrefix, and a cluster with security needs one: ${fix}`)
}

function known<T>(values: Readonly<Record<string, T>>, name: string): T {
  const value = values[name]
  if (value === undefined) {
    const fix = 'an AwsFoundation is told of controllers, proxies, engines and architectures by its arguments'
    throw new Error(`the foundation has no ${name}, it has ${Object.keys(values).join(', ')}: ${fix}`)
  }
  return value
}
