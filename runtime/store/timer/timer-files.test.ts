import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { javaHashCode } from '../../codec/bytes.ts'
import { decodeTimerReport, encodeTimerReport, NO_PROGRESS, TimerCheckpoint } from './timer-checkpoint.ts'
import { TimerLog } from './timer-log.ts'
import { TimerSlots } from './timer-slots.ts'
import { TimerUnit } from './timer-unit.ts'
import { TimerWheel } from './timer-wheel.ts'

interface GoldenUnit {
  readonly position: number
  readonly previous: number
  readonly magic: number
  readonly writeMs: number
  readonly delayMs: number
  readonly phyOffset: number
  readonly sizeBytes: number
  readonly topic: string
}

interface Golden {
  readonly wheel: {
    readonly slotsTotal: number
    readonly precisionMs: number
    readonly slots: readonly [number, number, number, number][]
    readonly bytes: string
    readonly lookups: readonly [number, number, number, number, number][]
    readonly allNum: readonly [number, number][]
  }
  readonly log: {
    readonly fileSizeBytes: number
    readonly units: readonly GoldenUnit[]
    readonly files: Readonly<Record<string, string>>
  }
  readonly checkpoint: { readonly fileBytes: number; readonly head: string; readonly body: string }
}

const golden: Golden = JSON.parse(readFileSync(new URL('./golden/timer.json', import.meta.url), 'utf8'))
const PROGRESS = {
  readMs: 1_700_000_001_000,
  logPosition: 5200,
  queueOffset: 77,
  masterQueueOffset: 78,
  stateVersion: 3,
  timestampMs: 1_700_000_002_000,
  counter: 9,
}

function wheelOf(disk: SimDisk): TimerWheel {
  const { slotsTotal, precisionMs } = golden.wheel
  return new TimerWheel({ disk, path: '/store/timerwheel', precisionMs, slotsTotal })
}

function logOf(disk: SimDisk): TimerLog {
  return new TimerLog({ disk, folder: '/store/timerlog', fileSizeBytes: golden.log.fileSizeBytes })
}

function unitOf(given: GoldenUnit): TimerUnit {
  const { topic, position, ...fields } = given
  return Object.assign(new TimerUnit(), fields, { topicHash: javaHashCode(topic) })
}

function diskWithStore(): SimDisk {
  const disk = new SimDisk()
  disk.makeFolder('/store/config')
  return disk
}

function writeAll(wheel: TimerWheel): void {
  wheel.write(wheel.takeDirty(1000))
}

test('the wheel writes the bytes Java writes, and answers as Java does, also after it was read again', () => {
  const disk = diskWithStore()
  const written = wheelOf(disk)
  for (const [timeMs, firstPos, lastPos, count] of golden.wheel.slots) {
    Object.assign(written.slot, { firstPos, lastPos, count })
    written.put(timeMs)
  }
  writeAll(written)
  expect(disk.readFile('/store/timerwheel').toString('hex')).toBe(golden.wheel.bytes)
  for (const wheel of [written, wheelOf(disk)]) {
    for (const [timeMs, , firstPos, lastPos, count] of golden.wheel.lookups) {
      wheel.find(timeMs)
      expect([timeMs, wheel.slot]).toEqual([timeMs, { firstPos, lastPos, count }])
    }
    for (const [timeMs, count] of golden.wheel.allNum)
      expect([timeMs, wheel.countFrom(timeMs)]).toEqual([timeMs, count])
  }
})

test('a wheel of another size is refused, naming what to do', () => {
  const disk = diskWithStore()
  disk.writeFile('/store/timerwheel', new Uint8Array(64))
  expect(() => wheelOf(disk)).toThrow(/timerwheel has 64 bytes instead of 640: remove it/)
})

test('the timer log writes the bytes Java writes, blank and second file included', () => {
  const disk = diskWithStore()
  const log = logOf(disk)
  for (const unit of golden.log.units) expect(log.append(unitOf(unit))).toBe(unit.position)
  log.write()
  for (const [name, bytes] of Object.entries(golden.log.files)) {
    expect(disk.readFile(`/store/timerlog/${name}`).toString('hex')).toBe(bytes)
  }
})

test('what Java wrote is read back, forwards and backwards, and goes on where it ended', () => {
  const disk = diskWithStore()
  for (const [name, bytes] of Object.entries(golden.log.files)) {
    disk.writeFile(`/store/timerlog/${name}`, Buffer.from(bytes, 'hex'))
  }
  const log = logOf(disk)
  const found: unknown[] = []
  log.recover(0, (position, unit) => found.push([position, Object.assign(new TimerUnit(), unit)]))
  expect(found).toEqual(golden.log.units.map((unit) => [unit.position, unitOf(unit)]))
  const backwards: number[] = []
  for (let position = log.before(log.end); position >= 0; position = log.before(position)) backwards.push(position)
  expect(backwards).toEqual(golden.log.units.map((unit) => unit.position).reverse())
  expect(log.append(unitOf({ ...golden.log.units[6]!, phyOffset: 6_000_000_000 }))).toBe(404)
})

test('the checkpoint is the file Java writes, and so is what a slave is told', () => {
  const disk = diskWithStore()
  new TimerCheckpoint(disk, '/store/config/timercheck').write(PROGRESS, 1000)
  const bytes = disk.readFile('/store/config/timercheck')
  expect([bytes.length, bytes.toString('hex', 0, 64)]).toEqual([golden.checkpoint.fileBytes, golden.checkpoint.head])
  const again = new TimerCheckpoint(disk, '/store/config/timercheck')
  expect([again.progress, again.isOwn, again.precisionMs]).toEqual([PROGRESS, true, 1000])
  const body = encodeTimerReport({ progress: PROGRESS, logEnd: 12_345 })
  expect(body.toString('hex', 0, 56)).toBe(golden.checkpoint.body)
  expect(decodeTimerReport(body)).toEqual({ progress: PROGRESS, logEnd: 12_345 })
  expect(decodeTimerReport(Buffer.from(golden.checkpoint.body, 'hex'))).toEqual({ progress: PROGRESS, logEnd: 0 })
  expect(() => decodeTimerReport(Buffer.alloc(8))).toThrow('timer checkpoint of 8 bytes, expected 56 or more')
})

test('a checkpoint that Java has written since is not our own', () => {
  const disk = diskWithStore()
  new TimerCheckpoint(disk, '/store/config/timercheck').write(PROGRESS, 1000)
  const bytes = disk.readFile('/store/config/timercheck')
  bytes.writeBigInt64BE(5252n, 8)
  disk.writeFile('/store/config/timercheck', bytes)
  expect(new TimerCheckpoint(disk, '/store/config/timercheck').isOwn).toBe(false)
  expect(new TimerCheckpoint(disk, '/store/config/none').progress).toEqual(NO_PROGRESS)
})

const T = 1_700_000_000_000

function slotsOf(disk: SimDisk): TimerSlots {
  return new TimerSlots({
    log: { disk, folder: '/store/timerlog', fileSizeBytes: 300 },
    wheel: { disk, path: '/store/timerwheel', precisionMs: 1000, slotsTotal: 10 },
  })
}

/** Places messages of the given sizes, 100 bytes apart, `seconds` ahead. */
function place(slots: TimerSlots, from: number, seconds: readonly number[], magic = 1): void {
  for (const [i, ahead] of seconds.entries()) {
    const fields = { magic, writeMs: T, delayMs: ahead * 1000, phyOffset: (from + i) * 100, sizeBytes: 100 }
    slots.place(Object.assign(new TimerUnit(), fields))
  }
}

/** The messages of a slot, the newest first. */
function chain(slots: TimerSlots, ahead: number): number[] {
  const found: number[] = []
  const unit = new TimerUnit()
  slots.wheel.find(T + ahead * 1000)
  for (let position = slots.wheel.slot.lastPos; position >= 0; position = unit.previous) {
    if (!slots.log.read(position, unit)) throw new Error(`no unit at ${position}`)
    found.push(unit.phyOffset / 100)
  }
  return found
}

test('units of one slot are chained; the wheel is brought up to a log that is ahead of it', () => {
  const disk = diskWithStore()
  const slots = slotsOf(disk)
  place(slots, 0, [3, 4, 3, 5])
  slots.log.write()
  writeAll(slots.wheel)
  const flushed = slots.log.end
  place(slots, 4, [4, 3, 3, 7])
  slots.log.write()
  slots.close()
  for (const logPosition of [flushed, 0, 999]) {
    const again = slotsOf(disk)
    again.recover({ logPosition, readMs: T })
    expect([3, 4, 5, 6, 7].map((ahead) => chain(again, ahead))).toEqual([[6, 5, 2, 0], [4, 1], [3], [], [7]])
    expect(again.wheel.countFrom(T)).toBe(8)
    expect([again.log.end, again.wheel.firstFrom(T)]).toEqual([slots.log.end, T + 3000])
    again.close()
  }
})

test('what is taken back leaves slots as they were, and the log ends before it', () => {
  const disk = diskWithStore()
  const slots = slotsOf(disk)
  place(slots, 0, [3, 4, 3])
  place(slots, 3, [3], 5)
  place(slots, 4, [8, 4, 3])
  expect(slots.wheel.countFrom(T)).toBe(5)
  slots.log.write()
  expect(slots.takeBackFrom(300)).toBe(true)
  expect([3, 4, 8].map((ahead) => chain(slots, ahead))).toEqual([[2, 0], [1], []])
  expect([slots.wheel.countFrom(T), slots.takeBackFrom(300)]).toEqual([3, false])
  place(slots, 3, [4])
  slots.log.write()
  slots.close()
  const again = slotsOf(disk)
  again.recover({ logPosition: 0, readMs: T })
  expect([3, 4, 8].map((ahead) => chain(again, ahead))).toEqual([[2, 0], [3, 1], []])
})

test('files whose messages are all gone are removed, the last one stays', () => {
  const disk = diskWithStore()
  const slots = slotsOf(disk)
  place(slots, 0, [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2])
  slots.log.write()
  slots.log.expire(500)
  expect(disk.list('/store/timerlog')).toEqual(['00000000000000000300', '00000000000000000600'])
  slots.log.expire(100_000)
  expect(disk.list('/store/timerlog')).toEqual(['00000000000000000600'])
})

test('only what was synced is said to survive a power cut, whatever was written meanwhile', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  disk.makeFolder('/store/config')
  const slots = slotsOf(disk)
  place(slots, 0, [1, 2, 3, 1, 2, 3, 1])
  slots.log.write()
  const end = slots.log.end
  const done: (Error | null)[] = []
  slots.log.sync((error) => done.push(error))
  place(slots, 7, [1])
  slots.log.write()
  expect([slots.log.syncedEnd, done]).toEqual([0, []])
  for (let i = 0; i < 3; i++) disk.completeSyncs()
  expect([slots.log.syncedEnd, done]).toEqual([end, [null]])
})
