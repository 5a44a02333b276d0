import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consistentPoint, EPOCHS_MAX, EpochHistory } from './epoch-history.ts'

function history(...pairs: (readonly [number, number])[]): EpochHistory {
  return new EpochHistory(pairs.map(([epoch, startOffset]) => ({ epoch, startOffset })))
}

test('epochs follow one another, and where one begins the one before ends', () => {
  const epochs = history([1, 0], [3, 100], [4, 100], [7, 250])
  expect([epochs.lastEpoch, new EpochHistory().lastEpoch]).toEqual([7, -1])
  expect([0, 99, 100, 249, 250, 9999].map((offset) => epochs.indexAt(offset))).toEqual([0, 0, 2, 2, 3, 3])
  expect(history([2, 50]).indexAt(49)).toBe(-1)
  expect([0, 1, 2, 3].map((i) => epochs.endOf(i, 300))).toEqual([100, 100, 250, 300])
  expect(epochs.endOf(3, 200)).toBe(200)
  expect(String(epochs)).toBe('1-0 3-100 4-100 7-250')
  expect(() => epochs.begin(7, 300)).toThrow('epoch 7 from offset 300 cannot follow 7-250')
  expect(() => epochs.begin(8, 249)).toThrow('epoch 8 from offset 249 cannot follow 7-250')
  expect(() => history([-1, 0])).toThrow('epoch -1 from offset 0 cannot follow nothing')
})

test('a history loses its end with the log, and its beginning as messages expire', () => {
  const epochs = history([1, 0], [3, 100], [4, 100], [7, 250])
  expect(String(epochs.endingAt(250))).toBe('1-0 3-100 4-100')
  expect(String(epochs.endingAt(100))).toBe('1-0')
  expect(String(epochs.endingAt(0))).toBe('none')
  expect(String(epochs.reachingTo(250))).toBe('1-0 3-100 4-100 7-250')
  expect(String(epochs.reachingTo(100))).toBe('1-0 3-100 4-100')
  expect(String(epochs.startingAt(99))).toBe('1-0 3-100 4-100 7-250')
  expect(String(epochs.startingAt(100))).toBe('4-100 7-250')
  expect(String(epochs.startingAt(1000))).toBe('7-250')
})

test('of too many epochs those without messages go first, then the oldest', () => {
  let epochs = history([1, 0])
  for (let epoch = 2; epoch <= EPOCHS_MAX; epoch++) epochs = epochs.begin(epoch, epoch < 10 ? 500 : epoch * 1000)
  expect(epochs.entries.length).toBe(EPOCHS_MAX)
  epochs = epochs.begin(5000, 10_000_000)
  expect(epochs.entries.slice(0, 3).map(({ epoch }) => epoch)).toEqual([1, 3, 4])
  for (let epoch = 5001; epoch < 5007; epoch++) epochs = epochs.begin(epoch, epoch * 10_000)
  expect(epochs.entries.slice(0, 3).map(({ epoch }) => epoch)).toEqual([1, 9, 10])
  expect(epochs.begin(6000, 1e9).entries[0]!.epoch).toBe(9)
})

test.each([
  // The old master went on alone: what it wrote after the new one began goes.
  [
    [[1, 0]],
    700,
    [
      [1, 0],
      [2, 500],
    ],
    900,
    { offset: 500, epoch: 1 },
  ],
  // The slave lags.
  [
    [
      [1, 0],
      [2, 500],
    ],
    600,
    [
      [1, 0],
      [2, 500],
      [3, 900],
    ],
    900,
    { offset: 600, epoch: 2 },
  ],
  // The new master had less.
  [
    [[1, 0]],
    700,
    [
      [1, 0],
      [2, 300],
    ],
    300,
    { offset: 300, epoch: 1 },
  ],
  // An epoch that only one of the two saw.
  [
    [
      [1, 0],
      [2, 100],
    ],
    200,
    [
      [1, 0],
      [3, 150],
    ],
    400,
    { offset: 100, epoch: 1 },
  ],
  // Same epoch, but begun elsewhere: not the same epoch.
  [
    [
      [1, 0],
      [2, 100],
    ],
    200,
    [
      [1, 0],
      [2, 150],
    ],
    400,
    { offset: 100, epoch: 1 },
  ],
  // An epoch of which the local log has nothing says nothing.
  [
    [
      [1, 0],
      [2, 200],
    ],
    200,
    [
      [1, 0],
      [2, 200],
      [3, 200],
    ],
    400,
    { offset: 200, epoch: 1 },
  ],
  // The other one knows that nothing was written in epoch 1.
  [
    [[1, 0]],
    700,
    [
      [1, 0],
      [2, 0],
    ],
    400,
    { offset: 0, epoch: 1 },
  ],
  [[[1, 0]], 700, [[2, 0]], 400, undefined],
  [[], 0, [[1, 0]], 400, undefined],
] as const)('the histories %j (%i) and %j (%i) agree up to %j', (local, localEnd, other, otherEnd, expected) => {
  expect(consistentPoint(history(...local), localEnd, history(...other), otherEnd)).toEqual(expected)
})

/** A log without cleverness: who wrote which byte. Two bytes are the same if they were written in one epoch at one offset. */
class ModelReplica {
  bytes: number[] = []
  epochs = new EpochHistory()

  elect(epoch: number): void {
    this.epochs = this.epochs.reachingTo(this.bytes.length).begin(epoch, this.bytes.length)
  }

  write(count: number): void {
    for (let i = 0; i < count; i++) this.bytes.push(this.epochs.lastEpoch)
  }

  /** Copies up to `count` bytes of another replica, from where the two are equal on. */
  follow(master: ModelReplica, count: number): void {
    const from = commonLength(this.bytes, master.bytes)
    this.bytes.length = from
    this.epochs = this.epochs.endingAt(from)
    for (const byte of master.bytes.slice(from, from + count)) {
      const { startOffset } = master.epochs.entries.find(({ epoch }) => epoch === byte)!
      if (byte > this.epochs.lastEpoch) this.epochs = this.epochs.begin(byte, startOffset)
      this.bytes.push(byte)
    }
  }
}

function commonLength(left: readonly number[], right: readonly number[]): number {
  let length = 0
  while (length < left.length && length < right.length && left[length] === right[length]) length++
  return length
}

test('the consistent point is where the logs begin to differ, whoever wrote, copied and was elected', () => {
  const replica = fc.nat(2)
  const step = fc.oneof(
    fc.record({ kind: fc.constant('elect' as const), who: replica }),
    fc.record({ kind: fc.constant('write' as const), who: replica, count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant('follow' as const), who: replica, master: replica, count: fc.nat(8) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const replicas = [new ModelReplica(), new ModelReplica(), new ModelReplica()]
      /** The epoch in which each is master, if it believes to be: a stale one goes on writing. */
      const masters = new Map<number, number>()
      let epoch = 0
      for (const one of steps) {
        const own = replicas[one.who]!
        if (one.kind === 'elect') {
          masters.set(one.who, ++epoch)
          own.elect(epoch)
        } else if (one.kind === 'write') {
          if (masters.has(one.who)) own.write(one.count)
        } else if (one.who !== one.master && masters.has(one.master)) {
          if ((masters.get(one.who) ?? 0) > masters.get(one.master)!) continue
          masters.delete(one.who)
          own.follow(replicas[one.master]!, one.count)
        }
        for (const left of replicas) {
          for (const right of replicas) {
            const found = consistentPoint(left.epochs, left.bytes.length, right.epochs, right.bytes.length)
            expect(found?.offset ?? 0).toBe(commonLength(left.bytes, right.bytes))
          }
        }
      }
    }),
    { numRuns: 400 },
  )
})
