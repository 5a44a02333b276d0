import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
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

it('never removes a folder it did not make', async () => {
  const path = join(root, 'home')
  mkdirSync(path)
  await expect(folders.delete({ path, node: 'n' })).rejects.toThrow(`${path} has no .gantry-node`)
  expect(existsSync(path)).toBe(true)
})
