import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeFileAtomic } from '../../runtime/io/atomic-file.ts'
import { SimDisk } from './sim-disk.ts'

const text = (value: string) => Buffer.from(value)

test('files are sparse: 420 MB cost the pages that were written', () => {
  const disk = new SimDisk()
  const file = disk.open('/store/index/1', 'write')
  file.truncate(420_000_040)
  file.write(text('end'), 0, 3, 420_000_037)
  const into = Buffer.alloc(8, 0xff)
  expect(file.read(into, 0, 8, 420_000_032)).toBe(8)
  expect(into).toEqual(Buffer.from('\0\0\0\0\0end'))
  expect(file.read(into, 0, 8, 420_000_040)).toBe(0)
  expect(disk.usedBytes).toBe(4096)
  expect(disk.list('/store')).toEqual(['index'])
})

test('kill -9 keeps what was written, a power cut what was synced', () => {
  for (const [kind, expected] of [
    ['process', 'ab'],
    ['power-worst', 'a'],
  ] as const) {
    const disk = new SimDisk()
    const file = disk.open('/d/f', 'write')
    file.write(text('a'), 0, 1, 0)
    file.syncDataNow()
    disk.syncFolder('/d')
    file.write(text('b'), 0, 1, 1)
    disk.crash(kind)
    expect(disk.readFile('/d/f').toString()).toBe(expected)
    expect(() => file.sizeBytes()).toThrow('EBADF')
    expect(disk.openFileCount).toBe(0)
  }
})

test('a name is lost with the power unless its folder was synced', () => {
  const disk = new SimDisk()
  const file = disk.open('/d/f', 'write')
  file.write(text('a'), 0, 1, 0)
  file.syncDataNow()
  disk.crash('power-worst')
  expect(disk.stat('/d/f')).toBeUndefined()
})

test('an asynchronous sync covers what was written before it was asked for', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const file = disk.open('/d/f', 'write')
  disk.syncFolder('/d')
  const results: (Error | null)[] = []
  file.write(text('aa'), 0, 2, 0)
  file.syncData((error) => results.push(error))
  file.write(text('bb'), 0, 2, 0)
  expect(results).toEqual([])
  expect(disk.completeSyncs()).toBe(1)
  expect(results).toEqual([null])
  disk.crash('power-worst')
  expect(disk.readFile('/d/f').toString()).toBe('aa')
})

test('a crash tears pages between sectors and never mixes within one', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const disk = new SimDisk({ seed })
      const file = disk.open('/d/f', 'write')
      file.write(Buffer.alloc(8192, 1), 0, 8192, 0)
      file.syncDataNow()
      disk.syncFolder('/d')
      file.write(Buffer.alloc(8192, 2), 0, 8192, 0)
      disk.crash('power')
      const bytes = disk.readFile('/d/f')
      expect(bytes.length).toBe(8192)
      for (let start = 0; start < 8192; start += 512) {
        expect([1, 2]).toContain(bytes[start])
        expect(new Set(bytes.subarray(start, start + 512)).size).toBe(1)
      }
    }),
  )
})

test('an atomic replacement survives a power cut at any of its calls', () => {
  const calls = countCalls((disk) => writeFileAtomic(disk, '/d/s.json', text('new content')))
  expect(calls).toBeGreaterThan(10)
  for (let nth = 1; nth <= calls; nth++) {
    for (let seed = 0; seed < 20; seed++) {
      const disk = preparedDisk(seed)
      disk.fail({ nth, code: 'EIO', forever: true })
      expect(() => writeFileAtomic(disk, '/d/s.json', text('new content'))).toThrow('EIO')
      disk.crash('power')
      expect(['old', 'new content']).toContain(disk.readFile('/d/s.json').toString())
    }
  }
})

test('the n-th matching call fails with the code asked for, then the disk works again', () => {
  const disk = new SimDisk()
  const file = disk.open('/d/f', 'write')
  disk.fail({ nth: 2, code: 'EIO', operations: ['write'], path: /f$/ })
  file.write(text('a'), 0, 1, 0)
  expect(() => file.write(text('b'), 0, 1, 1)).toThrow(expect.objectContaining({ code: 'EIO', path: '/d/f' }))
  file.write(text('b'), 0, 1, 1)
  expect(disk.readFile('/d/f').toString()).toBe('ab')
})

test('a full disk takes what fits, says ENOSPC and reports its space', () => {
  const disk = new SimDisk({ quotaBytes: 8192 })
  const file = disk.open('/d/f', 'write')
  expect(() => file.write(Buffer.alloc(12_000, 7), 0, 12_000, 0)).toThrow('ENOSPC')
  expect(file.sizeBytes()).toBe(8192)
  expect(disk.space('/d')).toEqual({ totalBytes: 8192, freeBytes: 0 })
  file.write(Buffer.alloc(8192, 8), 0, 8192, 0)
  disk.remove('/d/f')
  expect(disk.space('/d').freeBytes).toBe(8192)
})

test('a read-only disk refuses every change', () => {
  const disk = preparedDisk(1)
  disk.readOnly = true
  for (const change of [
    () => disk.open('/d/s.json', 'write'),
    () => disk.open('/d/new', 'write'),
    () => disk.remove('/d/s.json'),
    () => disk.rename('/d/s.json', '/d/x'),
    () => disk.makeFolder('/e'),
    () => disk.writeFile('/d/s.json', text('x')),
  ]) {
    expect(change).toThrow('EROFS')
  }
  expect(disk.open('/d/s.json', 'read').sizeBytes()).toBe(3)
})

test('a lock is held once and given up by a crash', () => {
  const disk = new SimDisk()
  const isGiven = () => disk.lock('/d/lock') !== undefined
  const lock = disk.lock('/d/lock')
  expect(isGiven()).toBe(false)
  lock!.release()
  expect(isGiven()).toBe(true)
  expect(isGiven()).toBe(false)
  disk.crash('process')
  expect(isGiven()).toBe(true)
})

test('folders list, move and go with all they hold', () => {
  const disk = preparedDisk(1)
  disk.makeFolder('/d/empty')
  disk.writeFile('/d/sub/x', text('x'))
  expect(disk.list('/d')).toEqual(['empty', 's.json', 'sub'])
  expect(disk.stat('/d/empty')?.isDirectory).toBe(true)
  disk.rename('/d/sub', '/e/moved')
  expect(disk.list('/e')).toEqual(['moved'])
  expect(disk.readFile('/e/moved/x').toString()).toBe('x')
  disk.remove('/d')
  expect(disk.list('/d')).toEqual([])
  expect(disk.stat('/d')).toBeUndefined()
})

test('shrinking and growing again gives zeros', () => {
  const disk = new SimDisk()
  const file = disk.open('/f', 'write')
  file.write(Buffer.alloc(10_000, 5), 0, 10_000, 0)
  file.truncate(100)
  file.truncate(10_000)
  const bytes = disk.readFile('/f')
  expect(bytes.subarray(0, 100)).toEqual(Buffer.alloc(100, 5))
  expect(bytes.subarray(100)).toEqual(Buffer.alloc(9900))
})

function preparedDisk(seed: number): SimDisk {
  const disk = new SimDisk({ seed })
  writeFileAtomic(disk, '/d/s.json', text('old'))
  return disk
}

function countCalls(run: (disk: SimDisk) => void): number {
  const disk = preparedDisk(1)
  const before = disk.callCount
  run(disk)
  return disk.callCount - before
}

test('a sync that ends late does not undo what a later one has made durable', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const file = disk.open('/f', 'write')
  disk.syncFolder('/')
  file.write(Buffer.from('old'), 0, 3, 0)
  file.syncData(() => {})
  file.write(Buffer.from('newer'), 0, 5, 0)
  file.syncDataNow()
  disk.completeSyncs()
  disk.crash('power-worst')
  expect(disk.readFile('/f').toString()).toBe('newer')
})
