import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HalfProgress } from './half-progress.ts'

test('positions move over what op messages name, in whatever order they come', () => {
  const progress = new HalfProgress(10, 5)
  progress.readOp([12, 10])
  expect([progress.advance(), progress.halfOffset, progress.opOffset, progress.opRead]).toEqual([true, 11, 5, 6])
  progress.readOp([14])
  progress.readOp([11])
  expect([progress.advance(), progress.halfOffset, progress.opOffset]).toEqual([true, 13, 6])
  expect([progress.nextOpen(10), progress.nextOpen(14)]).toEqual([13, 15])
  progress.readOp([13])
  expect([progress.advance(), progress.halfOffset, progress.opOffset]).toEqual([true, 15, 9])
  expect(progress.advance()).toBe(false)
})

test('what ended is not open, but positions wait for its op message', () => {
  const progress = new HalfProgress(0, 0)
  expect(progress.end(0)).toBe(0)
  expect([progress.standing(0, 'k'), progress.nextOpen(0), progress.advance(), progress.halfOffset]).toEqual([
    'ended',
    1,
    false,
    0,
  ])
  progress.unend(0)
  expect([progress.standing(0, 'k'), progress.nextOpen(0)]).toEqual(['open', 0])
})

test('a copy stands for its original: whichever is ended, the transaction is', () => {
  const progress = new HalfProgress(0, 0)
  progress.copied(0, 3)
  expect([progress.nextOpen(0), progress.advance()]).toEqual([1, false])
  progress.readOp([0])
  expect([progress.advance(), progress.halfOffset]).toEqual([true, 1])
  progress.copied(3, 7)
  // The producer answers the first question late.
  const standings = () => [0, 3, 7].map((offset) => progress.standing(offset, 'k'))
  expect(standings()).toEqual(['open', 'open', 'open'])
  expect(progress.end(0)).toBe(7)
  expect(standings()).toEqual(['ended', 'ended', 'ended'])
  expect(progress.nextOpen(7)).toBe(8)
  progress.unend(0)
  expect([progress.standing(3, 'k'), progress.nextOpen(7)]).toEqual(['open', 7])
})

test('after a start, copies that are found in the queue stand for what is below them', () => {
  const progress = new HalfProgress(10, 0)
  progress.readOp([11, 15])
  progress.found(12, 'k')
  progress.found(14, 'other')
  expect([2, 11, 12, 13].map((offset) => progress.standing(offset, 'k'))).toEqual(['open', 'open', 'open', 'open'])
  expect([progress.standing(3, 'nobody'), progress.standing(15, 'nobody')]).toEqual(['unknown', 'ended'])
  expect(progress.end(2)).toBe(12)
  expect([2, 11, 12, 13].map((offset) => progress.standing(offset, 'k'))).toEqual(['ended', 'ended', 'ended', 'open'])
  progress.readOp([14])
  expect(progress.standing(4, 'other')).toBe('ended')
})

test('copies that were not written are forgotten', () => {
  const progress = new HalfProgress(0, 0)
  progress.copied(0, 5)
  progress.copied(1, 6)
  progress.uncopied(1)
  expect([progress.nextOpen(0), progress.standing(6, 'k')]).toEqual([1, 'open'])
  expect([progress.end(1), progress.end(0)]).toEqual([1, 5])
})

test('what is gone from the queues is passed over', () => {
  const progress = new HalfProgress(0, 0)
  progress.skipHalves(100)
  progress.skipOps(4)
  expect([progress.halfOffset, progress.opRead, progress.advance(), progress.opOffset]).toEqual([100, 4, true, 4])
  progress.readOp([50, 101])
  expect([progress.advance(), progress.halfOffset, progress.opOffset, progress.nextOpen(0)]).toEqual([
    false,
    100,
    4,
    100,
  ])
})

test('whatever is told in whatever order: nothing open is passed, nothing ended is open', () => {
  const step = fc.record({ kind: fc.constantFrom('end', 'op', 'copy', 'advance'), half: fc.nat(40) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const progress = new HalfProgress(0, 0)
      const named = new Set<number>()
      const ended = new Set<number>()
      let copies = 1000
      for (const { kind, half } of steps) {
        if (kind === 'end') ended.add(progress.end(half))
        else if (kind === 'op') {
          progress.readOp([half])
          named.add(half)
        } else if (kind === 'copy' && progress.nextOpen(half) === half) {
          progress.copied(half, copies++)
          ended.add(half)
        } else if (kind === 'advance') {
          const before = progress.halfOffset
          progress.advance()
          expect(progress.halfOffset).toBeGreaterThanOrEqual(before)
        }
        for (let offset = 0; offset < progress.halfOffset; offset++) expect(named).toContain(offset)
        const open = progress.nextOpen(progress.halfOffset)
        expect([open, ended.has(open), named.has(open)]).toEqual([open, false, false])
      }
    }),
    { numRuns: 300 },
  )
})
