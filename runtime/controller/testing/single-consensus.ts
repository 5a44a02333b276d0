import {
  ConsensusError,
  type LeaderListener,
  type MembershipChange,
  type Peer,
  type StateMachine,
} from '../../raft/consensus.ts'
import type { ConsensusMember } from '../controller.ts'

/**
 * A group of one, agreed with itself as soon as `settle` is called: commands proposed before are applied then, in order,
 * and reads answered. It can be made to lose its leadership.
 */
export class SingleConsensus implements ConsensusMember {
  readonly selfId: string
  readonly peers: readonly Peer[]
  readonly arePeersCommitted = true
  /** All commands in the order they were applied. */
  readonly log: Buffer[] = []
  leaderId: string | undefined
  term = 0
  readonly #machine: StateMachine
  readonly #listeners: LeaderListener[] = []
  #waiting: { readonly run: () => void; readonly fail: (error: ConsensusError) => void }[] = []

  constructor(machine: StateMachine, peers: readonly Peer[], selfId: string) {
    this.#machine = machine
    this.peers = peers
    this.selfId = selfId
  }

  get isLeader(): boolean {
    return this.leaderId === this.selfId
  }

  start(): Promise<void> {
    this.lead(this.selfId)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  /** Who leads from now on; what was proposed and not settled is lost. */
  lead(leaderId: string | undefined): void {
    this.term++
    this.leaderId = leaderId
    const lost = this.#waiting
    this.#waiting = []
    for (const { fail } of lost) fail(new ConsensusError('LEADERSHIP_LOST', 'another controller leads', leaderId))
    for (const listener of this.#listeners) listener(leaderId, this.term)
  }

  propose(command: Uint8Array, done: (error: ConsensusError | null, result?: unknown) => void): void {
    const bytes = Buffer.from(command)
    this.#wait(done, () => {
      this.log.push(bytes)
      done(null, this.#machine.apply(this.log.length, bytes))
    })
  }

  read(done: (error: ConsensusError | null) => void): void {
    this.#wait(done, () => done(null))
  }

  /** Runs what waits, and what that asks for; returns whether there was anything. */
  settle(): boolean {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { run } of waiting) run()
    return waiting.length > 0
  }

  transferLeadership(_to: string, done: (error: ConsensusError | null) => void): void {
    done(new ConsensusError('REJECTED', 'there is nobody else'))
  }

  changeMembers(_change: MembershipChange, done: (error: ConsensusError | null) => void): void {
    done(new ConsensusError('REJECTED', 'this group stays alone'))
  }

  onLeaderChange(listener: LeaderListener): void {
    this.#listeners.push(listener)
  }

  #wait(done: (error: ConsensusError | null) => void, run: () => void): void {
    if (this.isLeader) this.#waiting.push({ run, fail: done })
    else done(new ConsensusError('NOT_LEADER', 'this controller does not lead', this.leaderId))
  }
}
