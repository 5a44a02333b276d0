import type { ConsensusErrorCode } from './consensus.ts'

/** Why a request is not taken up. */
export interface Refusal {
  readonly code: ConsensusErrorCode
  readonly text: string
}
