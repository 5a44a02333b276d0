import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RealDisk } from './real-disk.ts'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gantry-disk-'))
})

afterEach(() => {
  rmSync(dir, { recursive: true })
})

test('a write across several pieces puts every byte in its place and touches no other', () => {
  const path = join(dir, 'file')
  const file = new RealDisk().open(path, 'write')
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff))
  file.truncate(400_000)
  // From inside one piece of 64 KiB to inside another, and of a buffer not from its start.
  file.write(bytes, 7, 299_990, 65_500)
  file.close()
  const expected = Buffer.alloc(400_000)
  bytes.copy(expected, 65_500, 7, 7 + 299_990)
  expect(readFileSync(path).equals(expected)).toBe(true)
})

test('a private file can be read by its owner only, also one that could be read by others before', () => {
  const disk = new RealDisk()
  const known = join(dir, 'known')
  disk.open(known, 'write').close()
  for (const path of [join(dir, 'new'), known]) {
    disk.open(path, 'private').close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
  }
})
