import { isAsUpToDate } from './entry.ts'
import type { MessageOf } from './message.ts'
import type { NodeState } from './node-state.ts'

/** Whether the candidate may have this node's vote: not given yet, and the candidate's log lacks nothing. */
function mayVoteFor({ from, last, term, kind }: MessageOf<'vote' | 'preVote'>, state: NodeState): boolean {
  if (term < state.term) return false
  const isFree =
    state.vote === from ||
    (state.vote === undefined && state.leaderId === undefined) ||
    (kind === 'preVote' && term > state.term)
  // A candidate without any log founds a group; who knows that there is one takes no part.
  const mayBegin = last.index > 0 || state.mayFound
  return isFree && mayBegin && state.isBehind(last)
}

/** Answers a candidate. Returns whether it got the vote. */
export function answerVote(message: MessageOf<'vote'>, state: NodeState): boolean {
  const isGranted = mayVoteFor(message, state)
  if (isGranted) {
    if (message.last.index === 0) state.becomeFounder()
    if (state.vote === undefined) state.change({ vote: message.from })
  }
  state.trace(`${isGranted ? 'votes' : 'does not vote'} for ${message.from} in term ${state.term}`)
  state.sendDurable({ kind: 'voteAnswer', to: message.from, term: state.term, isGranted })
  return isGranted
}

type PreVoteOutcome = 'granted' | 'refused' | 'outranked'

/**
 * Answers one who asks whether to stand. Of two that ask at once only the better one shall stand, or they would take the
 * votes from one another: the other one is `outranked`.
 */
export function answerPreVote(message: MessageOf<'preVote'>, state: NodeState, isAsking: boolean): PreVoteOutcome {
  const isOutranked = isAsking && outranks(state, message)
  const isGranted = !isOutranked && mayVoteFor(message, state)
  const term = isGranted ? message.term : state.term
  // It promises nothing, so that it need not wait for the disk.
  state.send({ kind: 'preVoteAnswer', to: message.from, term, isGranted })
  if (isOutranked) return 'outranked'
  return isGranted ? 'granted' : 'refused'
}

function outranks({ log, selfId }: NodeState, { from, last }: MessageOf<'preVote'>): boolean {
  return !isAsUpToDate(last, log.last) || (isAsUpToDate(log.last, last) && selfId < from)
}
