import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { nodeBinary, nodeVersion } from './node-binary.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

it('artifacts carry the Node this project runs on', () => {
  expect(packageFile.dependencies.node).toBe(nodeVersion)
})

it('the installed Node is the one known by its checksum, and is taken from where it is', () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-node-'))
  try {
    // A file that is not that Node is passed over.
    mkdirSync(join(root, 'cache'), { recursive: true })
    writeFileSync(join(root, 'cache', `node-${nodeVersion}-linux-x64`), 'something else')
    const architecture = process.arch === 'arm64' ? 'arm64' : 'x64'
    expect(nodeBinary(repository, architecture, join(root, 'cache'))).toBe(
      join(repository, 'node_modules/node/bin/node'),
    )
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
