import { brokerTable } from '../../../runtime/config/broker-conf.ts'
import type { ConfEnv, KeyTable } from '../../../runtime/config/conf-key.ts'
import { readValue } from '../../../runtime/config/conf-value.ts'
import { controller as controllerSection } from '../../../runtime/config/namesrv-conf/controller.ts'
import { namesrvTable } from '../../../runtime/config/namesrv-conf.ts'
import { nearestName } from '../../../runtime/config/nearest-name.ts'
import type { ConfigPath, ConfigProblem } from '../config-problem.ts'
import { plannedBrokerKeys } from '../render/broker-conf.ts'
import { plannedControllerKeys } from '../render/controller-conf.ts'
import { plannedNameServerKeys } from '../render/namesrv-conf.ts'
import { plannedProxyKeys } from '../render/proxy-json.ts'
import type { ClusterConfig, ConfOverrides } from '../schema/cluster-config.ts'
import { problemAt } from './problem-at.ts'

/** A conf file, as far as overrides are concerned. */
interface ConfFileRules {
  readonly name: string
  readonly keys: KeyTable
  /** Keys that the planner sets itself, and the config key to use instead. */
  readonly planned: ReadonlyMap<string, string>
}

const brokerConf: ConfFileRules = { ...brokerTable, planned: plannedBrokerKeys }
const namesrvConf: ConfFileRules = { ...namesrvTable, planned: plannedNameServerKeys }
const controllerConf: ConfFileRules = {
  name: 'controller.conf',
  keys: controllerSection.keys,
  planned: plannedControllerKeys,
}

/** Only whether a value can be read matters here, not what it becomes on some machine: any facts will do. */
const anyMachine: ConfEnv = {
  home: '/',
  rocketmqHome: undefined,
  namesrvAddr: undefined,
  hostName: 'localhost',
  localAddress: '127.0.0.1',
  processors: 1,
  workingFolder: '/',
}

function checkOverrides(overrides: ConfOverrides, path: ConfigPath, file: ConfFileRules): ConfigProblem[] {
  return Object.entries(overrides).flatMap(([name, value]) => {
    const steps = [...path, name]
    const instead = file.planned.get(name)
    if (instead !== undefined) return [problemAt(steps, value, 'is set by the planner', `Use ${instead} instead.`)]
    const key = Object.hasOwn(file.keys, name) ? file.keys[name] : undefined
    if (key === undefined) {
      const near = nearestName(name, Object.keys(file.keys))
      const fix = near === undefined ? 'Remove it: no key has a similar name.' : `Did you mean ${JSON.stringify(near)}?`
      return [problemAt(steps, value, `is no key of ${file.name}`, fix)]
    }
    const read = readValue(key, String(value), anyMachine)
    if (!('expected' in read)) return []
    return [problemAt(steps, value, `must be ${read.expected}`, `Write ${read.expected}.`)]
  })
}

/** The keys of rmq-proxy.json are not known here: only those that the planner works out are refused. */
function checkProxyOverrides({ proxies }: ClusterConfig): ConfigProblem[] {
  return Object.entries(proxies?.config ?? {}).flatMap(([name, value]) => {
    const instead = plannedProxyKeys.get(name)
    if (instead === undefined) return []
    return [problemAt(['proxies', 'config', name], value, 'is set by the planner', `Use ${instead} instead.`)]
  })
}

/** Overrides name keys of the conf file, with values it can read, and none that the planner works out itself. */
export function checkConfOverrides(config: ClusterConfig): ConfigProblem[] {
  return [
    ...checkOverrides(config.nameServerConfig, ['nameServerConfig'], namesrvConf),
    ...checkOverrides(config.brokerConfig, ['brokerConfig'], brokerConf),
    ...checkOverrides(config.controllers?.config ?? {}, ['controllers', 'config'], controllerConf),
    ...checkProxyOverrides(config),
    ...config.groups.flatMap((group, index) => checkOverrides(group.config, ['groups', index, 'config'], brokerConf)),
  ]
}
