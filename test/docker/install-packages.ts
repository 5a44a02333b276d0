import { spawnSync } from 'node:child_process'

const isThere = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0

/** Installs Debian's packages, by the command each is needed for, where the command is missing. */
export function installMissing(packages: Readonly<Record<string, string>>): void {
  const names = Object.entries(packages).flatMap(([command, name]) => (isThere(command) ? [] : [name]))
  if (names.length === 0) return
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...names],
  ]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const { status, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${names.join(' ')} cannot be installed: ${stderr}`)
  }
}
