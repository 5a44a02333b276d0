import { expect, test } from 'vitest'
import { EpochHistory } from './epoch-history.ts'
import { followPoint, needsProof, sharedEpochs } from './follow-point.ts'

type Pairs = readonly (readonly [epoch: number, startOffset: number])[]

const history = (pairs: Pairs) => new EpochHistory(pairs.map(([epoch, startOffset]) => ({ epoch, startOffset })))

function point(
  own: Pairs,
  endOffset: number,
  master: Pairs,
  masterEnd: number,
  trusted = Number.POSITIVE_INFINITY,
  confirmOffset = endOffset,
) {
  const found = followPoint(
    { epochs: history(own), endOffset, confirmOffset, trustedEndOffset: trusted },
    { epochs: history(master), endOffset: masterEnd },
  )
  return found.kind === 'follow' ? found.offset : `${found.kind}: ${found.reason.split(/[.:]/)[0]}`
}

const NOTHING: Pairs = []

test.each([
  ['an empty replica', NOTHING, 0, [[1, 0]], 500, 0],
  [
    'an empty replica of which only the epochs are left',
    [
      [1, 0],
      [4, 900],
    ],
    0,
    [[6, 500]],
    700,
    0,
  ],
  [
    'one that lags',
    [[1, 0]],
    300,
    [
      [1, 0],
      [2, 400],
    ],
    500,
    300,
  ],
  [
    'a former master that went on alone',
    [[1, 0]],
    700,
    [
      [1, 0],
      [2, 400],
    ],
    500,
    400,
  ],
  [
    'an epoch in which nothing was written',
    [[1, 0]],
    700,
    [
      [1, 0],
      [2, 0],
    ],
    500,
    0,
  ],
  [
    'one that was away until the epochs it knows were forgotten',
    [[1, 0]],
    700,
    [[5, 900]],
    1500,
    "startAnew: the master's oldest epoch begins at offset 900, this broker's log ends at 700",
  ],
  ['a store of another group', [[1, 0]], 700, [[2, 0]], 500, 'refuse: epochs of the master'],
  [
    'a stale master',
    [
      [1, 0],
      [3, 400],
    ],
    500,
    [
      [1, 0],
      [2, 300],
    ],
    900,
    "refuse: the master's last epoch is 2, but this broker holds messages of epoch 3",
  ],
  [
    'a master of which an epoch is known, but no message',
    [
      [1, 0],
      [3, 400],
    ],
    400,
    [
      [1, 0],
      [2, 300],
    ],
    900,
    300,
  ],
  [
    'a master without epochs',
    [[1, 0]],
    700,
    NOTHING,
    500,
    "refuse: the master's last epoch is -1, but this broker holds messages of epoch 1",
  ],
] as const)('%s follows from where the logs are equal', (_what, own, end, master, masterEnd, expected) => {
  expect(point(own, end, master, masterEnd)).toBe(expected)
})

test.each([
  [
    'equal logs',
    NOTHING,
    700,
    [
      [0, 0],
      [1, 700],
    ],
    900,
    700,
  ],
  [
    'a shorter log',
    NOTHING,
    600,
    [
      [0, 0],
      [1, 700],
    ],
    900,
    600,
  ],
  [
    'a longer log',
    NOTHING,
    800,
    [
      [0, 0],
      [1, 700],
    ],
    900,
    "refuse: this broker's log ends at offset 800, the master's has the same bytes only up to 700",
  ],
  ['an equal log and an official master', NOTHING, 700, [[1, 700]], 900, 700],
  [
    'a longer log and an official master',
    NOTHING,
    800,
    [[1, 700]],
    900,
    "refuse: this broker's log ends at offset 800, the master's has the same bytes only up to 700",
  ],
  ['a log whose epoch file was removed', NOTHING, 800, [[1, 0]], 900, 'refuse: epochs of the master'],
  [
    'a former master, back again',
    [
      [0, 0],
      [1, 700],
    ],
    900,
    [
      [0, 0],
      [1, 700],
      [2, 800],
    ],
    850,
    800,
  ],
] as const)('from before there was a controller: %s', (_what, own, end, master, masterEnd, expected) => {
  expect(point(own, end, master, masterEnd)).toBe(expected)
})

test('messages of an epoch that the master never saw go, unless they are confirmed', () => {
  expect(point([[1, 0]], 700, [[2, 0]], 500, Number.POSITIVE_INFINITY, 0)).toBe(0)
  expect(point([[1, 0]], 700, [[2, 0]], 500, Number.POSITIVE_INFINITY, 1)).toBe('refuse: epochs of the master')
})

test('a master that began without anything takes nothing away from before there was a controller', () => {
  const nothingConfirmed = point(NOTHING, 800, [[1, 0]], 900, Number.POSITIVE_INFINITY, 0)
  expect(nothingConfirmed).toBe('refuse: epochs of the master')
  expect(point([[0, 0]], 800, [[1, 0]], 0, Number.POSITIVE_INFINITY, 0)).toBe('refuse: epochs of the master')
})

test('only logs that both are from before there was a controller have to be compared', () => {
  const needs = (own: Pairs, endOffset: number, master: Pairs) =>
    needsProof(
      { epochs: history(own), endOffset, confirmOffset: 0, trustedEndOffset: Number.POSITIVE_INFINITY },
      history(master),
    )
  const legacy: Pairs = [
    [0, 0],
    [1, 700],
  ]
  expect(needs(NOTHING, 700, legacy)).toBe(true)
  expect(needs(NOTHING, 0, legacy)).toBe(false)
  expect(needs(NOTHING, 700, [[1, 700]])).toBe(false)
  expect(needs(legacy, 700, legacy)).toBe(false)
})

test('after they met a replica knows the epochs that its master knows of the log they share', () => {
  const shared = (own: Pairs, master: Pairs, offset: number) =>
    String(sharedEpochs(history(own), history(master), offset))
  const master: Pairs = [
    [3, 300],
    [4, 500],
    [5, 500],
    [6, 800],
  ]
  expect(
    shared(
      [
        [1, 0],
        [2, 100],
        [3, 300],
      ],
      master,
      400,
    ),
  ).toBe('1-0 2-100 3-300')
  expect(shared([[3, 300]], master, 500)).toBe('3-300 4-500 5-500')
  expect(shared([], master, 0)).toBe('none')
  expect(shared([], [[1, 0]], 0)).toBe('1-0')
})

test('what a damaged epoch file leaves uncertain is copied again', () => {
  const master: Pairs = [
    [1, 0],
    [2, 400],
    [3, 600],
  ]
  expect(point([[1, 0]], 700, master, 900, 400)).toBe(400)
  expect(point([[1, 0]], 700, master, 900, 1000)).toBe(400)
  // With the only epoch uncertain nothing is known of the log: that decision is not ours.
  expect(point(NOTHING, 700, master, 900, 0)).toBe('refuse: epochs of the master')
})
