import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TarEntry } from '../engine/tar.ts'

/*
 * What an image of the engine is built from: the context of runtime/Dockerfile, and a base image for machines that have no
 * other.
 */

const runtimeFolder = fileURLToPath(new URL('../../../../runtime', import.meta.url))

/** `.ts`, or `.js` in a build. */
const extension = extname(import.meta.filename)

/** Files of the engine that no node needs. */
const leftOut =
  /(^|\/)(testing|golden|node_modules|\.cache)(\/|$)|\.(test|d)\.ts$|^Dockerfile$|^bin\/[^.]*$|^bin\/node\.sh$/
/** Prebuilt libraries of packages for platforms that no container has. */
const foreignPrebuild = /\/prebuilds\/(?!linux-)/

/** The user nodes run as, in image and volumes. */
const imageUser = '10001:10001'
/** Where a node has its files, in every container: a volume is mounted here. */
const imageDataDir = '/var/lib/gantry'

function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
      return entry.isDirectory() ? filesBelow(folder, path) : [path]
    })
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}

const dependenciesOf = (packageFolder: string): string[] => {
  const manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as Manifest
  return Object.keys(manifest.dependencies ?? {}).sort()
}

/** The folder of a package as Node finds it from another one's. */
function installedFolder(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
    if (folder === dirname(folder)) throw new Error(`the package ${name} is not installed: run "npm ci"`)
  }
}

/** Folders of the packages the engine needs, by name. @throws Error when two versions of one are needed */
function packagesOfEngine(engineFolder: string): Map<string, string> {
  const found = new Map<string, string>()
  const open = [engineFolder]
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    for (const name of dependenciesOf(from)) {
      const folder = installedFolder(name, from)
      const known = found.get(name)
      if (known !== undefined && known !== folder) throw new Error(`${name} is there twice: ${known} and ${folder}`)
      if (known === undefined) open.push(folder)
      found.set(name, folder)
    }
  }
  return found
}

const shebang = '#!/usr/local/bin/node --disable-warning=ExperimentalWarning'

/** Programs that `docker exec` can be given by name; their first line takes the place of a shell. */
const linkText = (program: string): string => `${shebang}
process.argv.splice(2, 0, '${program}')
import('/opt/gantry/bin/container${extension}')
`

/** What asks after a node's health, by a name that does not tell how the engine was built. */
const healthcheckText = `${shebang}
import('/opt/gantry/bin/healthcheck${extension}')
`

/** It names the sources; a build has JavaScript in the same places. */
const dockerfile = (engineFolder: string): string =>
  readFileSync(join(engineFolder, 'Dockerfile'), 'utf8').replaceAll('.ts"', `${extension}"`)

/** The build context of runtime/Dockerfile. */
export function contextFiles(engineFolder = runtimeFolder): TarEntry[] {
  const own = filesBelow(engineFolder).filter((path) => !leftOut.test(path))
  const packages = [...packagesOfEngine(engineFolder)].flatMap(([name, folder]) =>
    filesBelow(folder)
      .map((path) => ({ path: `app/node_modules/${name}/${path}`, content: { file: join(folder, path) } }))
      .filter(({ path }) => !foreignPrebuild.test(path)),
  )
  return [
    { path: 'Dockerfile', content: { text: dockerfile(engineFolder), mode: 0o644 } },
    { path: 'bin/mqadmin', content: { text: linkText('mqadmin'), mode: 0o755 } },
    { path: 'bin/gantry-healthcheck', content: { text: healthcheckText, mode: 0o755 } },
    { path: 'cache/', content: { folderMode: 0o755 } },
    { path: 'data/', content: { folderMode: 0o755 } },
    ...own.map((path) => ({ path: `app/${path}`, content: { file: join(engineFolder, path) } })),
    ...packages,
  ]
}

/** What Node's own report says it has loaded; the first is no file. */
function loadedLibraries(): string[] {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
  return sharedObjects.filter((path) => path.startsWith('/') && path.includes('.so'))
}

/**
 * A base image made of the Node that runs this and the libraries it has loaded: nothing else, so no shell.
 * @throws Error on a machine whose Node cannot run in a Linux container
 */
export function baseFiles(): TarEntry[] {
  if (process.platform !== 'linux') {
    throw new Error(`a base image cannot be made of this machine's Node, which is for ${process.platform}: give --base`)
  }
  const [user = ''] = imageUser.split(':')
  return [
    { path: 'tmp/', content: { folderMode: 0o1777 } },
    { path: 'etc/passwd', content: { text: `gantry:x:${user}:${user}::${imageDataDir}:\n`, mode: 0o644 } },
    { path: 'etc/group', content: { text: `gantry:x:${user}:\n`, mode: 0o644 } },
    { path: 'etc/nsswitch.conf', content: { text: 'hosts: files dns\n', mode: 0o644 } },
    { path: 'usr/local/bin/node', content: { file: process.execPath } },
    ...loadedLibraries().map((path) => ({ path: path.slice(1), content: { file: realpathSync(path) } })),
  ]
}
