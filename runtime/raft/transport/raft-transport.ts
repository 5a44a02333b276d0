import type { Peer } from '../consensus.ts'
import type { Message } from '../message.ts'

/** What a transport asks and tells the member it serves. Never called from within a call to the transport. */
export interface TransportUser {
  receive(message: Message): void
  /** A connection to a member, or from it, ended: its process, as a rule. May be told more than once. */
  gone(id: string): void
  /** 0: not founded yet. */
  readonly cluster: number
  /** Members as far as known, this one among them. */
  readonly peers: readonly Peer[]
}

/** Carries messages to the other members, or does not: messages may be lost, late, doubled, out of order. */
export interface RaftTransport {
  start(user: TransportUser): void
  send(messages: readonly Message[]): void
  /** Some of the user's `peers` are new, gone, or elsewhere. */
  peersChanged(): void
  stop(): void
}
