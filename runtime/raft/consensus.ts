/** A member of the group; `address` is host:port, the host may be a DNS name. */
export interface Peer {
  readonly id: string
  readonly address: string
}

/** What the group replicates. Every method is synchronous; the same commands in the same order give the same state everywhere. */
export interface StateMachine {
  /** Deterministic, synchronous. What it returns is handed to whoever proposed the command on this node. */
  apply(index: number, command: Uint8Array): unknown
  snapshot(): Uint8Array
  restore(bytes: Uint8Array): void
}

/**
 * - `NOT_LEADER`: this node does not lead; nothing was proposed. `leaderId` says who does, if known.
 * - `LEADERSHIP_LOST`: the command may or may not be committed by the next leader: its fate is unknown here.
 * - `BUSY`: too many proposals or reads wait already; nothing was proposed. Try again later.
 * - `TOO_LARGE`: the command exceeds the limit of one entry; nothing was proposed.
 * - `REJECTED`: a transfer or a membership change that cannot be done; the message says why.
 * - `STOPPED`: the node was stopped or its storage failed.
 */
export type ConsensusErrorCode = 'NOT_LEADER' | 'LEADERSHIP_LOST' | 'BUSY' | 'TOO_LARGE' | 'REJECTED' | 'STOPPED'

export class ConsensusError extends Error {
  readonly code: ConsensusErrorCode
  readonly leaderId: string | undefined

  constructor(code: ConsensusErrorCode, message: string, leaderId?: string) {
    super(message)
    this.name = 'ConsensusError'
    this.code = code
    this.leaderId = leaderId
  }
}

/** One server at a time. A new member joins as a learner and becomes a voter once it has caught up. */
export type MembershipChange =
  | { readonly kind: 'add'; readonly peer: Peer }
  | { readonly kind: 'remove'; readonly id: string }

/** Told when leader or term of this node's view change. */
export type LeaderListener = (leaderId: string | undefined, term: number) => void

/** What a replicated service sees of its group. */
export interface Consensus {
  readonly selfId: string
  readonly isLeader: boolean
  readonly leaderId: string | undefined
  readonly term: number
  /** Current membership, learners included. */
  readonly peers: readonly Peer[]
  /** Whether a change of {@link peers} is agreed on, as far as this node knows: until then another leader may undo it. */
  readonly arePeersCommitted: boolean
  /** done(null, result) once committed and applied here; done(error) when not leader, or leadership was lost and the fate is unknown. */
  propose(command: Uint8Array, done: (error: ConsensusError | null, result?: unknown) => void): void
  /** done(null) when this node is still leader and has applied everything committed at the time of the call (linearizable read). */
  read(done: (error: ConsensusError | null) => void): void
  transferLeadership(to: string, done: (error: ConsensusError | null) => void): void
  changeMembers(change: MembershipChange, done: (error: ConsensusError | null) => void): void
  onLeaderChange(listener: LeaderListener): void
}
