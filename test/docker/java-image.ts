import { spawnSync } from 'node:child_process'
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { EngineClient } from '../../components/platform/docker/engine/engine-client.ts'
import { type TarEntry, tarOf } from '../../components/platform/docker/engine/tar.ts'

/*
 * An image with Java, a shell, Apache RocketMQ and the official client's program (test/compat/java), made of what is on this
 * machine: no registry is reachable. It is laid out like the official image where it matters: Java on the PATH,
 * ROCKETMQ_HOME set, user 3000.
 */

export const javaImage = 'gantry-test/rocketmq:1'

const compat = join(import.meta.dirname, '../compat')
const jars = process.env['GANTRY_RMQ_LIB'] ?? join(compat, 'reference/lib')
/** Parts of a JDK that nothing at run time needs. */
const leftOut = /\/(src\.zip|ct\.sym|jmods|man|legal|docs|include|demo)(\/|$)/

/** Of those that the official image has, the ones that nodes are started with, and that volumes are given to another user with. */
const tools = ['head', 'tail', 'cut', 'sha256sum', 'chown']

/** Every file below a folder, links followed, at a path in the image. */
function filesBelow(folder: string, at: string): TarEntry[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return names.flatMap((name) => {
    const path = join(folder, name)
    const target = statSync(path, { throwIfNoEntry: false })
    if (target === undefined || !target.isFile() || leftOut.test(path)) return []
    return [{ path: join(at, name), content: { file: realpathSync(path) } }]
  })
}

/** The shared libraries a program or library asks for. */
function librariesOf(path: string): string[] {
  const { stdout } = spawnSync('ldd', [path], { encoding: 'utf8' })
  return [...stdout.matchAll(/(\/\S+\.so\S*)/g)].map(([, library]) => library ?? '')
}

function javaFiles(): TarEntry[] {
  const { stdout, status } = spawnSync('sh', ['-c', 'command -v java'], { encoding: 'utf8' })
  if (status !== 0) throw new Error('java is missing: it goes into the image of the official client')
  const home = dirname(dirname(realpathSync(stdout.trim())))
  const java = filesBelow(home, 'opt/java')
  const programs = [join(home, 'bin/java'), ...readdirSync(join(home, 'lib')).map((name) => join(home, 'lib', name))]
  // RocksDB's library, which its jar brings along, asks for those that Node has loaded too, and for librt beside them.
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
  const ofNode = sharedObjects.filter((path) => path.startsWith('/') && path.includes('.so'))
  const beside = ofNode.filter((path) => path.includes('libpthread')).map((path) => join(dirname(path), 'librt.so.1'))
  const libraries = [
    ...ofNode,
    ...beside,
    ...[...programs, join(home, 'lib/server/libjvm.so'), '/bin/sh', ...tools.map((name) => `/usr/bin/${name}`)].flatMap(
      librariesOf,
    ),
  ]
  const outside = [...new Set(libraries)].filter((path) => relative(home, path).startsWith('..'))
  return [...java, ...outside.map((path) => ({ path: path.slice(1), content: { file: realpathSync(path) } }))]
}

function files(): TarEntry[] {
  return [
    { path: 'tmp/', content: { folderMode: 0o1777 } },
    { path: 'etc/passwd', content: { text: 'rocketmq:x:3000:3000::/tmp:/bin/sh\n', mode: 0o644 } },
    { path: 'etc/nsswitch.conf', content: { text: 'hosts: files dns\n', mode: 0o644 } },
    { path: 'bin/sh', content: { file: realpathSync('/bin/sh') } },
    ...tools.map((name) => ({ path: `bin/${name}`, content: { file: realpathSync(`/usr/bin/${name}`) } })),
    ...javaFiles(),
    ...filesBelow(jars, 'opt/rocketmq/lib'),
    ...filesBelow(join(compat, 'java/target/classes'), 'opt/client/classes'),
    ...filesBelow(join(compat, 'java/target/lib'), 'opt/client/lib'),
  ]
}

export async function makeJavaImage(engine: EngineClient): Promise<void> {
  const [repo = '', tag = ''] = javaImage.split(':')
  const query = new URLSearchParams({ fromSrc: '-', repo, tag })
  for (const change of ['ENV PATH=/opt/java/bin:/bin ROCKETMQ_HOME=/opt/rocketmq', 'USER 3000:3000', 'WORKDIR /tmp']) {
    query.append('changes', change)
  }
  const answer = await engine.open('POST', `/images/create?${query}`, { tar: tarOf(files()) })
  for await (const chunk of answer) {
    if (String(chunk).includes('"error"')) throw new Error(`the image ${javaImage} was not made: ${chunk}`)
  }
}
