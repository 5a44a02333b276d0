import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Architecture } from '../plan/architecture.ts'
import { ArtifactError } from './artifact-error.ts'

/**
 * The Node that an artifact carries: the one this project runs on. What npm brings is compared with these checksums of
 * `bin/node`, so that an artifact has the same bytes wherever it is built, and nobody's else.
 */
export const nodeVersion = '24.21.0'
const checksums: Readonly<Record<Architecture, string>> = {
  x64: '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c',
  arm64: '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584',
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Whether the file is there and has the right bytes. */
const isRight = (path: string, architecture: Architecture): boolean =>
  existsSync(path) && sha256(readFileSync(path)) === checksums[architecture]

/** Lets npm fetch the package of that architecture and takes the binary out of it. */
function fetchBinary(architecture: Architecture, target: string): void {
  const parent = dirname(target)
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'fetch-'))
  const run = (command: string, args: readonly string[]): void => {
    const { status, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new ArtifactError(`${command} ${args.join(' ')} failed: ${error?.message ?? stderr.trim()}`)
  }
  try {
    const name = `node-linux-${architecture}`
    run('npm', ['pack', `${name}@${nodeVersion}`, '--silent'])
    run('tar', ['-xzf', `${name}-${nodeVersion}.tgz`, 'package/bin/node'])
    renameSync(join(folder, 'package/bin/node'), target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The Node binary of an architecture: the installed one, one fetched before, or one fetched by npm now.
 * @param cacheFolder where fetched ones are kept
 * @returns path of the file
 */
export function nodeBinary(root: string, architecture: Architecture, cacheFolder: string): string {
  const cached = join(cacheFolder, `node-${nodeVersion}-linux-${architecture}`)
  const known = [join(root, 'node_modules/node/bin/node'), cached].find((path) => isRight(path, architecture))
  if (known !== undefined) return known
  fetchBinary(architecture, cached)
  if (isRight(cached, architecture)) return cached
  rmSync(cached)
  throw new ArtifactError(
    `npm's node-linux-${architecture} ${nodeVersion} is not the one known here (sha256 ${checksums[architecture]}): it was removed again`,
  )
}
