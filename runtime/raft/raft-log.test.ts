import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Entry, type EntryId, entryBytes, NO_ENTRY } from './entry.ts'
import { withMember, withoutMember } from './membership.ts'
import { RaftLog } from './raft-log.ts'
import { command, group, membershipEntry } from './testing/entries.ts'

function log(terms: readonly number[], commit = 0): RaftLog {
  return new RaftLog(
    NO_ENTRY,
    group(3),
    terms.map((term, i) => command(i + 1, term)),
    commit,
  )
}

test('entries of another term are replaced with all that follows; those that are there stay', () => {
  const one = log([1, 1, 2, 2])
  expect(one.merge({ index: 2, term: 1 }, [command(3, 2), command(4, 3)])).toBe(4)
  expect(one.last).toEqual({ index: 4, term: 3 })
  expect(one.merge({ index: 1, term: 1 }, [command(2, 1)])).toBe(2)
  expect(one.last).toEqual({ index: 4, term: 3 })
  expect(one.merge({ index: 4, term: 2 }, [command(5, 3)])).toBeUndefined()
  expect(one.merge({ index: 9, term: 3 }, [])).toBeUndefined()
})

test('what is committed is never replaced, and a gap is never left', () => {
  const one = log([1, 1, 1], 2)
  expect(() => one.merge({ index: 1, term: 1 }, [command(2, 2)])).toThrow('entry 2 is committed')
  expect(() => one.append([command(5, 1)])).toThrow('gap behind 3')
  expect(() => one.append([command(4, 0)])).toThrow('term 0 of entry 4 is below 1')
  expect(() => one.commitTo(4)).toThrow('commit 4 is beyond the last entry 3')
})

test('a write that ends after its entries were replaced makes durable only what stayed', () => {
  const one = log([])
  one.append([command(1, 1), command(2, 1), command(3, 1)])
  expect(one.issue(1).length).toBe(3)
  one.append([command(2, 2)])
  expect(one.issue(2).map(({ term }) => term)).toEqual([2])
  one.append([command(2, 3), command(3, 3)])
  one.durable(1)
  expect(one.stable).toBe(1)
  one.durable(2)
  expect(one.stable).toBe(1)
  expect(one.issue(3).length).toBe(2)
  one.durable(3)
  expect(one.stable).toBe(3)
})

test('only what is committed and durable is applied', () => {
  const one = log([])
  one.append([command(1, 1), command(2, 1)])
  one.commitTo(2)
  expect(one.unapplied()).toEqual([])
  one.issue(1)
  one.durable(1)
  expect(one.unapplied().map(({ index }) => index)).toEqual([1, 2])
  one.appliedTo(2)
  expect(one.unapplied()).toEqual([])
  expect(() => one.appliedTo(1)).toThrow('applied 1 of 2 to 2')
})

test('the membership is the last in the log, goes back with it, and outlives compaction', () => {
  const [two, three, four] = [2, 3, 4].map((count) => group(count))
  const one = new RaftLog(
    NO_ENTRY,
    two!,
    [command(1, 1), membershipEntry(2, 1, three!), membershipEntry(3, 1, four!)],
    2,
  )
  expect([one.membership, one.membershipIndex]).toEqual([four, 3])
  expect([0, 1, 2, 3].map((index) => one.membershipAt(index).members.length)).toEqual([2, 2, 3, 4])
  one.append([command(3, 2)])
  expect([one.membership, one.membershipIndex]).toEqual([three, 2])
  one.appliedTo(2)
  one.compact(2)
  expect([one.membership, one.base]).toEqual([three, { index: 2, term: 1 }])
  expect(() => one.membershipAt(1)).toThrow('compacted')
  expect(() => one.slice(2, 100)).toThrow('entry 2 is compacted')
  const five = withMember(withoutMember(four!, 'n3'), { id: 'n9', address: '', isVoter: false, store: 3 })
  one.restore({ index: 9, term: 4 }, five)
  expect([one.membership, one.last, one.commit, one.bytes]).toEqual([five, { index: 9, term: 4 }, 9, 0])
  expect(() => one.restore({ index: 9, term: 4 }, five)).toThrow('does not replace')
})

test('a slice holds what fits, and one entry at least', () => {
  const one = new RaftLog(
    NO_ENTRY,
    group(1),
    ['a', 'bb', 'ccc'].map((text, i) => command(i + 1, 1, text)),
    0,
  )
  const sizes = one.slice(1, Number.MAX_SAFE_INTEGER).map(entryBytes)
  expect(one.slice(1, 0).length).toBe(1)
  expect(one.slice(1, sizes[0]! + sizes[1]!).length).toBe(2)
  expect(one.slice(1, sizes[0]! + sizes[1]! - 1).length).toBe(1)
  expect(one.slice(4, 100)).toEqual([])
})

test('the last entries within a number and a size', () => {
  const one = new RaftLog(
    NO_ENTRY,
    group(1),
    ['a', 'bb', 'ccc', 'd'].map((text, i) => command(i + 1, 1, text)),
    4,
  )
  const [size] = one.slice(1, 0).map(entryBytes)
  expect(one.firstWithin(3, 2, 1e9)).toBe(2)
  expect(one.firstWithin(3, 9, 1e9)).toBe(1)
  expect(one.firstWithin(3, 9, size! + 2)).toBe(3)
  expect(one.firstWithin(3, 9, size!)).toBe(4)
  expect(one.firstWithin(3, 0, 1e9)).toBe(4)
  one.appliedTo(4)
  one.compact(2)
  expect(one.firstWithin(3, 9, 1e9)).toBe(3)
})

/** Terms never fall within a log. */
const terms = fc.array(fc.nat(4), { maxLength: 12 }).map((steps) => steps.toSorted((left, right) => left - right))

test('a hint never skips the place up to which two logs are the same', () => {
  fc.assert(
    fc.property(terms, terms, fc.nat(14), (ours, theirs, probe) => {
      const same = sharedLength(ours, theirs)
      // The other side's leader probed at an entry of its own that we do not have.
      const refused = Math.min(probe, theirs.length)
      fc.pre(refused > same)
      const hint = log(ours).lastNotAfter(refused, theirs[refused - 1]!)
      expect(hint.index).toBeGreaterThanOrEqual(Math.min(same, ours.length))
      expect(hint.index).toBeLessThanOrEqual(refused)
    }),
  )
})

function sharedLength(left: readonly number[], right: readonly number[]): number {
  let same = 0
  while (same < left.length && left[same] === right[same]) same++
  return same
}

type Step =
  | { readonly do: 'merge'; readonly at: number; readonly count: number; readonly newer: boolean }
  | { readonly do: 'commit' | 'issue' | 'durable' | 'apply' | 'compact'; readonly at: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('merge' as const), at: fc.nat(20), count: fc.nat(4), newer: fc.boolean() }),
  fc.record({ do: fc.constantFrom('commit', 'issue', 'durable', 'apply', 'compact'), at: fc.nat(20) }),
)

/** The same log as plain lists, without any bookkeeping: what is durable is looked up in what was written. */
class ModelLog {
  entries: Entry[] = []
  base: EntryId = NO_ENTRY
  commit = 0
  applied = 0
  /** Whole logs as they would stand on disk after each write. */
  readonly writes: Entry[][] = []
  durableWrites = 0

  at(index: number): Entry | undefined {
    return this.entries.find((entry) => entry.index === index)
  }

  /** Longest prefix of the log that stood on disk in the last durable write and in every one after it. */
  get stable(): number {
    let stable = Math.max(this.base.index, 0)
    for (const entry of this.entries) {
      if (entry.index <= stable) continue
      if (!this.writes.slice(Math.max(0, this.durableWrites - 1)).every((disk) => disk.includes(entry))) break
      if (this.durableWrites === 0) break
      stable = entry.index
    }
    return stable
  }
}

test('whatever is done to a log, it agrees with the model', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const real = log([])
      const model = new ModelLog()
      let term = 1
      for (const one of steps) {
        if (one.do === 'merge') {
          if (one.newer) term++
          const previous = Math.max(real.commit, Math.min(one.at, real.lastIndex))
          const entries = Array.from({ length: one.count }, (_, i) => command(previous + 1 + i, term))
          const id = { index: previous, term: real.termAt(previous)! }
          expect(real.merge(id, entries)).toBe(previous + one.count)
          const fresh = entries.findIndex((entry) => model.at(entry.index)?.term !== entry.term)
          if (fresh >= 0) {
            const kept = model.entries.filter(({ index }) => index < entries[fresh]!.index)
            model.entries = [...kept, ...entries.slice(fresh)]
          }
        } else change(real, model, one.do, one.at)
        expect(real.lastIndex).toBe(model.entries.at(-1)?.index ?? model.base.index)
        expect(real.stable).toBeLessThanOrEqual(Math.max(model.stable, model.base.index))
        expect(real.bytes).toBe(model.entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0))
        const unapplied = model.entries.filter(({ index }) => index > model.applied)
        expect(real.unappliedBytes).toBe(unapplied.reduce((bytes, entry) => bytes + entryBytes(entry), 0))
        for (let index = model.base.index + 1; index <= real.lastIndex; index++) {
          expect(real.termAt(index)).toBe(model.at(index)!.term)
        }
      }
    }),
    { numRuns: 300 },
  )
})

function change(real: RaftLog, model: ModelLog, what: Step['do'], at: number): void {
  if (what === 'commit') {
    const index = Math.min(at, real.lastIndex)
    real.commitTo(index)
    model.commit = Math.max(model.commit, index)
    expect(real.commit).toBe(model.commit)
  } else if (what === 'issue') {
    const entries = real.issue(model.writes.length + 1)
    const disk = model.writes.at(-1) ?? []
    const kept = entries.length > 0 ? disk.filter(({ index }) => index < entries[0]!.index) : disk
    model.writes.push([...kept, ...entries])
    // Compaction has no part in what is written: the model's disk keeps everything.
    expect(model.writes.at(-1)!.slice(-model.entries.length || Number.MAX_SAFE_INTEGER)).toEqual(model.entries)
  } else if (what === 'durable') {
    model.durableWrites = Math.max(model.durableWrites, Math.min(at, model.writes.length))
    real.durable(model.durableWrites)
  } else if (what === 'apply') {
    const entries = real.unapplied().slice(0, at)
    for (const entry of entries) expect(entry).toBe(model.at(entry.index))
    model.applied += entries.length
    real.appliedTo(model.applied)
  } else {
    const index = Math.min(at, model.applied)
    real.compact(index)
    if (index > model.base.index) model.base = { index, term: model.at(index)!.term }
    model.entries = model.entries.filter((entry) => entry.index > index)
    expect(real.base).toEqual(model.base)
  }
}
