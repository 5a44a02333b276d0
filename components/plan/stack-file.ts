import { isNode, LineCounter, parseDocument } from 'yaml'
import { encryptedValue } from './checks/check-secrets.ts'
import { ConfigError, type ConfigPath, type ConfigProblem, clusterConfigKey } from './config-problem.ts'
import type { ClusterConfig } from './schema/cluster-config.ts'
import { parseClusterConfig } from './schema/parse-cluster-config.ts'
import { suggestName } from './suggest-name.ts'

/** A stack file that cannot be read as Pulumi stack config at all. */
export class StackFileError extends Error {
  readonly code = 'STACK_FILE_INVALID'
  constructor(message: string) {
    super(message)
    this.name = 'StackFileError'
  }
}

const ownNamespace = 'gantry:'

type Document = ReturnType<typeof parseDocument>

/** The line a config path stands in, or the one of its nearest enclosing part. */
const lineOf = (document: Document, lines: LineCounter, path: ConfigPath): number | undefined => {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(['config', clusterConfigKey, ...path.slice(0, length)], true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return undefined
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value as Pulumi stores it encrypted: `secure: v1:...`. */
const isEncrypted = (value: unknown): boolean =>
  isMapping(value) && Object.keys(value).join() === 'secure' && typeof value['secure'] === 'string'

const withoutCiphers = (value: unknown): unknown => {
  if (isEncrypted(value)) return encryptedValue
  if (Array.isArray(value)) return value.map(withoutCiphers)
  if (!isMapping(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutCiphers(inner)]))
}

const clusterOf = (content: unknown): unknown => {
  const config = isMapping(content) ? content['config'] : undefined
  if (!isMapping(config)) {
    throw new StackFileError(`has no "config:" mapping. Write the cluster under config: ${clusterConfigKey}:`)
  }
  for (const key of Object.keys(config)) {
    if (key.startsWith(ownNamespace) && key !== clusterConfigKey) {
      throw new StackFileError(
        `config key ${JSON.stringify(key)} is not known. ${suggestName(key, [clusterConfigKey])}`,
      )
    }
  }
  if (config[clusterConfigKey] === undefined) {
    throw new StackFileError(`has no ${JSON.stringify(clusterConfigKey)} under "config:". Write the cluster there.`)
  }
  return config[clusterConfigKey]
}

/**
 * Reads a stack file in Pulumi's form: `config:` with the cluster under the key `gantry:cluster`.
 * Encrypted values read as {@link encryptedValue}.
 * @throws StackFileError when it is no such file, ConfigError (with line numbers) for what is wrong inside.
 */
export const parseStackFile = (text: string): ClusterConfig => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [syntaxError] = document.errors
  if (syntaxError) throw new StackFileError(`is not valid YAML: ${syntaxError.message}`)
  try {
    return parseClusterConfig(withoutCiphers(clusterOf(document.toJS())))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const withLine = (problem: ConfigProblem): ConfigProblem => {
      const line = lineOf(document, lines, problem.steps)
      return line === undefined ? problem : { ...problem, line }
    }
    throw new ConfigError(error.problems.map(withLine))
  }
}
