import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const reference = fileURLToPath(new URL('../compat/reference', import.meta.url))
const name = 'rocketmq-all-5.5.0-bin-release'

/** A zip file laid out like the official binary release, which is on no package registry: its jars come from Maven. */
export function apacheRelease(cacheFolder: string): string {
  const release = join(cacheFolder, `${name}.zip`)
  if (existsSync(release)) return release
  execFileSync(join(reference, 'install.sh'), { stdio: 'inherit' })
  const folder = join(cacheFolder, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(process.env['GANTRY_RMQ_LIB'] ?? join(reference, 'lib'), join(folder, 'lib'), { recursive: true })
  execFileSync('python3', ['-m', 'zipfile', '-c', `${name}.zip.new`, name], { cwd: cacheFolder })
  renameSync(`${release}.new`, release)
  rmSync(folder, { recursive: true })
  return release
}
