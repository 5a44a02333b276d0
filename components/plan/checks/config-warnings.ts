import { formatConfigPath } from '../config-problem.ts'
import type { ClusterConfig, ConfOverrides, GroupConfig } from '../schema/cluster-config.ts'
import { overridePath } from './check-conf-overrides.ts'
import { brokerConf, type ConfFile, namesrvConf, settleBroker } from './conf-files.ts'

const countOf = (wanted: number | readonly unknown[]): number => (typeof wanted === 'number' ? wanted : wanted.length)

/** A majority of four is three, as of five: the fourth brings nothing but one more that may fail. */
const evenControllers = ({ controllers }: ClusterConfig): string[] => {
  if (controllers === undefined) return []
  const count = countOf(controllers.replicas)
  if (count % 2 === 1) return []
  const path = formatConfigPath(['controllers', 'replicas'])
  return [`${path}: ${count} controllers survive no more failures than ${count - 1}`]
}

/** Several of a kind on one machine fail together. With a single machine that goes without saying. */
const sharedHosts = ({ hosts, nameServers, controllers }: ClusterConfig): string[] => {
  if (hosts.length < 2) return []
  const kinds: [string, number | readonly string[] | undefined, string][] = [
    ['nameServers', nameServers, 'NameServers'],
    ['controllers.replicas', controllers?.replicas, 'controllers'],
  ]
  return kinds.flatMap(([key, wanted, what]) => {
    if (wanted === undefined) return []
    const different = typeof wanted === 'number' ? Math.min(wanted, hosts.length) : new Set(wanted).size
    const count = countOf(wanted)
    if (count <= different) return []
    return [
      `${formatConfigPath(key.split('.'))}: ${count} ${what} share ${different} hosts: those on one host fail together`,
    ]
  })
}

/** Keys that Apache RocketMQ knows and this engine takes without doing anything about them. */
const idleKeys = (file: ConfFile, overrides: ConfOverrides, path: string): string[] => {
  const idle = Object.keys(overrides).filter((name) => file.keys?.[name]?.status === 'accepted')
  return idle.map((name) => `${path}.${name}: has no effect with engine: gantry`)
}

/** From here on Apache's broker refuses writes, whatever the conf file says (diskSpaceWarningLevelRatio of DefaultMessageStore). */
const apacheRefusesWritesAtPercent = 90

const groupWarnings = (config: ClusterConfig, group: GroupConfig, index: number): string[] => {
  const overrides: ConfOverrides = { ...config.brokerConfig, ...group.config }
  const pathOf = (name: string) => formatConfigPath(overridePath(group, index, name))
  const { warnings } = settleBroker(overrides, config.controllers !== undefined)
  const settled = warnings.flatMap((warning) => {
    const name = /^\w+/.exec(warning)?.[0] ?? ''
    return Object.hasOwn(overrides, name) ? [`${pathOf(name)}: ${warning}`] : []
  })
  if ((group.engine ?? config.engine) === 'gantry') {
    const path = formatConfigPath(['groups', index, 'config'])
    return [...settled, ...idleKeys(brokerConf, group.config, path)]
  }
  if (Number(overrides['diskMaxUsedSpaceRatio']) > apacheRefusesWritesAtPercent) {
    const path = pathOf('diskMaxUsedSpaceRatio')
    settled.push(`${path}: Apache RocketMQ refuses writes at ${apacheRefusesWritesAtPercent} % all the same`)
  }
  if (String(overrides['transientStorePoolEnable']) === 'true' && config.controllers !== undefined) {
    settled.push(
      `${pathOf('transientStorePoolEnable')}: replicas answer "system busy" once they were slaves (apache/rocketmq#5714)`,
    )
  }
  return settled
}

/** What is worth a second thought in a config that can be brought up. */
export const configWarnings = (config: ClusterConfig): string[] => {
  const someGantry = config.groups.some((group) => (group.engine ?? config.engine) === 'gantry')
  const all = [
    ...evenControllers(config),
    ...sharedHosts(config),
    ...config.groups.flatMap((group, index) => groupWarnings(config, group, index)),
    ...(someGantry ? idleKeys(brokerConf, config.brokerConfig, formatConfigPath(['brokerConfig'])) : []),
    ...(config.engine === 'gantry'
      ? idleKeys(namesrvConf, config.nameServerConfig, formatConfigPath(['nameServerConfig']))
      : []),
  ]
  return [...new Set(all)]
}
