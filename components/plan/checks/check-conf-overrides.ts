import { nearestName } from '../../../runtime/config/nearest-name.ts'
import type { ConfigPath, ConfigProblem } from '../config-problem.ts'
import type { Engine } from '../plan-node.ts'
import type { ClusterConfig, ConfOverrides, GroupConfig } from '../schema/cluster-config.ts'
import {
  brokerConf,
  type ConfFile,
  controllerConf,
  expectedOf,
  namesrvConf,
  proxyJson,
  settleBroker,
} from './conf-files.ts'
import { problemAt } from './problem-at.ts'

/** What Apache RocketMQ takes literally, and makes a folder of that name. */
const expandedByUs = /^~|\$/

/** What is wrong with a key of a conf file, whatever its value. `value` is shown. */
export function keyProblem(name: string, value: unknown, path: ConfigPath, file: ConfFile): ConfigProblem | undefined {
  const steps = [...path, name]
  const instead = file.planned.get(name)
  if (instead !== undefined) return problemAt(steps, value, 'is set by the planner', `Use ${instead} instead.`)
  if (file.keys === undefined || Object.hasOwn(file.keys, name)) return undefined
  const near = nearestName(name, Object.keys(file.keys))
  const fix = near === undefined ? 'Remove it: no key has a similar name.' : `Did you mean ${JSON.stringify(near)}?`
  return problemAt(steps, value, `is no key of ${file.name}`, fix)
}

function checkOverrides(overrides: ConfOverrides, path: ConfigPath, file: ConfFile, engine: Engine): ConfigProblem[] {
  return Object.entries(overrides).flatMap(([name, value]) => {
    const problem = keyProblem(name, value, path, file)
    if (problem !== undefined) return [problem]
    const steps = [...path, name]
    const key = file.keys?.[name]
    if (key === undefined) return []
    const expected = expectedOf(key, String(value))
    if (expected !== undefined) return [problemAt(steps, value, `must be ${expected}`, `Write ${expected}.`)]
    if (engine === 'apache' && key.type === 'path' && expandedByUs.test(String(value))) {
      return [
        problemAt(steps, value, 'is taken literally by Apache RocketMQ', 'Write the path out, starting with "/".'),
      ]
    }
    return []
  })
}

/** Where an override of a group comes from: the group itself or all brokers. */
export const overridePath = (group: GroupConfig, index: number, name: string): ConfigPath =>
  Object.hasOwn(group.config, name) ? ['groups', index, 'config', name] : ['brokerConfig', name]

/** What brokers would refuse to start with, though each value by itself can be read. */
function checkSettled(config: ClusterConfig, group: GroupConfig, index: number): ConfigProblem[] {
  const overrides: ConfOverrides = { ...config.brokerConfig, ...group.config }
  const { errors } = settleBroker(overrides, config.controllers !== undefined)
  return errors.flatMap((error) => {
    const name = /^\w+/.exec(error.replace(/^enableControllerMode and /, ''))?.[0] ?? ''
    if (!Object.hasOwn(overrides, name)) return []
    const path = overridePath(group, index, name)
    return [problemAt(path, overrides[name], `is refused by the broker: ${error}`, 'Correct it or remove it.')]
  })
}

/** A problem of all brokers shows in every group: once is enough. */
const onceEach = (problems: readonly ConfigProblem[]): ConfigProblem[] => [
  ...new Map(problems.map((problem) => [`${problem.path} ${problem.problem}`, problem])).values(),
]

/** Overrides name keys of the conf file, with values it can read, and none that the planner works out itself. */
export function checkConfOverrides(config: ClusterConfig): ConfigProblem[] {
  const { engine, groups, controllers, proxies } = config
  const usesApache = groups.some((group) => (group.engine ?? engine) === 'apache')
  const engineOfAll = usesApache ? 'apache' : 'gantry'
  return [
    ...checkOverrides(config.nameServerConfig, ['nameServerConfig'], namesrvConf, engine),
    ...checkOverrides(config.brokerConfig, ['brokerConfig'], brokerConf, engineOfAll),
    ...checkOverrides(controllers?.config ?? {}, ['controllers', 'config'], controllerConf, engine),
    ...checkOverrides(proxies?.config ?? {}, ['proxies', 'config'], proxyJson, engine),
    ...groups.flatMap((group, index) =>
      checkOverrides(group.config, ['groups', index, 'config'], brokerConf, group.engine ?? engine),
    ),
    ...onceEach(groups.flatMap((group, index) => checkSettled(config, group, index))),
  ]
}
