import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OffsetWindow } from './offset-window.ts'

test('a window behaves as a set of offsets that forgets what falls below its base', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), by: fc.nat(5000) }),
    fc.record({ kind: fc.constant('addMany' as const), by: fc.nat(3000) }),
    fc.record({ kind: fc.constant('delete' as const), by: fc.nat(500) }),
    fc.record({ kind: fc.constant('move' as const), by: fc.nat(2000) }),
    fc.record({ kind: fc.constant('advance' as const), by: fc.nat(0) }),
  )
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.array(step, { maxLength: 60 }), (start, steps) => {
      const window = new OffsetWindow(start)
      const model = new Set<number>()
      let base = start
      const missingFrom = (from: number): number => {
        let offset = Math.max(from, base)
        while (model.has(offset)) offset++
        return offset
      }
      for (const { kind, by } of steps) {
        if (kind === 'add') {
          expect(window.add(base + by)).toBe(true)
          model.add(base + by)
        } else if (kind === 'addMany') {
          for (let offset = base; offset < base + by; offset++) {
            window.add(offset)
            model.add(offset)
          }
        } else if (kind === 'delete') {
          window.delete(base + by)
          model.delete(base + by)
        } else {
          base = kind === 'move' ? base + by : missingFrom(base)
          window.moveTo(base)
          for (const offset of model) if (offset < base) model.delete(offset)
        }
        expect(window.base).toBe(base)
        expect(window.firstMissing(base)).toBe(missingFrom(base))
        for (const offset of [base - 1, base, base + by, base + 64]) {
          expect([offset, window.has(offset)]).toEqual([offset, model.has(offset)])
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('offsets below the window and absurdly far above it are not kept', () => {
  const window = new OffsetWindow(100)
  expect([window.add(99), window.add(2 ** 40), window.has(2 ** 40), window.add(100)]).toEqual([
    false,
    false,
    false,
    true,
  ])
})
