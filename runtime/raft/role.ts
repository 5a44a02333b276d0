import type { Message } from './message.ts'

export type RoleName = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/** What a node does in one role. A new object for each time it takes the role, so that nothing is left of the last time. */
export interface Role {
  readonly name: RoleName
  /** Time has passed. */
  tick(): void
  /** A message of the current term that is not a question for a vote. */
  step(message: Message): void
  /** Something became durable. */
  durable(): void
  /** The turn ends: what is to be sent because of it is sent now. */
  endTurn(): void
}

/** How a role hands over to the next. */
export interface RoleChanges {
  becomeFollower(term: number, leaderId: string | undefined): void
  /** Asks whether an election has a chance. */
  askForVotes(): void
  stand(isHandover: boolean): void
  lead(): void
  /** Handles a message again, in the role taken meanwhile. */
  step(message: Message): void
}
