import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { BATCH_OPTIONS } from '../testing/batch-options.ts'
import { type ConsumeQueue, QueueAppend } from './consume-queue.ts'
import { ConsumeQueueTable } from './consume-queue-table.ts'
import type { ConsumeQueueLimits } from './queue-limits.ts'
import { FILLER_SIZE, QueueUnits, UNIT_BYTES } from './queue-unit.ts'

const FOLDER = '/store/consumequeue'
const UNITS_PER_FILE = 7
const TINY: ConsumeQueueLimits = { openFilesMax: 2, tailBytesMax: 1024, queueTailUnitsMax: 40, reliefQueues: 2 }

interface Unit {
  readonly phyOffset: number
  readonly sizeBytes: number
  readonly tagsCode: number
}

function openTable(
  disk: SimDisk,
  limits: Partial<ConsumeQueueLimits> = TINY,
  reports: string[] = [],
): ConsumeQueueTable {
  const report = (text: string) => reports.push(text)
  return ConsumeQueueTable.open({
    disk,
    folder: FOLDER,
    fileSizeBytes: UNITS_PER_FILE * UNIT_BYTES,
    batch: BATCH_OPTIONS,
    reporter: { info: report, warn: report, error: report },
    limits,
  })
}

function read(queue: ConsumeQueue, offset: number, count: number): Unit[] {
  const out = new QueueUnits(1000)
  const found = queue.readUnits(offset, count, out)
  expect(out.count).toBe(found)
  return Array.from({ length: found }, (_, i) => ({
    phyOffset: out.phyOffsets[i]!,
    sizeBytes: out.sizes[i]!,
    tagsCode: out.tagsCodes[i]!,
  }))
}

const all = (queue: ConsumeQueue) => read(queue, queue.minOffset, 1000)

const unitAt = (phyOffset: number): Unit => ({ phyOffset, sizeBytes: 100, tagsCode: (phyOffset % 7) - 3 })

function appendUnit(queue: ConsumeQueue, queueOffset: number, unit: Unit): QueueAppend {
  return queue.append(queueOffset, unit.phyOffset, unit.sizeBytes, unit.tagsCode)
}

function fill(queue: ConsumeQueue, count: number, firstPhyOffset = 0): void {
  for (let i = 0; i < count; i++) {
    expect(appendUnit(queue, queue.nextOffset, unitAt(firstPhyOffset + i * 100))).toBe(QueueAppend.appended)
  }
}

test('units are visible at once, in files after being written out, and found again by the next process', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 3)
  fill(queue, 16)
  expect(queue.maxOffset).toBe(16)
  expect(queue.maxPhyOffset).toBe(1600)
  expect(read(queue, 5, 3)).toEqual([unitAt(500), unitAt(600), unitAt(700)])
  expect(disk.list(FOLDER)).toEqual([])
  queue.writeOut()
  expect(disk.list(`${FOLDER}/t/3`)).toEqual([0, 140, 280].map((start) => String(start).padStart(20, '0')))
  expect(disk.stat(`${FOLDER}/t/3/${'0'.repeat(20)}`)?.sizeBytes).toBe(140)
  expect(read(queue, 5, 100)).toEqual(Array.from({ length: 11 }, (_, i) => unitAt(500 + i * 100)))
  const again = openTable(disk).find('t', 3)!
  expect([again.minOffset, again.maxOffset, again.nextOffset, again.maxPhyOffset]).toEqual([0, 16, 16, 1600])
  expect(all(again)).toEqual(all(queue))
})

test('a unit that is there already is ignored, also one recovery offers twice', () => {
  const queue = openTable(new SimDisk()).obtain('t', 0)
  fill(queue, 3)
  expect(appendUnit(queue, 2, unitAt(200))).toBe(QueueAppend.ignored)
  expect(appendUnit(queue, 3, unitAt(100))).toBe(QueueAppend.ignored)
  expect(appendUnit(queue, 1, unitAt(900))).toBe(QueueAppend.ignored)
  expect(queue.maxOffset).toBe(3)
})

test('a queue that begins at an offset gets fillers before it and minOffset there', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 0)
  expect(appendUnit(queue, 10, unitAt(5000))).toBe(QueueAppend.appended)
  expect([queue.minOffset, queue.maxOffset]).toEqual([10, 11])
  expect(read(queue, 9, 1)).toEqual([])
  queue.writeOut()
  const bytes = disk.readFile(`${FOLDER}/t/0/00000000000000000140`)
  for (let unit = 0; unit < 3; unit++) {
    expect(bytes.subarray(unit * 20, unit * 20 + 20).toString('hex')).toBe('00000000000000007fffffff0000000000000000')
  }
  const again = openTable(disk).find('t', 0)!
  expect([again.minOffset, again.maxOffset, again.maxPhyOffset]).toEqual([10, 11, 5100])
  again.correctMinOffset(0)
  expect(again.minOffset).toBe(10)
})

test('a gap inside a queue is filled and reported; a wide one begins the queue anew', () => {
  const reports: string[] = []
  const queue = openTable(new SimDisk(), TINY, reports).obtain('t', 0)
  fill(queue, 2)
  expect(appendUnit(queue, 5, unitAt(1000))).toBe(QueueAppend.appended)
  const filler = { phyOffset: 0, sizeBytes: FILLER_SIZE, tagsCode: 0 }
  expect(all(queue)).toEqual([unitAt(0), unitAt(100), filler, filler, filler, unitAt(1000)])
  expect(appendUnit(queue, 1000, unitAt(2000))).toBe(QueueAppend.appended)
  expect([queue.minOffset, queue.maxOffset]).toEqual([1000, 1001])
  expect(reports).toEqual(['queue t-0 lacks 3 units from offset 2 on', 'queue t-0 lacks 994 units from offset 6 on'])
})

test('offset 0 after later messages means the topic was made anew', () => {
  const queue = openTable(new SimDisk()).obtain('t', 0)
  fill(queue, 20)
  expect(appendUnit(queue, 0, unitAt(9000))).toBe(QueueAppend.appended)
  expect(all(queue)).toEqual([unitAt(9000)])
})

test('an impossible offset is refused and changes nothing', () => {
  const queue = openTable(new SimDisk()).obtain('t', 0)
  expect(appendUnit(queue, 2 ** 52, unitAt(0))).toBe(QueueAppend.failed)
  expect(appendUnit(queue, -1, unitAt(0))).toBe(QueueAppend.failed)
  expect(queue.maxOffset).toBe(0)
})

test('tag codes are int64: hashes, delivery times, and NaN for what a number cannot hold', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 0)
  for (const [i, tagsCode] of [-2147483648, 2147483647, 1_700_000_000_123, -1, -2147483649].entries()) {
    queue.append(i, i * 10, 10, tagsCode)
  }
  expect(all(queue).map((unit) => unit.tagsCode)).toEqual([-2147483648, 2147483647, 1_700_000_000_123, -1, -2147483649])
  queue.writeOut()
  const file = disk.open(`${FOLDER}/t/0/${'0'.repeat(20)}`, 'write')
  file.write(Buffer.from('8000000000000007', 'hex'), 0, 8, 12)
  expect(all(queue)[0]!.tagsCode).toBeNaN()
})

test('old files go with the commit log and minOffset follows', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 0)
  fill(queue, 20)
  queue.writeOut()
  expect(queue.dropBelow(650)).toBe(1)
  expect(disk.list(`${FOLDER}/t/0`)).toHaveLength(2)
  expect(queue.minOffset).toBe(7)
  expect(queue.dropBelow(1550)).toBe(1)
  expect(queue.minOffset).toBe(16)
  expect(queue.dropBelow(5000)).toBe(0)
  expect([queue.minOffset, queue.maxOffset]).toEqual([20, 20])
  expect(appendUnit(queue, 20, unitAt(6000))).toBe(QueueAppend.appended)
  expect(all(queue)).toEqual([unitAt(6000)])
})

test('files of another size are refused with the key to change', () => {
  const disk = new SimDisk()
  fillAndWrite(disk, 20)
  disk.open(`${FOLDER}/t/0/00000000000000000280`, 'write').truncate(200)
  const queue = openTable(disk).find('t', 0)!
  expect(() => queue.maxOffset).toThrow(/has 200 bytes instead of 140: set mappedFileSizeConsumeQueue/)
  disk.open(`${FOLDER}/t/0/00000000000000000150`, 'write')
  expect(() => openTable(disk).find('t', 0)!.maxOffset).toThrow(/does not start at a multiple of 140 bytes/)
})

test('search by time gives the boundaries Java gives', () => {
  const disk = new SimDisk()
  const queue = openTable(disk).obtain('t', 0)
  const times = [10, 10, 10, 30, 30, 40, 40, 40, 40, 50]
  times.forEach((_, i) => {
    queue.append(i, i * 100, 100, 0)
  })
  const at = (time: number, boundary: 'lower' | 'upper') =>
    queue.offsetByTime(time, boundary, (phyOffset) => times[phyOffset / 100]!, 0)
  expect([5, 10, 20, 30, 40, 45, 50, 60].map((time) => at(time, 'lower'))).toEqual([0, 0, 3, 3, 5, 9, 9, 10])
  expect([5, 10, 20, 30, 40, 45, 50, 60].map((time) => at(time, 'upper'))).toEqual([0, 2, 2, 4, 8, 8, 9, 9])
  queue.dropBelow(400)
  expect(at(5, 'lower')).toBe(4)
  expect(queue.offsetByTime(10, 'lower', () => -1, 0)).toBe(4)
})

test('few files are open and little memory is used however many queues there are', () => {
  const disk = new SimDisk()
  const table = openTable(disk, { openFilesMax: 4, tailBytesMax: 64 * 512 })
  for (let round = 0; round < 60; round++) {
    for (let id = 0; id < 50; id++) fill(table.obtain('t', id), 1, (round * 50 + id) * 100)
  }
  expect(table.context.pool.usedChunks).toBeLessThanOrEqual(64)
  expect(disk.openFileCount).toBe(4)
  for (let id = 0; id < 50; id++) expect(read(table.obtain('t', id), 0, 1000)).toHaveLength(60)
})

test('while writing fails units are kept up to twice the limit, then appends are refused', () => {
  const disk = new SimDisk()
  const reports: string[] = []
  const table = openTable(disk, { tailBytesMax: 4 * 512 }, reports)
  disk.fail({ nth: 1, code: 'ENOSPC', operations: ['write'], forever: true })
  const queues = Array.from({ length: 9 }, (_, id) => table.obtain('t', id))
  for (let id = 0; id < 8; id++) fill(queues[id]!, 1, id * 100)
  expect(table.hasRoom(1)).toBe(false)
  expect(appendUnit(queues[8]!, 0, unitAt(800))).toBe(QueueAppend.failed)
  expect(reports).toHaveLength(1)
  expect(reports[0]).toMatch(/cannot write consume queue t-0; .*storePathConsumeQueue/)
  disk.clearFaults()
  for (const queue of table.context.takeDirty()) expect(table.context.tryWriteOut(queue)).toBe(true)
  expect(table.hasRoom(1)).toBe(true)
  expect(appendUnit(queues[8]!, 0, unitAt(800))).toBe(QueueAppend.appended)
  for (let id = 0; id < 9; id++) expect(all(queues[id]!)).toEqual([unitAt(id * 100)])
})

test('any mixture of calls behaves like an array', () => {
  const command = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 30 }) }),
    },
    fc.record({ kind: fc.constantFrom('write' as const, 'reopen' as const) }),
    fc.record({ kind: fc.constantFrom('truncate' as const, 'drop' as const), part: fc.integer({ min: 0, max: 100 }) }),
    fc.record({ kind: fc.constant('read' as const), part: fc.integer({ min: 0, max: 100 }), count: fc.nat(60) }),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
      const disk = new SimDisk()
      let queue = openTable(disk).obtain('t', 0)
      const model = { units: [] as Unit[], min: 0, phyOffset: 0, minPhyOffset: 0 }
      for (const step of commands) {
        if (step.kind === 'append') {
          fill(queue, step.count, model.phyOffset)
          for (let i = 0; i < step.count; i++) model.units.push(unitAt(model.phyOffset + i * 100))
          model.phyOffset += step.count * 100
        } else if (step.kind === 'write') {
          queue.writeOut()
        } else if (step.kind === 'reopen') {
          queue.writeOut()
          const table = openTable(disk)
          table.correctMinOffset(model.minPhyOffset)
          queue = table.obtain('t', 0)
        } else if (step.kind === 'truncate') {
          const cut = Math.max(model.minPhyOffset, (model.phyOffset * step.part) / 100)
          queue.truncateFrom(cut)
          while (model.units.length > 0 && model.units.at(-1)!.phyOffset >= cut) model.units.pop()
          model.phyOffset = Math.max(Math.ceil(cut / 100) * 100, model.units.length * 100)
          model.min = Math.min(model.min, model.units.length)
        } else if (step.kind === 'drop') {
          model.minPhyOffset = Math.max(model.minPhyOffset, (model.phyOffset * step.part) / 100)
          queue.dropBelow(model.minPhyOffset)
          const first = model.units.findIndex((unit) => unit.phyOffset >= model.minPhyOffset)
          model.min = Math.max(model.min, first < 0 ? model.units.length : first)
        } else if (step.kind === 'read') {
          const from = model.min + Math.floor(((model.units.length - model.min) * step.part) / 100)
          expect(read(queue, from, step.count)).toEqual(model.units.slice(from, from + step.count))
        }
        expect(queue.maxOffset).toBe(model.units.length)
        expect(queue.minOffset).toBe(model.min)
      }
      expect(all(queue)).toEqual(model.units.slice(model.min))
    }),
    { numRuns: 300 },
  )
})

function fillAndWrite(disk: SimDisk, count: number): void {
  const queue = openTable(disk).obtain('t', 0)
  fill(queue, count)
  queue.writeOut()
}
