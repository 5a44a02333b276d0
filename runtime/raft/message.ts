import type { Entry, EntryId } from './entry.ts'
import type { Membership } from './membership.ts'

/** What the receiver needs to know to use a snapshot; its bytes come in pieces. */
export interface SnapshotInfo extends EntryId {
  readonly membership: Membership
  readonly totalBytes: number
  /** CRC-32 of the bytes. */
  readonly checksum: number
}

interface Envelope {
  readonly from: string
  readonly to: string
  /** The sender's store (membership.ts): what it promises counts only if the membership names this store. */
  readonly store: number
  /** The sender's cluster, 0 as long as no membership is committed. */
  readonly cluster: number
  /** The sender's term; of a pre-vote, and of its being granted, the term that the candidate would have. */
  readonly term: number
}

/** Whether a candidate has a chance: asked before it raises its term, so that one that has none disturbs nobody. */
interface PreVote extends Envelope {
  readonly kind: 'preVote'
  readonly last: EntryId
}

interface PreVoteAnswer extends Envelope {
  readonly kind: 'preVoteAnswer'
  readonly isGranted: boolean
}

interface Vote extends Envelope {
  readonly kind: 'vote'
  readonly last: EntryId
  /** The leader itself asked for this election: whoever still hears it votes all the same. */
  readonly isHandover: boolean
}

interface VoteAnswer extends Envelope {
  readonly kind: 'voteAnswer'
  readonly isGranted: boolean
}

interface Append extends Envelope {
  readonly kind: 'append'
  /** The entry before the first of `entries`. */
  readonly previous: EntryId
  readonly entries: readonly Entry[]
  readonly commit: number
}

interface AppendAnswer extends Envelope {
  readonly kind: 'appendAnswer'
  /** The follower's log is the leader's up to here. */
  readonly match: number
}

interface AppendRefusal extends Envelope {
  readonly kind: 'appendRefusal'
  /** Index of the `previous` that the follower does not have. */
  readonly refused: number
  /** The last entry of the follower that may be the leader's as well; term 0: not known. */
  readonly hint: EntryId
}

interface Heartbeat extends Envelope {
  readonly kind: 'heartbeat'
  readonly commit: number
  /** Counts the leader's rounds; an answer to a round proves that it led when the round began. */
  readonly round: number
}

interface HeartbeatAnswer extends Envelope {
  readonly kind: 'heartbeatAnswer'
  readonly round: number
}

interface SnapshotPiece extends Envelope {
  readonly kind: 'snapshotPiece'
  readonly info: SnapshotInfo
  readonly offset: number
  readonly bytes: Uint8Array
}

interface SnapshotAnswer extends Envelope {
  readonly kind: 'snapshotAnswer'
  readonly index: number
  /** The byte wanted next. */
  readonly offset: number
  /** All bytes came, and they are not those of the checksum. */
  readonly isDamaged: boolean
}

/** The leader asks the receiver to take over at once. */
interface TakeOver extends Envelope {
  readonly kind: 'takeOver'
}

/** To a leader of an earlier term: it leads no more. */
interface NewerTerm extends Envelope {
  readonly kind: 'newerTerm'
}

export type Message =
  | PreVote
  | PreVoteAnswer
  | Vote
  | VoteAnswer
  | Append
  | AppendAnswer
  | AppendRefusal
  | Heartbeat
  | HeartbeatAnswer
  | SnapshotPiece
  | SnapshotAnswer
  | TakeOver
  | NewerTerm

export type MessageKind = Message['kind']
export type MessageOf<Kind extends MessageKind> = Extract<Message, { kind: Kind }>

/** A message as the core makes it; who sends it and from which store is filled in. */
export type MessageDraft = {
  [Kind in MessageKind]: Omit<MessageOf<Kind>, 'from' | 'store' | 'cluster'>
}[MessageKind]
