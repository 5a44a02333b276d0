import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { makeApacheHome } from '../pulumi/apache-home.ts'

const project = join(import.meta.dirname, '../..')
/** So many changes of the engine ago is what the suite takes for the version before, as long as none is released. */
const CHANGES_AGO = 80

/** Other programs than the engine of this folder. */
export type Program = 'apache' | 'earlierEngine'

/** Where the programs of a run are put. */
export interface Programs {
  /** ROCKETMQ_HOME. */
  readonly apacheHome: string
  /** Folder of launchers. */
  readonly earlierBin: string
}

export const programsBelow = (dir: string): Programs => ({
  apacheHome: join(dir, 'apache'),
  earlierBin: join(dir, 'earlier/runtime/bin'),
})

/** Puts them where {@link programsBelow} says. */
export async function provide(programs: ReadonlySet<Program>, dir: string): Promise<void> {
  if (programs.has('apache')) await makeApacheHome(programsBelow(dir).apacheHome)
  if (programs.has('earlierEngine')) console.error(`the engine before: ${earlierEngine(join(dir, 'earlier'))}`)
}

/**
 * The engine as it was, with the packages of today.
 * @returns its commit and date
 * @throws Error when the history does not go back so far
 */
export function earlierEngine(folder: string): string {
  const git = (...args: string[]) => execFileSync('git', ['-C', project, ...args], { maxBuffer: 256 * 1024 * 1024 })
  const commit = git('rev-list', '-n', '1', `--skip=${CHANGES_AGO}`, 'HEAD', '--', 'runtime').toString().trim()
  if (commit === '') {
    throw new Error(
      `the history has fewer than ${CHANGES_AGO} changes of the engine: fetch all of it (git fetch --unshallow)`,
    )
  }
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-x', '-C', folder], { input: git('archive', commit, 'runtime') })
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  return git('log', '-1', '--format=%h of %ad', '--date=short', commit).toString().trim()
}
