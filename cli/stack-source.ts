import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../components/plan/config-problem.ts'
import type { ClusterConfig } from '../components/plan/schema/cluster-config.ts'
import { parseStackFile, StackFileError } from '../components/plan/stack-file.ts'
import { suggestName } from '../components/plan/suggest-name.ts'
import { stackFilePattern, stackNameOf } from './stack-name.ts'
import { UserError } from './user-error.ts'

const ownStacks = fileURLToPath(new URL('../stacks', import.meta.url))

export interface StackSource {
  /** What the data dir is called after. */
  readonly name: string
  readonly path: string
  readonly config: ClusterConfig
}

function isPath(stack: string): boolean {
  return /[/\\]|\.ya?ml$/.test(stack)
}

function stackNames(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((file) => stackFilePattern.exec(file)?.[1] ?? [])
}

function findStack(stack: string): string {
  if (isPath(stack)) {
    const path = resolve(stack)
    if (!existsSync(path)) throw new UserError(`there is no stack file ${path}`)
    return path
  }
  const folders = [...new Set([resolve('stacks'), ownStacks])]
  for (const folder of folders) {
    const path = join(folder, `Pulumi.${stack}.yaml`)
    if (existsSync(path)) return path
  }
  const known = [...new Set(folders.flatMap(stackNames))].sort()
  throw new UserError(`there is no stack "${stack}" in ${folders.join(' or ')}. ${suggestName(stack, known)}`)
}

/**
 * Reads a stack by name or path.
 * @throws UserError naming the file and everything wrong in it.
 */
export function loadStack(stack: string): StackSource {
  const path = findStack(stack)
  const shown = relative('', path)
  try {
    return { name: stackNameOf(path), path, config: parseStackFile(readFileSync(path, 'utf8')) }
  } catch (error) {
    if (error instanceof StackFileError) throw new UserError(`${shown} ${error.message}`)
    if (!(error instanceof ConfigError)) throw error
    const count = error.problems.length
    throw new UserError(`${shown} has ${count === 1 ? 'a mistake' : `${count} mistakes`}:\n${error.message}`)
  }
}
