import { describe, expect, it } from 'vitest'
import { ConfigError, type ConfigProblem } from '../config-problem.ts'
import { parseClusterConfig } from './parse-cluster-config.ts'

const problemsOf = (input: unknown): readonly ConfigProblem[] => {
  try {
    parseClusterConfig(input)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const summary = (input: unknown): string[] =>
  problemsOf(input).map(({ path, problem, fix }) => `${path} ${problem}. ${fix}`)

const at = 'gantry:cluster'
const groups = [{ name: 'broker-a' }]
const hosts = [
  { name: 'host-1', address: '10.0.0.1' },
  { name: 'host-2', address: '10.0.0.2' },
]

describe('a config with one mistake', () => {
  it.each<[string, unknown, string]>([
    [
      'unknown key at the top',
      { groups, nameserver: 2 },
      `${at}.nameserver is not a known key. Did you mean "nameServers"?`,
    ],
    [
      'unknown key in a list',
      { groups: [{ name: 'a', replica: 2 }] },
      `${at}.groups[0].replica is not a known key. Did you mean "replicas"?`,
    ],
    ['nothing at all', {}, `${at}.groups is missing. Give it a list.`],
    ['a wrong type', { groups: 'broker-a' }, `${at}.groups must be a list. Write a list instead of "broker-a".`],
    [
      'a wrong choice',
      { groups: [{ name: 'a', flush: 'Sync' }] },
      `${at}.groups[0].flush must be one of async, sync. Did you mean "sync"?`,
    ],
    [
      'too few',
      { groups: [{ name: 'a', replicas: 0 }] },
      `${at}.groups[0].replicas must be at least 1. Use at least 1.`,
    ],
    ['an empty list', { groups: [] }, `${at}.groups must have at least 1 entries. Use at least 1 entries.`],
    [
      'a fraction',
      { groups: [{ name: 'a', replicas: 1.5 }] },
      `${at}.groups[0].replicas must be a whole number. Write a whole number instead of 1.5.`,
    ],
    [
      'neither form of a union',
      { groups, nameServers: 'two' },
      `${at}.nameServers must be a number, or a list. Write a number, or a list.`,
    ],
    ['the meant form of a union', { groups, nameServers: 0 }, `${at}.nameServers must be at least 1. Use at least 1.`],
    [
      'an illegal topic',
      { groups, topics: [{ name: 'a b' }] },
      `${at}.topics[0].name is no topic name. Use only letters, digits, "_", "-", "%" and "|".`,
    ],
    [
      'a system topic',
      { groups, topics: [{ name: 'SCHEDULE_TOPIC_XXXX' }] },
      `${at}.topics[0].name is a system topic. Brokers create and keep their system topics by themselves: remove the entry or choose another name.`,
    ],
    [
      'queues on an unknown group',
      { groups, topics: [{ name: 't', queues: { 'broker-a': 1, 'broker-b': 1 } }] },
      `${at}.topics[0].queues.broker-b names no broker group of this config. Did you mean "broker-a"?`,
    ],
    [
      'no queues',
      { groups, topics: [{ name: 't', queues: { 'broker-a': 0 } }] },
      `${at}.topics[0].queues gives the topic no queue at all. Give at least one broker group one queue or more.`,
    ],
    [
      'two groups of one name',
      { groups: [...groups, ...groups] },
      `${at}.groups[1].name is used twice. ${at}.groups[0].name has it already: give each broker group a name of its own.`,
    ],
    [
      'a reserved group name',
      { groups: [{ name: 'namesrv' }] },
      `${at}.groups[0].name is reserved for NameServers. Choose another name, e.g. broker-a.`,
    ],
    [
      'sync without slave',
      { groups: [{ name: 'a', replication: 'sync' }] },
      `${at}.groups[0].replication cannot be sync in a group without a slave: every send would wait for one. Set replicas: 2 or more, or replication: async.`,
    ],
    [
      'more replicas than hosts',
      { hosts, antiAffinity: 'required', groups: [{ name: 'a', replicas: 3 }] },
      `${at}.groups[0].replicas needs 3 different hosts, but has 2 (antiAffinity: required). Add hosts, lower replicas, or set antiAffinity: preferred to let replicas share a host.`,
    ],
    [
      'a pinned host that is none',
      { hosts, groups: [{ name: 'a', hosts: ['host-3'] }] },
      `${at}.groups[0].hosts[0] is not a host of this config. Did you mean "host-1"?`,
    ],
    [
      'too few pinned hosts',
      { hosts, groups: [{ name: 'a', replicas: 2, hosts: ['host-1'] }] },
      `${at}.groups[0].hosts names 1 hosts for 2 replicas. Name one host per replica, the master first, or leave it out.`,
    ],
    [
      'a NameServer on an unknown host',
      { groups, hosts, nameServers: ['host1'] },
      `${at}.nameServers[0] is not a host of this config. Did you mean "host-1"?`,
    ],
    [
      'a loopback host among others',
      { groups, hosts: [hosts[0], { name: 'host-2', address: '127.0.0.1' }] },
      `${at}.hosts[1].address cannot be reached from the other hosts. Give the address the other hosts use to reach this one.`,
    ],
    [
      'an address nobody can connect to',
      { groups, hosts: [{ name: 'h', address: '10.0.0.1', advertisedAddress: '0.0.0.0' }] },
      `${at}.hosts[0].advertisedAddress cannot be connected to. Give the address others use to reach the host; to listen on all interfaces set bindAddress.`,
    ],
    [
      'an address with port',
      { groups, hosts: [{ name: 'h', address: '10.0.0.1:9876' }] },
      `${at}.hosts[0].address is no address. Give an IP address or a DNS name, without port.`,
    ],
    [
      'a relative folder',
      { groups, dataDir: '~/gantry' },
      `${at}.dataDir is no absolute path. Give a path that starts with "/".`,
    ],
    [
      'a key the planner sets',
      { groups: [{ name: 'a', config: { brokerRole: 'SLAVE' } }] },
      `${at}.groups[0].config.brokerRole is set by the planner. Use groups[].replication instead.`,
    ],
    [
      'an unknown key of broker.conf',
      { groups: [{ name: 'a', config: { fileReservedtime: 72 } }] },
      `${at}.groups[0].config.fileReservedtime is no key of broker.conf. Did you mean "fileReservedTime"?`,
    ],
    [
      'a value broker.conf cannot read',
      { groups, brokerConfig: { maxMessageSize: 'big' } },
      `${at}.brokerConfig.maxMessageSize must be a whole number from 1 to 2147483647 (bytes). Write a whole number from 1 to 2147483647 (bytes).`,
    ],
    [
      'an unknown key of namesrv.conf',
      { groups, nameServerConfig: { elephants: 1 } },
      `${at}.nameServerConfig.elephants is no key of namesrv.conf. Remove it: no key has a similar name.`,
    ],
  ])('%s: says where, what and what to do', (_, input, expected) => {
    expect(summary(input)).toEqual([expected])
  })
})

it('reports mistakes of form and of meaning together', () => {
  const input = {
    nam: 'x',
    groups: [{ name: 'broker-a', replication: 'sync', flush: 'no' }],
    topics: [{ name: 't', queues: { 'broker-z': 1 } }],
  }
  expect(problemsOf(input).map(({ path }) => path)).toEqual([
    `${at}.groups[0].flush`,
    `${at}.nam`,
    `${at}.groups[0].replication`,
    `${at}.topics[0].queues.broker-z`,
  ])
})

it('carries the offending value', () => {
  expect(problemsOf({ groups: [{ name: 'a', replicas: 99 }] })[0]?.value).toBe(99)
})

it('fills in the defaults', () => {
  expect(parseClusterConfig({ groups })).toEqual({
    name: 'DefaultCluster',
    nameServers: 1,
    nameServerConfig: {},
    engine: 'gantry',
    groups: [{ name: 'broker-a', replicas: 1, replication: 'async', flush: 'async', config: {} }],
    brokerConfig: {},
    hosts: [{ name: 'local', address: '127.0.0.1' }],
    antiAffinity: 'preferred',
    ports: {
      nameServer: 9876,
      controller: 19876,
      broker: 10911,
      brokerStep: 1000,
      proxyGrpc: 8081,
      proxyRemoting: 8080,
    },
    dataDir: '/var/lib/gantry',
    runtime: { nodeOptions: [], javaOptions: [] },
    platform: {
      retainData: true,
      protectData: false,
      readyTimeoutSeconds: 120,
      drainTimeoutSeconds: 600,
      staleRouteSeconds: 35,
    },
    topics: [],
    consumerGroups: [],
  })
})
