import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Architecture } from '../plan/architecture.ts'
import type { TarEntry } from '../platform/docker/engine/tar.ts'
import { ArtifactError } from './artifact-error.ts'
import { type PackageLock, packageClosure } from './package-closure.ts'

/** Folders of the engine that only tests read, and what a run leaves behind. */
const notShippedFolders = new Set(['testing', 'golden', 'node_modules', '.cache'])

const isShipped = (name: string): boolean => !/\.test\.ts$|\.md$|\/Dockerfile$/.test(name)

/** Native code for other systems: `prebuilds/win32-x64` and so on, and what only another JavaScript engine loads. */
const isForeign = (path: string, architecture: Architecture): boolean => {
  const [, system] = /\/prebuilds\/([^/]+)\//.exec(path) ?? []
  return system !== undefined && (system !== `linux-${architecture}` || path.endsWith('.bare'))
}

function filesBelow(root: string, folder: string, skip: (name: string) => boolean): TarEntry[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return skip(entry.name) ? [] : filesBelow(root, path, skip)
    return entry.isFile() ? [{ path, content: { file: join(root, path) } }] : []
  })
}

interface PackageFile {
  readonly version: string
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T

export const runtimeVersion = (root: string): string =>
  readJson<PackageFile>(join(root, 'runtime/package.json')).version

/** The engine's own files: what runs, not what tests it. */
const engineFiles = (root: string): TarEntry[] =>
  filesBelow(root, 'runtime', (name) => notShippedFolders.has(name)).filter(({ path }) => isShipped(path))

/** The packages the engine needs when it runs, as `npm ci` has installed them. */
function packageFiles(root: string, architecture: Architecture): TarEntry[] {
  const lock = readJson<PackageLock>(join(root, 'package-lock.json'))
  return packageClosure(lock, 'runtime').flatMap(({ path, version }) => {
    const file = join(root, path, 'package.json')
    const installed = existsSync(file) ? readJson<PackageFile>(file).version : 'nothing'
    if (installed !== version) {
      throw new ArtifactError(`${path} is ${installed}, package-lock.json says ${version}: run "npm ci" first`)
    }
    return filesBelow(root, path, (name) => name === 'node_modules').filter(
      (entry) => !isForeign(entry.path, architecture),
    )
  })
}

/** Everything but Node that a machine needs to run the engine. */
export const runtimeFiles = (root: string, architecture: Architecture): TarEntry[] => [
  ...engineFiles(root),
  ...packageFiles(root, architecture),
]
