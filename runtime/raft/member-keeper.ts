import type { MembershipChange } from './consensus.ts'
import { MEMBERS_MAX, type Membership, memberOf, votersOf, withMember, withoutMember } from './membership.ts'
import type { Progress } from './progress.ts'

/** A learner this near to the end of the log costs no quorum any more when it becomes a voter. */
const CAUGHT_UP_ENTRIES = 100

/** A change that is to be made, or why it cannot be made; undefined: it is so already. */
export type WantedMembership = { readonly membership: Membership } | { readonly refusal: string } | undefined

/** What an operator's change makes of the membership. */
export function changedMembership(membership: Membership, change: MembershipChange): WantedMembership {
  if (change.kind === 'remove') {
    const member = memberOf(membership, change.id)
    if (member === undefined) return undefined
    if (member.isVoter && votersOf(membership).length === 1) {
      return { refusal: `${change.id} is the only voter; add another member before removing it` }
    }
    return { membership: withoutMember(membership, change.id) }
  }
  const { id, address } = change.peer
  const known = memberOf(membership, id)
  if (known?.address === address) return undefined
  if (known !== undefined) return { membership: withMember(membership, { ...known, address }) }
  if (membership.members.length >= MEMBERS_MAX) {
    return { refusal: `the group has ${MEMBERS_MAX} members already; remove one before adding ${id}` }
  }
  return { membership: withMember(membership, { id, address, isVoter: false, store: 0 }) }
}

/**
 * What the leader changes by itself: a voter that came back with another store becomes a learner, which costs nothing as
 * its word does not count any more; a learner that has caught up becomes a voter.
 */
export function neededMembership(
  membership: Membership,
  selfId: string,
  progressOf: (id: string) => Progress | undefined,
  lastIndex: number,
): Membership | undefined {
  for (const member of membership.members) {
    if (member.id === selfId) continue
    const { store, isActive, state, match } = progressOf(member.id)!
    if (store === undefined || !isActive) continue
    if (member.isVoter && member.store !== store) return withMember(membership, { ...member, isVoter: false, store })
    const isCaughtUp = state === 'replicate' && match + CAUGHT_UP_ENTRIES >= lastIndex
    if (!member.isVoter && isCaughtUp) return withMember(membership, { ...member, isVoter: true, store })
  }
  return undefined
}
