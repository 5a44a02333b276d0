import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { ConsumeQueueTable } from '../consume-queue/consume-queue-table.ts'
import { RunningFlags } from '../running-flags.ts'
import { storeConfigDefaults } from '../store-options.ts'
import { BATCH_OPTIONS } from '../testing/batch-options.ts'
import { type CleaningInput, decideCleaning, hoursOf } from './cleaning-policy.ts'
import { StoreCleaner } from './store-cleaner.ts'

const HOUR_MS = 3_600_000
const NOW_MS = 1000 * HOUR_MS
const config = storeConfigDefaults('/store')

function decide(input: Partial<CleaningInput>) {
  const segments = [100, 80, 70, 10, 0].map((hours) => ({ lastModifiedMs: NOW_MS - hours * HOUR_MS }))
  return decideCleaning({
    nowMs: NOW_MS,
    hourOfDay: 12,
    config,
    segments,
    commitLogDiskRatio: 0.5,
    consumeQueueDiskRatio: 0.5,
    manualRuns: 0,
    ...input,
  })
}

test('what is deleted when', () => {
  expect(decide({})).toMatchObject({ deleteCount: 0, reason: undefined, isDiskFull: false, isStuck: false })
  expect(decide({ hourOfDay: 4 })).toMatchObject({ deleteCount: 2, reason: 'time' })
  expect(decide({ manualRuns: 1 })).toMatchObject({ deleteCount: 2, reason: 'manual' })
  expect(decide({ commitLogDiskRatio: 0.75 })).toMatchObject({ deleteCount: 0 })
  expect(decide({ commitLogDiskRatio: 0.76 })).toMatchObject({ deleteCount: 2, reason: 'disk', isDiskFull: false })
  expect(decide({ consumeQueueDiskRatio: 0.86 })).toMatchObject({ deleteCount: 4, reason: 'disk', isDiskFull: false })
  expect(decide({ commitLogDiskRatio: 0.91 })).toMatchObject({
    deleteCount: 4,
    isDiskFull: true,
    fullDisk: 'commitLog',
  })
  expect(decide({ consumeQueueDiskRatio: 0.91 })).toMatchObject({ isDiskFull: true, fullDisk: 'consumeQueue' })
  expect(decide({ commitLogDiskRatio: -1 })).toMatchObject({ deleteCount: 2, reason: 'disk', isStuck: false })
  const gentle = { ...config, cleanFileForciblyEnable: false }
  expect(decide({ config: gentle, commitLogDiskRatio: 0.95 })).toMatchObject({ deleteCount: 2, isDiskFull: true })
  const young = [{ lastModifiedMs: NOW_MS }, { lastModifiedMs: NOW_MS }]
  expect(decide({ segments: young, commitLogDiskRatio: 0.8 })).toMatchObject({ deleteCount: 0, isStuck: true })
  expect(decide({ config: { ...config, deleteFileBatchMax: 1 }, hourOfDay: 4 }).deleteCount).toBe(1)
})

test('ratios are held within the bounds of Java', () => {
  const loose = {
    ...config,
    diskSpaceWarningLevelRatio: 99,
    diskSpaceCleanForciblyRatio: 99,
    diskMaxUsedSpaceRatio: 99,
  }
  expect(decide({ config: loose, commitLogDiskRatio: 0.91 })).toMatchObject({ isDiskFull: true, deleteCount: 4 })
  const tight = { ...config, diskSpaceWarningLevelRatio: 1, diskSpaceCleanForciblyRatio: 1, diskMaxUsedSpaceRatio: 1 }
  expect(decide({ config: tight, commitLogDiskRatio: 0.3, consumeQueueDiskRatio: 0 })).toMatchObject({
    isDiskFull: false,
    deleteCount: 2,
  })
})

test('hours are read as Java reads them, and what is none never comes', () => {
  expect(hoursOf('04')).toEqual([4])
  expect(hoursOf('04;16; 7 ;x;')).toEqual([4, 16, 7])
})

test('the newest segment stays and the oldest go first', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200 })),
      fc.integer({ min: 0, max: 23 }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      (ages, hourOfDay, commitLogDiskRatio) => {
        const segments = ages.map((hours) => ({ lastModifiedMs: NOW_MS - hours * HOUR_MS }))
        const { deleteCount } = decide({ segments, hourOfDay, commitLogDiskRatio })
        expect(deleteCount).toBeGreaterThanOrEqual(0)
        expect(deleteCount).toBeLessThanOrEqual(Math.min(10, Math.max(0, ages.length - 1)))
        if (commitLogDiskRatio <= 0.85)
          for (const hours of ages.slice(0, deleteCount)) expect(hours).toBeGreaterThanOrEqual(72)
      },
    ),
  )
})

function makeCleaner(disk: SimDisk, derivedOffset = 10_000) {
  const reports: string[] = []
  const report = (text: string) => reports.push(text)
  const reporter = { info: report, warn: report, error: report }
  const table = ConsumeQueueTable.open({
    disk,
    folder: '/store/consumequeue',
    fileSizeBytes: 100,
    batch: BATCH_OPTIONS,
    reporter,
  })
  const log = Array.from({ length: 5 }, (_, i) => ({ startOffset: i * 1000, lastModifiedMs: i }))
  const flags = new RunningFlags()
  const cleaner = new StoreCleaner({
    config,
    disk,
    segments: {
      list: () => log,
      deleteFirst: () => log.shift(),
      get minOffset() {
        return log[0]!.startOffset
      },
    },
    derivedOffset: () => derivedOffset,
    table,
    index: undefined,
    runningFlags: flags,
    reporter,
  })
  return { cleaner, log, table, flags, reports }
}

test('files go one by one, 100 ms apart, and consume queues follow', () => {
  const { cleaner, log, table } = makeCleaner(new SimDisk())
  const queue = table.obtain('t', 0)
  for (let i = 0; i < 50; i++) queue.append(i, i * 100, 100, 0)
  queue.writeOut()
  cleaner.deleteManually()
  const counts: number[] = []
  for (let nowMs = NOW_MS; nowMs < NOW_MS + 500; nowMs += 50) {
    cleaner.tick(nowMs, 12)
    counts.push(log.length)
  }
  expect(counts).toEqual([4, 4, 3, 3, 2, 2, 1, 1, 1, 1])
  for (let i = 0; i < 10; i++) cleaner.tick(NOW_MS + 1000 + i * 100, 12)
  expect(queue.minOffset).toBe(40)
  expect(queue.firstFileIndex).toBe(8)
})

test('what recovery would need is kept even when space is short', () => {
  const { cleaner, log } = makeCleaner(new SimDisk(), 2500)
  cleaner.deleteManually()
  for (let i = 0; i < 50; i++) cleaner.tick(NOW_MS + i * 100, 12)
  expect(log.map((segment) => segment.startOffset)).toEqual([2000, 3000, 4000])
})

test('a full disk is flagged and explained, and the flag goes when there is room', () => {
  const disk = new SimDisk({ quotaBytes: 100 * 4096 })
  const { cleaner, flags, reports } = makeCleaner(disk)
  disk.writeFile('/store/big', Buffer.alloc(92 * 4096))
  cleaner.decideNow(NOW_MS, 12)
  expect(flags.has('diskFull')).toBe(true)
  expect(cleaner.diskFullText()).toBe(
    'the disk of storePathCommitLog (/store/commitlog) is 92 % used and messages are refused above 90 % ' +
      '(diskSpaceWarningLevelRatio): free space, or lower fileReservedTime (72 hours)',
  )
  expect(cleaner.diskRatios).toEqual({ commitLog: 0.92, consumeQueue: 0.92 })
  disk.remove('/store/big')
  cleaner.decideNow(NOW_MS, 12)
  expect(flags.has('diskFull')).toBe(false)
  expect(cleaner.diskFullText()).toBeUndefined()
  expect(reports.at(-1)).toBe('the disks of the store have room again: messages are accepted')
})
