import { expect, test } from 'vitest'
import { OffsetMap } from './offset-map.ts'

const key = (n: number) => Buffer.from(`key-${n}`)

test('the newest offset of each key, -1 for others', () => {
  const map = new OffsetMap(1000, 1024 * 1024)
  for (let i = 0; i < 3000; i++) expect(map.put(key(i % 1000), i)).toBe(true)
  expect(map.count).toBe(1000)
  expect(map.lastOffset).toBe(2999)
  for (let i = 0; i < 1000; i++) expect(map.get(key(i))).toBe(2000 + i)
  expect(map.get(key(1000))).toBe(-1)
})

test('when it is full it takes known keys only, and stays within its memory', () => {
  const map = new OffsetMap(1_000_000, 24 * 1000)
  let taken = 0
  while (map.put(key(taken), taken)) taken++
  expect(taken).toBe(750)
  expect(map.lastOffset).toBe(749)
  expect(map.put(key(0), 5000)).toBe(true)
  expect(map.get(key(750))).toBe(-1)
})
