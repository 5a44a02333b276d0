import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  contains,
  formatAddress,
  formatCidr,
  overlap,
  parseAddress,
  parseCidr,
  partCount,
  partOf,
  sizeOf,
} from './cidr.ts'

const address = fc.nat({ max: 2 ** 32 - 1 })
const range = fc
  .record({ value: address, prefix: fc.integer({ min: 0, max: 32 }) })
  .map(({ value, prefix }) => ({ base: value - (value % sizeOf({ prefix })), prefix }))

it('addresses and ranges come back from their texts', () => {
  fc.assert(
    fc.property(address, range, (value, cidr) => {
      expect(parseAddress(formatAddress(value))).toBe(value)
      expect(parseCidr(formatCidr(cidr))).toEqual(cidr)
    }),
  )
})

it('refuses what is none', () => {
  for (const text of [
    '',
    '10.0.0.0',
    '10.0.0/16',
    '10.0.0.256/16',
    '10.0.0.0/33',
    '10.0.0.1/16',
    'fd00::/8',
    '10.0.0.0/',
  ]) {
    expect(parseCidr(text), text).toBeUndefined()
  }
})

it('parts lie in the whole, side by side, and cover it', () => {
  const divided = fc
    .record({ cidr: range, bits: fc.integer({ min: 0, max: 6 }) })
    .filter(({ cidr, bits }) => cidr.prefix + bits <= 32)
  fc.assert(
    fc.property(divided, ({ cidr, bits }) => {
      const prefix = cidr.prefix + bits
      const parts = Array.from({ length: partCount(cidr, prefix) }, (_, index) => partOf(cidr, prefix, index))
      expect(parts.reduce((sum, part) => sum + sizeOf(part), 0)).toBe(sizeOf(cidr))
      for (const [index, part] of parts.entries()) {
        expect(contains(cidr, part.base) && contains(cidr, part.base + sizeOf(part) - 1)).toBe(true)
        expect(parts.findIndex((other) => overlap(part, other))).toBe(index)
      }
    }),
  )
})

it('there are no parts outside or larger than the whole', () => {
  expect(() => partOf({ base: 0, prefix: 24 }, 25, 2)).toThrow('0.0.0.0/24 has no part 2 of /25')
  expect(partCount({ base: 0, prefix: 24 }, 16)).toBe(0)
})
