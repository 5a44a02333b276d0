import type { ConfigPath, ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig, ConfOverrides } from '../schema/cluster-config.ts'
import { problemAt } from './problem-at.ts'

/** Keys of conf files whose value is to be known to nobody else: objectStoreSecretKey, tls.server.keyPassword and their kin. */
const secretKey = /secret|password|credential/i

/** Stands for a value that the instance itself reads from Parameter Store: `ssm:/rocketmq/credentials`. */
const parameterPattern = /^ssm:(\/[A-Za-z0-9._/-]+)$/

function plainSecrets(overrides: ConfOverrides, path: ConfigPath): ConfigProblem[] {
  return Object.entries(overrides).flatMap(([key, value]) => {
    if (!secretKey.test(key) || value === '' || parameterPattern.test(String(value))) return []
    const problem = 'would stand in the user data of the instances, which many may read'
    const fix = 'Put it into a SecureString of Parameter Store and write its name here: ssm:/name.'
    // The value is left out of the message: messages end up in logs.
    return [problemAt([...path, key], undefined, problem, fix)]
  })
}

/** No secret is given to instances in plain text. */
export const checkSecrets = (config: ClusterConfig): ConfigProblem[] => [
  ...plainSecrets(config.nameServerConfig, ['nameServerConfig']),
  ...plainSecrets(config.controllers?.config ?? {}, ['controllers', 'config']),
  ...plainSecrets(config.brokerConfig, ['brokerConfig']),
  ...config.groups.flatMap((group, index) => plainSecrets(group.config, ['groups', index, 'config'])),
  ...plainSecrets(config.proxies?.config ?? {}, ['proxies', 'config']),
]
