import { type Entry, type EntryId, EntryKind } from '../entry.ts'
import { readMembership, writeMembership } from '../membership.ts'
import type { Message, MessageKind, MessageOf, SnapshotInfo } from '../message.ts'
import { ByteReader, MalformedBytesError } from '../wire/byte-reader.ts'
import type { ByteWriter } from '../wire/byte-writer.ts'

/*
 * One message, behind what all messages of a frame have in common (frame-codec.ts):
 *
 *   int8   kind: the place in KINDS
 *   int64  term
 *   then by kind
 *     preVote         id last
 *     preVoteAnswer   int8 granted
 *     vote            id last · int8 handover
 *     voteAnswer      int8 granted
 *     append          id previous · int64 commit · int32 count · entries
 *     appendAnswer    int64 match
 *     appendRefusal   int64 refused · id hint
 *     heartbeat       int64 commit · int64 round
 *     heartbeatAnswer int64 round
 *     snapshotPiece   id · membership (membership.ts) · int64 total · int32 CRC-32 · int64 offset · int32 size + bytes
 *     snapshotAnswer  int64 index · int64 offset · int8 damaged
 *     takeOver, newerTerm  nothing
 *
 *   id     int64 index · int64 term
 *   entry  int64 term · int8 kind · int32 size + data; its index follows from that of `previous`
 */
const KINDS: readonly MessageKind[] = [
  'preVote',
  'preVoteAnswer',
  'vote',
  'voteAnswer',
  'append',
  'appendAnswer',
  'appendRefusal',
  'heartbeat',
  'heartbeatAnswer',
  'snapshotPiece',
  'snapshotAnswer',
  'takeOver',
  'newerTerm',
]

const ENTRY_BYTES_MIN = 13

/** Who sends to whom: the same for all messages of a frame. */
export type MessageEnvelope = Pick<Message, 'from' | 'to' | 'store' | 'cluster'>

export function writeMessage(writer: ByteWriter, message: Message): void {
  writer.int8(KINDS.indexOf(message.kind))
  writer.int64(message.term)
  switch (message.kind) {
    case 'preVote':
      writeId(writer, message.last)
      return
    case 'vote':
      writeId(writer, message.last)
      writer.int8(Number(message.isHandover))
      return
    case 'preVoteAnswer':
    case 'voteAnswer':
      writer.int8(Number(message.isGranted))
      return
    case 'append':
      writeAppend(writer, message)
      return
    case 'appendAnswer':
      writer.int64(message.match)
      return
    case 'appendRefusal':
      writer.int64(message.refused)
      writeId(writer, message.hint)
      return
    case 'heartbeat':
      writer.int64(message.commit)
      writer.int64(message.round)
      return
    case 'heartbeatAnswer':
      writer.int64(message.round)
      return
    case 'snapshotPiece':
      writeSnapshotInfo(writer, message.info)
      writer.int64(message.offset)
      writer.sized(message.bytes)
      return
    case 'snapshotAnswer':
      writer.int64(message.index)
      writer.int64(message.offset)
      writer.int8(Number(message.isDamaged))
  }
}

/** Nothing in it refers to the reader's bytes afterwards. @throws MalformedBytesError */
export function readMessage(reader: ByteReader, envelope: MessageEnvelope): Message {
  const code = reader.int8()
  const kind = KINDS[code]
  if (kind === undefined) throw new MalformedBytesError(`${code} is no kind of message`)
  const head = { ...envelope, term: reader.int64() }
  switch (kind) {
    case 'preVote':
      return { ...head, kind, last: readId(reader) }
    case 'vote':
      return { ...head, kind, last: readId(reader), isHandover: reader.flag() }
    case 'preVoteAnswer':
    case 'voteAnswer':
      return { ...head, kind, isGranted: reader.flag() }
    case 'append':
      return readAppend(reader, head)
    case 'appendAnswer':
      return { ...head, kind, match: reader.int64() }
    case 'appendRefusal':
      return { ...head, kind, refused: reader.int64(), hint: readId(reader) }
    case 'heartbeat':
      return { ...head, kind, commit: reader.int64(), round: reader.int64() }
    case 'heartbeatAnswer':
      return { ...head, kind, round: reader.int64() }
    case 'snapshotPiece':
      return {
        ...head,
        kind,
        info: readSnapshotInfo(reader),
        offset: reader.int64(),
        bytes: Buffer.from(reader.sized()),
      }
    case 'snapshotAnswer':
      return { ...head, kind, index: reader.int64(), offset: reader.int64(), isDamaged: reader.flag() }
    default:
      return { ...head, kind }
  }
}

/** About what the message takes in a frame, rather more than less. */
export function messageBytes(message: Message): number {
  if (message.kind === 'snapshotPiece') return 512 + message.bytes.length
  if (message.kind !== 'append') return 64
  return message.entries.reduce((total, { data }) => total + ENTRY_BYTES_MIN + data.length, 64)
}

function writeId(writer: ByteWriter, { index, term }: EntryId): void {
  writer.int64(index)
  writer.int64(term)
}

function readId(reader: ByteReader): EntryId {
  return { index: reader.int64(), term: reader.int64() }
}

function writeAppend(writer: ByteWriter, { previous, commit, entries }: MessageOf<'append'>): void {
  writeId(writer, previous)
  writer.int64(commit)
  writer.int32(entries.length)
  for (const { term, kind, data } of entries) {
    writer.int64(term)
    writer.int8(kind)
    writer.sized(data)
  }
}

/** Checks what the core relies on: terms do not fall, and none is above the sender's. */
function readAppend(reader: ByteReader, head: MessageEnvelope & { readonly term: number }): MessageOf<'append'> {
  const previous = readId(reader)
  const commit = reader.int64()
  const entries: Entry[] = []
  let before = previous.term
  for (let left = reader.count(ENTRY_BYTES_MIN), index = previous.index + 1; left > 0; left--, index++) {
    const term = reader.int64()
    const kind = reader.int8()
    if (kind > EntryKind.EMPTY) throw new MalformedBytesError(`${kind} is no kind of entry`)
    if (term < before || term > head.term) {
      throw new MalformedBytesError(`entry ${index} of term ${term} follows one of term ${before} in term ${head.term}`)
    }
    // The frame's buffer is used again; entries stay.
    entries.push({ index, term, kind: kind as EntryKind, data: Buffer.from(reader.sized()) })
    before = term
  }
  for (const entry of entries) checkMembership(entry)
  return { ...head, kind: 'append', previous, entries, commit }
}

function checkMembership({ kind, data }: Entry): void {
  if (kind !== EntryKind.MEMBERSHIP) return
  const reader = new ByteReader(data)
  readMembership(reader)
  reader.end()
}

function writeSnapshotInfo(writer: ByteWriter, info: SnapshotInfo): void {
  writeId(writer, info)
  writeMembership(writer, info.membership)
  writer.int64(info.totalBytes)
  writer.int32(info.checksum | 0)
}

function readSnapshotInfo(reader: ByteReader): SnapshotInfo {
  const id = readId(reader)
  const membership = readMembership(reader)
  return { ...id, membership, totalBytes: reader.int64(), checksum: reader.int32() >>> 0 }
}
