import { expect, it } from 'vitest'
import { type Plan, planCluster } from '../plan.ts'
import type { ClusterConfigInput } from '../schema/cluster-config.ts'
import { parseClusterConfig } from '../schema/parse-cluster-config.ts'
import { planRollout } from './plan-rollout.ts'
import { describeRollout } from './rollout-words.ts'

const planOf = (input: ClusterConfigInput): Plan => planCluster(parseClusterConfig(input), { localDataDir: '/data' })

const a = { name: 'broker-a', replicas: 3 }
const base: ClusterConfigInput = { nameServers: 3, groups: [a, { name: 'broker-b', replicas: 2 }] }
const elected: ClusterConfigInput = { ...base, controllers: { mode: 'standalone', replicas: 3 } }
const ofEngine = (engine: 'apache' | 'gantry'): ClusterConfigInput => ({
  ...elected,
  groups: [{ ...a, engine }],
  platform: { process: { apacheHome: '/opt/rocketmq' } },
})
const hosts = ['host-1', 'host-2', 'host-3', 'host-4'].map((name, index) => ({ name, address: `10.0.0.${index + 1}` }))
const pinned = (...on: string[]): ClusterConfigInput['groups'] => [{ ...a, hosts: on }]

/** From what to what, and the losses that are allowed. */
const changes: Record<string, readonly [from: ClusterConfigInput, to: ClusterConfigInput, allow?: readonly string[]]> =
  {
    'live setting': [base, { ...base, brokerConfig: { fileReservedTime: 24 } }],
    'restart of a classic group': [base, { ...base, groups: [{ ...a, flush: 'sync' }, base.groups[1]!] }],
    'restart of an elected group': [elected, { ...elected, brokerConfig: { transferMsgByHeap: false } }],
    'elected group from apache to gantry': [ofEngine('apache'), ofEngine('gantry')],
    'elected group from gantry to apache': [ofEngine('gantry'), ofEngine('apache')],
    'restart of an elected group of apache': [
      ofEngine('apache'),
      { ...ofEngine('apache'), brokerConfig: { transferMsgByHeap: false } },
    ],
    'group added': [base, { ...base, groups: [...base.groups, { name: 'broker-c' }], topics: [{ name: 'orders' }] }],
    'group removed': [elected, { ...elected, groups: [a] }],
    'replica added': [elected, { ...elected, groups: [{ ...a, replicas: 4 }, base.groups[1]!] }],
    'replica removed': [elected, { ...elected, groups: [{ ...a, replicas: 2 }, base.groups[1]!] }],
    'classic master moved': [
      { groups: pinned('host-1', 'host-2', 'host-3'), hosts },
      { groups: pinned('host-4', 'host-2', 'host-3'), hosts },
    ],
    'elected replica moved': [
      { ...elected, groups: pinned('host-1', 'host-2', 'host-3'), hosts },
      { ...elected, groups: pinned('host-4', 'host-2', 'host-3'), hosts },
    ],
    'every name server replaced': [base, { ...base, ports: { nameServer: 9976 } }, ['nameServerAddresses']],
    'every name server replaced, refused': [base, { ...base, ports: { nameServer: 9976 } }],
    'controllers from 1 to 3': [{ ...elected, controllers: { mode: 'standalone', replicas: 1 } }, elected],
    'controllers from 3 to 1': [elected, { ...elected, controllers: { mode: 'standalone', replicas: 1 } }],
    'controllers into name servers': [elected, { ...elected, controllers: { mode: 'embedded', replicas: 3 } }],
    'classic to controllers': [base, elected],
    nothing: [base, base],
  }

it.each(Object.entries(changes))('%s', async (name, [from, to, allow = []]) => {
  const rollout = planRollout({ running: planOf(from), wanted: planOf(to), allow })
  await expect(`${describeRollout(rollout).join('\n')}\n`).toMatchFileSnapshot(
    `golden/${name.replaceAll(/[^a-z0-9]+/g, '-')}.txt`,
  )
})
