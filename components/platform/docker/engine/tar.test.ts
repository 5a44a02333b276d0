import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { firstFileOf, firstOwnerOf, type TarEntry, tarOf } from './tar.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-tar-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

async function bytesOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of tarOf(entries)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

it('is read by tar: files, modes, links, folders and long paths', async () => {
  const program = join(folder, 'program')
  writeFileSync(program, 'x'.repeat(513))
  chmodSync(program, 0o700)
  symlinkSync('program', join(folder, 'link'))
  const long = `${'folder-of-some-length/'.repeat(6)}file`
  const archive = await bytesOf([
    { path: 'empty/', content: { folderMode: 0o1777 } },
    { path: 'bin/program', content: { file: program } },
    { path: 'bin/link', content: { file: join(folder, 'link') } },
    { path: 'etc/passwd', content: { text: 'é\n', mode: 0o644 } },
    { path: long, content: { text: '', mode: 0o600 } },
  ])
  expect(archive.length % 512).toBe(0)
  const listed = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: archive, env: { TZ: 'UTC' } })
  expect(listed.toString().replaceAll(/ +/g, ' ').trim().split('\n')).toEqual([
    'drwxrwxrwt 0/0 0 1970-01-01 00:00 empty/',
    '-rwxr-xr-x 0/0 513 1970-01-01 00:00 bin/program',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/link -> program',
    '-rw-r--r-- 0/0 3 1970-01-01 00:00 etc/passwd',
    `-rw------- 0/0 0 1970-01-01 00:00 ${long}`,
  ])
  execFileSync('tar', ['-xf', '-', '-C', folder], { input: archive })
  expect(readFileSync(join(folder, 'bin/link'), 'utf8')).toBe('x'.repeat(513))
  expect(readFileSync(join(folder, 'etc/passwd'), 'utf8')).toBe('é\n')
})

it('gives the same bytes for the same files', async () => {
  const entries = [{ path: 'a', content: { text: 'one', mode: 0o644 } }]
  expect(await bytesOf(entries)).toEqual(await bytesOf(entries))
})

it('refuses what the format cannot say', async () => {
  await expect(bytesOf([{ path: 'x'.repeat(101), content: { text: '', mode: 0 } }])).rejects.toThrow(
    'too long for a tar',
  )
})

it('gives the content of its first file and its owner, also after an extended header, and says when it is torn', async () => {
  const archive = await bytesOf([{ path: 'note', content: { text: 'é\n', mode: 0o600, owner: { uid: 7, gid: 8 } } }])
  expect(firstFileOf(archive).toString()).toBe('é\n')
  expect(archive.toString('latin1', 108, 123)).toBe('0000007\0' + '0000010')
  const extended = await bytesOf([{ path: 'more', content: { text: '20 mtime=12345.678\n', mode: 0o600 } }])
  extended.write('x', 156)
  expect(firstFileOf(Buffer.concat([extended.subarray(0, 1024), archive])).toString()).toBe('é\n')
  expect(firstOwnerOf(Buffer.concat([extended.subarray(0, 1024), archive.subarray(0, 512)]))).toBe('7:8')
  expect(firstOwnerOf(archive.subarray(0, 511))).toBeUndefined()
  for (const bytes of [0, 511, 512, 514]) expect(() => firstFileOf(archive.subarray(0, bytes))).toThrow('ends before')
})
