import { javaImage } from '../docker/java-image.ts'
import { APACHE_GAP_MAX_MS } from '../rollout/engine-changes.ts'
import { earlierImage } from './earlier-image.ts'

/*
 * What stacks in containers go through, one change after the other, each on top of the one before: what test/rollout does with
 * processes.
 */

/** A change of what the stack file has under `gantry:cluster`. */
export interface DockerChange {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  /** Its `platform.docker`, as far as it differs from that of the series. */
  readonly docker?: Readonly<Record<string, unknown>>
  /** Containers stay as they are. */
  readonly isLive?: boolean
  /** Longest send gap that is expected with controllers, where it is not a second, ms. */
  readonly gapMaxMs?: number
}

export interface DockerSeries {
  readonly name: string
  readonly topology: 'controller' | 'classic'
  readonly stack: string
  readonly from: Readonly<Record<string, unknown>>
  readonly docker?: Readonly<Record<string, unknown>>
  /** Needs an image of the engine as it was a while ago. */
  readonly needsEarlierEngine?: boolean
  /** Has two Docker hosts, `host-1` and `host-2`. */
  readonly hasTwoHosts?: boolean
  /**
   * NameServers that clients are given beside those at the start, where none of these stays.
   * @param hosts addresses of the Docker hosts, where there are two
   */
  readonly nameServersToCome?: (namesrvAddr: string, hosts: readonly string[]) => string
  readonly changes: readonly DockerChange[]
}

const declared = { topics: [{ name: 'orders', queues: 4 }], consumerGroups: [{ name: 'steady-consumer' }] }
const live = { brokerConfig: { fileReservedTime: 24 } }
/** Nothing an engine reads again while it runs. */
const restart = { brokerConfig: { fileReservedTime: 24, pullThreadPoolQueueCapacity: 50_000 } }
const sync = (name: string, replicas: number, more: object = {}) => ({ name, replicas, replication: 'sync', ...more })
const async = (name: string, replicas: number, more: object = {}) => ({ name, replicas, replication: 'async', ...more })
const two = (more: object = {}) => [async('broker-a', 2, more), async('broker-b', 2, more)]
const controllers = (replicas: number) => ({ controllers: { mode: 'standalone', replicas } })
const earlier = { image: earlierImage }

/** The official server, from an image that is made like the official one. */
const apache = { apacheImage: javaImage, apacheHeap: '256m', memoryMb: { apache: 1024 } }
const onApache = { engine: 'apache' }

const elected = {
  topology: 'controller',
  stack: 'docker-controller-embedded',
  from: {
    nameServers: 1,
    controllers: { mode: 'embedded', replicas: 1 },
    groups: [sync('broker-a', 2)],
    ...declared,
  },
} as const
const classic = { topology: 'classic', stack: 'docker-2m-2s-async', from: { ...declared, groups: two() } } as const

const on = (...hosts: (1 | 2)[]) => hosts.map((host) => `host-${host}`)
const moves = {
  from: {
    nameServers: on(1, 1),
    controllers: { mode: 'standalone', replicas: on(1) },
    groups: [sync('broker-a', 2, { hosts: on(1, 1) })],
    ...declared,
  },
  slave: { groups: [sync('broker-a', 2, { hosts: on(1, 2) })] },
  first: { groups: [sync('broker-a', 2, { hosts: on(2, 2) })] },
  nameServers: { nameServers: on(2, 2) },
} as const
const onSecondHost = (namesrvAddr: string, [first, second]: readonly string[]) =>
  namesrvAddr.replaceAll(`${first}:`, `${second}:`)

const [apart, together] = [on(1, 2), on(1, 1)].map((hosts) => [
  async('broker-a', 2, { hosts }),
  async('broker-b', 2, { hosts: on(1, 1) }),
])

export const dockerSeries: readonly DockerSeries[] = [
  {
    ...elected,
    name: 'settings, groups and replicas',
    changes: [
      { name: 'a live setting', config: live, isLive: true },
      { name: 'a setting that needs restarts', config: restart },
      { name: 'one group more', config: { groups: [sync('broker-a', 2), sync('broker-b', 2)] } },
      { name: 'one group less', config: { groups: [sync('broker-a', 2)] } },
      { name: 'one replica more, from two', config: { groups: [sync('broker-a', 3)] } },
      { name: 'one replica less', config: { groups: [sync('broker-a', 2)] } },
    ],
  },
  {
    ...elected,
    name: 'NameServers and controllers',
    stack: 'docker-controller-standalone',
    from: { ...elected.from, nameServers: 2, ...controllers(1) },
    changes: [
      { name: 'one NameServer more', config: { nameServers: 3 } },
      { name: 'one NameServer less', config: { nameServers: 2 } },
      { name: '1 to 3 controllers', config: controllers(3) },
      { name: '3 to 5 controllers', config: controllers(5) },
      { name: '5 to 3 controllers', config: controllers(3) },
      { name: '3 to 1 controllers', config: controllers(1) },
    ],
  },
  {
    ...elected,
    name: 'version of the engine',
    docker: earlier,
    needsEarlierEngine: true,
    changes: [
      { name: 'engine upgraded from an earlier image', config: {}, docker: { image: undefined } },
      { name: 'engine rolled back to an earlier image', config: {}, docker: earlier },
    ],
  },
  {
    ...elected,
    name: 'engines',
    docker: apache,
    changes: [
      {
        name: 'engine to Apache',
        config: { groups: [sync('broker-a', 2, onApache)] },
        gapMaxMs: APACHE_GAP_MAX_MS,
      },
      { name: 'engine back to Gantry', config: { groups: [sync('broker-a', 2)] }, gapMaxMs: APACHE_GAP_MAX_MS },
    ],
  },
  {
    ...elected,
    name: 'hosts',
    stack: 'docker-two-hosts',
    hasTwoHosts: true,
    nameServersToCome: onSecondHost,
    from: moves.from,
    changes: [
      { name: 'a replica to another host', config: moves.slave },
      { name: 'the first replica to another host', config: moves.first },
      { name: 'every NameServer to another host', config: moves.nameServers },
    ],
  },
  {
    ...classic,
    name: 'settings, groups and replicas',
    changes: [
      { name: 'a live setting', config: live, isLive: true },
      { name: 'a setting that needs restarts', config: restart },
      { name: 'one group more', config: { groups: [...two(), async('broker-c', 2)] } },
      { name: 'one group less', config: { groups: two() } },
      // Of the last group: with one less in another, a slave of this one would get a port that is free only at the end.
      { name: 'one replica more', config: { groups: [async('broker-a', 2), async('broker-b', 3)] } },
      { name: 'one replica less', config: { groups: two() } },
    ],
  },
  {
    ...classic,
    name: 'NameServers',
    nameServersToCome: (namesrvAddr) => namesrvAddr.replaceAll(':987', ':988'),
    changes: [
      { name: 'one NameServer more', config: { nameServers: 3 } },
      { name: 'one NameServer less', config: { nameServers: 2 } },
      { name: 'every NameServer to another port', config: { ports: { nameServer: 9886 } } },
    ],
  },
  {
    ...classic,
    name: 'version of the engine',
    docker: earlier,
    needsEarlierEngine: true,
    changes: [
      { name: 'engine upgraded from an earlier image', config: {}, docker: { image: undefined } },
      { name: 'engine rolled back to an earlier image', config: {}, docker: earlier },
    ],
  },
  {
    ...classic,
    name: 'engines',
    docker: apache,
    changes: [
      { name: 'engine to Apache', config: { groups: two(onApache) } },
      { name: 'engine back to Gantry', config: { groups: two() } },
    ],
  },
  {
    ...classic,
    name: 'hosts',
    stack: 'docker-two-hosts',
    hasTwoHosts: true,
    nameServersToCome: onSecondHost,
    from: { ...declared, nameServers: on(1, 1), groups: together },
    changes: [
      { name: 'a slave to another host', config: { groups: apart } },
      { name: 'every NameServer to another host', config: moves.nameServers },
    ],
  },
  {
    ...classic,
    name: 'upgrade',
    changes: [{ name: 'master and slave to controllers', config: controllers(3) }],
  },
]
