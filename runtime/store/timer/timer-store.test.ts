import { expect, test } from 'vitest'
import { SimDisk } from '../../../test/sim/sim-disk.ts'
import { TimerStore } from './timer-store.ts'
import { TimerUnit, UNIT_BYTES } from './timer-unit.ts'

const SLOT_MS = 1_700_000_005_000
const PROGRESS = {
  ...{ readMs: SLOT_MS - 5000, queueOffset: 0, masterQueueOffset: 0, stateVersion: 0, timestampMs: 0, counter: 0 },
}

/** @param dispatchedOffset how far the commit log has its messages */
function opened(disk: SimDisk, dispatchedOffset: number): TimerStore {
  const reporter = { info: () => {}, warn: () => {}, error: () => {} }
  return new TimerStore({
    ...{ disk, storePathRootDir: '/store', logFileBytes: 4096, precisionMs: 1000, hasSnapshots: false, reporter },
    messages: {
      writtenOffset: dispatchedOffset,
      flushedOffset: dispatchedOffset,
      confirmOffset: dispatchedOffset,
      dispatchedOffset,
      read: () => undefined,
    },
    queue: () => undefined,
  })
}

/** Places messages that lie one behind the other in the commit log, the first at `phyOffset`. */
function place(store: TimerStore, count: number, phyOffset: number, delayMs = 4000): void {
  const unit = new TimerUnit()
  for (let i = 0; i < count; i++) {
    Object.assign(unit, {
      magic: 1,
      writeMs: SLOT_MS - 4000,
      delayMs,
      phyOffset: phyOffset + i * 100,
      sizeBytes: 100,
    })
    store.slots.place(unit)
  }
}

/** Positions in the commit log of the messages in the slot, the newest first. */
function inSlot({ slots }: TimerStore): number[] {
  const found: number[] = []
  const unit = new TimerUnit()
  if (!slots.wheel.find(SLOT_MS)) return found
  for (let position = slots.wheel.slot.lastPos; position >= 0; position = unit.previous) {
    if (!slots.log.read(position, unit)) throw new Error(`no unit at ${position}`)
    found.push(unit.phyOffset)
  }
  return found
}

function storeOnDisk(): SimDisk {
  const disk = new SimDisk()
  disk.makeFolder('/store/config')
  return disk
}

test('what is placed anew where units were taken back at a start is found after a crash', () => {
  const disk = storeOnDisk()
  const first = opened(disk, 0)
  place(first, 4, 0)
  first.flush.now(PROGRESS)
  first.close()
  // A power cut has taken their messages, and the former master's stand there now.
  const second = opened(disk, 0)
  expect(inSlot(second)).toEqual([])
  place(second, 3, 1000)
  // The checkpoint spoke of four units.
  place(second, 2, 1300, 5000)
  second.slots.log.write()
  disk.crash('process')
  expect(inSlot(opened(disk, 10_000))).toEqual([1200, 1100, 1000])
})

test('a stop in the middle of a round writes the pages that the round had taken', () => {
  const disk = new SimDisk({ syncs: 'manual' })
  disk.makeFolder('/store/config')
  const store = opened(disk, 10_000)
  place(store, 1, 0)
  store.flush.now(PROGRESS)
  place(store, 2, 100)
  store.flush.begin({ progress: PROGRESS, logEnd: 10_000 })
  store.flush.now(PROGRESS)
  store.close()
  disk.completeSyncs()
  expect(inSlot(opened(disk, 10_000))).toEqual([200, 100, 0])
})

test('the wheel does not point to units that the disk has not taken', () => {
  const disk = storeOnDisk()
  const store = opened(disk, 10_000)
  place(store, 2, 0)
  store.flush.now(PROGRESS)
  place(store, 2, 1000)
  disk.fail({ nth: 1, code: 'EIO', operations: ['write'], path: /timerlog/, forever: true })
  store.flush.begin({ progress: PROGRESS, logEnd: 10_000 })
  for (let i = 0; i < 10; i++) {
    store.flush.tick()
    disk.completeSyncs()
  }
  expect([store.flush.isIdle, store.checkpoint.progress.logPosition]).toEqual([true, 2 * UNIT_BYTES])
  disk.crash('process')
  disk.clearFaults()
  // Some of what was refused may be there all the same, as whole units or not.
  const kept = inSlot(opened(disk, 10_000))
  expect(kept.slice(-2)).toEqual([100, 0])
  // When the disk takes them again everything is written in one round.
  const again = opened(disk, 10_000)
  place(again, 1, 2000)
  again.flush.begin({ progress: PROGRESS, logEnd: 10_000 })
  for (let i = 0; i < 10; i++) {
    again.flush.tick()
    disk.completeSyncs()
  }
  disk.crash('power-worst')
  expect(inSlot(opened(disk, 10_000))).toEqual([2000, ...kept])
})
