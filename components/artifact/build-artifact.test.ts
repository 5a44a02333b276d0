import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { buildArtifact } from './build-artifact.ts'

let root: string

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-artifact-'))
  write('runtime/package.json', '{"version":"1.2.3","dependencies":{"fs-native":"1"}}')
  write('runtime/bin/mqbroker', '#!/bin/sh\n')
  chmodSync(join(root, 'runtime/bin/mqbroker'), 0o755)
  write('runtime/store/store.ts', 'export {}\n')
  write('runtime/store/store.test.ts', 'left out')
  write('runtime/store/golden/log', 'left out')
  write('runtime/.cache/compile/x', 'left out')
  write('node_modules/fs-native/package.json', '{"version":"1.0.0"}')
  for (const system of ['linux-x64', 'linux-arm64', 'win32-x64']) {
    write(`node_modules/fs-native/prebuilds/${system}/fs-native.node`, system)
  }
  write('node', 'node for x64')
  write('node_modules/other/package.json', '{"version":"1.0.0"}')
  const runtime = { dependencies: { 'fs-native': '1' } }
  const packages = {
    runtime,
    'node_modules/fs-native': { version: '1.0.0' },
    'node_modules/other': { version: '1.0.0' },
  }
  write('package-lock.json', JSON.stringify({ packages }))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const build = () => buildArtifact({ root, architecture: 'x64', outFolder: join(root, 'out'), node: join(root, 'node') })

it('packs what runs, for one architecture, and says its checksum', async () => {
  const { path, sha256 } = await build()
  expect(path).toBe(join(root, 'out/gantry-runtime-1.2.3-linux-x64.tar.gz'))
  expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sha256)
  expect(readFileSync(`${path}.sha256`, 'utf8')).toBe(`${sha256}  gantry-runtime-1.2.3-linux-x64.tar.gz\n`)
  expect(execFileSync('tar', ['-tzf', path], { encoding: 'utf8' }).trim().split('\n')).toEqual([
    'artifact.json',
    'node_modules/.bin/node',
    'node_modules/fs-native/package.json',
    'node_modules/fs-native/prebuilds/linux-x64/fs-native.node',
    'runtime/bin/mqbroker',
    'runtime/package.json',
    'runtime/store/store.ts',
  ])
})

it('gives the same bytes when only times differ, others when a source does', async () => {
  const first = await build()
  utimesSync(join(root, 'runtime/store/store.ts'), 1, 1)
  expect((await build()).sha256).toBe(first.sha256)
  write('runtime/store/store.ts', 'export { }\n')
  expect((await build()).sha256).not.toBe(first.sha256)
})

it('refuses packages that are not those of the lock file', async () => {
  write('node_modules/fs-native/package.json', '{"version":"1.0.1"}')
  await expect(build()).rejects.toThrow(
    'node_modules/fs-native is 1.0.1, package-lock.json says 1.0.0: run "npm ci" first',
  )
})
