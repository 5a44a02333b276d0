import assert from 'node:assert/strict'
import type { Peer } from './consensus.ts'
import { type ByteReader, MalformedBytesError } from './wire/byte-reader.ts'
import type { ByteWriter } from './wire/byte-writer.ts'

/** A store that took part in the founding of its group; later ones have a number drawn at random. */
export const FOUNDER_STORE = 0
/** A group that has not agreed on its first membership yet. */
export const UNFOUNDED = 0

export const MEMBERS_MAX = 9

export interface Member extends Peer {
  /** Learners receive everything and decide nothing. */
  readonly isVoter: boolean
  /**
   * The store whose votes and acknowledgements count. A member that comes back with another one (its disk was emptied or
   * replaced) does not know what it promised; it is made a learner, and a voter again once it has everything.
   */
  readonly store: number
}

/** Who belongs to the group. Takes effect as soon as it stands in a log, committed or not. Never changed in place. */
export interface Membership {
  /** Drawn at random by the founding leader, so that two groups founded under one name never mix. */
  readonly cluster: number
  /** By id. */
  readonly members: readonly Member[]
}

export function foundingMembership(peers: readonly Peer[], cluster: number): Membership {
  return membershipOf(
    cluster,
    peers.map(({ id, address }) => ({ id, address, isVoter: true, store: FOUNDER_STORE })),
  )
}

export function memberOf(membership: Membership, id: string): Member | undefined {
  return membership.members.find((member) => member.id === id)
}

export function votersOf(membership: Membership): Member[] {
  return membership.members.filter((member) => member.isVoter)
}

/** With the member added, or with what is new about it in place of what was known. */
export function withMember(membership: Membership, member: Member): Membership {
  const others = membership.members.filter(({ id }) => id !== member.id)
  return oneStep(membership, membershipOf(membership.cluster, [...others, member]))
}

export function withoutMember(membership: Membership, id: string): Membership {
  const others = membership.members.filter((member) => member.id !== id)
  return oneStep(membership, membershipOf(membership.cluster, others))
}

/*
 *   int64 cluster
 *   int32 count
 *   per member, by id:  int32 length + id · int32 length + address · int8 isVoter · int64 store
 */
export function writeMembership(writer: ByteWriter, { cluster, members }: Membership): void {
  writer.int64(cluster)
  writer.int32(members.length)
  for (const { id, address, isVoter, store } of members) {
    writer.text(id)
    writer.text(address)
    writer.int8(isVoter ? 1 : 0)
    writer.int64(store)
  }
}

const MEMBER_BYTES_MIN = 17

export function readMembership(reader: ByteReader): Membership {
  const cluster = reader.int64()
  const members: Member[] = []
  for (let left = reader.count(MEMBER_BYTES_MIN); left > 0; left--) {
    const id = reader.text()
    const last = members.at(-1)
    if (last && last.id >= id) throw new MalformedBytesError(`member ${id} stands behind ${last.id}`)
    members.push({ id, address: reader.text(), isVoter: reader.flag(), store: reader.int64() })
  }
  if (members.length > MEMBERS_MAX)
    throw new MalformedBytesError(`${members.length} members; ${MEMBERS_MAX} are possible`)
  if (!members.some(({ isVoter }) => isVoter)) throw new MalformedBytesError('a membership without voters')
  return { cluster, members }
}

function membershipOf(cluster: number, members: readonly Member[]): Membership {
  assert(members.length <= MEMBERS_MAX, `a group has at most ${MEMBERS_MAX} members`)
  assert(
    members.some(({ isVoter }) => isVoter),
    'a group has at least one voter',
  )
  return { cluster, members: [...members].sort((left, right) => (left.id < right.id ? -1 : 1)) }
}

/** Every majority before a change meets every majority after it as long as they differ by one voter at most. */
function oneStep(before: Membership, after: Membership): Membership {
  const key = ({ id, store }: Member) => `${id} ${store}`
  const old = new Set(votersOf(before).map(key))
  const now = new Set(votersOf(after).map(key))
  const gone = [...old].filter((voter) => !now.has(voter)).length
  const come = [...now].filter((voter) => !old.has(voter)).length
  assert(gone + come <= 1, 'one voter at a time')
  return after
}
