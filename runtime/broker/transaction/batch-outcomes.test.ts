import { expect, test } from 'vitest'
import { BatchOutcomes, type Outcome } from './batch-outcomes.ts'
import { HalfProgress } from './half-progress.ts'

const WRITTEN = 1000

/** Half messages 0 and 1 are open; what is told has happened, and then the log is not written beyond {@link WRITTEN}. */
class Batch {
  readonly progress = new HalfProgress(0, 0)
  readonly ops: number[] = []
  readonly counts: number[] = []
  readonly outcomes = new BatchOutcomes({
    addOp: (halfOffset) => this.ops.push(halfOffset),
    count: (_topic, change) => this.counts.push(change),
  })

  copied(halfOffset: number, copy: number, endOffset: number): void {
    this.progress.copied(halfOffset, copy)
    this.#note({ kind: 'copied', halfOffset, endOffset, countedIn: undefined })
  }

  ended(halfOffset: number, endOffset: number): void {
    this.progress.end(halfOffset)
    this.#note({ kind: 'ended', halfOffset, endOffset, countedIn: 'T' })
  }

  lost(): void {
    this.outcomes.lost(WRITTEN, this.progress)
  }

  #note(outcome: Outcome): void {
    this.outcomes.note(outcome)
  }
}

test('what was copied and then ended is open again, and nothing stands for it', () => {
  const batch = new Batch()
  batch.copied(0, 2, WRITTEN + 100)
  batch.ended(0, WRITTEN + 200)
  batch.lost()
  expect([0, 1].map((offset) => batch.progress.standing(offset, ''))).toEqual(['open', 'open'])
  // Another half message comes to stand where the copy would have been.
  expect([batch.progress.standing(2, 'another'), batch.progress.nextOpen(2)]).toEqual(['open', 2])
  expect([batch.ops, batch.counts]).toEqual([[], [-1, 1]])
})

test('a copy that is in the log stays, and what it stands for is named again; what ended it is taken back', () => {
  const batch = new Batch()
  batch.copied(0, 2, WRITTEN - 100)
  batch.ended(0, WRITTEN + 200)
  batch.lost()
  expect([0, 2].map((offset) => batch.progress.standing(offset, ''))).toEqual(['open', 'open'])
  expect([batch.progress.nextOpen(0), batch.progress.nextOpen(2), batch.ops]).toEqual([1, 2, [0]])
})

test('copies of copies are taken back one after the other; what was written with them is not', () => {
  const batch = new Batch()
  batch.ended(1, WRITTEN)
  batch.copied(0, 2, WRITTEN + 100)
  batch.copied(2, 3, WRITTEN + 200)
  batch.ended(3, 0)
  batch.lost()
  expect([0, 1, 2, 3].map((offset) => batch.progress.nextOpen(offset))).toEqual([0, 2, 2, 3])
  expect([batch.ops, batch.counts]).toEqual([[1], [-1, -1, 1]])
  // Once more, and nothing is left that could be taken back twice.
  batch.outcomes.clear()
  batch.lost()
  expect([batch.ops, batch.counts]).toEqual([[1], [-1, -1, 1]])
})
