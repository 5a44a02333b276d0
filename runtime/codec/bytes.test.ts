import fc from 'fast-check'
import { expect, test } from 'vitest'
import { getInt64, javaHashCode, peekInt64, setInt64, viewOf } from './bytes.ts'

test('int64 agrees with BigInt for every safe integer', () => {
  const view = new DataView(new ArrayBuffer(16))
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.nat(8), (value, position) => {
      setInt64(view, position, value)
      expect(view.getBigInt64(position)).toBe(BigInt(value))
      expect(getInt64(view, position)).toBe(value)
    }),
  )
})

test('an int64 beyond 2^53 is refused with its position', () => {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigInt64(0, 2n ** 60n)
  expect(() => getInt64(view, 0)).toThrow('int64 at byte 0 is beyond 2^53: 0x1000000000000000')
  expect(peekInt64(view, 0)).toBeNaN()
})

test('a view covers exactly its bytes', () => {
  const bytes = Buffer.from([0, 0, 0, 7, 9])
  expect(viewOf(bytes.subarray(0, 4)).getInt32(0)).toBe(7)
  expect(viewOf(bytes.subarray(0, 4)).byteLength).toBe(4)
})

test('hashes are those of java.lang.String', () => {
  expect(javaHashCode('TagA')).toBe(2598919)
  expect(javaHashCode('polygenelubricants')).toBe(-2147483648)
  expect(javaHashCode('')).toBe(0)
})
