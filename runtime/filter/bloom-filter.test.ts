import { expect, test } from 'vitest'
import { BloomFilter } from './bloom-filter.ts'

/** From Apache RocketMQ 5.5.0: BloomFilter.createByFn(20, 32).calcBitPositions(text). */
test.each([
  ['group1#TopicA', [94, 55, 50]],
  ['', [0, 0, 0]],
  ['a', [94, 99, 7]],
  ['some-longer-consumer-group-name#some-longer-topic-name', [27, 38, 49]],
  ['sök#töpic😀', [64, 88, 0]],
])('positions of "%s" are those of the real broker', (text, positions) => {
  const { bitNum, bitPos } = new BloomFilter(20, 32).positions(text)
  expect([bitNum, [...bitPos]]).toEqual([112, positions])
})
