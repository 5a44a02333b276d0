import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { BATCH_OPTIONS } from '../testing/batch-options.ts'
import { type ConsumeQueue, QueueAppend } from './consume-queue.ts'
import { ConsumeQueueTable } from './consume-queue-table.ts'
import type { ConsumeQueueLimits } from './queue-limits.ts'
import { QueueUnits } from './queue-unit.ts'

const FOLDER = BATCH_OPTIONS.folder
const TINY: ConsumeQueueLimits = { openFilesMax: 2, tailBytesMax: 1024, queueTailUnitsMax: 40, reliefQueues: 2 }

function openTable(disk: SimDisk, reports: string[] = [], storeTimeOf = (phyOffset: number) => phyOffset + 1) {
  const report = (text: string) => reports.push(text)
  const reporter = { info: report, warn: report, error: report }
  const batch = { ...BATCH_OPTIONS, storeTimeOf }
  const table = ConsumeQueueTable.open({
    ...{ disk, folder: '/store/consumequeue', fileSizeBytes: 140, batch, reporter, limits: TINY },
  })
  table.isBatchTopic = (topic) => (topic === 't' ? true : topic === 'simple' ? false : undefined)
  return table
}

/** `[offset of the first message, messages]` of all units. */
function all(queue: ConsumeQueue, from = queue.minOffset): [number, number][] {
  const out = new QueueUnits(1000)
  const count = queue.readUnits(from, 1000, out)
  return Array.from({ length: count }, (_, i) => [out.baseOffsets[i]!, out.messageCounts[i]!])
}

/** Appends records of so many messages; each is 100 bytes long and stored at ten times its number. */
function fill(queue: ConsumeQueue, counts: readonly number[], firstRecord = 0): void {
  counts.forEach((count, i) => {
    const record = firstRecord + i
    const appended = queue.append(queue.nextOffset, record * 100, 100, record, record * 10, count)
    expect(appended).toBe(QueueAppend.appended)
  })
}

const UNITS: [number, number][] = [
  [0, 3],
  [3, 1],
  [4, 5],
  [9, 1],
  [10, 2],
  [12, 1],
  [13, 4],
  [17, 1],
  [18, 2],
]
const COUNTS = UNITS.map(([, count]) => count)

test('units stand one after the other in files of their own folder, and are found again by the next process', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 3)
  fill(queue, COUNTS)
  expect([queue.isBatch, queue.minOffset, queue.maxOffset, queue.maxPhyOffset]).toEqual([true, 0, 20, 900])
  expect(all(queue)).toEqual(UNITS)
  queue.writeOut()
  expect(disk.list(`${FOLDER}/t/3`)).toEqual(['00000000000000000000', '00000000000000000322'])
  const again = openTable(disk).find('t', 3)!
  expect([again.minOffset, again.maxOffset, again.nextOffset, again.maxPhyOffset]).toEqual([0, 20, 20, 900])
  expect(all(again)).toEqual(UNITS)
})

test('a unit is laid out as Apache RocketMQ does', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 0)
  queue.append(0, 0, 500, 0, 1_700_000_000_000, 1)
  queue.append(1, 2 ** 33 + 1, 258, -559038737, 1_700_000_000_123, 258)
  queue.writeOut()
  const bytes = disk.readFile(`${FOLDER}/t/0/${'0'.repeat(20)}`)
  expect(bytes.length).toBe(7 * 46)
  expect(bytes.toString('hex', 46, 2 * 46)).toBe(
    '0000000200000001' +
      '00000102' +
      'ffffffffdeadbeef' +
      '0000018bcfe5687b' +
      '0000000000000001' +
      '0102' +
      'ffffffff' +
      '00000000',
  )
  expect(bytes.subarray(2 * 46).every((byte) => byte === 0)).toBe(true)
})

test('a read begins with the unit that holds the offset, wherever the last one began', () => {
  for (const isWritten of [false, true]) {
    const queue = openTable(new SimDisk()).obtain('t', 0)
    fill(queue, COUNTS)
    if (isWritten) queue.writeOut()
    for (const offset of [19, 0, 2, 3, 8, 7, 9, 18, 11, 12, 5, 19]) {
      const first = UNITS.findIndex(([base, count]) => base + count > offset)
      expect(all(queue, offset)).toEqual(UNITS.slice(first))
    }
    expect([all(queue, 20), all(queue, -1)]).toEqual([[], []])
  }
})

test('a unit that is there already is ignored, also one recovery offers twice', () => {
  const queue = openTable(new SimDisk()).obtain('t', 0)
  fill(queue, [3, 3])
  expect(queue.append(3, 100, 100, 0, 0, 3)).toBe(QueueAppend.ignored)
  expect(queue.append(1, 900, 100, 0, 0, 1)).toBe(QueueAppend.ignored)
  expect(queue.append(-1, 900, 100, 0, 0, 1)).toBe(QueueAppend.failed)
  expect(all(queue)).toEqual([
    [0, 3],
    [3, 3],
  ])
})

test('a queue begins at any offset, and goes on behind a gap, which is reported', () => {
  const disk = new SimDisk()
  const reports: string[] = []
  const queue = openTable(disk, reports).obtain('t', 0)
  expect(queue.append(70, 7000, 100, 0, 0, 5)).toBe(QueueAppend.appended)
  expect([queue.minOffset, queue.maxOffset, queue.nextOffset]).toEqual([70, 75, 75])
  expect(queue.append(80, 8000, 100, 0, 0, 2)).toBe(QueueAppend.appended)
  expect(reports).toEqual(['queue t-0 lacks 5 messages from offset 75 on'])
  expect(all(queue, 77)).toEqual([[80, 2]])
  queue.writeOut()
  expect(disk.list(`${FOLDER}/t/0`)).toEqual(['0'.repeat(20)])
  const again = openTable(disk).find('t', 0)!
  expect([again.minOffset, again.maxOffset]).toEqual([70, 82])
})

test('offset 0 after later messages means the topic was made anew', () => {
  const queue = openTable(new SimDisk()).obtain('t', 0)
  fill(queue, COUNTS)
  queue.writeOut()
  expect(queue.append(0, 9000, 100, 0, 0, 2)).toBe(QueueAppend.appended)
  expect([all(queue), queue.maxOffset]).toEqual([[[0, 2]], 2])
})

test('old files go with the commit log and minOffset follows', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 0)
  fill(queue, COUNTS)
  queue.writeOut()
  expect(queue.dropBelow(150)).toBe(0)
  expect(queue.minOffset).toBe(4)
  expect(queue.dropBelow(700)).toBe(1)
  expect(disk.list(`${FOLDER}/t/0`)).toEqual(['00000000000000000322'])
  expect([queue.minOffset, all(queue)]).toEqual([17, UNITS.slice(7)])
  const again = openTable(disk).find('t', 0)!
  expect([again.minOffset, again.maxOffset, all(again)]).toEqual([17, 20, UNITS.slice(7)])
  expect(queue.dropBelow(5000)).toBe(0)
  expect([queue.minOffset, queue.maxOffset]).toEqual([20, 20])
  expect(queue.append(20, 6000, 100, 0, 0, 3)).toBe(QueueAppend.appended)
  expect(all(queue)).toEqual([[20, 3]])
})

test('search by time gives the first message of a record, and the last record for times behind it', () => {
  const queue = openTable(new SimDisk()).obtain('t', 0)
  expect(queue.offsetByTime(5, 'lower', () => -1, 0)).toBe(0)
  ;[10, 10, 30, 30, 50].forEach((time, i) => {
    queue.append(i * 2, i * 100, 100, 0, time, 2)
  })
  const at = (boundary: 'lower' | 'upper') =>
    [5, 10, 20, 30, 40, 50, 60].map((time) => queue.offsetByTime(time, boundary, () => -1, 0))
  expect(at('lower')).toEqual([0, 0, 4, 4, 8, 8, 8])
  expect(at('upper')).toEqual([0, 2, 2, 6, 6, 8, 8])
})

test('files of another size are refused with the key to change', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 0)
  fill(queue, COUNTS)
  queue.writeOut()
  disk.open(`${FOLDER}/t/0/00000000000000000322`, 'write').truncate(400)
  expect(() => openTable(disk).find('t', 0)!.maxOffset).toThrow(
    /has 400 bytes instead of 322: set mapperFileSizeBatchConsumeQueue/,
  )
})

test('whatever is cut, kept and appended, the queue is the list of its records', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('cut' as const), records: fc.nat(30) }),
    fc.record({ kind: fc.constant('drop' as const), records: fc.nat(20) }),
    fc.record({ kind: fc.constantFrom('write' as const, 'reopen' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const disk = new SimDisk()
      let queue = openTable(disk).obtain('t', 0)
      let model: { base: number; count: number; phyOffset: number }[] = []
      let [next, phyOffset, minPhyOffset] = [0, 0, 0]
      for (const one of steps) {
        if (one.kind === 'append') {
          expect(queue.append(next, phyOffset, 100, 0, 0, one.count)).toBe(QueueAppend.appended)
          model.push({ base: next, count: one.count, phyOffset })
          next += one.count
          phyOffset += 100
        } else if (one.kind === 'cut' && phyOffset - one.records * 100 > minPhyOffset) {
          phyOffset -= one.records * 100
          queue.truncateFrom(phyOffset)
          model = model.filter((record) => record.phyOffset < phyOffset)
          next = model.length === 0 ? queue.maxOffset : model.at(-1)!.base + model.at(-1)!.count
        } else if (one.kind === 'drop' && minPhyOffset + one.records * 100 < phyOffset) {
          minPhyOffset += one.records * 100
          queue.writeOut()
          queue.dropBelow(minPhyOffset)
          model = model.filter((record) => record.phyOffset >= minPhyOffset)
        } else if (one.kind === 'write') {
          queue.writeOut()
        } else if (one.kind === 'reopen' && model.length > 0) {
          queue.writeOut()
          queue = openTable(disk).obtain('t', 0)
          queue.correctMinOffset(minPhyOffset)
        }
        expect([queue.maxOffset, queue.nextOffset]).toEqual([next, next])
        expect(all(queue)).toEqual(model.map(({ base, count }) => [base, count]))
      }
    }),
  )
})

test('queues that were made before their topic was known become batch consume queues, in memory and on disk', () => {
  const disk = new SimDisk()
  const table = openTable(disk)
  const early = table.obtain('late', 1)
  for (let i = 0; i < 9; i++) early.append(i, i * 100, 100, i)
  early.writeOut()
  early.nextOffset = 12
  expect(early.isBatch).toBe(false)
  const queue = table.obtainForBatch('late', 1)
  expect([early.isRemoved, queue.isBatch, queue.maxOffset, queue.nextOffset, table.queueCount]).toEqual([
    true,
    true,
    9,
    12,
    1,
  ])
  expect(queue.append(9, 900, 100, 0, 901, 4)).toBe(QueueAppend.appended)
  expect(all(queue)).toEqual([...Array.from({ length: 9 }, (_, i) => [i, 1]), [9, 4]])
  const units = new QueueUnits(2)
  queue.readUnits(3, 2, units)
  expect([...units.storeTimes]).toEqual([301, 401])
  expect(disk.list('/store/consumequeue')).toEqual([])
  disk.crash('power-worst')
  const again = openTable(disk).find('late', 1)!
  expect([again.isBatch, again.maxOffset]).toEqual([true, 9])
  expect(table.obtainForBatch('simple', 0).isBatch).toBe(false)
})

test('a crash at any point of that leaves the queue of one kind or of the other, whole', () => {
  for (let nth = 1; ; nth++) {
    const disk = new SimDisk()
    const table = openTable(disk)
    const early = table.obtain('late', 0)
    for (let i = 0; i < 9; i++) early.append(i, i * 100, 100, i)
    early.writeOut()
    for (const fileIndex of [0, 1]) table.context.files.syncNow({ queue: early, fileIndex })
    for (const folder of ['/store/consumequeue/late/0', '/store/consumequeue/late', '/store/consumequeue', '/store'])
      disk.syncFolder(folder)
    let isReached = false
    disk.fail({
      nth,
      code: 'EIO',
      hit: () => {
        isReached = true
        disk.crash('power-worst')
      },
    })
    try {
      table.makeBatch('late')
    } catch {
      // The process has ended.
    }
    if (!isReached) return
    const again = openTable(disk)
    expect(again.topics()).toEqual(['late'])
    again.makeBatch('late')
    const queue = again.find('late', 0)!
    expect(all(queue)).toEqual(Array.from({ length: 9 }, (_, i) => [i, 1]))
    expect([disk.list('/store/consumequeue'), disk.list(FOLDER)]).toEqual([[], ['late']])
  }
})
