import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  foundingMembership,
  type Membership,
  readMembership,
  withMember,
  withoutMember,
  writeMembership,
} from './membership.ts'
import { ByteReader } from './wire/byte-reader.ts'
import { ByteWriter } from './wire/byte-writer.ts'

function encode(membership: Membership): Buffer {
  const writer = new ByteWriter()
  writeMembership(writer, membership)
  return writer.finish()
}

function decode(bytes: Uint8Array): Membership {
  const reader = new ByteReader(bytes)
  const membership = readMembership(reader)
  reader.end()
  return membership
}

const peers = ['n0', 'n1', 'n2'].map((id) => ({ id, address: `${id}.example:9878` }))

const arbitraryMembership: fc.Arbitrary<Membership> = fc
  .record({
    cluster: fc.nat(),
    members: fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1 }),
        address: fc.string(),
        isVoter: fc.boolean(),
        store: fc.maxSafeNat(),
      }),
      { selector: ({ id }) => id, minLength: 1, maxLength: 9 },
    ),
  })
  .map(({ cluster, members }) => ({
    cluster,
    members: members
      .map((member, i) => (i === 0 ? { ...member, isVoter: true } : member))
      .sort((left, right) => (left.id < right.id ? -1 : 1)),
  }))

test('what is written is read again', () => {
  fc.assert(
    fc.property(arbitraryMembership, (membership) => {
      expect(decode(encode(membership))).toEqual(membership)
    }),
  )
})

test('cut or altered bytes are refused or are another membership, never an exception of the language', () => {
  fc.assert(
    fc.property(arbitraryMembership, fc.nat(), fc.nat(255), (membership, at, value) => {
      const bytes = encode(membership)
      expect(() => decode(bytes.subarray(0, at % bytes.length))).toThrow(/beyond the end|does not fit/)
      bytes[at % bytes.length] = value
      try {
        encode(decode(bytes))
      } catch (error) {
        expect((error as Error).name).toBe('MalformedBytesError')
      }
    }),
  )
})

test('members are added, changed and removed, by id', () => {
  const founding = foundingMembership(peers, 7)
  const learner = { id: 'n10', address: 'n10:1', isVoter: false, store: 5 }
  const four = withMember(founding, learner)
  expect(four.members.map(({ id }) => id)).toEqual(['n0', 'n1', 'n10', 'n2'])
  expect(withMember(four, { ...learner, isVoter: true }).members[2]).toEqual({ ...learner, isVoter: true })
  expect(withoutMember(four, 'n10')).toEqual(founding)
})

test('two voters never change at once, and the last one stays', () => {
  const founding = foundingMembership(peers, 7)
  expect(() => withMember(founding, { ...founding.members[0]!, store: 9 })).toThrow('one voter at a time')
  const single = foundingMembership(peers.slice(0, 1), 7)
  expect(() => withoutMember(single, 'n0')).toThrow('at least one voter')
  expect(withMember(founding, { ...founding.members[0]!, isVoter: false, store: 9 }).members[0]!.isVoter).toBe(false)
})
