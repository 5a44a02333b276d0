import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { gzipBytes } from './gzip-bytes.ts'
import { type TarEntry, tarArchive } from './tar-archive.ts'

const entry = (path: string, text: string, executable = false): TarEntry => ({
  path,
  executable,
  bytes: Buffer.from(text),
})

/** Lets the system's own tar unpack an archive. */
function unpacked<T>(entries: readonly TarEntry[], look: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-tar-'))
  try {
    writeFileSync(join(folder, 'a.tar.gz'), gzipBytes(tarArchive(entries)))
    execFileSync('tar', ['-xzf', 'a.tar.gz'], { cwd: folder })
    return look(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

it('tar unpacks contents and modes', () => {
  const long = `${'deep/'.repeat(30)}${'n'.repeat(90)}.txt`
  const entries = [entry('bin/run', '#!/bin/sh\n', true), entry(long, 'x'.repeat(1025)), entry('empty', '')]
  unpacked(entries, (folder) => {
    for (const { path, bytes } of entries) expect(readFileSync(join(folder, path))).toEqual(bytes)
    expect(statSync(join(folder, 'bin/run')).mode & 0o777).toBe(0o755)
    expect(statSync(join(folder, 'empty')).mode & 0o777).toBe(0o644)
    expect(statSync(join(folder, 'empty')).mtimeMs).toBe(0)
  })
})

it('the order of the files makes no difference', () => {
  const files = fc.uniqueArray(
    fc.record({
      path: fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8}){0,3}\.ts$/),
      executable: fc.boolean(),
      bytes: fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes)),
    }),
    { selector: ({ path }) => path, maxLength: 12 },
  )
  fc.assert(
    fc.property(files, (entries) => {
      expect(tarArchive(entries.toReversed()).equals(tarArchive(entries))).toBe(true)
    }),
  )
})

it('a path that no header can hold is refused', () => {
  expect(() => tarArchive([entry('n'.repeat(101), '')])).toThrow(/is too long for a tar header/)
  expect(() => tarArchive([entry(`${'d'.repeat(156)}/x`, '')])).toThrow(/is too long for a tar header/)
})
