import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keysIn, knownKeyRing, readKeyRing, withKeys, withoutKeys, writeKeyRing } from './key-ring.ts'

let dataDir = ''

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gantry-keys-'))
  mkdirSync(join(dataDir, 'security', 'tools'), { recursive: true })
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const path = (): string => join(dataDir, 'security', 'credentials.json')
const content = (): Record<string, unknown> => JSON.parse(readFileSync(path(), 'utf8'))
const toolsYml = (): string => readFileSync(join(dataDir, 'security/tools/conf/tools.yml'), 'utf8')

it('goes from one generation to the next with both in one file, and tools by the one in use', () => {
  const first = withKeys(undefined, 1)
  writeKeyRing(dataDir, first)
  expect(content()).toEqual(keysIn(first, 1))
  expect(toolsYml()).toContain('accessKey: gantry-admin\n')

  const both = withKeys(first, 2)
  expect(withKeys(both, 2)).toBe(both)
  writeKeyRing(dataDir, both)
  expect(readKeyRing(dataDir)).toEqual(both)
  expect(content()).toEqual({ ...keysIn(first, 1), others: { '2': keysIn(both, 2) } })

  writeKeyRing(dataDir, { ...both, inUse: 2 })
  expect(content()).toEqual({ generation: 2, ...keysIn(both, 2), others: { '1': keysIn(first, 1) } })
  expect(toolsYml()).toContain('accessKey: gantry-admin-2\n')

  const second = withoutKeys(knownKeyRing(dataDir), 1)
  writeKeyRing(dataDir, second)
  expect(content()).toEqual({ generation: 2, ...keysIn(both, 2) })
  expect(() => keysIn(second, 1)).toThrow('there are no keys of generation 1')
})

it('names a file that was changed by hand, without what is in it', () => {
  expect(readKeyRing(dataDir)).toBeUndefined()
  expect(() => knownKeyRing(dataDir)).toThrow(`${path()} is not there any more`)
  writeFileSync(path(), '{"admin": secret')
  expect(() => readKeyRing(dataDir)).toThrow(new Error(`${path()} is no JSON: put back what gantry wrote`))
  const { admin, servers } = keysIn(withKeys(undefined, 1), 1)
  writeFileSync(path(), JSON.stringify({ admin, servers, others: { '2': { admin } } }))
  expect(() => readKeyRing(dataDir)).toThrow(`${path()} lacks the keys of admin or servers`)
})
