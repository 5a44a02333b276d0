import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dataFolderImplementation as folders } from './data-folder-implementation.ts'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-folder-'))
})

afterEach(() => rmSync(root, { recursive: true }))

it('makes, finds and removes the folder of a node', async () => {
  const wanted = { path: join(root, 'a/broker-a-0'), node: 'broker-a-0' }
  expect(await folders.create(wanted)).toEqual({ id: wanted.path, outs: wanted })
  expect(readFileSync(join(wanted.path, '.gantry-node'), 'utf8')).toBe('broker-a-0\n')
  expect(await folders.read(wanted.path, wanted)).toEqual(wanted)
  expect(await folders.diff(wanted, wanted)).toEqual({ changes: false, replaces: [] })
  await folders.delete(wanted)
  expect(existsSync(wanted.path)).toBe(false)
  expect(await folders.read(wanted.path, wanted)).toBeUndefined()
  expect(await folders.diff(wanted, wanted)).toEqual({ changes: true, replaces: [] })
  await folders.delete(wanted)
})

it('another path is another folder', async () => {
  const old = { path: join(root, 'old'), node: 'n' }
  await folders.create(old)
  expect(await folders.diff(old, { ...old, path: join(root, 'new') })).toEqual({ changes: true, replaces: ['path'] })
})

it('a node does not begin without its files because its folder is called otherwise', async () => {
  const old = { path: join(root, 'old'), node: 'broker-a-0' }
  const wanted = { ...old, path: join(root, 'new') }
  await folders.create(old)
  const reasons = () => folders.problems!(wanted, old).map(({ property, reason }) => `${property}: ${reason}`)
  expect([reasons(), folders.problems!(old, old), folders.problems!(wanted, undefined)]).toEqual([[], [], []])
  writeFileSync(join(old.path, 'commitlog'), 'messages')
  expect(reasons()).toEqual([
    `path: the files of broker-a-0 are in ${old.path}, and it would start without them in ${wanted.path}. Set dataDir back; or ` +
      `move them: stop the process of broker-a-0, mv ${old.path} ${wanted.path}, and run this again. ` +
      `To give them up, remove ${old.path} first`,
  ])
  renameSync(old.path, wanted.path)
  expect(reasons()).toEqual([])
})

it('never removes a folder it did not make', async () => {
  const path = join(root, 'home')
  mkdirSync(path)
  await expect(folders.delete({ path, node: 'n' })).rejects.toThrow(`${path} has no .gantry-node`)
  expect(existsSync(path)).toBe(true)
})
