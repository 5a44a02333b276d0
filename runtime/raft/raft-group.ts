import type { Clock, Timer } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'
import type { Random } from '../io/random.ts'
import type { Logger } from '../observe/logger.ts'
import {
  type Consensus,
  ConsensusError,
  type LeaderListener,
  type MembershipChange,
  type Peer,
  type StateMachine,
} from './consensus.ts'
import { EntryKind } from './entry.ts'
import { UNFOUNDED } from './membership.ts'
import type { Message } from './message.ts'
import { PendingChanges } from './pending-changes.ts'
import { Proposals } from './proposals.ts'
import { RaftNode, type Ready } from './raft-node.ts'
import { type RaftSettings, raftSettings } from './raft-settings.ts'
import { Reads } from './reads.ts'
import type { Refusal } from './refusal.ts'
import { DEFAULT_SNAPSHOT_SETTINGS, SnapshotKeeper, type SnapshotSettings } from './snapshot-keeper.ts'
import { RaftStorage } from './storage/raft-storage.ts'
import type { RaftTransport } from './transport/raft-transport.ts'

export interface RaftGroupOptions {
  readonly group: string
  readonly selfId: string
  /** As the configuration names them, this member among them. Once the group is founded its log says who belongs to it. */
  readonly peers: readonly Peer[]
  /** The store's folder, absolute. */
  readonly folder: string
  readonly machine: StateMachine
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly logger: Logger
  readonly transport: RaftTransport
  readonly settings?: Partial<RaftSettings & SnapshotSettings>
  /** The store failed, or something happened that must not: the member has stopped. Everything asked of it fails. */
  readonly onFailed?: (error: Error) => void
}

/** Ticks per heartbeat: how much later than due something may happen. */
const TICKS_PER_HEARTBEAT = 4
const NOTHING: readonly Peer[] = []

/** What a running member consists of. */
interface Running {
  readonly node: RaftNode
  readonly storage: RaftStorage
  readonly snapshots: SnapshotKeeper
  readonly timer: Timer
}

/**
 * One member of a group: ties the core to clock, store and connections. What happens in a turn of the event loop is worked
 * off at its end, in one batch: one write to the log, one frame to each member.
 */
export class RaftGroup implements Consensus {
  readonly selfId: string
  readonly #options: RaftGroupOptions
  readonly #settings: RaftSettings & SnapshotSettings
  readonly #proposals = new Proposals()
  readonly #reads = new Reads()
  readonly #changes = new PendingChanges()
  readonly #listeners: LeaderListener[] = []
  #running: Running | undefined
  #isTurnDue = false
  #isTickDue = false
  #leaderId: string | undefined
  #term = 0
  #membershipIndex = -1
  /** Why nothing is done any more. */
  #stopped: ConsensusError | undefined

  constructor(options: RaftGroupOptions) {
    const { selfId, settings = {} } = options
    this.selfId = selfId
    this.#options = options
    const { snapshotEveryEntries, snapshotEveryBytes, snapshotKeepEntries, ...others } = {
      ...DEFAULT_SNAPSHOT_SETTINGS,
      ...settings,
    }
    this.#settings = { ...raftSettings(others), snapshotEveryEntries, snapshotEveryBytes, snapshotKeepEntries }
  }

  get isLeader(): boolean {
    return this.#running?.node.role === 'leader'
  }

  get leaderId(): string | undefined {
    return this.#running?.node.leaderId
  }

  get term(): number {
    return this.#running?.node.term ?? 0
  }

  /** A member that the configuration names is reached at the address given there. */
  get peers(): readonly Peer[] {
    const configured = new Map(this.#options.peers.map(({ id, address }) => [id, address]))
    const members = this.#running?.node.membership.members ?? NOTHING
    return members.map(({ id, address }) => ({ id, address: configured.get(id) ?? address }))
  }

  get arePeersCommitted(): boolean {
    return this.#running?.node.isMembershipCommitted ?? false
  }

  /** The core, to look at: for tests and diagnosis. */
  get node(): RaftNode | undefined {
    return this.#running?.node
  }

  /** Rejects when the store cannot be used: RaftStoreError, or the operating system's error. */
  start(): Promise<void> {
    try {
      this.#start()
      return Promise.resolve()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Gives leadership away first, if there is somebody to take it. */
  stop(): Promise<void> {
    return new Promise((resolve) => this.#handOverBeforeStop(() => this.#stop('it was stopped', resolve)))
  }

  propose(command: Uint8Array, done: (error: ConsensusError | null, result?: unknown) => void): void {
    this.#ask(done, ({ node }) => {
      // The log keeps it, whatever the caller does with its bytes.
      const answer = node.propose(Buffer.from(command))
      if ('code' in answer) return answer
      this.#proposals.add(answer, done)
      return undefined
    })
  }

  read(done: (error: ConsensusError | null) => void): void {
    this.#ask(done, ({ node }) => {
      const id = this.#reads.add(done)
      const refusal = node.read(id, this.#now())
      if (refusal !== undefined) this.#reads.remove(id)
      return refusal
    })
  }

  transferLeadership(to: string, done: (error: ConsensusError | null) => void): void {
    this.#ask(done, ({ node }) => {
      const nowMs = this.#now()
      const refusal = node.handOver(to, nowMs)
      // The others may need a second election when votes were split.
      const deadlineMs = nowMs + 2 * this.#settings.electionMaxMs
      if (refusal === undefined) this.#changes.addHandover({ to, term: node.term, deadlineMs, done })
      return refusal
    })
  }

  changeMembers(change: MembershipChange, done: (error: ConsensusError | null) => void): void {
    this.#ask(done, ({ node }) => {
      const refusal = node.changeMembers(change)
      if (refusal === undefined) this.#changes.addChange(change, node.term, done)
      return refusal
    })
  }

  onLeaderChange(listener: LeaderListener): void {
    this.#listeners.push(listener)
  }

  #start(): void {
    const { clock, transport, peers, random, logger, group, selfId } = this.#options
    const storage = RaftStorage.open({ ...this.#options, onFailed: (error) => this.#fail(error) })
    const node = new RaftNode({
      selfId,
      peers,
      settings: this.#settings,
      random,
      snapshots: storage,
      restored: storage.restored,
      nowMs: clock.monotonic(),
      trace: (line) => logger.info({ group, member: selfId }, line),
    })
    const snapshot = storage.takeRestoredSnapshot()
    if (snapshot !== undefined) this.#options.machine.restore(snapshot)
    const snapshots = new SnapshotKeeper(this.#settings, node, storage, () => this.#options.machine.snapshot())
    const tickMs = Math.max(1, Math.floor(this.#settings.heartbeatMs / TICKS_PER_HEARTBEAT))
    // What has arrived is handled before the tick: a member that was held up must not take others for silent.
    const timer = clock.every(tickMs, () => {
      this.#isTickDue = true
      this.#touch()
    })
    this.#running = { node, storage, snapshots, timer }
    this.#warnAboutPeers(node)
    transport.start(this.#transportUser())
    this.#isTickDue = true
    this.#touch()
  }

  #transportUser() {
    const group = this
    return {
      receive: (message: Message) => this.#tell((node) => node.step(message, this.#now())),
      gone: (id: string) => this.#tell((node) => node.peerGone(id, this.#now())),
      get cluster() {
        return group.#running?.node.cluster ?? UNFOUNDED
      },
      get peers() {
        return group.#running?.node.membership.members ?? NOTHING
      },
    }
  }

  /** The configuration is only the beginning; that it says something else later is worth a line. */
  #warnAboutPeers({ membership, cluster }: RaftNode): void {
    if (cluster === UNFOUNDED) return
    const { peers, logger, group, selfId } = this.#options
    const textOf = (list: readonly Peer[]) =>
      [...list]
        .sort((left, right) => (left.id < right.id ? -1 : 1))
        .map(({ id, address }) => `${id}-${address}`)
        .join(';')
    const [agreed, configured] = [textOf(membership.members), textOf(peers)]
    if (agreed === configured) return
    logger.warn(
      { group, member: selfId },
      `the configuration names as members ${configured}; the group has agreed on ${agreed}. Members are added and removed ` +
        'by a request to the leader, not by the configuration; addresses of members are taken from both',
    )
  }

  #now(): number {
    return this.#options.clock.monotonic()
  }

  #touch(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    this.#options.clock.endOfTurn(() => {
      this.#isTurnDue = false
      this.#guard((running) => this.#endTurn(running))
    })
  }

  /** Something that the core is told; what follows from it is done at the end of the turn. */
  #tell(action: (node: RaftNode) => void): void {
    this.#guard(({ node }) => {
      action(node)
      this.#touch()
    })
  }

  /** An invariant that does not hold stops the member: it cannot be trusted any more. */
  #guard(action: (running: Running) => void): void {
    if (this.#running === undefined) return
    try {
      action(this.#running)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  /** A request: either refused at once, or its end is reported later. */
  #ask(done: (error: ConsensusError) => void, request: (running: Running) => Refusal | undefined): void {
    const running = this.#running
    if (running === undefined) {
      done(this.#stopped ?? new ConsensusError('STOPPED', `${this.selfId} has not started`))
      return
    }
    const refusal = request(running)
    if (refusal === undefined) this.#touch()
    else done(new ConsensusError(refusal.code, refusal.text, running.node.leaderId))
  }

  #endTurn(running: Running): void {
    const { node, snapshots } = running
    if (this.#isTickDue) {
      this.#isTickDue = false
      node.tick(this.#now())
    }
    for (let ready = node.ready(); ready !== undefined; ready = node.ready()) {
      this.#process(ready, running)
      // A callback may have stopped the member.
      if (this.#running !== running) return
    }
    this.#reportChanges(node)
    if (this.#running === running && snapshots.isDue) snapshots.begin(() => this.#touch())
  }

  #process(ready: Ready, running: Running): void {
    const { node, storage, snapshots } = running
    const { write, restore, reads, committed, isSnapshotDamaged } = ready
    if (restore !== undefined) {
      this.#options.machine.restore(restore.bytes)
      snapshots.restored()
    }
    if (write !== undefined) storage.write(write, () => this.#tell(() => node.durable(write.number)))
    this.#options.transport.send(ready.messages)
    this.#reads.confirm(reads)
    if (committed.length > 0) this.#apply(ready, running)
    this.#reads.applied(node.log.applied)
    if (isSnapshotDamaged) snapshots.begin(() => this.#touch())
  }

  #apply({ committed }: Ready, { node, snapshots }: Running): void {
    for (const entry of committed) {
      const { machine } = this.#options
      const result = entry.kind === EntryKind.COMMAND ? machine.apply(entry.index, entry.data) : undefined
      node.applied(entry.index)
      snapshots.applied(entry)
      this.#proposals.applied(entry, result)
    }
  }

  #reportChanges(node: RaftNode): void {
    const { role, term, leaderId } = node
    this.#proposals.failOthers(role === 'leader' ? term : undefined, leaderId)
    if (role !== 'leader' && this.#reads.hasAsked) {
      const text = `${this.selfId} does not lead any more`
      this.#reads.failAsked(new ConsensusError('NOT_LEADER', text, leaderId))
    }
    this.#changes.check(node, this.#now())
    if (this.#running === undefined) return
    if (node.log.membershipIndex !== this.#membershipIndex) {
      this.#membershipIndex = node.log.membershipIndex
      this.#options.transport.peersChanged()
    }
    if (term === this.#term && leaderId === this.#leaderId) return
    this.#term = term
    this.#leaderId = leaderId
    for (const listener of this.#listeners) listener(leaderId, term)
  }

  #handOverBeforeStop(then: () => void): void {
    const node = this.#running?.node
    const others =
      node?.role === 'leader' ? node.membership.members.filter((one) => one.isVoter && one.id !== this.selfId) : []
    const matchOf = (id: string) => (node!.progressOf(id)?.isActive ? node!.progressOf(id)!.match : -1)
    const best = others.reduce<string | undefined>(
      (one, { id }) => (matchOf(id) > (one === undefined ? -1 : matchOf(one)) ? id : one),
      undefined,
    )
    if (best === undefined) then()
    else this.transferLeadership(best, then)
  }

  #fail(error: Error): void {
    if (this.#running === undefined) return
    const { logger, group, onFailed } = this.#options
    logger.error({ group, member: this.selfId, err: error }, `this member of the raft group stops: ${error.message}`)
    const { storage } = this.#running
    this.#halt(`it failed: ${error.message}`)
    storage.abandon()
    onFailed?.(error)
  }

  #stop(why: string, then: () => void): void {
    if (this.#running === undefined) {
      then()
      return
    }
    const { storage } = this.#running
    this.#halt(why)
    storage.close(then)
  }

  #halt(why: string): void {
    this.#running!.timer.cancel()
    this.#running = undefined
    this.#options.transport.stop()
    this.#stopped = new ConsensusError('STOPPED', `member ${this.selfId} of the group does nothing any more: ${why}`)
    this.#proposals.failAll(this.#stopped)
    this.#reads.failAll(this.#stopped)
    this.#changes.failAll(this.#stopped)
  }
}
