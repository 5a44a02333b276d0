import type { z } from 'zod'
import { nearestName } from '../../../runtime/config/nearest-name.ts'
import { type ConfigPath, type ConfigProblem, formatConfigPath, showValue } from '../config-problem.ts'
import { suggestName } from '../suggest-name.ts'
import { keysAt } from './schema-walk.ts'

type Issue = z.core.$ZodIssue

const valueAt = (root: unknown, path: ConfigPath): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined,
    root,
  )

const located = (root: unknown, steps: ConfigPath, problem: string, fix: string): ConfigProblem => ({
  steps,
  path: formatConfigPath(steps),
  value: valueAt(root, steps),
  problem,
  fix,
})

const kindNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
}

const kindName = (kind: string): string => kindNames[kind] ?? kind

const describeType = (issue: Issue & { code: 'invalid_type' }, root: unknown, steps: ConfigPath): ConfigProblem => {
  const value = valueAt(root, steps)
  const expected = kindName(issue.expected)
  if (value === undefined || value === null) return located(root, steps, 'is missing', `Give it ${expected}.`)
  return located(root, steps, `must be ${expected}`, `Write ${expected} instead of ${showValue(value)}.`)
}

const describeSize = (issue: Issue & { code: 'too_small' | 'too_big' }): { problem: string; fix: string } => {
  const [bound, limit] = issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum]
  const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : ''
  const problem = `must ${unit === '' ? 'be' : 'have'} ${bound} ${limit}${unit}`
  return { problem, fix: `Use ${bound} ${limit}${unit}.` }
}

/** Of a union's branches, the one the user most likely meant: whose type fits, so that its issues lie deepest. */
const meantBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] => {
  const typeFits = branches.find((branch) =>
    branch.every((issue) => issue.code !== 'invalid_type' || issue.path.length > 0),
  )
  return typeFits ?? []
}

const describeUnion = (
  issue: Issue & { code: 'invalid_union' },
  root: unknown,
  steps: ConfigPath,
  schema: z.ZodType,
) => {
  const meant = meantBranch(issue.errors)
  if (meant.length > 0) return meant.flatMap((inner) => describeIssue(inner, root, schema, steps))
  const forms = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => (inner.code === 'invalid_type' ? [kindName(inner.expected)] : [])),
  )
  const allowed = [...new Set(forms)].join(', or ')
  return [located(root, steps, `must be ${allowed}`, `Write ${allowed}.`)]
}

/** Turns one zod issue into problems in the user's words. `base` is where the issue's own path starts. */
export const describeIssue = (
  issue: Issue,
  root: unknown,
  schema: z.ZodType,
  base: ConfigPath = [],
): ConfigProblem[] => {
  const steps: ConfigPath = [...base, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))]
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, steps)
      return issue.keys.map((key) => located(root, [...steps, key], 'is not a known key', suggestName(key, known)))
    }
    case 'invalid_type':
      return [describeType(issue, root, steps)]
    case 'invalid_value': {
      const allowed = issue.values.map(String)
      const near = nearestName(String(valueAt(root, steps)), allowed)
      const fix = near === undefined ? `Write one of them.` : `Did you mean ${JSON.stringify(near)}?`
      return [located(root, steps, `must be one of ${allowed.join(', ')}`, fix)]
    }
    case 'too_small':
    case 'too_big': {
      const { problem, fix } = describeSize(issue)
      return [located(root, steps, problem, fix)]
    }
    case 'invalid_union':
      return describeUnion(issue, root, steps, schema)
    default: {
      // Formats carry "problem, line end, fix" as their message: see schema/cluster-config.ts.
      const [problem = issue.message, fix = 'Correct the value.'] = issue.message.split('\n')
      return [located(root, steps, problem, fix)]
    }
  }
}
