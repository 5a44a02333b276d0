import { withHosts } from '../aws/aws-hosts.ts'
import { checkClusterConfig } from '../checks/check-cluster-config.ts'
import { checkEngine } from '../checks/check-engine.ts'
import { checkSecrets } from '../checks/check-secrets.ts'
import { ConfigError, type ConfigPath, type ConfigProblem } from '../config-problem.ts'
import { withDockerHost } from '../docker-hosts.ts'
import { type ClusterConfig, clusterConfigSchema } from './cluster-config.ts'
import { describeIssue } from './schema-problem.ts'

/** A copy of `root` without what the problems point at, so that defaults may step in and the rest can be checked. */
const without = (root: unknown, paths: readonly ConfigPath[]): unknown => {
  const copy: unknown = structuredClone(root)
  for (const path of paths) {
    let parent = copy
    for (const key of path.slice(0, -1)) {
      parent =
        typeof parent === 'object' && parent !== null ? (parent as Record<string | number, unknown>)[key] : undefined
    }
    const last = path.at(-1)
    if (typeof parent !== 'object' || parent === null || last === undefined) continue
    delete (parent as Record<string | number, unknown>)[last]
  }
  return copy
}

/** Taking an entry out of a list would move the indexes that further problems name, so those are not looked for then. */
const leavesIndexesAlone = (problem: ConfigProblem): boolean => typeof problem.steps.at(-1) !== 'number'

export interface ParseOptions {
  /** Whether nodes are to run: then there must be somebody who can run them. Default: true. */
  readonly toRun?: boolean
  /** Whether what looks like a secret is known to be kept as one. Default: false. */
  readonly secretsKept?: boolean
}

/**
 * Checks a config as written and fills in the defaults.
 * @throws ConfigError with every problem found: those of the form and, as far as the form allows, those of the meaning.
 */
export const parseClusterConfig = (
  written: unknown,
  { toRun = true, secretsKept = false }: ParseOptions = {},
): ClusterConfig => {
  const check = (config: ClusterConfig) => [
    ...checkClusterConfig(config),
    ...(toRun ? checkEngine(config) : []),
    ...(secretsKept ? [] : checkSecrets(config)),
  ]
  const input = withDockerHost(written)
  const parsed = clusterConfigSchema.safeParse(input)
  if (parsed.success) {
    const problems = check(parsed.data)
    if (problems.length > 0) throw new ConfigError(problems)
    return withHosts(parsed.data)
  }
  const formProblems = parsed.error.issues.flatMap((issue) => describeIssue(issue, input, clusterConfigSchema))
  const meaningProblems: ConfigProblem[] = []
  if (formProblems.every(leavesIndexesAlone)) {
    const repaired = clusterConfigSchema.safeParse(
      without(
        input,
        formProblems.map((problem) => problem.steps),
      ),
    )
    if (repaired.success) {
      const known = formProblems.map((problem) => problem.path)
      const unrelated = (problem: ConfigProblem) => !known.some((path) => problem.path.startsWith(path))
      meaningProblems.push(...check(repaired.data).filter(unrelated))
    }
  }
  throw new ConfigError([...formProblems, ...meaningProblems])
}
