import type { Input } from '@pulumi/pulumi'
import { expect, expectTypeOf, it } from 'vitest'
import type { ClusterConfigInput } from '../plan/schema/cluster-config.ts'
import { parseClusterConfig } from '../plan/schema/parse-cluster-config.ts'
import { argsOfConfig, configOfArgs } from './cluster-config-form.ts'
import type { DeeplyGiven } from './given.ts'
import type { DockerHostArgs, DockerMemoryArgs, DockerPlatformArgs, PlatformArgs } from './platform-args.ts'
import type { ConsumerGroupSpecArgs, RocketClusterArgs, TopicSpecArgs } from './rocket-cluster-args.ts'
import type { AccessControlArgs, SecurityArgs, TlsArgs } from './security-args.ts'
import type {
  BrokerGroupSpecArgs,
  ControllersArgs,
  HostArgs,
  PortsArgs,
  ProxiesArgs,
  RuntimeArgs,
} from './shared-args.ts'

type Given<T> = Exclude<T, undefined>
type Item<T> = Given<T> extends readonly (infer Each)[] ? Each : never
/** Config files may write numbers and booleans for the values of conf keys; arguments have texts, or outputs. */
type WithTexts<T, Key extends keyof T> = Omit<T, Key> & { [K in Key]?: { [key: string]: Input<string> } }
type Plain<T> = { [K in keyof T]: T[K] }

type Group = Item<ClusterConfigInput['groups']>
type Topic = Item<ClusterConfigInput['topics']>

it('arguments and the schema of the config agree, key by key', () => {
  expectTypeOf<HostArgs>().toEqualTypeOf<Plain<WithoutUndefined<Item<ClusterConfigInput['hosts']>>>>()
  expectTypeOf<PortsArgs>().toEqualTypeOf<Plain<WithoutUndefined<Given<ClusterConfigInput['ports']>>>>()
  expectTypeOf<RuntimeArgs>().toEqualTypeOf<Plain<WithoutUndefined<Given<ClusterConfigInput['runtime']>>>>()
  expectTypeOf<BrokerGroupSpecArgs>().toEqualTypeOf<Plain<WithTexts<DeeplyGiven<Group>, 'config'>>>()
  expectTypeOf<ConsumerGroupSpecArgs>().toEqualTypeOf<
    Plain<WithoutUndefined<Item<ClusterConfigInput['consumerGroups']>>>
  >()
  expectTypeOf<Omit<TopicSpecArgs, 'queues' | 'queuesPerGroup'>>().toEqualTypeOf<
    Plain<Omit<WithoutUndefined<Topic>, 'queues'>>
  >()
  expectTypeOf<Given<TopicSpecArgs['queues']> | Given<TopicSpecArgs['queuesPerGroup']>>().toEqualTypeOf<
    Given<Topic['queues']>
  >()
  expectTypeOf<Given<RocketClusterArgs['nameServers']> | Given<RocketClusterArgs['nameServerHosts']>>().toEqualTypeOf<
    Given<ClusterConfigInput['nameServers']>
  >()
  expectTypeOf<Exclude<keyof RocketClusterArgs, 'nameServerHosts'>>().toEqualTypeOf<keyof ClusterConfigInput>()
  expectTypeOf<Pick<RocketClusterArgs, 'name' | 'engine' | 'antiAffinity' | 'dataDir'>>().toEqualTypeOf<
    Plain<Pick<WithoutUndefined<ClusterConfigInput>, 'name' | 'engine' | 'antiAffinity' | 'dataDir'>>
  >()
  expectTypeOf<WithPlacement<ControllersArgs>>().toEqualTypeOf<
    Plain<WithTexts<WithoutUndefined<Given<ClusterConfigInput['controllers']>>, 'config'>>
  >()
  expectTypeOf<WithPlacement<ProxiesArgs>>().toEqualTypeOf<
    Plain<WithTexts<WithoutUndefined<Given<ClusterConfigInput['proxies']>>, 'config'>>
  >()
  type Security = Given<ClusterConfigInput['security']>
  expectTypeOf<keyof SecurityArgs>().toEqualTypeOf<keyof Security>()
  expectTypeOf<TlsArgs>().toEqualTypeOf<Plain<WithoutUndefined<Given<Security['tls']>>>>()
  expectTypeOf<AccessControlArgs>().toEqualTypeOf<Plain<WithoutUndefined<Given<Security['accessControl']>>>>()
  type Platform = Given<ClusterConfigInput['platform']>
  expectTypeOf<PlatformCommon<PlatformArgs>>().toEqualTypeOf<Plain<PlatformCommon<WithoutUndefined<Platform>>>>()
  type Docker = Given<Platform['docker']>
  expectTypeOf<Omit<DockerPlatformArgs, 'hosts' | 'memoryMb'>>().toEqualTypeOf<
    Plain<Omit<WithoutUndefined<Docker>, 'hosts' | 'memoryMb'>>
  >()
  expectTypeOf<DockerMemoryArgs>().toEqualTypeOf<Plain<WithoutUndefined<Given<Docker['memoryMb']>>>>()
  // Values of other resources are for arguments alone.
  expectTypeOf<Omit<DockerHostArgs, 'caMaterial' | 'certMaterial' | 'keyMaterial'>>().toEqualTypeOf<
    Plain<WithoutUndefined<Given<Docker['hosts']>[string]>>
  >()
  expectTypeOf<Given<PlatformArgs['process']>>().toEqualTypeOf<Plain<WithoutUndefined<Given<Platform['process']>>>>()
  // What only arguments can hold is left out: values of other resources.
  expectTypeOf<Omit<Given<PlatformArgs['aws']>, 'foundation'>>().toEqualTypeOf<
    Plain<DeeplyGiven<Given<Platform['aws']>>>
  >()
})

/** Two keys of arguments where config has one for a number or a list. */
type WithPlacement<T extends { replicas?: number; placement?: string[] }> = Plain<
  Omit<T, 'replicas' | 'placement'> & { replicas?: Given<T['replicas']> | Given<T['placement']> }
>
type PlatformCommon<T> = Omit<T, 'process' | 'docker' | 'aws'>

/** zod says of an optional key that it may hold undefined; arguments leave it out instead. */
type WithoutUndefined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

it('a docker platform comes back the same too, and keeps for itself what only arguments hold', () => {
  const docker = { hosts: { h1: { endpoint: 'tcp://10.0.0.1:2376', certPath: '/certs' } }, memoryMb: { broker: 2048 } }
  const hosts = [{ name: 'h1', address: '10.0.0.1' }]
  const config = parseClusterConfig({ hosts, groups: [{ name: 'a' }], platform: { docker } })
  expect(parseClusterConfig(configOfArgs(argsOfConfig(config)))).toEqual(config)
  const args = { hosts, groups: [{ name: 'a' }], platform: { docker: { hosts: { h1: { keyMaterial: 'PEM' } } } } }
  expect(configOfArgs(args).platform).toEqual({ docker: { hosts: { h1: {} } } })
})

it('a config of AWS comes back the same from arguments', () => {
  const subnets = [{ id: 'subnet-0123456789abcdef0', zone: 'eu-central-1a', cidr: '10.1.0.0/24' }]
  const config = parseClusterConfig({
    groups: [{ name: 'a', replicas: 2, aws: { slot: 3, volumeSizeGiB: 500 } }],
    platform: { aws: { network: { vpcId: 'vpc-0123456789abcdef0', subnets }, tags: { team: 'shop' } } },
  })
  expect(parseClusterConfig(configOfArgs(argsOfConfig(config)))).toEqual(config)
})

it('a config comes back the same from arguments', () => {
  const config = parseClusterConfig({
    nameServers: ['h1', 'h2'],
    hosts: [
      { name: 'h1', address: '10.0.0.1' },
      { name: 'h2', address: '10.0.0.2', advertisedAddress: '203.0.113.1' },
    ],
    groups: [{ name: 'a', replicas: 2, hosts: ['h2', 'h1'], config: { fileReservedTime: 7 } }],
    brokerConfig: { autoCreateTopicEnable: false },
    engine: 'apache',
    controllers: { mode: 'standalone', replicas: ['h1'], config: { enableElectUncleanMaster: false } },
    proxies: { replicas: 2 },
    platform: { process: { apacheHome: '/opt/rocketmq' }, retainData: false },
    topics: [{ name: 't', queues: { a: 3 } }, { name: 'u' }],
    consumerGroups: [{ name: 'g' }],
  })
  expect(parseClusterConfig(configOfArgs(argsOfConfig(config)))).toEqual({
    ...config,
    controllers: { ...config.controllers, config: { enableElectUncleanMaster: 'false' } },
    brokerConfig: { autoCreateTopicEnable: 'false' },
    groups: [{ ...config.groups[0], config: { fileReservedTime: '7' } }],
  })
})
