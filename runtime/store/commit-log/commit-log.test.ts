import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { CommitLog } from './commit-log.ts'

const SEGMENT = 4096
const FOLDER = '/store/commitlog'

function openLog(disk: SimDisk, flushed: number[] = [], failures: Error[] = []): CommitLog {
  return new CommitLog({
    disk,
    folder: FOLDER,
    segmentSizeBytes: SEGMENT,
    hotWindowBytes: 2 * 1024 * 1024,
    config: { dataReadAheadEnable: true },
    onFlushed: (offset) => flushed.push(offset),
    onFlushFailed: (error) => failures.push(error),
  })
}

/** Stages `length` bytes of that value as a record; returns its offset. */
function stage(log: CommitLog, length: number, value: number): number {
  const chunk = log.reserve(length)
  const phyOffset = log.stagedOffset
  chunk.bytes.fill(value, chunk.length, chunk.length + length)
  log.staged(chunk, length)
  return phyOffset
}

function readBack(log: CommitLog, phyOffset: number, length: number): Buffer | undefined {
  const bytes = log.read(phyOffset, length)
  return bytes && Buffer.from(bytes.subarray(log.start, log.start + length))
}

test('nothing is readable before it is written', () => {
  const log = openLog(new SimDisk())
  expect(stage(log, 100, 1)).toBe(0)
  expect(readBack(log, 0, 100)).toBeUndefined()
  log.write()
  expect(readBack(log, 0, 100)).toEqual(Buffer.alloc(100, 1))
  expect(readBack(log, 0, 101)).toBeUndefined()
  expect(readBack(log, -1, 2)).toBeUndefined()
})

test('files are preallocated and named by their first offset', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  stage(log, 3000, 1)
  stage(log, 3000, 2)
  log.write()
  expect(disk.list(FOLDER)).toEqual(['00000000000000000000', '00000000000000004096'])
  expect(disk.stat(`${FOLDER}/00000000000000000000`)!.sizeBytes).toBe(SEGMENT)
})

test('a record that leaves exactly 8 bytes stays, the next one makes the blank and the next file', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  expect(stage(log, SEGMENT - 8, 1)).toBe(0)
  log.write()
  expect(log.writtenOffset).toBe(SEGMENT - 8)
  expect(disk.list(FOLDER)).toHaveLength(1)
  expect(stage(log, 20, 2)).toBe(SEGMENT)
  log.write()
  expect(
    disk
      .readFile(`${FOLDER}/00000000000000000000`)
      .subarray(SEGMENT - 8)
      .toString('hex'),
  ).toBe('00000008cbd43194')
  expect(readBack(log, SEGMENT, 20)).toEqual(Buffer.alloc(20, 2))
})

test('a record that would leave 7 bytes goes to the next file', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  stage(log, 1000, 1)
  expect(stage(log, SEGMENT - 1000 - 7, 2)).toBe(SEGMENT)
  log.write()
  const first = disk.readFile(`${FOLDER}/00000000000000000000`)
  expect(first.subarray(1000, 1008).toString('hex')).toBe('00000c18cbd43194')
  expect(first.subarray(1008)).toEqual(Buffer.alloc(SEGMENT - 1008))
  expect(log.canHold(SEGMENT - 8)).toBe(true)
  expect(log.canHold(SEGMENT - 7)).toBe(false)
})

test('one write per file takes a whole batch', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  stage(log, 10, 1)
  log.write()
  const before = disk.callCount
  for (let i = 0; i < 20; i++) stage(log, 100, i)
  log.write()
  expect(disk.callCount - before).toBe(1)
})

test.each(['write', 'truncate'] as const)('a failed %s leaves the log as it was, also when it rolled', (operation) => {
  const disk = new SimDisk()
  const log = openLog(disk)
  stage(log, 1000, 1)
  log.write()
  stage(log, 2000, 2)
  stage(log, 2000, 3)
  disk.fail({ nth: operation === 'write' ? 2 : 1, code: 'EIO', operations: [operation], path: /0$|4096$/ })
  if (operation === 'truncate') disk.fail({ nth: 1, code: 'EIO', operations: ['write'] })
  expect(() => log.write()).toThrow('EIO')
  expect([log.writtenOffset, log.stagedOffset]).toEqual([1000, 1000])
  // What could be written of the batch must not look like messages later.
  expect(log.isClean).toBe(true)
  for (const name of disk.list(FOLDER)) {
    const bytes = disk.readFile(`${FOLDER}/${name}`)
    expect(bytes.subarray(name.endsWith('4096') ? 0 : 1000).every((byte) => byte === 0)).toBe(true)
    expect(bytes.length).toBe(SEGMENT)
  }
  expect(stage(log, 50, 4)).toBe(1000)
  log.write()
  expect(readBack(log, 1000, 50)).toEqual(Buffer.alloc(50, 4))
})

test('when the next file cannot be made nothing is staged', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  stage(log, 3000, 1)
  disk.fail({ nth: 1, code: 'ENOSPC', operations: ['open'], path: /4096$/ })
  expect(() => log.reserve(3000)).toThrow('ENOSPC')
  expect(log.stagedOffset).toBe(3000)
  log.write()
  expect(stage(log, 3000, 2)).toBe(SEGMENT)
  log.write()
  expect(readBack(log, 0, 3000)).toEqual(Buffer.alloc(3000, 1))
  expect(readBack(log, SEGMENT, 3000)).toEqual(Buffer.alloc(3000, 2))
})

test('reads come from memory while recent, from disk when old, and are the same', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  const offsets: number[] = []
  for (let i = 0; i < 3000; i++) {
    offsets.push(stage(log, 1000, i & 0xff))
    log.write()
  }
  const calls = disk.callCount
  expect(readBack(log, offsets.at(-1)!, 1000)).toEqual(Buffer.alloc(1000, 2999 & 0xff))
  expect(disk.callCount).toBe(calls)
  for (let i = 0; i < 3000; i += 7) expect(readBack(log, offsets[i]!, 1000)).toEqual(Buffer.alloc(1000, i & 0xff))
  expect(log.windowCapacityBytes).toBeLessThanOrEqual(2 * 1024 * 1024)
})

test('raw reads give every byte of every file, blanks and the zeros after them included', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  for (let i = 0; i < 40; i++) stage(log, 700, i + 1)
  log.write()
  const whole = Buffer.concat(disk.list(FOLDER).map((name) => disk.readFile(`${FOLDER}/${name}`)))
  const pieces: Buffer[] = []
  for (let at = 0; at < log.writtenOffset; ) {
    const bytes = log.readRaw(at, 1000)!
    expect(Math.floor(at / SEGMENT)).toBe(Math.floor((at + log.length - 1) / SEGMENT))
    pieces.push(Buffer.from(bytes.subarray(log.start, log.start + log.length)))
    at += log.length
  }
  expect(Buffer.concat(pieces)).toEqual(whole.subarray(0, log.writtenOffset))
  expect(log.readRaw(log.writtenOffset, 10)).toBeUndefined()
})

test('flushes requested meanwhile are served by one that follows: group commit', async () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const flushed: number[] = []
  const log = openLog(disk, flushed)
  stage(log, 100, 1)
  log.write()
  log.flush()
  for (let i = 0; i < 5; i++) {
    stage(log, 100, 2)
    log.write()
    log.flush()
  }
  expect(flushed).toEqual([])
  disk.completeSyncs()
  expect(flushed).toEqual([100])
  disk.completeSyncs()
  expect(flushed).toEqual([100, 600])
  expect(log.flushedOffset).toBe(600)
})

test('a flush goes over all files that were written', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const flushed: number[] = []
  const log = openLog(disk, flushed)
  for (let i = 0; i < 5; i++) stage(log, 3000, i)
  log.write()
  log.flush()
  for (let i = 0; i < 6; i++) disk.completeSyncs()
  expect(flushed).toEqual([4096, 8192, 12288, 16384, 19384])
})

test('one flush at a time, also when whoever is told of one asks for the next', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const log: CommitLog = new CommitLog({
    disk,
    folder: FOLDER,
    segmentSizeBytes: SEGMENT,
    hotWindowBytes: 2 * 1024 * 1024,
    config: { dataReadAheadEnable: true },
    onFlushed: () => log.flush(),
    onFlushFailed: () => {},
  })
  stage(log, 100, 1)
  log.write()
  log.flush()
  stage(log, 100, 2)
  log.write()
  expect([disk.completeSyncs(), disk.completeSyncs(), disk.completeSyncs()]).toEqual([1, 1, 0])
  expect(log.flushedOffset).toBe(200)
})

test('a failed flush is told, moves nothing, and the next request tries again', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const flushed: number[] = []
  const failures: Error[] = []
  const log = openLog(disk, flushed, failures)
  stage(log, 100, 1)
  log.write()
  disk.fail({ nth: 1, code: 'EIO', operations: ['sync'] })
  log.flush()
  disk.completeSyncs()
  expect(failures.map((error) => (error as NodeJS.ErrnoException).code)).toEqual(['EIO'])
  expect(log.flushedOffset).toBe(0)
  log.flush()
  disk.completeSyncs()
  expect(flushed).toEqual([100])
})

test('a flush that was under way while the log was cut does not count', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  const flushed: number[] = []
  const log = openLog(disk, flushed)
  stage(log, 100, 1)
  stage(log, 100, 2)
  log.write()
  log.flush()
  log.truncateTo(100)
  stage(log, 60, 3)
  log.write()
  disk.completeSyncs()
  expect([log.flushedOffset, flushed]).toEqual([0, []])
  log.flush()
  disk.completeSyncs()
  disk.completeSyncs()
  expect(flushed).toEqual([100, 160])
  expect(readBack(log, 100, 60)).toEqual(Buffer.alloc(60, 3))
})

test('cutting removes later files and clears the rest', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  for (let i = 0; i < 5; i++) stage(log, 1500, i + 1)
  log.write()
  log.truncateTo(1500)
  expect(disk.list(FOLDER)).toEqual(['00000000000000000000'])
  const bytes = disk.readFile(`${FOLDER}/00000000000000000000`)
  expect(bytes.subarray(1500)).toEqual(Buffer.alloc(SEGMENT - 1500))
  expect([log.writtenOffset, readBack(log, 1500, 1)]).toEqual([1500, undefined])
  expect(stage(log, 100, 9)).toBe(1500)
  log.write()
  expect(readBack(log, 0, 1600)).toEqual(Buffer.concat([Buffer.alloc(1500, 1), Buffer.alloc(100, 9)]))
})

test('files that form no commit log are refused with what to do', () => {
  const disk = new SimDisk()
  disk.writeFile(`${FOLDER}/00000000000000000000`, Buffer.alloc(SEGMENT))
  disk.writeFile(`${FOLDER}/00000000000000008192`, Buffer.alloc(SEGMENT))
  expect(() => openLog(disk)).toThrow(
    'commit log file /store/commitlog/00000000000000008192 does not follow the one before it: expected ' +
      '00000000000000004096. Put the missing file back, or move the files before the hole out of the folder',
  )
  disk.writeFile(`${FOLDER}/00000000000000004096`, Buffer.alloc(SEGMENT + 1))
  expect(() => openLog(disk)).toThrow(
    'commit log file /store/commitlog/00000000000000004096 is 4097 bytes long, but mappedFileSizeCommitLog is 4096: ' +
      'set mappedFileSizeCommitLog to what the store was made with',
  )
})

test('a last file without its size is what a crash at the wrong moment leaves: taken up or extended', () => {
  const disk = new SimDisk()
  disk.writeFile(`${FOLDER}/00000000000000000000`, Buffer.alloc(100, 1))
  expect(openLog(disk).files.starts).toEqual([0])
  expect(disk.stat(`${FOLDER}/00000000000000000000`)!.sizeBytes).toBe(SEGMENT)
  disk.writeFile(`${FOLDER}/00000000000000004096`, Buffer.alloc(0))
  expect(openLog(disk).files.starts).toEqual([0])
  expect(disk.list(FOLDER)).toEqual(['00000000000000000000'])
})

test('at most 64 files are open', () => {
  const disk = new SimDisk()
  const log = openLog(disk)
  for (let i = 0; i < 200; i++) {
    stage(log, 4000, i)
    log.write()
  }
  for (let i = 0; i < 200; i++) expect(readBack(log, i * SEGMENT, 4000)).toEqual(Buffer.alloc(4000, i))
  expect(disk.openFileCount).toBeLessThanOrEqual(64)
})
