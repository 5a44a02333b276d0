import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from './crc32.ts'

test('the table and zlib agree, at every length around the switch', () => {
  expect(crc32(Buffer.from('123456789'), 0, 9)).toBe(0xcbf43926)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, skip) => {
      const start = Math.min(skip, bytes.length)
      expect(crc32(bytes, start, bytes.length - start)).toBe(zlibCrc32(bytes.subarray(start)))
    }),
  )
})
