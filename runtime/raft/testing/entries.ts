import { type Entry, EntryKind } from '../entry.ts'
import { foundingMembership, type Membership, writeMembership } from '../membership.ts'
import { ByteWriter } from '../wire/byte-writer.ts'

export function command(index: number, term: number, text = ''): Entry {
  return { index, term, kind: EntryKind.COMMAND, data: Buffer.from(text) }
}

export function membershipEntry(index: number, term: number, membership: Membership): Entry {
  const writer = new ByteWriter()
  writeMembership(writer, membership)
  return { index, term, kind: EntryKind.MEMBERSHIP, data: writer.finish() }
}

/** Members n0, n1, ... of a group, all voters. */
export function group(count: number, cluster = 1): Membership {
  const ids = Array.from({ length: count }, (_, i) => `n${i}`)
  return foundingMembership(
    ids.map((id) => ({ id, address: `${id}:9878` })),
    cluster,
  )
}
