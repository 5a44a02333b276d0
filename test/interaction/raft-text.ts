import { type Entry, type EntryId, EntryKind } from '../../runtime/raft/entry.ts'
import type { HardState } from '../../runtime/raft/hard-state.ts'
import { type Membership, readMembership } from '../../runtime/raft/membership.ts'
import type { Message, SnapshotInfo } from '../../runtime/raft/message.ts'
import { ByteReader } from '../../runtime/raft/wire/byte-reader.ts'

/** How a script shows what Raft exchanges: index@term for an entry. */

export function idText({ index, term }: EntryId): string {
  return `${index}@${term}`
}

export function membershipText({ members }: Membership): string {
  const texts = members.map(({ id, isVoter, store }) => {
    const name = isVoter ? id : `(${id})`
    return store === 0 ? name : `${name}/${store}`
  })
  return texts.join(' ')
}

export function entryText(entry: Entry): string {
  switch (entry.kind) {
    case EntryKind.COMMAND:
      return `${idText(entry)} "${Buffer.from(entry.data)}"`
    case EntryKind.MEMBERSHIP:
      return `${idText(entry)} members ${membershipText(readMembership(new ByteReader(entry.data)))}`
    default:
      return `${idText(entry)} empty`
  }
}

export function hardText({ term, vote, store, lost }: HardState): string {
  const parts = [`term=${term}`]
  if (vote !== undefined) parts.push(`vote=${vote}`)
  if (store !== 0) parts.push(`store=${store}`)
  if (lost !== undefined) parts.push(`lost=${lost.end === undefined ? 'unknown' : `to ${idText(lost.end)}`}`)
  return parts.join(' ')
}

export function messageText(message: Message): string {
  return `${message.from}->${message.to} ${message.kind} term=${message.term}${detail(message)}`
}

function detail(message: Message): string {
  switch (message.kind) {
    case 'preVote':
      return ` last=${idText(message.last)}`
    case 'vote':
      return ` last=${idText(message.last)}${message.isHandover ? ' handover' : ''}`
    case 'preVoteAnswer':
    case 'voteAnswer':
      return message.isGranted ? ' granted' : ' refused'
    case 'append': {
      const { previous, entries, commit } = message
      return ` after=${idText(previous)} commit=${commit} [${entries.map(entryText).join(', ')}]`
    }
    case 'appendAnswer':
      return ` match=${message.match}`
    case 'appendRefusal':
      return ` refused=${message.refused} hint=${idText(message.hint)}`
    case 'heartbeat':
      return ` commit=${message.commit} round=${message.round}`
    case 'heartbeatAnswer':
      return ` round=${message.round}`
    case 'snapshotPiece':
      return ` ${snapshotText(message.info)} offset=${message.offset} bytes=${message.bytes.length}`
    case 'snapshotAnswer':
      return ` index=${message.index} offset=${message.offset}${message.isDamaged ? ' damaged' : ''}`
    default:
      return ''
  }
}

export function snapshotText(info: SnapshotInfo): string {
  return `${idText(info)} members ${membershipText(info.membership)} total=${info.totalBytes}`
}
