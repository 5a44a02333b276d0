import type { Timer } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Address } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import type { LinkOptions } from '../link/link-options.ts'
import { MasterConnection } from '../link/master-connection.ts'
import type { AutoSwitchConfig, AutoSwitchLog } from './auto-switch-log.ts'
import { AutoSwitchMaster } from './auto-switch-master.ts'
import { EpochFile } from './epoch-file.ts'
import { EpochHistory, LEGACY_EPOCH } from './epoch-history.ts'
import { followPoint, needsProof, sharedEpochs, unequal, withLegacy } from './follow-point.ts'
import { FollowSession, type SessionOwner } from './follow-session.ts'
import type { MasterHandshake, SlaveHandshake } from './frames.ts'
import { LegacyProof } from './legacy-proof.ts'
import type { ReplicaLink } from './replica-link.ts'

const FORGET_EPOCHS_PERIOD_MS = 60_000
/** A slave may hear of a new master before that has heard of it itself. */
const FIRST_RETRY_MS = 30

/** The master that a replica follows. */
export interface FollowedMaster {
  readonly brokerId: number
  /** `host:port` of its replication port; '' while that is not known. */
  readonly haAddress: string
  readonly epoch: number
}

export type ReplicaRole = 'none' | 'master' | 'slave'

/**
 * Replication of a broker in controller mode, whatever its role. The role changes while it runs, by {@link changeToMaster}
 * and {@link changeToSlave}, when no message is staged; each is done, and durable, when it returns, and can be tried again
 * when it throws.
 */
export class AutoSwitchReplication implements SessionOwner {
  readonly #context: NetContext
  readonly #log: AutoSwitchLog
  readonly #config: AutoSwitchConfig & LinkOptions
  readonly #file: EpochFile
  readonly #master: AutoSwitchMaster
  readonly #connection: MasterConnection
  #epochs: EpochHistory
  #trustedEndOffset: number
  #brokerId = 0
  #role: ReplicaRole = 'none'
  /** The newest epoch that this process was told of. */
  #toldEpoch = -1
  #followed: FollowedMaster | undefined
  #session: FollowSession | undefined
  #isCutOff = false
  /** What {@link meet} found: the epochs of the log that both have. */
  #shared = new EpochHistory()
  /** Why the master was not followed last. */
  #refusal = ''
  #timer: Timer | undefined
  readonly #progressListeners: (() => void)[] = []
  #onSetWanted: ((wanted: ReadonlySet<number>, setEpoch: number) => void) | undefined

  /** @throws Error saying what to do about an epoch file that cannot be read, or is of another log */
  constructor(context: NetContext, disk: Disk, log: AutoSwitchLog, config: AutoSwitchConfig & LinkOptions) {
    this.#context = context
    this.#log = log
    this.#config = config
    this.#file = new EpochFile(disk, config.storePathEpochFile)
    const { history, trustedEndOffset, problem } = this.#file.load()
    if (problem !== undefined) context.logger.error({ trustedEndOffset }, problem)
    this.#checkBelongs(history)
    this.#epochs = history
    this.#trustedEndOffset = trustedEndOffset
    this.#master = new AutoSwitchMaster(context, log, config, history, {
      progressed: () => this.#progressed(),
      setWanted: (wanted, setEpoch) => this.#onSetWanted?.(wanted, setEpoch),
    })
    this.#connection = new MasterConnection(context, config, () => this.#newSession(), FIRST_RETRY_MS)
    log.onFlushed(() => this.#flushed())
    context.turn.onEnd(() => this.#endOfTurn())
  }

  /**
   * A master begins its epoch at the end of a message. What the file of another broker says of this log would be believed,
   * and different messages taken for the same.
   */
  #checkBelongs(history: EpochHistory): void {
    const log = this.#log
    const strange = history.entries.find(({ startOffset }) => {
      return startOffset > log.minOffset && startOffset < log.borderOffset && !log.isBorder(startOffset)
    })
    if (strange === undefined) return
    throw new Error(
      `epoch file ${this.#file.path} says that epoch ${strange.epoch} begins at offset ${strange.startOffset}, but no ` +
        'message of this log begins there: the file is of another broker, or the log is damaged. Put the right file back; ' +
        'or, if another replica of the group is its master, empty the store folder so that everything is copied anew',
    )
  }

  get role(): ReplicaRole {
    return this.#role
  }

  get epochs(): EpochHistory {
    return this.#epochs
  }

  get confirmOffset(): number {
    return this.#log.confirmOffset
  }

  /** Masters: what the controllers agreed to. */
  get syncStateSet(): ReadonlySet<number> {
    return this.#master.syncStateSet?.members ?? new Set()
  }

  get links(): ReadonlySet<ReplicaLink> {
    return this.#master.links
  }

  get followed(): FollowedMaster | undefined {
    return this.#followed
  }

  get connection(): MasterConnection {
    return this.#connection
  }

  /** The id from the controllers. To be known before any role is taken. */
  setBrokerId(brokerId: number): void {
    this.#brokerId = brokerId
  }

  /**
   * Called when the SyncStateSet should be another one; again every second until it is. As soon as the set is not that of
   * `setEpoch` any more the wish must not come true: nobody waits for replicas that were to join that set.
   */
  onSyncStateSetWanted(listener: (wanted: ReadonlySet<number>, setEpoch: number) => void): void {
    this.#onSetWanted = listener
  }

  /** Called when an acknowledged offset advanced, or replicas came or went. */
  onProgress(listener: () => void): void {
    this.#progressListeners.push(listener)
  }

  async start(address: Address): Promise<Address> {
    const listening = await this.#master.listen(address)
    this.#connection.start()
    this.#timer = this.#context.clock.every(FORGET_EPOCHS_PERIOD_MS, () => this.#forgetExpiredEpochs())
    return listening
  }

  stop(): void {
    this.#role = 'none'
    this.#timer?.cancel()
    this.#connection.stop()
    this.#master.close()
  }

  // Roles

  /**
   * Takes the role of master: cuts off a message that is not there as a whole, and begins the epoch at the log's end. The log
   * is complete and the epoch durable when this returns; messages may be appended then.
   * @throws Error when this cannot be: no message may be appended then
   */
  changeToMaster(epoch: number, members: ReadonlySet<number>, setEpoch: number): void {
    this.#checkEpoch(epoch)
    if (this.#trustedEndOffset < this.#log.borderOffset) {
      throw new Error(
        `the epoch file ${this.#file.path} was damaged: from offset ${this.#trustedEndOffset} on this broker does not know ` +
          'which master wrote its log, and cannot be one itself. Let it follow another replica; if there is none, remove ' +
          'the file and its backup: what is in the log then counts as written before the group had a controller',
      )
    }
    const { borderOffset } = this.#log
    const epochs = this.#termOf(epoch, borderOffset)
    this.#connection.setMaster('')
    this.#followed = undefined
    this.#log.truncateTo(borderOffset)
    this.#keep(epochs)
    this.#toldEpoch = epoch
    this.#log.continueQueues()
    this.#log.flush()
    this.#role = 'master'
    this.#master.begin(this.#brokerId, this.#epochs, members, setEpoch)
    this.#log.showConfirmed()
    const facts = { epoch, startOffset: this.#epochs.last?.startOffset, syncStateSet: [...members], setEpoch }
    this.#context.logger.info(facts, 'replication as master')
    this.#progressed()
  }

  #termOf(epoch: number, endOffset: number): EpochHistory {
    if (this.#epochs.lastEpoch === epoch && this.#role === 'master') return this.#epochs
    // After an orderly stop, too: the run that stopped may have begun with a log that had lost its end.
    if (this.#epochs.lastEpoch >= epoch) {
      throw new Error(
        `epoch ${epoch} has begun already, with another master or in an earlier run of this broker: replicas may hold ` +
          'messages of it that this broker lacks. The controllers have to elect anew',
      )
    }
    const epochs = this.#epochs.reachingTo(endOffset)
    const known = epochs.isEmpty && endOffset > 0 ? epochs.begin(LEGACY_EPOCH, 0) : epochs
    return known.begin(epoch, endOffset)
  }

  /**
   * Takes the role of slave, or goes on in it: nobody is served any more, and the log is made equal to the master's as
   * soon as that answers. An address that is still '' can be given later by another call.
   * @throws Error for an epoch older than what is known
   */
  changeToSlave(master: FollowedMaster): void {
    this.#checkEpoch(master.epoch)
    this.#toldEpoch = master.epoch
    if (this.#role !== 'slave') this.#master.end(this.#epochs)
    this.#role = 'slave'
    const before = this.#followed
    this.#followed = master
    this.#connection.setMaster(master.haAddress)
    const isNewTerm = before !== undefined && master.epoch > Math.max(before.epoch, this.#epochs.lastEpoch)
    if (isNewTerm && master.haAddress === before.haAddress) this.#connection.expectWord()
    this.#progressed()
  }

  #checkEpoch(epoch: number): void {
    const known = Math.max(this.#toldEpoch, this.#epochs.lastEpoch)
    if (epoch >= known) return
    throw new Error(`epoch ${epoch} is over: this broker knows of epoch ${known}`)
  }

  // SyncStateSet and acknowledgements

  /** What the controllers agreed to; older than what is known: passed over. */
  setSyncStateSet(members: ReadonlySet<number>, setEpoch: number): void {
    this.#master.agreed(members, setEpoch)
  }

  /**
   * The controllers refused the set that was wanted because of who is in it (not registered, not alive), while theirs was of
   * `setEpoch`; and no earlier wish is still under way. Until this or another set is told, the wanted one counts as well.
   */
  syncStateSetRefused(setEpoch: number): void {
    this.#master.refused(setEpoch)
  }

  /** The controllers have not been heard of for long: they may have made any member of the SyncStateSet master. */
  setCutOff(isCutOff: boolean): void {
    if (this.#isCutOff === isCutOff) return
    this.#isCutOff = isCutOff
    const waits = 'messages are acknowledged when every member of the SyncStateSet has them'
    if (isCutOff) this.#context.logger.warn({}, `the controllers have not been heard of for long: ${waits}`)
    else this.#context.logger.info({}, 'the controllers are heard of again')
    this.#progressed()
  }

  get isCutOff(): boolean {
    return this.#isCutOff
  }

  /** Masters: what at least `slaves` of the replicas that count hold; 0 when there are fewer. */
  ackedBy(slaves: number): number {
    return Math.min(this.#master.syncStateSet?.ackedBy(slaves) ?? 0, this.#log.writtenOffset)
  }

  /** Masters: what all replicas that count hold. */
  get ackedByAll(): number {
    return Math.min(this.#master.syncStateSet?.ackedByAll ?? 0, this.#log.writtenOffset)
  }

  /** Masters: replicas that count and are there, without this one. */
  inSyncSlaves(): number {
    return (this.#master.syncStateSet?.inSyncCount ?? 1) - 1
  }

  /** After a batch was written: replicas get it in this turn. */
  pushAll(): void {
    if (this.#role === 'master') this.#master.pushAll()
  }

  // What a session asks of its replica

  get identity(): SlaveHandshake {
    const { syncFromLastFile, asyncLearner } = this.#config
    return { brokerId: this.#brokerId, syncFromLastFile, asyncLearner }
  }

  get safeOffset(): number {
    return this.#master.safeOffset
  }

  send(bytes: Uint8Array): void {
    this.#connection.send(bytes)
  }

  meet(master: MasterHandshake): LegacyProof | undefined {
    const log = this.#log
    // The beginning of a message comes again.
    log.truncateTo(log.borderOffset)
    const endOffset = log.writtenOffset
    const { confirmOffset } = log
    const own = { epochs: this.#epochs, endOffset, confirmOffset, trustedEndOffset: this.#trustedEndOffset }
    const point = followPoint(own, { epochs: master.epochs, endOffset: master.maxPhyOffset })
    if (point.kind === 'refuse') this.#refuse(point.reason)
    if (point.kind === 'startAnew') {
      this.startAnew(point.reason)
      return undefined
    }
    const { offset } = point
    this.#noteMet(master, offset, endOffset, confirmOffset)
    if (offset === 0 && log.lastFileOffset >= 0) log.discardAll()
    else log.truncateTo(offset)
    // After the log: were it the other way round, a crash in between would leave messages of a forgotten epoch behind.
    this.#shared = sharedEpochs(withLegacy(own), master.epochs, offset)
    if (needsProof(own, master.epochs)) return new LegacyProof(log)
    this.proven()
    return undefined
  }

  proven(): void {
    this.#keep(this.#shared)
  }

  disproven(phyOffset: number): never {
    const endOffset = this.#log.writtenOffset
    return this.#refuse(unequal(phyOffset, endOffset))
  }

  /** Somebody has to decide something: said as an error, once per master and reason. */
  #refuse(reason: string): never {
    const problem = `cannot follow ${this.#connection.masterText}: ${reason}`
    if (problem !== this.#refusal) this.#context.logger.error({ problem }, 'this broker does not follow its master')
    this.#refusal = problem
    throw new Error(problem)
  }

  #noteMet(master: MasterHandshake, offset: number, endOffset: number, confirmOffset: number): void {
    const { masterText } = this.#connection
    const facts = { master: masterText, epochs: String(master.epochs), from: offset, cutBytes: endOffset - offset }
    this.#context.logger.info(facts, 'following master')
    if (offset >= confirmOffset) return
    this.#context.logger.error(
      { ...facts, confirmOffset },
      'messages that were confirmed are cut off: the controllers elected a master that was not in the SyncStateSet',
    )
  }

  enterEpoch(epoch: number, startOffset: number): void {
    const { last } = this.#epochs
    if (last?.epoch === epoch && last.startOffset === startOffset) return
    const isFitting = last === undefined || (epoch > last.epoch && startOffset >= this.#log.writtenOffset)
    if (!isFitting) {
      throw new Error(`epoch ${epoch} of the master begins at offset ${startOffset}, this broker knows ${this.#epochs}`)
    }
    // Before the first message of the epoch: none may ever count as written in an older one.
    this.#keep(this.#epochs.begin(epoch, startOffset))
  }

  startAnew(reason: string): void {
    this.#context.logger.warn({ reason }, 'this log is dropped, and copied anew from where the master begins')
    this.#log.discardAll()
    this.#keep(new EpochHistory())
  }

  /** Epochs whose messages have all expired are forgotten; if the disk refuses that, some time later. */
  #forgetExpiredEpochs(): void {
    if (this.#isFileDamaged) return
    try {
      this.#keep(this.#epochs.startingAt(this.#log.minOffset))
    } catch (error) {
      this.#context.logger.warn({ err: error, file: this.#file.path }, 'cannot shorten the epoch file')
    }
  }

  get #isFileDamaged(): boolean {
    return this.#trustedEndOffset !== Number.POSITIVE_INFINITY
  }

  /** The history of a log that agrees with it as a whole: nothing is uncertain from here on. */
  #keep(epochs: EpochHistory): void {
    if (epochs.equals(this.#epochs) && !this.#isFileDamaged) return
    this.#file.save(epochs)
    this.#trustedEndOffset = Number.POSITIVE_INFINITY
    this.#epochs = epochs
    this.#master.epochs = epochs
  }

  #newSession(): FollowSession {
    this.#session = new FollowSession(this.#log, this)
    return this.#session
  }

  #flushed(): void {
    if (this.#role === 'master') {
      this.#master.advance()
      this.#context.turn.touch()
    } else this.#report()
  }

  #endOfTurn(): void {
    if (this.#role === 'master') this.#master.tellConfirmed()
    else this.#report()
  }

  #report(): void {
    if (this.#connection.isOpen) this.#session?.report()
  }

  #progressed(): void {
    for (const listener of this.#progressListeners) listener()
  }
}
