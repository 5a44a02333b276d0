import type { ConfigPath, ConfigProblem } from '../config-problem.ts'
import type { ClusterConfig, ConfOverrides } from '../schema/cluster-config.ts'
import { accessControlKeys, proxyTlsKeys } from '../security/security-keys.ts'
import { problemAt } from './problem-at.ts'

const setTwice = (overrides: ConfOverrides, path: ConfigPath, keys: readonly string[], by: string): ConfigProblem[] =>
  keys
    .filter((key) => Object.hasOwn(overrides, key))
    // The value is left out: it may be a secret.
    .map((key) => problemAt([...path, key], undefined, `is set by ${by}`, `Remove it, or ${by}.`))

const overridden = ({ security, ...config }: ClusterConfig): ConfigProblem[] => {
  const { tls, accessControl } = security ?? {}
  const by = 'security.accessControl'
  const ofAccess: [ConfOverrides, ConfigPath][] = [
    [config.nameServerConfig, ['nameServerConfig']],
    [config.controllers?.config ?? {}, ['controllers', 'config']],
    [config.brokerConfig, ['brokerConfig']],
    ...config.groups.map((group, index): [ConfOverrides, ConfigPath] => [group.config, ['groups', index, 'config']]),
    [config.proxies?.config ?? {}, ['proxies', 'config']],
  ]
  return [
    ...(accessControl === undefined
      ? []
      : ofAccess.flatMap(([overrides, path]) => setTwice(overrides, path, accessControlKeys, by))),
    ...(tls === undefined
      ? []
      : setTwice(config.proxies?.config ?? {}, ['proxies', 'config'], proxyTlsKeys, 'security.tls')),
  ]
}

/** What `security` makes fits the nodes that get it. */
export const checkSecurity = (config: ClusterConfig): ConfigProblem[] => {
  const { security, engine, groups, platform } = config
  if (security === undefined) return []
  const problems = overridden(config)
  if (engine === 'apache' || groups.some((group) => group.engine === 'apache')) {
    const fix = 'Leave security out, and give the nodes files and keys by hand: docs/tls.md, docs/acl.md.'
    problems.push(problemAt(['security'], undefined, 'is for nodes of the engine gantry', fix))
  }
  const { s3PrefixListId, ssmSecurityGroupId } = platform.aws?.network ?? {}
  if (s3PrefixListId !== undefined && ssmSecurityGroupId === undefined) {
    const path = ['platform', 'aws', 'network', 'ssmSecurityGroupId']
    const problem =
      'is missing: with security, nodes read their keys from Parameter Store, and s3PrefixListId lets them reach S3 only'
    const fix =
      'Name the security group of the endpoint for ssm in the VPC; or leave s3PrefixListId out, if a NAT gateway leads to AWS.'
    problems.push(problemAt(path, undefined, problem, fix))
  }
  const { tls } = security
  if (tls?.mode === 'enforcing' && !tls.betweenNodes) {
    const fix = 'Write mode: permissive, or leave betweenNodes out.'
    const problem = 'keeps nodes from one another: enforcing ports take nothing but TLS'
    problems.push(problemAt(['security', 'tls', 'betweenNodes'], false, problem, fix))
  }
  return problems
}
