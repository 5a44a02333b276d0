/** One thing wrong with a cluster config: where, which value, what is wrong with it and what to do. */
export interface ConfigProblem {
  /** Where it is, from the cluster config's top. */
  readonly steps: ConfigPath
  /** Config path as the user would write it, e.g. `gantry:cluster.groups[0].replicas`. */
  readonly path: string
  /** The offending value; `undefined` when something is missing. */
  readonly value: unknown
  readonly problem: string
  readonly fix: string
  /** Line in the file the config was read from, the first being 1. */
  readonly line?: number
}

/** Keys and indexes from the top of the config down to the place meant. */
export type ConfigPath = readonly (string | number)[]

/** The config key the whole cluster lives under, in Pulumi's stack config form. */
export const clusterConfigKey = 'gantry:cluster'

const plainKey = /^[A-Za-z_][A-Za-z0-9_-]*$/

export const formatConfigPath = (path: ConfigPath): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return plainKey.test(step) ? `${text}.${step}` : `${text}[${JSON.stringify(step)}]`
  }, clusterConfigKey)

const valueLengthMax = 60

/** A config value in one short line, for messages. */
export const showValue = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > valueLengthMax ? `${text.slice(0, valueLengthMax - 3)}...` : text
}

const formatConfigProblem = (problem: ConfigProblem): string => {
  const value = problem.value === undefined ? '' : ` (found ${showValue(problem.value)})`
  const line = problem.line === undefined ? '' : `line ${problem.line}: `
  return `${line}${problem.path}: ${problem.problem}${value}\n    ${problem.fix}`
}

/** All problems of one config at once. Its message is ready to be shown to the user. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatConfigProblem).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}
