import { describe, expect, it } from 'vitest'
import { ConfigError } from '../config-problem.ts'
import { planCluster } from '../plan.ts'
import type { BrokerNode } from '../plan-node.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'

type DockerInput = NonNullable<NonNullable<ClusterConfigInput['platform']>['docker']>

const groups = [{ name: 'broker-a', replicas: 2 }]
const twoHosts = [
  { name: 'host-1', address: '10.0.0.11' },
  { name: 'host-2', address: '10.0.0.12' },
]
const endpoints = { 'host-1': { endpoint: 'ssh://ops@10.0.0.11' }, 'host-2': { endpoint: 'tcp://10.0.0.12:2376' } }

const configOf = (docker: DockerInput, hosts?: ClusterConfigInput['hosts']): ClusterConfigInput => ({
  groups,
  platform: { docker },
  ...(hosts === undefined ? {} : { hosts }),
})

function problemsOf(input: unknown): string[] {
  try {
    parseClusterConfig(input)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ path, problem }) => `${path.replace('gantry:cluster.', '')} ${problem}`)
  }
  return []
}

describe('a docker platform with a mistake', () => {
  it.each<[string, unknown, string[]]>([
    ['a subnet that is none', configOf({ subnet: '10.0.0.0' }), ['platform.docker.subnet is no subnet']],
    ['an address within one', configOf({ subnet: '10.0.0.7/24' }), ['platform.docker.subnet is no subnet']],
    ['no room', configOf({ subnet: '10.0.0.0/30' }), ['platform.docker.subnet has no room for containers']],
    [
      'loopback',
      configOf({}, [{ name: 'a', address: '127.0.0.1' }]),
      ['hosts[0].address is another place in every container'],
    ],
    [
      'a folder of the host',
      configOf({}, [{ name: 'a', address: '10.0.0.1', dataDir: '/data' }]),
      ['hosts[0].dataDir has no meaning for containers'],
    ],
    [
      'a host without engine',
      configOf({ hosts: { 'host-1': endpoints['host-1'] } }, twoHosts),
      ['platform.docker.hosts.host-2.endpoint is missing: several hosts'],
    ],
    [
      'an engine without host',
      configOf({ hosts: { ...endpoints, 'host-3': {} } }, twoHosts),
      ['platform.docker.hosts.host-3 is not a host of this config'],
    ],
    [
      'an endpoint that is none',
      configOf({ hosts: { 'host-1': { endpoint: 'http://a' } } }, twoHosts.slice(0, 1)),
      ['platform.docker.hosts.host-1.endpoint is no Docker endpoint'],
    ],
    ['an unknown key', configOf({ memory: 5 } as DockerInput), ['platform.docker.memory is not a known key']],
    [
      'two platforms',
      { groups, platform: { docker: {}, process: {} } },
      ['platform names more than one of process, docker and aws'],
    ],
  ])('%s', (_, input, problems) => {
    expect(problemsOf(input)).toEqual(problems)
  })
})

describe('where containers are reached', () => {
  const brokers = (input: ClusterConfigInput) =>
    planCluster(parseClusterConfig(input), { localDataDir: '/unused' }).nodes.filter(
      (node): node is BrokerNode => node.kind === 'broker',
    )

  it("one host: at its end of the network, but for replication, which uses the container's name", () => {
    for (const node of brokers(configOf({ subnet: '10.9.8.0/24' }))) {
      expect(node).toMatchObject({
        host: 'docker',
        address: '10.9.8.1',
        advertisedAddress: '10.9.8.1',
        replicationAddress: node.id,
        dataDir: '/var/lib/gantry',
      })
      expect(node.confFile.text).toContain(`\nbrokerIP1=10.9.8.1\nbrokerIP2=${node.id}\n`)
      expect(node.confFile.text).not.toContain('bindAddress')
    }
  })

  it('two hosts: at the address of each', () => {
    const nodes = brokers(configOf({ hosts: endpoints }, twoHosts))
    expect(
      nodes.map(({ id, advertisedAddress, replicationAddress }) => [id, advertisedAddress, replicationAddress]),
    ).toEqual([
      ['broker-a-0', '10.0.0.11', '10.0.0.11'],
      ['broker-a-1', '10.0.0.12', '10.0.0.12'],
    ])
  })
})
