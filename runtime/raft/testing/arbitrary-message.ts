import fc from 'fast-check'
import { type Entry, EntryKind } from '../entry.ts'
import type { Message, MessageKind } from '../message.ts'
import { group, membershipEntry } from './entries.ts'

const whole = fc.maxSafeNat()
const id = fc.record({ index: whole, term: whole })
const bytes = fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array))

const members = fc.integer({ min: 1, max: 9 }).map((count) => group(count, count))

/** Entries behind an entry, as a leader of the term would send them. */
const append = fc
  .record({
    previous: fc.record({ index: fc.nat(1000), term: fc.nat(5) }),
    commit: fc.nat(2000),
    term: fc.integer({ min: 10, max: 20 }),
    steps: fc.array(
      fc.record({ rise: fc.nat(1), kind: fc.constantFrom(0, 0, 1, 2), data: bytes, membership: members }),
      {
        maxLength: 5,
      },
    ),
  })
  .map(({ previous, commit, term, steps }) => {
    let last = previous
    const entries = steps.map(({ rise, kind, data, membership }): Entry => {
      last = { index: last.index + 1, term: last.term + rise }
      if (kind === EntryKind.MEMBERSHIP) return membershipEntry(last.index, last.term, membership)
      return { ...last, kind: kind === 2 ? EntryKind.EMPTY : EntryKind.COMMAND, data }
    })
    return { kind: 'append' as const, term, previous, entries, commit }
  })

const snapshotInfo = fc.record({
  index: whole,
  term: whole,
  membership: members,
  totalBytes: whole,
  checksum: fc.nat(0xffffffff),
})

const fields: { readonly [Kind in Exclude<MessageKind, 'append'>]: fc.Arbitrary<object> } = {
  preVote: fc.record({ last: id }),
  preVoteAnswer: fc.record({ isGranted: fc.boolean() }),
  vote: fc.record({ last: id, isHandover: fc.boolean() }),
  voteAnswer: fc.record({ isGranted: fc.boolean() }),
  appendAnswer: fc.record({ match: whole }),
  appendRefusal: fc.record({ refused: whole, hint: id }),
  heartbeat: fc.record({ commit: whole, round: whole }),
  heartbeatAnswer: fc.record({ round: whole }),
  snapshotPiece: fc.record({ info: snapshotInfo, offset: whole, bytes }),
  snapshotAnswer: fc.record({ index: whole, offset: whole, isDamaged: fc.boolean() }),
  takeOver: fc.constant({}),
  newerTerm: fc.constant({}),
}

const others = Object.entries(fields).map(([kind, some]) =>
  fc.record({ term: whole, some }).map(({ term, some: values }) => ({ kind, term, ...values })),
)

/** Any message that one member may send to another: from n1 to n0. */
export const arbitraryMessage: fc.Arbitrary<Message> = fc
  .tuple(fc.oneof(append, ...others), fc.nat(1), fc.nat(1))
  .map(([message, store, cluster]) => ({ ...message, from: 'n1', to: 'n0', store, cluster }) as Message)
