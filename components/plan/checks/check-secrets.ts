import { type ConfigPath, type ConfigProblem, clusterConfigKey, formatConfigPath } from '../config-problem.ts'
import type { ClusterConfig, ConfOverrides } from '../schema/cluster-config.ts'
import { platformKind } from '../schema/platform-config.ts'
import { problemAt } from './problem-at.ts'

/** Keys of conf files whose value is to be known to nobody else: objectStoreSecretKey, metricsGrpcExporterHeader and their kin. */
const secretKey = /secret|password|passphrase|credential|accessKey|exporterHeader|privateKey|initAuthenticationUser/i

/** Stands in a config for a value that only Pulumi can decrypt. */
export const encryptedValue = '[secret]'

/** Where keys of a conf file stand in a config. */
const placesOf = (config: ClusterConfig): [ConfOverrides, ConfigPath][] => [
  [config.nameServerConfig, ['nameServerConfig']],
  [config.controllers?.config ?? {}, ['controllers', 'config']],
  [config.brokerConfig, ['brokerConfig']],
  ...config.groups.map((group, index): [ConfOverrides, ConfigPath] => [group.config, ['groups', index, 'config']]),
  [config.proxies?.config ?? {}, ['proxies', 'config']],
]

/** What looks like a secret and stands there to be read. The value is left out: messages end up in logs. */
const plainSecrets = (config: ClusterConfig, isKept: (value: string) => boolean): ConfigPath[] =>
  placesOf(config).flatMap(([overrides, path]) =>
    Object.entries(overrides).flatMap(([name, value]) =>
      !secretKey.test(name) || value === '' || isKept(String(value)) ? [] : [[...path, name]],
    ),
  )

/** No secret stands in a stack file or a program where everybody reads it, nor in a state that is not encrypted. */
export function checkSecrets(config: ClusterConfig): ConfigProblem[] {
  // Instances on AWS have a rule of their own.
  if (platformKind(config.platform) === 'aws') return []
  return plainSecrets(config, (value) => value === encryptedValue).map((path) => {
    const own = formatConfigPath(path).slice(clusterConfigKey.length)
    const fix = `Store it with pulumi config set --secret --path '${clusterConfigKey}${own}', or in a program pass pulumi.secret(...).`
    return problemAt(path, undefined, 'is a secret in plain text', fix)
  })
}

/** Stands for a value that the instance itself reads from Parameter Store: `ssm:/rocketmq/credentials`. */
const parameterPattern = /^ssm:(\/[A-Za-z0-9._/-]+)$/

/** Names of the parameters that conf files of a config ask for. */
export const parametersIn = (config: ClusterConfig): string[] => {
  const values = placesOf(config).flatMap(([overrides]) => Object.values(overrides).map(String))
  const names = values.flatMap((value) => parameterPattern.exec(value)?.[1] ?? [])
  return [...new Set(names)].sort()
}

/** No secret is given to instances in plain text, encrypted by Pulumi or not: they get it in their user data. */
export const checkInstanceSecrets = (config: ClusterConfig): ConfigProblem[] =>
  plainSecrets(config, (value) => parameterPattern.test(value)).map((path) => {
    const problem = 'would stand in the user data of the instances, which many may read'
    const fix = 'Put it into a SecureString of Parameter Store and write its name here: ssm:/name.'
    return problemAt(path, undefined, problem, fix)
  })

/** Paths of what only Pulumi can decrypt. */
export const encryptedPaths = (config: ClusterConfig): string[] =>
  placesOf(config).flatMap(([overrides, path]) =>
    Object.entries(overrides).flatMap(([name, value]) =>
      value === encryptedValue ? [formatConfigPath([...path, name])] : [],
    ),
  )
