import { createHash } from 'node:crypto'
import type { Peer } from '../../../runtime/raft/consensus.ts'
import type { Message } from '../../../runtime/raft/message.ts'
import { decodeFrame, encodeFrames } from '../../../runtime/raft/transport/frame-codec.ts'
import { SeededRandom } from '../seeded-random.ts'
import type { CrashKind } from '../sim-disk.ts'
import { EventQueue } from './event-queue.ts'
import { RaftFaults } from './raft-faults.ts'
import { RegisterHistory } from './register-history.ts'
import { SafetyChecker } from './safety-checker.ts'
import { type MemberWorld, SimMember } from './sim-member.ts'

const FAULTS_MS = 8000
/** Within this the group works again when nothing disturbs it any more. */
const CALM_MS = 12_000
const TRACE_LINES = 400

/**
 * One seeded life of a Raft group: the real members, stores and codec on simulated time, network and disks. Messages are
 * lost, late, doubled and overtake one another; links are cut, one way or both; processes crash, with loss of what was not
 * synced, or are held up; disks are damaged and emptied; members come and go. Then everything heals, and the group must
 * work again and have lost nothing.
 */
export class RaftSim implements MemberWorld {
  readonly seed: number
  readonly queue = new EventQueue()
  readonly random: SeededRandom
  readonly checker = new SafetyChecker()
  readonly history = new RegisterHistory()
  readonly settings: MemberWorld['settings']
  readonly members = new Map<string, SimMember>()
  isStartRefused = false
  readonly #faults: RaftFaults
  readonly #trace: string[] = []
  readonly #digest = createHash('sha256')
  #failure: Error | undefined
  #writes = 0

  constructor(seed: number) {
    this.seed = seed
    this.random = new SeededRandom(seed)
    const { random } = this
    this.settings = {
      heartbeatMs: 50,
      electionMinMs: 300,
      electionMaxMs: 600,
      clockDrift: random.below(2) === 0 ? 0.1 : undefined,
      snapshotEveryEntries: 10 + random.below(40),
      snapshotKeepEntries: random.below(10),
      snapshotPieceBytes: 64 + random.below(200),
      inflightMaxMessages: 1 + random.below(10),
      appendMaxBytes: random.below(2) === 0 ? 200 : 100_000,
    }
    const count = [1, 2, 3, 3, 3, 3, 4, 5][random.below(8)]!
    const peers = Array.from({ length: count }, (_, i) => peerOf(`n${i}`))
    for (const { id } of peers) this.members.set(id, new SimMember(id, peers, this))
    this.#faults = new RaftFaults(this)
  }

  /** @throws Error with the seed, what was broken, and what led to it. */
  async run(): Promise<void> {
    try {
      for (const member of this.members.values())
        this.queue.after(this.random.below(400), () => member.isUp || member.start())
      this.#faults.begin(FAULTS_MS)
      this.#clients(FAULTS_MS + CALM_MS / 2)
      await this.#until(FAULTS_MS)
      this.#faults.end()
      await this.#until(FAULTS_MS + CALM_MS)
      this.#checkCalm()
      this.history.check()
    } catch (error) {
      const story = this.#trace.slice(-TRACE_LINES).join('\n')
      throw new Error(`seed ${this.seed}: ${(error as Error).message}`, { cause: new Error(story) })
    }
  }

  get story(): string {
    return this.#trace.join('\n')
  }

  /** Of everything that was said and sent, and when: two runs of a seed that are the same have the same. */
  get digest(): string {
    return this.#digest.copy().digest('hex')
  }

  readonly trace = (line: string): void => {
    const text = `${this.queue.nowMs.toFixed(0).padStart(6)} ${line}`
    this.#digest.update(text)
    this.#trace.push(text)
  }

  failed(error: Error): void {
    this.#failure ??= error
  }

  post(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#faults.sent(message)
      // Through the codec, as they would go: nothing is shared between members.
      const [frame] = encodeFrames('sim', '', [this.#faults.links.leftOf(message)])
      this.#digest.update(`${this.queue.nowMs}`).update(frame!)
      const received = decodeFrame(frame!).messages[0]!
      for (const delayMs of this.#faults.links.delaysOf(message)) {
        this.queue.after(delayMs, () => this.members.get(message.to)?.receive(received))
      }
    }
  }

  get leader(): SimMember | undefined {
    const leading = [...this.members.values()].filter(({ group }) => group?.isLeader)
    return leading.toSorted((one, other) => other.group!.term - one.group!.term)[0]
  }

  crash(member: SimMember, kind: CrashKind): void {
    member.crash(kind)
    // The system closes the connections of a dead process. A machine without power closes nothing, and may be back at once.
    if (kind === 'process' || this.random.below(2) === 0) this.connectionsEnd(member)
  }

  /** Between two members there are two connections, one each way; word of their end goes the way of messages. */
  connectionsEnd({ id }: SimMember): void {
    for (const other of this.members.values()) {
      if (other.id === id) continue
      const delays = [this.random.below(20), this.random.below(20)]
      if (!this.#faults.links.carries(id, other.id)) continue
      for (const delayMs of delays) this.queue.after(delayMs, () => other.gone(id))
    }
  }

  /** A member that cannot start says why in a promise, which is waited for. */
  async #until(endMs: number): Promise<void> {
    while (this.queue.step(endMs)) {
      if (this.isStartRefused) await Promise.resolve()
      if (this.#failure) throw this.#failure
    }
    this.queue.nowMs = endMs
  }

  /** Clients ask whichever member they think of. */
  #clients(endMs: number): void {
    const next = (): void => {
      if (this.queue.nowMs >= endMs) return
      this.#request()
      this.queue.after(this.random.below(20), next)
    }
    next()
  }

  #request(): void {
    const up = [...this.members.values()].filter(({ isUp }) => isUp)
    if (up.length === 0) return
    // Also those that have lost the lead without knowing it.
    const leading = up.filter(({ group }) => group!.isLeader)
    const choice = leading.length > 0 && this.random.below(8) > 0 ? leading : up
    const { group, machine } = choice[this.random.below(choice.length)]!
    if (this.random.below(2) === 0) {
      const ended = this.history.begin('write', this.queue.nowMs)
      group!.propose(Buffer.from(`w${this.#writes++}`), (error, version) => {
        if (error === null) ended(version as number, this.queue.nowMs)
      })
    } else {
      const ended = this.history.begin('read', this.queue.nowMs)
      group!.read((error) => {
        if (error === null) ended(machine.version, this.queue.nowMs)
      })
    }
  }

  #checkCalm(): void {
    const { leader } = this
    if (leader === undefined) throw new Error(`no leader ${CALM_MS} ms after the last fault: ${this.#describe()}`)
    const { membership, log } = leader.group!.node!
    for (const { id, isVoter, store } of membership.members) {
      const member = this.members.get(id)
      const node = member?.group?.node
      if (node === undefined) throw new Error(`${id} is a member and is not there`)
      if (!isVoter) throw new Error(`${id} is no voter yet: ${this.#describe()}`)
      if (node.hard.store !== store)
        throw new Error(`${id} has another store than the members think: ${this.#describe()}`)
      if (node.hard.lost) throw new Error(`${id} is not repaired: ${this.#describe()}`)
      if (node.log.applied !== log.commit || member!.machine.digest !== leader.machine.digest) {
        throw new Error(`${id} has not the state of the leader: ${this.#describe()}`)
      }
    }
    if (log.commit < this.checker.committedTo) throw new Error(`the leader has committed less than was committed`)
  }

  #describe(): string {
    const texts = [...this.members.values()].map(({ id, group }) => {
      const node = group?.node
      if (node === undefined) return `${id} down`
      const { log, hard, role } = node
      const lost = hard.lost === undefined ? '' : ` lost ${hard.lost.end?.index}@${hard.lost.end?.term}`
      const indexes = `commit ${log.commit} last ${log.last.index}@${log.last.term}`
      return `${id} ${role} term ${hard.term} store ${hard.store} ${indexes}${lost}`
    })
    return texts.join('; ')
  }
}

export function peerOf(id: string): Peer {
  return { id, address: `${id}:1` }
}
