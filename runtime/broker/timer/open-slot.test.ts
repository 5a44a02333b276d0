import { expect, test } from 'vitest'
import { SeededRandom } from '../../../test/sim/seeded-random.ts'
import { type DueMessage, OpenSlot } from './open-slot.ts'

function message(phyOffset: number, dueMs: number): DueMessage {
  return { phyOffset, sizeBytes: phyOffset + 1, magic: 1, writeMs: phyOffset + 2, dueMs }
}

test('messages leave by their time, those of one time by their age, whatever comes and goes meanwhile', () => {
  const random = new SeededRandom(5)
  const slot = new OpenSlot()
  const expected: DueMessage[] = []
  const taken = message(0, 0)
  for (let i = 0; i < 20_000; i++) {
    if (random.below(3) > 0) {
      const added = message(i, random.below(50))
      slot.add(added)
      expected.push(added)
    } else if (slot.count > 0) {
      expected.sort((one, other) => one.dueMs - other.dueMs || one.phyOffset - other.phyOffset)
      const first = expected.shift()!
      expect(slot.firstDueMs).toBe(first.dueMs)
      slot.take(taken)
      if (taken.phyOffset !== first.phyOffset || taken.writeMs !== first.writeMs) throw new Error(`wrong at ${i}`)
    }
    expect(slot.count).toBe(expected.length)
    if (expected.length > 300) {
      slot.clear()
      expected.length = 0
    }
  }
  slot.clear()
  expect([slot.count, slot.firstDueMs]).toEqual([0, Number.POSITIVE_INFINITY])
})

test('a slot of very many is emptied in order, and what is put back does not make it grow', () => {
  const slot = new OpenSlot()
  for (let i = 0; i < 5000; i++) slot.add(message(i, 5000 - i))
  const taken = message(0, 0)
  for (let i = 0; i < 100_000; i++) {
    slot.take(taken)
    slot.add(taken)
  }
  const order: number[] = []
  while (slot.count > 0) {
    slot.take(taken)
    order.push(taken.dueMs)
  }
  expect(order).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1))
})
