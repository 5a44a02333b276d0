import { describe, expect, it } from 'vitest'
import { ConfigError } from '../config-problem.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'

const made = { cidr: '10.60.0.0/16', zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'] }
const subnets = [
  { id: 'subnet-0123456789abcdef0', zone: 'eu-central-1a', cidr: '10.1.0.0/24' },
  { id: 'subnet-0123456789abcdef1', zone: 'eu-central-1b', cidr: '10.1.1.0/24' },
]
const existing = { vpcId: 'vpc-0123456789abcdef0', subnets }

interface Parts {
  readonly network?: unknown
  readonly aws?: object
  readonly group?: object
  readonly cluster?: object
}

function parsed({ network = made, aws = {}, group = {}, cluster = {} }: Parts) {
  return parseClusterConfig({
    groups: [{ name: 'broker-a', ...group }],
    platform: { aws: { network, ...aws } },
    ...cluster,
  })
}

function problemsOf(parts: Parts): string[] {
  try {
    parsed(parts)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n')
  }
}

describe('platform.aws', () => {
  it('every node gets a host of its own: names for those that others know by name, addresses for brokers', () => {
    const { hosts, nameServers, groups } = parsed({ group: { replicas: 2 }, cluster: { nameServers: 2 } })
    expect(nameServers).toEqual(['namesrv-0', 'namesrv-1'])
    expect(groups[0]?.hosts).toEqual(['broker-a-0', 'broker-a-1'])
    const domain = 'rocketmq.internal'
    expect(hosts).toEqual([
      { name: 'namesrv-0', address: `namesrv-0.${domain}`, bindAddress: '10.60.0.16', zone: 'eu-central-1a' },
      { name: 'namesrv-1', address: `namesrv-1.${domain}`, bindAddress: '10.60.4.17', zone: 'eu-central-1b' },
      { name: 'broker-a-0', address: '10.60.0.128', bindAddress: '10.60.0.128', zone: 'eu-central-1a' },
      { name: 'broker-a-1', address: '10.60.4.129', bindAddress: '10.60.4.129', zone: 'eu-central-1b' },
    ])
  })

  it('a checked config is its own result: hosts are made up once', () => {
    const config = parsed({ group: { replicas: 3 }, cluster: { nameServers: 3, antiAffinity: 'required' } })
    expect(parseClusterConfig(config)).toEqual(config)
  })

  it('a network is either made or there, and described completely', () => {
    expect(problemsOf({ network: { ...made, ...existing } })).toEqual([
      'gantry:cluster.platform.aws.network.vpcId: cannot be together with cidr or zones (found "vpc-0123456789abcdef0")',
      '    Keep cidr and zones to make a VPC, or vpcId and subnets to use one.',
    ])
    expect(problemsOf({ network: {} })).toEqual([
      'gantry:cluster.platform.aws.network.cidr: is missing to make a VPC',
      '    Give cidr.',
      'gantry:cluster.platform.aws.network.zones: is missing to make a VPC',
      '    Give zones.',
    ])
    expect(problemsOf({ network: { subnets } })).toEqual([
      'gantry:cluster.platform.aws.network.vpcId: is missing to use an existing VPC',
      '    Give vpcId.',
    ])
    expect(problemsOf({ network: existing })).toEqual([])
  })

  it('says when a range has no room for the subnets, or a subnet none for the nodes', () => {
    expect(problemsOf({ network: { ...made, cidr: '10.60.0.0/22' } })).toEqual([
      'gantry:cluster.platform.aws.network.cidr: has room for 1 subnets of /22, but there are 3 zones (found "10.60.0.0/22")',
      '    Give a larger range, or set subnetPrefix to a larger number, which makes the subnets smaller.',
    ])
    expect(problemsOf({ network: { ...made, subnetPrefix: 26 } })[0]).toBe(
      'gantry:cluster.platform.aws.network.subnetPrefix: leaves no address for broker-a-0 in 10.60.0.0/26 in eu-central-1a (found 26)',
    )
    expect(problemsOf({ network: { ...made, subnetPrefix: 26 } })[1]).toContain('Use subnets of /24 or larger')
    expect(problemsOf({ network: existing, group: { aws: { slot: 8 } } })[0]).toMatch(
      /network\.subnets: leaves no address for broker-a-0 in 10\.1\.0\.0\/24/,
    )
  })

  it('a zone that has no subnet is named, with the one that was meant', () => {
    const zones = ['eu-central-1a', 'eu-central-1c']
    expect(problemsOf({ network: existing, group: { replicas: 2, aws: { zones } } })).toEqual([
      'gantry:cluster.groups[0].aws.zones[1]: has no subnet in platform.aws.network (found "eu-central-1c")',
      '    Did you mean "eu-central-1a"?',
    ])
    expect(problemsOf({ group: { replicas: 2, aws: { zones: ['eu-central-1a'] } } })[0]).toMatch(
      /zones: names 1 zones for 2 replicas/,
    )
  })

  it('zones lie in one region and each has one subnet', () => {
    expect(problemsOf({ network: { ...made, zones: ['eu-central-1a', 'eu-west-1b', 'eu-central-1a'] } })).toEqual([
      'gantry:cluster.platform.aws.network.zones[2]: is used twice (found "eu-central-1a")',
      '    gantry:cluster.platform.aws.network.zones[0] has it already: give each subnet a zone and a name of its own.',
      'gantry:cluster.platform.aws.network.zones[1]: is in another region than eu-central-1a (found "eu-west-1b")',
      '    Name zones of eu-central-1 only.',
    ])
    const [first, second] = subnets
    expect(problemsOf({ network: { ...existing, subnets: [first, { ...second, cidr: '10.1.0.128/25' }] } })[0]).toMatch(
      /subnets\[1\]\.cidr: overlaps with another subnet/,
    )
  })

  it('two groups cannot have one slot', () => {
    const groups = [{ name: 'broker-b' }, { name: 'broker-c', aws: { slot: 0 } }]
    expect(problemsOf({ cluster: { groups } })).toEqual([
      'gantry:cluster.groups[1].aws.slot: is the slot of broker-b as well (found 0)',
      '    Give each group a slot of its own; a group that names none has its place in the list, from 0.',
    ])
  })

  it('sizes are those of EC2, and of instances whose volumes can be found', () => {
    expect(problemsOf({ aws: { brokers: { instanceType: 'large' } } })).toEqual([
      'gantry:cluster.platform.aws.brokers.instanceType: is no instance type (found "large")',
      '    Write family and size as EC2 has them, e.g. m7g.large.',
    ])
    expect(problemsOf({ aws: { nameServers: { instanceType: 't2.micro' } } })[0]).toMatch(/is too old: its volumes/)
    expect(problemsOf({ aws: { brokers: { volumeSizeGiB: 0 } } })[0]).toMatch(/volumeSizeGiB: must be at least 1/)
  })

  it('secrets in plain text are refused, and their value is not repeated', () => {
    const brokerConfig = { innerClientAuthenticationCredentials: '{"accessKey":"a","secretKey":"topsecret"}' }
    expect(problemsOf({ cluster: { brokerConfig } })).toEqual([
      'gantry:cluster.brokerConfig.innerClientAuthenticationCredentials: would stand in the user data of the instances, which many may read',
      '    Put it into a SecureString of Parameter Store and write its name here: ssm:/name.',
    ])
    const fromStore = { innerClientAuthenticationCredentials: 'ssm:/rocketmq/broker' }
    expect(problemsOf({ cluster: { brokerConfig: fromStore } })).toEqual([])
  })

  it('hosts are made up here, so none can be named', () => {
    expect(problemsOf({ cluster: { nameServers: ['h1'] } })[0]).toBe(
      'gantry:cluster.nameServers: names hosts, but on platform.aws every node gets an instance of its own (found ["h1"])',
    )
  })

  it('hosts of the config itself have an address in the subnet of their zone', () => {
    const hosts = [
      { name: 'h1', address: '10.60.0.7', zone: 'eu-central-1a' },
      { name: 'h2', address: '10.60.0.8', zone: 'eu-central-1b' },
      { name: 'h3', address: '10.60.0.9', zone: 'eu-west-1a' },
    ]
    expect(problemsOf({ cluster: { hosts } }).filter((line) => !line.startsWith(' '))).toEqual([
      'gantry:cluster.hosts[1].address: is no address in the subnet of the host (found "10.60.0.8")',
      'gantry:cluster.hosts[2].zone: has no subnet in platform.aws.network (found "eu-west-1a")',
    ])
  })

  it('what is for AWS is refused elsewhere', () => {
    expect(() => parseClusterConfig({ groups: [{ name: 'broker-a', aws: { slot: 1 } }] })).toThrow(
      'gantry:cluster.groups[0].aws: is for platform.aws',
    )
  })
})
