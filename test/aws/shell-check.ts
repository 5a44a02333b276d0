import { spawnSync } from 'node:child_process'

/** What shellcheck says of a bash script; '' when nothing. */
export function shellProblems(script: string): string {
  const flags = ['--shell=bash', '--severity=style', '-']
  const { status, stdout, error } = spawnSync('shellcheck', flags, { input: script, encoding: 'utf8' })
  if (error) throw new Error(`cannot run shellcheck: ${error.message}`)
  return status === 0 ? '' : stdout
}
