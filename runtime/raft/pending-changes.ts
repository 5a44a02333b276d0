import { ConsensusError, type MembershipChange } from './consensus.ts'
import { memberOf } from './membership.ts'
import type { RaftNode } from './raft-node.ts'

type Done = (error: ConsensusError | null) => void

interface PendingChange {
  readonly change: MembershipChange
  readonly term: number
  readonly done: Done
}

interface PendingHandover {
  readonly to: string
  readonly term: number
  /** Of the monotonic clock. From then on it is over also while nobody leads. */
  readonly deadlineMs: number
  readonly done: Done
}

/** Membership changes and handovers that were begun on this node and have not come to an end. */
export class PendingChanges {
  #changes: PendingChange[] = []
  #handovers: PendingHandover[] = []

  addChange(change: MembershipChange, term: number, done: Done): void {
    this.#changes.push({ change, term, done })
  }

  addHandover(handover: PendingHandover): void {
    this.#handovers.push(handover)
  }

  /** At the end of each turn: whatever came to an end is reported. */
  check(node: RaftNode, nowMs: number): void {
    if (this.#changes.length > 0) this.#checkChanges(node)
    if (this.#handovers.length > 0) this.#checkHandovers(node, nowMs)
  }

  failAll(error: ConsensusError): void {
    for (const { done } of [...this.#changes.splice(0), ...this.#handovers.splice(0)]) done(error)
  }

  #checkChanges(node: RaftNode): void {
    const isLeading = ({ term }: PendingChange) => node.role === 'leader' && node.term === term
    const made = this.#changes.filter(({ change }) => isMade(change, node))
    const lost = this.#changes.filter((pending) => !made.includes(pending) && !isLeading(pending))
    this.#changes = this.#changes.filter((pending) => !made.includes(pending) && !lost.includes(pending))
    for (const { done } of made) done(null)
    for (const { done, term } of lost) {
      const text = `leadership of term ${term} was lost before the change of the members was finished; it may be finished yet`
      done(new ConsensusError('LEADERSHIP_LOST', text, node.leaderId))
    }
  }

  #checkHandovers(node: RaftNode, nowMs: number): void {
    const over = this.#handovers.filter((handover) => isOver(handover, node, nowMs))
    this.#handovers = this.#handovers.filter((pending) => !over.includes(pending))
    for (const { to, done } of over) {
      if (node.leaderId === to) done(null)
      else done(new ConsensusError('REJECTED', notTaken(to, node), node.leaderId))
    }
  }
}

function isMade(change: MembershipChange, { log, membership }: RaftNode): boolean {
  if (log.membershipIndex > log.commit) return false
  if (change.kind === 'remove') return memberOf(membership, change.id) === undefined
  const member = memberOf(membership, change.peer.id)
  return member?.isVoter === true && member.address === change.peer.address
}

/**
 * Somebody else leads, or this node goes on because the other did not take over. While nobody leads it is open, but not
 * for ever: the others may be gone, all of a group being stopped at a time.
 */
function isOver(
  { to, term, deadlineMs }: PendingHandover,
  { leaderId, role, term: now, handoverTo }: RaftNode,
  nowMs: number,
): boolean {
  if (role === 'leader' && now === term) return handoverTo !== to
  return leaderId !== undefined || nowMs >= deadlineMs
}

function notTaken(to: string, { role, leaderId }: RaftNode): string {
  if (role === 'leader') return `${to} did not take over in time; this member goes on leading`
  return leaderId === undefined ? `${to} did not take over in time; nobody leads` : `${leaderId} leads instead of ${to}`
}
