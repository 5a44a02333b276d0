import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { IndexService, type IndexServiceOptions } from './index-service.ts'
import { entryHash, foldText, foldUtf8, indexKeySeed, tagKeySeed } from './key-hash.ts'

const FOLDER = '/store/index'
const NOW_MS = new Date(2024, 2, 9, 4, 5, 6, 78).getTime()
const ENDLESS = Number.MAX_SAFE_INTEGER

function open(disk: SimDisk, options: Partial<IndexServiceOptions> = {}, reports: string[] = []): IndexService {
  const report = (text: string) => reports.push(text)
  return IndexService.open({
    disk,
    folder: FOLDER,
    maxHashSlotNum: 5,
    maxIndexNum: 9,
    reporter: { info: report, warn: report, error: report },
    isLastExitClean: true,
    indexMsgTimestamp: 0,
    ...options,
  })
}

function put(index: IndexService, keys: string, phyOffset: number, timeMs = NOW_MS + phyOffset): boolean {
  const bytes = Buffer.from(keys)
  const none = { uniqKeyStart: -1, uniqKeyLength: 0, tagsStart: -1, tagsLength: 0 }
  return index.put(indexKeySeed('t'), phyOffset, timeMs, 0, NOW_MS, bytes, {
    ...none,
    keysStart: 0,
    keysLength: bytes.length,
  })
}

const find = (index: IndexService, key: string, count = 64, begin = 0, end = ENDLESS) =>
  index.query('t', key, count, begin, end).phyOffsets

test('the hash of an entry is that of the text Java builds', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (topic, key) => {
      const bytes = Buffer.from(`x${key}y`)
      const text = bytes.subarray(1, -1).toString()
      expect(foldUtf8(indexKeySeed(topic), bytes, 1, bytes.length - 2)).toBe(foldText(0, `${topic}#${text}`))
      expect(foldText(tagKeySeed(indexKeySeed(topic)), text)).toBe(foldText(0, `${topic}#T#${text}`))
    }),
  )
  expect(entryHash(-2147483648)).toBe(0)
  expect(entryHash(-5)).toBe(5)
})

test('files are named by the local time and never sort before an older one', () => {
  const disk = new SimDisk()
  const index = open(disk)
  for (let i = 0; i < 20; i++) put(index, 'k', i * 10)
  expect(disk.list(FOLDER)).toEqual(['20240309040506078', '20240309040506079', '20240309040506080'])
  expect(disk.stat(`${FOLDER}/20240309040506078`)?.sizeBytes).toBe(40 + 5 * 4 + 9 * 20)
})

test('a new file starts where the last one ended, so a message in between is not taken twice', () => {
  const index = open(new SimDisk())
  for (let i = 0; i < 8; i++) put(index, 'k', i * 10)
  expect(index.maxPhyOffset).toBe(70)
  put(index, 'k', 80)
  expect(index.fileCount).toBe(2)
  put(index, 'other', 80)
  put(index, 'other', 40)
  expect(find(index, 'other')).toEqual([])
  expect(find(index, 'k')).toEqual([80, 70, 60, 50, 40, 30, 20, 10, 0])
})

test('queries stop at 64 offsets', () => {
  const index = open(new SimDisk(), { maxIndexNum: 1000 })
  for (let i = 0; i < 100; i++) put(index, 'k', i * 10)
  expect(find(index, 'k', 1000)).toHaveLength(64)
  expect(find(index, 'k', 3)).toEqual([990, 980, 970])
})

test('any mixture of calls answers like a list', () => {
  const keys = ['a', 'b', 'ä', 'a b', 'b  c ', '']
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('put' as const), keys: fc.constantFrom(...keys) }) },
    fc.record({ kind: fc.constantFrom('flush' as const, 'reopen' as const, 'crash' as const) }),
    fc.record({
      kind: fc.constantFrom('truncate' as const, 'delete' as const),
      part: fc.integer({ min: 0, max: 100 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const disk = new SimDisk()
      let index = open(disk)
      let messages: { keys: string; phyOffset: number }[] = []
      let next = 0
      let min = 0
      for (const { kind, ...rest } of steps) {
        const cut = 'part' in rest ? Math.round(((next / 10) * rest.part) / 100) * 10 : 0
        if (kind === 'put' && 'keys' in rest) {
          put(index, rest.keys, next)
          messages.push({ keys: rest.keys, phyOffset: next })
          next += 10
        } else if (kind === 'flush') {
          index.flushNow()
        } else if (kind === 'reopen' || kind === 'crash') {
          index.flushNow()
          index.close()
          index = open(disk, { isLastExitClean: kind === 'reopen' })
        } else if (kind === 'truncate') {
          index.truncateFrom(cut)
          messages = messages.filter((message) => message.phyOffset < cut)
          next = Math.min(next, cut)
        } else {
          index.deleteBelow(cut)
          min = Math.max(min, cut)
        }
      }
      for (const key of ['a', 'b', 'c', 'ä']) {
        const having = messages.filter((message) => message.keys.split(' ').includes(key))
        const offsets = having.map((message) => message.phyOffset).slice(-64)
        expect(find(index, key).filter((phyOffset) => phyOffset >= min)).toEqual(
          offsets.filter((phyOffset) => phyOffset >= min).reverse(),
        )
      }
    }),
    { numRuns: 300 },
  )
})

test('entries a power cut has taken are told by what cannot be, with the message they belong to', () => {
  const disk = new SimDisk()
  const index = open(disk, { maxIndexNum: 100 })
  for (let i = 0; i < 30; i++) put(index, 'a b', 1000 + i * 10)
  index.flushNow()
  const entryAt = (number: number) => 40 + 5 * 4 + number * 20
  const file = disk.open(`${FOLDER}/20240309040506078`, 'write')
  file.write(Buffer.alloc(20), 0, 20, entryAt(42))
  const reports: string[] = []
  const repaired = open(disk, { maxIndexNum: 100, isLastExitClean: false }, reports)
  expect(reports).toEqual([`index file ${FOLDER}/20240309040506078: 40 entries are sound, 20 after them are dropped`])
  expect(repaired.maxPhyOffset).toBe(1190)
  for (let i = 19; i < 30; i++) put(repaired, 'a b', 1000 + i * 10)
  expect(find(repaired, 'b')).toEqual(Array.from({ length: 30 }, (_, i) => 1290 - i * 10))
})

test('full files ending before the checkpoint are trusted as they are', () => {
  const disk = new SimDisk()
  const index = open(disk)
  for (let i = 0; i < 17; i++) put(index, 'k', i * 10)
  index.flushNow()
  const callsOf = (indexMsgTimestamp: number) => {
    const before = disk.callCount
    open(disk, { isLastExitClean: false, indexMsgTimestamp }).close()
    return disk.callCount - before
  }
  expect(callsOf(0) - callsOf(NOW_MS + 1000)).toBeGreaterThanOrEqual(10)
})

test('a file that still took entries is not trusted, though its messages are as old as those of the full one before', () => {
  const disk = new SimDisk()
  const index = open(disk)
  for (let i = 0; i < 10; i++) put(index, 'k', i * 10, NOW_MS)
  const flush = index.beginFlush()
  index.endFlush(flush)
  disk.crash('process')
  const again = open(disk, { isLastExitClean: false, indexMsgTimestamp: NOW_MS })
  expect(find(again, 'k').sort((left, right) => left - right)).toEqual(Array.from({ length: 10 }, (_, i) => i * 10))
})

test('files of another shape are refused with the keys to change', () => {
  const disk = new SimDisk()
  put(open(disk), 'k', 0)
  expect(() => open(disk, { maxIndexNum: 10 })).toThrow(
    /has 240 bytes instead of 260: set maxHashSlotNum and maxIndexNum/,
  )
})

test('when no file can be made the message is offered again and continues with the key that failed', () => {
  const disk = new SimDisk()
  const reports: string[] = []
  const index = open(disk, {}, reports)
  for (let i = 0; i < 7; i++) put(index, 'k', i * 10)
  disk.fail({ nth: 1, code: 'ENOSPC', operations: ['truncate'], forever: true })
  expect(put(index, 'x y z', 70)).toBe(false)
  expect(put(index, 'x y z', 70)).toBe(false)
  expect(index.hasRoom).toBe(false)
  expect(reports).toHaveLength(1)
  disk.clearFaults()
  index.retry(NOW_MS)
  expect(index.hasRoom).toBe(true)
  expect(put(index, 'x y z', 70)).toBe(true)
  for (const key of ['x', 'y', 'z']) expect(find(index, key)).toEqual([70])
})
