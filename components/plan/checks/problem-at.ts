import { type ConfigPath, type ConfigProblem, formatConfigPath } from '../config-problem.ts'

export const problemAt = (steps: ConfigPath, value: unknown, problem: string, fix: string): ConfigProblem => ({
  steps,
  path: formatConfigPath(steps),
  value,
  problem,
  fix,
})

/** A problem for every name in `names` that an earlier entry already has. */
export const duplicateNames = (
  names: readonly string[],
  pathOf: (index: number) => ConfigPath,
  what: string,
): ConfigProblem[] =>
  names.flatMap((name, index) => {
    const first = names.indexOf(name)
    if (first === index) return []
    const fix = `${formatConfigPath(pathOf(first))} has it already: give each ${what} a name of its own.`
    return [problemAt(pathOf(index), name, `is used twice`, fix)]
  })
