import type { GroupRole } from './role-answers.ts'

/** A master's place: who it is and since when. */
export interface MasterPlace {
  readonly brokerId: number
  /** `host:port` of its remoting server. */
  readonly address: string
  readonly epoch: number
}

/** How far a replica is: what controllers choose a master by. */
export interface ReplicaProgress {
  /** Epoch of the last entry of its log. */
  readonly epoch: number
  /** End of its log, bytes. */
  readonly maxOffset: number
  readonly confirmOffset: number
}

/** The broker as its controllers steer it. Every change is done when the call returns; one that throws is tried again. */
export interface ReplicaTarget {
  readonly progress: ReplicaProgress
  /** The id from the controllers, known before any role. */
  setBrokerId(brokerId: number): void
  becomeMaster(role: GroupRole): void
  becomeSlave(master: MasterPlace): void
  /** Masters: the set that the controllers have agreed to. */
  setSyncStateSet(brokerIds: ReadonlySet<number>, epoch: number): void
  /** Masters: the set of this epoch is still theirs, and nothing that was wished for can come true any more. */
  syncStateSetRefused(setEpoch: number): void
  /**
   * Masters: whether the controllers have not been heard of for so long that they may have elected another master. Then
   * nothing may be acknowledged that this other one might not have.
   */
  setCutOff(isCutOff: boolean): void
}
