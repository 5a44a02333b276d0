import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Clock, Timer } from '../../io/clock.ts'
import type { Random } from '../../io/random.ts'
import type { Logger } from '../../observe/logger.ts'
import { checkIdentity, type IdentityFiles } from './broker-identity.ts'
import { type ControllerClient, ControllerRefusal } from './controller-client.ts'
import { ControllerComplaints } from './controller-complaints.ts'
import type { ReplicaTarget } from './replica-target.ts'
import { type GroupRole, readElectedRole, readGroupRole } from './role-answers.ts'
import { SyncStateSetWishes } from './sync-state-set-wishes.ts'

interface ReplicasConfig {
  readonly brokerClusterName: string
  readonly brokerName: string
  readonly storePathBrokerIdentity: string
  readonly syncBrokerMetadataPeriod: number
  readonly controllerHeartBeatTimeoutMills: number
}

export interface ReplicasManagerParts {
  readonly config: ReplicasConfig
  readonly identity: IdentityFiles
  readonly controllers: ControllerClient
  readonly target: ReplicaTarget
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** `brokerIP1:listenPort`: what the others of the group and clients reach this broker by. */
  readonly brokerAddr: string
  /** Tells every controller that this broker lives. */
  readonly beat: (brokerId: number) => void
}

/** Between two attempts to come online: soon at first, and never long. */
const RETRY_MIN_MS = 100
const RETRY_MAX_MS = 1_000
/** So often within the heartbeat timeout the controllers are asked: one lost answer does not make a master doubt. */
const ASKS_PER_TIMEOUT = 3

/**
 * Steers a broker of controller mode (official: ReplicasManager): it gets its id, registers, takes the role the controllers
 * give it, and has changes of the SyncStateSet agreed to.
 *
 * A process takes the role of master only at an epoch that began while it lived. What it finds when it starts is the
 * role of a former life, whose log may have ended later than what this one recovered: at the same epoch nobody could
 * tell the difference. Official brokers go on at the epoch they find. Our controllers elect anew when a master registers;
 * others have to notice that the former life ended, so until they do this broker shows no sign of life.
 */
export class ReplicasManager {
  readonly #parts: ReplicasManagerParts
  #brokerId = 0
  /** The role taken; undefined until there is one. */
  #role: GroupRole | undefined
  /** Masters at this epoch or before are of a former life of this process. */
  #formerEpoch = 0
  #isHoldingBreath = false
  #isRegistered = false
  #isBusy = false
  /** Somebody wants the role looked up while that is under way. */
  #isAskedAgain = false
  #hasSaidForgotten = false
  #isStopped = false
  #retryMs = RETRY_MIN_MS
  #timers: Timer[] = []
  #retry: Timer | undefined
  readonly #complaints: ControllerComplaints
  #heardMs = 0
  readonly #wishes: SyncStateSetWishes

  constructor(parts: ReplicasManagerParts) {
    this.#parts = parts
    this.#complaints = new ControllerComplaints(parts.clock, parts.logger)
    this.#wishes = new SyncStateSetWishes({
      clock: parts.clock,
      logger: parts.logger,
      role: () => (this.isMaster && !this.#isStopped ? this.#role : undefined),
      alter: ({ masterEpoch }, body) => {
        const masterBrokerId = this.#brokerId
        const fields = { brokerName: this.#name, masterBrokerId, masterEpoch, invokeTime: parts.clock.now() }
        return this.#ask(RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET, fields, body)
      },
      agreed: (role) => this.#take(role),
      refused: (setEpoch) => parts.target.syncStateSetRefused(setEpoch),
      refresh: () => this.refresh(),
    })
  }

  get brokerId(): number {
    return this.#brokerId
  }

  get role(): GroupRole | undefined {
    return this.#role
  }

  get isMaster(): boolean {
    return this.#role !== undefined && this.#isSelf(this.#role)
  }

  /** Whether the controllers may be told that this broker lives. */
  get mayBeat(): boolean {
    return this.#isRegistered && !this.#isHoldingBreath
  }

  /** @throws BrokerIdentityError when the identity is of another broker, or damaged */
  start(): void {
    const { config, identity, clock } = this.#parts
    const known = identity.load()
    const expected = { clusterName: config.brokerClusterName, brokerName: config.brokerName }
    if (known !== undefined) {
      checkIdentity(known, expected, config.storePathBrokerIdentity)
      this.#setBrokerId(known.brokerId)
    } else {
      const wanted = identity.loadWanted()
      if (wanted !== undefined) checkIdentity(wanted, expected, `${config.storePathBrokerIdentity}-temp`)
    }
    const { syncBrokerMetadataPeriod, controllerHeartBeatTimeoutMills } = config
    const periodMs = Math.min(syncBrokerMetadataPeriod, controllerHeartBeatTimeoutMills / ASKS_PER_TIMEOUT)
    this.#heardMs = clock.monotonic()
    this.#timers = [
      clock.every(periodMs, () => this.refresh()),
      clock.every(periodMs / ASKS_PER_TIMEOUT, () => this.#watch()),
    ]
    this.refresh()
  }

  stop(): void {
    this.#isStopped = true
    for (const timer of this.#timers) timer.cancel()
    this.#retry?.cancel()
  }

  /** Looks the role up now: something happened that may have changed it. */
  refresh(): void {
    if (this.#isStopped) return
    if (this.#isBusy) {
      this.#isAskedAgain = true
      return
    }
    void this.#run()
  }

  /** NOTIFY_BROKER_ROLE_CHANGED */
  notified(role: GroupRole): void {
    // Before it has registered, a broker cannot tell a role of its own life from one of a former.
    if (this.#isRegistered) this.#take(role)
  }

  /** Masters: has another replica elected. @throws ControllerRefusal, or Error when no controller answers */
  async handOver(brokerId: number): Promise<void> {
    const { config, clock } = this.#parts
    const fields = {
      clusterName: config.brokerClusterName,
      brokerName: config.brokerName,
      brokerId,
      designateElect: true,
      invokeTime: clock.now(),
    }
    this.#take(readElectedRole(await this.#ask(RequestCode.CONTROLLER_ELECT_MASTER, fields)))
  }

  /** Masters: replication finds that the set of `setEpoch` should be another one. The last wish counts. */
  wantSyncStateSet(brokerIds: ReadonlySet<number>, setEpoch: number): void {
    this.#wishes.want(brokerIds, setEpoch)
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    try {
      do {
        this.#isAskedAgain = false
        await this.#step()
      } while (this.#isAskedAgain && !this.#isStopped)
      this.#recovered()
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#isBusy = false
    }
  }

  async #step(): Promise<void> {
    if (this.#brokerId === 0) await this.#obtainId()
    if (!this.#isRegistered) await this.#register()
    const role = readGroupRole(await this.#ask(RequestCode.CONTROLLER_GET_REPLICA_INFO, { brokerName: this.#name }))
    this.#isHoldingBreath = role.masterBrokerId === this.#brokerId && role.masterEpoch <= this.#formerEpoch
    if (role.masterBrokerId === undefined) await this.#elect()
    else this.#take(role)
  }

  get #name(): string {
    return this.#parts.config.brokerName
  }

  async #ask(code: number, fields: Readonly<Record<string, string | number | boolean>>, body?: Uint8Array) {
    const answer = await this.#parts.controllers.ask({ code, fields, body })
    this.#heard()
    return answer
  }

  /** Two brokers that ask at once are given the same number; the one whose wish comes second is refused and asks again. */
  async #obtainId(): Promise<void> {
    const { config, identity, clock, brokerAddr } = this.#parts
    const group = { clusterName: config.brokerClusterName, brokerName: config.brokerName }
    let wanted = identity.loadWanted()
    if (wanted === undefined) {
      const { fields } = await this.#ask(RequestCode.CONTROLLER_GET_NEXT_BROKER_ID, group)
      const registerCheckCode = `${brokerAddr};${clock.now()}`
      wanted = { ...group, brokerId: Number(fields['nextBrokerId']), registerCheckCode }
      identity.saveWanted(wanted)
    }
    const { brokerId, registerCheckCode } = wanted
    try {
      await this.#ask(RequestCode.CONTROLLER_APPLY_BROKER_ID, {
        ...group,
        appliedBrokerId: brokerId,
        registerCheckCode,
      })
    } catch (error) {
      if (error instanceof ControllerRefusal && error.code === ResponseCode.CONTROLLER_BROKER_ID_INVALID) {
        identity.removeWanted()
      }
      throw error
    }
    identity.save(wanted)
    identity.removeWanted()
    this.#setBrokerId(brokerId)
    this.#parts.logger.info({ brokerId }, 'the controllers gave this broker an id')
  }

  #setBrokerId(brokerId: number): void {
    this.#brokerId = brokerId
    this.#parts.target.setBrokerId(brokerId)
  }

  async #register(): Promise<void> {
    const { config, brokerAddr, beat } = this.#parts
    // Ahead of the first sign of life: by this our controllers tell a process that has started from one that goes on.
    const fields = {
      clusterName: config.brokerClusterName,
      brokerName: config.brokerName,
      brokerId: this.#brokerId,
      brokerAddress: brokerAddr,
      invokeTime: this.#parts.clock.now(),
    }
    let role: GroupRole
    try {
      role = readGroupRole(await this.#ask(RequestCode.CONTROLLER_REGISTER_BROKER, fields))
    } catch (error) {
      if (isUnknownId(error) && (await this.#isGroupServed())) this.#giveUpId()
      else if (isUnknownId(error)) this.#sayForgotten()
      throw error
    }
    if (this.#role === undefined && role.masterBrokerId === this.#brokerId) {
      this.#formerEpoch = role.masterEpoch
      this.#isHoldingBreath = true
    }
    this.#isRegistered = true
    if (this.mayBeat) beat(this.#brokerId)
  }

  /** Whether the controllers know a master of the group: whoever joins it anew is given what that one holds. */
  async #isGroupServed(): Promise<boolean> {
    try {
      const role = readGroupRole(await this.#ask(RequestCode.CONTROLLER_GET_REPLICA_INFO, { brokerName: this.#name }))
      return role.masterBrokerId !== undefined && !this.#isSelf(role)
    } catch (error) {
      if (error instanceof ControllerRefusal && isForgotten(error.code)) return false
      throw error
    }
  }

  /** Which replica has everything is not known to anybody any more but the people who run the group. */
  #sayForgotten(): void {
    if (this.#hasSaidForgotten) return
    this.#hasSaidForgotten = true
    const { config, logger } = this.#parts
    const { storePathBrokerIdentity } = config
    logger.error(
      { brokerId: this.#brokerId, brokerName: this.#name },
      'the controllers know neither this broker nor a master of its group: they were told to forget them, or have lost their ' +
        `memory. To bring the group back stop its brokers, remove ${storePathBrokerIdentity} and epochFileCheckpoint* beside ` +
        'it of each, and start the one with the longest commit log before the others',
    )
  }

  /**
   * It was forgotten while it was away (cleanBrokerMetadata, a move to another machine), and is back: as a new replica, whose
   * log is made equal to the master's. Never while it has a role, nor where nobody is master: then the controllers may have
   * lost their memory, and the replicas are to be started in an order that people choose.
   */
  #giveUpId(): void {
    if (this.#role !== undefined) return
    const { identity, logger } = this.#parts
    logger.warn(
      { brokerId: this.#brokerId, problem: 'its id was forgotten' },
      'the controllers have forgotten this broker: it joins its group as a new replica',
    )
    identity.remove()
    this.#setBrokerId(0)
  }

  async #elect(): Promise<void> {
    const { config, clock, beat } = this.#parts
    beat(this.#brokerId)
    const fields = {
      clusterName: config.brokerClusterName,
      brokerName: config.brokerName,
      brokerId: this.#brokerId,
      designateElect: false,
      invokeTime: clock.now(),
    }
    try {
      this.#take(readElectedRole(await this.#ask(RequestCode.CONTROLLER_ELECT_MASTER, fields)))
    } catch (error) {
      const isThere = error instanceof ControllerRefusal && error.code === ResponseCode.CONTROLLER_MASTER_STILL_EXIST
      if (!isThere) throw error
      // Somebody was faster.
      this.#take(readElectedRole(error.answer))
    }
  }

  /** Takes what the controllers say, unless it is older than what is known. Changing the role is done when this returns. */
  #take(role: GroupRole): void {
    const { masterBrokerId, masterAddress, masterEpoch, syncStateSetEpoch } = role
    const before = this.#role
    if (masterBrokerId === undefined || masterEpoch < (before?.masterEpoch ?? 0)) return
    const { target, logger } = this.#parts
    if (this.#isSelf(role)) {
      if (masterEpoch <= this.#formerEpoch) {
        throw new Error(
          `epoch ${masterEpoch} is from before this process started: waiting for the controllers to elect`,
        )
      }
      if (masterEpoch !== before?.masterEpoch) {
        target.becomeMaster(role)
        logger.info({ masterEpoch, syncStateSet: role.syncStateSet }, 'this broker is the master of its group')
      } else if (syncStateSetEpoch > before.syncStateSetEpoch) {
        // First: what is wished for then is wished for of this set.
        this.#role = role
        target.setSyncStateSet(new Set(role.syncStateSet), syncStateSetEpoch)
      } else return
    } else if (masterEpoch !== before?.masterEpoch || masterAddress !== before.masterAddress) {
      target.becomeSlave({ brokerId: masterBrokerId, address: masterAddress, epoch: masterEpoch })
      this.#noteFollowed(masterBrokerId, masterAddress, masterEpoch)
    }
    this.#role = role
  }

  /** Whoever starts with a copy of this store has the same id, but another address: two masters in one epoch must not be. */
  #isSelf({ masterBrokerId, masterAddress }: GroupRole): boolean {
    return masterBrokerId === this.#brokerId && masterAddress === this.#parts.brokerAddr
  }

  #noteFollowed(masterBrokerId: number, masterAddress: string, masterEpoch: number): void {
    const { logger, brokerAddr, config } = this.#parts
    if (masterBrokerId !== this.#brokerId) {
      logger.info({ masterEpoch, masterBrokerId, masterAddress }, 'following the master of the group')
      return
    }
    logger.error(
      { masterEpoch, masterBrokerId, masterAddress, brokerAddr },
      'another broker is master with the id of this one: one store was copied. Stop one of them; to make this one a ' +
        `replica of its own stop it, remove ${config.storePathBrokerIdentity} and start it again`,
    )
  }

  #heard(): void {
    this.#heardMs = this.#parts.clock.monotonic()
    if (this.isMaster) this.#parts.target.setCutOff(false)
  }

  #watch(): void {
    if (!this.isMaster) return
    const silentMs = this.#parts.clock.monotonic() - this.#heardMs
    this.#parts.target.setCutOff(silentMs > this.#parts.config.controllerHeartBeatTimeoutMills)
  }

  #recovered(): void {
    this.#retryMs = RETRY_MIN_MS
    this.#complaints.recovered(this.#parts.controllers.leader)
  }

  #failed(error: unknown): void {
    if (this.#isStopped) return
    if (error instanceof ControllerRefusal && isForgotten(error.code)) this.#isRegistered = false
    this.#complaints.failed(error, this.#role !== undefined)
    const jitterMs = this.#parts.random.below(this.#retryMs)
    this.#retry?.cancel()
    this.#retry = this.#parts.clock.after(this.#retryMs + jitterMs, () => this.refresh())
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS)
  }
}

const isUnknownId = (error: unknown): boolean =>
  error instanceof ControllerRefusal && error.code === ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED

/** The controllers do not know this broker, or not any more. */
const isForgotten = (code: number): boolean =>
  code === ResponseCode.CONTROLLER_BROKER_METADATA_NOT_EXIST ||
  code === ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED
