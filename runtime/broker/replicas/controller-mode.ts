import type { Credentials } from '../../auth/remoting/signed-content.ts'
import type { RemotingCommand, RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Timer } from '../../io/clock.ts'
import type { Disk } from '../../io/disk.ts'
import type { Random } from '../../io/random.ts'
import type { NetContext } from '../../net/net-context.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import { AutoSwitchReplication } from '../../replication/auto-switch/auto-switch-replication.ts'
import { encodeEpochCache, encodeHaStatus } from '../../replication/auto-switch/auto-switch-status.ts'
import { MetadataSync } from '../../replication/metadata-sync.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { ControllerAckPolicy } from '../acks/controller-ack-policy.ts'
import type { BrokerTables } from '../broker-tables.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { JournalReplay } from '../metadata-journal/journal-replay.ts'
import type { KnownMaster } from '../registration/registration.ts'
import type { MasterInfo } from '../replica-group/replica-handlers.ts'
import type { Replication } from '../replication.ts'
import type { SettingsInForce } from '../settings-in-force.ts'
import { IdentityFiles } from './broker-identity.ts'
import { ControllerClient } from './controller-client.ts'
import { ControllerHeartbeat } from './controller-heartbeat.ts'
import { HandOver } from './hand-over.ts'
import { MasterForwarder, type MasterSource } from './master-forwarder.ts'
import { MASTERS_FIRST, MASTERS_ONLY, STOOD_IN_FOR } from './master-requests.ts'
import type { MasterPlace, ReplicaProgress, ReplicaTarget } from './replica-target.ts'
import { ReplicasManager } from './replicas-manager.ts'
import { type GroupRole, readGroupRole } from './role-answers.ts'
import { StandIn } from './stand-in.ts'

/** What changes of the role mean to the rest of the broker. */
interface RoleEvents {
  /** Writes what is staged: nothing may be while the role changes. */
  commit(): void
  /** Sends that wait for their answer. */
  waitingSends(): number
  /** The broker has become master and may store messages. */
  becameMaster(): void
  /** The broker has stopped being master, or never was, and has a master to follow. */
  becameSlave(wasMaster: boolean): void
  /** Name servers are to know this broker as something else, without a change of its role. Resolves when they do. */
  register(): Promise<void>
}

export interface ControllerModeParts {
  readonly conf: SettingsInForce
  readonly context: NetContext
  readonly disk: Disk
  readonly random: Random
  readonly store: MessageStore
  readonly tables: BrokerTables
  readonly isStopped: () => boolean
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
  readonly sendOneway: (address: string, request: RequestDraft) => Promise<void>
  /** How it vouches for where a request comes from that it passes on. */
  readonly credentials: Credentials | undefined
  readonly disconnect: (address: string) => void
  readonly brokerAddr: string
  readonly events: RoleEvents
}

/** Official: 10 s. */
const METADATA_SYNC_PERIOD_MS = 3_000
const MASTER_ID = 0
/** As official slaves wait for EXCHANGE_BROKER_HA_INFO; a master that is just being elected answers with its next try. */
const MASTER_INFO_TIMEOUT_MS = 1_000
const HA_ADDRESSES_MAX = 100
/** Who is elected may hear of it a moment later than who is to follow. */
const ASK_AGAIN_MIN_MS = 5
const ASK_AGAIN_MAX_MS = 200
/** A master that has just begun lets messages wait so long for its first replicas instead of refusing them. */
const YOUNG_MS = 2_000
/** A stop waits so long for a hand-over, and then for clients that find the new master by themselves. */
const HAND_OVER_MAX_MS = 2_500
const LINGER_MAX_MS = 2_500
const LINGER_QUIET_MS = 300
const LINGER_LOOK_MS = 50
const ANSWERED_WITHIN_MS = 1_000

/** A broker whose role is given by controllers: what it consists of beside its log, and how the role changes. */
export class ControllerMode implements Replication, ReplicaTarget {
  readonly acks: ControllerAckPolicy
  readonly replication: AutoSwitchReplication
  readonly standIn: StandIn
  readonly #parts: ControllerModeParts
  readonly #controllers: ControllerClient
  readonly #manager: ReplicasManager
  readonly #heartbeat: ControllerHeartbeat
  readonly #forwarder: MasterForwarder
  readonly #replay: JournalReplay
  readonly #sync: MetadataSync
  readonly #handOver: HandOver
  readonly masterSource: MasterSource = {
    master: () => this.#masterAddress,
    isHandingOver: () => this.#handOver.isUnderWay,
  }
  #master: MasterPlace | undefined
  /** Where masters of this group served replicas, by their address: one that becomes master again does so there. */
  readonly #haAddresses = new Map<string, string>()
  #brokerId = 0
  #timers: Timer[] = []
  #ask: Timer | undefined
  /** Master, and perhaps without the replicas that it needs. */
  #isYoung = false
  #masterSinceMs = 0
  /** The controllers are no longer told that this broker lives. */
  #hasDeparted = false

  /** @throws Error saying what to do about epoch or identity files that cannot be used */
  constructor(parts: ControllerModeParts) {
    this.#parts = parts
    const { conf, context, disk, store, tables, invoke, sendOneway, credentials, brokerAddr } = parts
    const { logger, clock } = context
    this.replication = new AutoSwitchReplication(context, disk, store, conf.current)
    this.acks = new ControllerAckPolicy(conf, this.replication)
    this.standIn = new StandIn(clock, () => parts.events.register())
    this.#controllers = new ControllerClient({ addresses: () => conf.current.controllerAddr, invoke, logger })
    this.#heartbeat = new ControllerHeartbeat({
      config: conf.current,
      brokerAddr,
      progress: () => this.progress,
      sendOneway,
      logger,
    })
    this.#manager = new ReplicasManager({
      config: conf.current,
      identity: new IdentityFiles(disk, conf.current.storePathBrokerIdentity),
      controllers: this.#controllers,
      target: this,
      clock,
      random: parts.random,
      logger,
      brokerAddr,
      beat: (brokerId) => this.#beat(brokerId),
    })
    this.#forwarder = new MasterForwarder({ source: this.masterSource, invoke, sendOneway, credentials, clock, logger })
    this.#handOver = new HandOver({
      clock,
      isDrained: () => this.#isDrained,
      resumed: () => {
        logger.warn({}, 'the role was not handed over: this broker goes on as master')
        this.#forwarder.wake()
      },
    })
    tables.copied(0)
    this.#sync = new MetadataSync(clock, { invoke }, logger, tables.slaveSources())
    const { topics, groups, mappings } = tables
    this.#replay = new JournalReplay({ store, topics, groups, mappings, logger })
    this.replication.onSyncStateSetWanted((wanted, setEpoch) => this.#manager.wantSyncStateSet(wanted, setEpoch))
    this.replication.onProgress(() => {
      if (this.#isYoung) this.#forwarder.wake()
    })
  }

  get isMaster(): boolean {
    return this.replication.role === 'master'
  }

  get brokerId(): number | undefined {
    return this.#brokerId === 0 ? undefined : this.#brokerId
  }

  get masterEpoch(): number | undefined {
    return this.#master?.epoch
  }

  get isMasterUp(): boolean {
    if (this.isMaster) return true
    // Consumers that it sent back to the master would come here again.
    if (this.standIn.isOn) return false
    const { connection } = this.replication
    const silentMs = this.#parts.context.clock.now() - connection.lastReadTimestamp
    return connection.isOpen && silentMs < 2 * this.#parts.conf.current.haSendHeartbeatInterval
  }

  /** The handler of a code: one for masters only gets its requests from other replicas, too. */
  wrap(code: number, handler: RequestHandler): RequestHandler {
    if (MASTERS_ONLY.has(code)) return this.#forwarder.wrap(handler)
    if (STOOD_IN_FOR.has(code)) {
      const passed = this.#forwarder.wrap(handler)
      return (request, channel) => (this.standIn.isOn ? passed : handler)(request, channel)
    }
    return MASTERS_FIRST.has(code) ? this.#forwarder.wrap(handler, true) : handler
  }

  registerHandlers(server: HandlerRegistry): void {
    server.handle(RequestCode.NOTIFY_BROKER_ROLE_CHANGED, (request) => {
      this.#manager.notified(readGroupRole(request.toCommand()))
      return { code: ResponseCode.SUCCESS }
    })
    server.handle(RequestCode.PREPARE_HAND_OVER, (request) => this.#prepareHandOver(request.integer('masterEpoch')))
    server.handle(RequestCode.STAND_IN_FOR_MASTER, (request) =>
      this.#standInForMaster(request.integer('masterEpoch'), request.integer('forMs') ?? 0),
    )
  }

  /** Clients are to come here for the master, which is about to give its role away. */
  async #standInForMaster(epoch: number | undefined, forMs: number): Promise<Response> {
    const known = this.#master?.epoch
    if (this.isMaster || known === undefined || epoch !== known || !this.replication.connection.isOpen) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: `this broker follows no master at epoch ${epoch}` }
    }
    await this.standIn.begin(known, forMs)
    return { code: ResponseCode.SUCCESS }
  }

  /** A controller is about to elect another master of this group. */
  async #prepareHandOver(epoch: number | undefined): Promise<Response> {
    const known = this.#master?.epoch
    if (!this.isMaster || epoch !== known) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: `this broker is not the master at epoch ${epoch}` }
    }
    if (await this.#handOver.prepare()) return { code: ResponseCode.SUCCESS }
    return { code: ResponseCode.SYSTEM_ERROR, remark: 'the replicas did not get everything in time' }
  }

  /** Whether another replica could go on from here. */
  get #isDrained(): boolean {
    const { store, events } = this.#parts
    return store.confirmOffset >= store.writtenOffset && events.waitingSends() === 0
  }

  /** Whether messages may be stored here: a master does, unless its role is about to pass on. */
  get takesMessages(): boolean {
    return this.isMaster && !this.#handOver.isUnderWay
  }

  /**
   * Before a stop: another replica becomes master, if one is in sync, and clients with old routes are served until they
   * have found it, but not for long.
   */
  async leave(): Promise<void> {
    const next = this.#nextMaster
    if (this.isMaster && next !== undefined) await this.#passOn(next)
    if (!this.isMaster) this.#depart()
  }

  async #passOn(next: number): Promise<void> {
    const { logger } = this.#parts.context
    try {
      await this.#within(HAND_OVER_MAX_MS, this.#manager.handOver(next))
    } catch (error) {
      logger.warn({ next, problem: (error as Error).message }, 'no other replica became master before this one stops')
    }
    if (!this.isMaster) await this.#linger()
  }

  /**
   * The controllers must not elect who is about to end: it would never begin its term, and be all there is of the
   * SyncStateSet. By the end of their connections they know at once.
   */
  #depart(): void {
    this.#hasDeparted = true
    this.#manager.stop()
    for (const address of this.#parts.conf.current.controllerAddr) this.#parts.disconnect(address)
  }

  #beat(brokerId: number): void {
    if (!this.#hasDeparted) this.#heartbeat.beat(brokerId)
  }

  /** Of the replicas in sync the one that holds most. */
  get #nextMaster(): number | undefined {
    const { links, syncStateSet } = this.replication
    const fit = [...links].filter(({ brokerId }) => brokerId !== undefined && syncStateSet.has(brokerId))
    return fit.sort((a, b) => b.ackOffset - a.ackOffset)[0]?.brokerId
  }

  #within(limitMs: number, work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = this.#parts.context.clock.after(limitMs, () => reject(new Error(`not within ${limitMs} ms`)))
      work.then(resolve, reject).finally(() => limit.cancel())
    })
  }

  /** Until no client comes with an old route any more, or for so long; what is under way then gets its answer. */
  async #linger(): Promise<void> {
    const { clock } = this.#parts.context
    const startedMs = clock.monotonic()
    await this.#until(LINGER_MAX_MS, () => {
      const lastMs = Math.max(startedMs, this.#forwarder.lastPassedMs)
      return this.#forwarder.count === 0 && clock.monotonic() - lastMs >= LINGER_QUIET_MS
    })
    this.#forwarder.refuse('this broker is being stopped')
    await this.#until(ANSWERED_WITHIN_MS, () => this.#forwarder.count === 0)
  }

  #until(limitMs: number, isSo: () => boolean): Promise<void> {
    const { clock } = this.#parts.context
    const deadlineMs = clock.monotonic() + limitMs
    return new Promise((resolve) => {
      const timer = clock.every(LINGER_LOOK_MS, () => {
        if (!isSo() && clock.monotonic() < deadlineMs) return
        timer.cancel()
        resolve()
      })
    })
  }

  async start(): Promise<void> {
    const { conf, context } = this.#parts
    const { bindAddress, haListenPort, brokerHeartbeatInterval } = conf.current
    await this.replication.start({ host: bindAddress, port: haListenPort })
    this.#manager.start()
    this.#sync.start(METADATA_SYNC_PERIOD_MS)
    this.#timers = [
      context.clock.every(brokerHeartbeatInterval, () => {
        if (this.#manager.mayBeat) this.#beat(this.#brokerId)
      }),
    ]
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#ask?.cancel()
    this.standIn.end()
    this.#manager.stop()
    this.#sync.stop()
    this.replication.stop()
  }

  /** The connection to a controller, or to somebody else, is gone. */
  connectionLost(address: string): void {
    if (address !== this.#controllers.leader) return
    this.#controllers.connectionLost(address)
    this.#manager.refresh()
  }

  /** After what was confirmed is shown: what it says of topics and groups. */
  confirmed(): void {
    this.#replay.catchUp(this.#parts.store.confirmOffset)
  }

  pushAll(): void {
    this.replication.pushAll()
  }

  follow({ masterAddr, haServerAddr }: KnownMaster): void {
    this.#learnHaAddress(masterAddr, haServerAddr)
  }

  groupChanged(): void {
    this.#manager.refresh()
  }

  get masterAddress(): string | undefined {
    return this.#master?.address
  }

  learn({ masterAddr, haServerAddr }: MasterInfo): void {
    if (masterAddr !== undefined) this.#learnHaAddress(masterAddr, haServerAddr)
  }

  status(): Response {
    const { store } = this.#parts
    return {
      code: ResponseCode.SUCCESS,
      body: encodeHaStatus(this.replication, store.writtenOffset, store.masterFlushedOffset),
    }
  }

  epochs(): Response {
    const { brokerClusterName: clusterName, brokerName, brokerId } = this.#parts.conf.current
    const owner = { clusterName, brokerName, brokerId }
    return {
      code: ResponseCode.SUCCESS,
      body: encodeEpochCache(this.replication, owner, this.#parts.store.writtenOffset),
    }
  }

  // What the controllers want

  get progress(): ReplicaProgress {
    const { store } = this.#parts
    return {
      epoch: this.replication.epochs.lastEpoch,
      maxOffset: store.writtenOffset,
      confirmOffset: store.confirmOffset,
    }
  }

  setBrokerId(brokerId: number): void {
    this.#brokerId = brokerId
    this.replication.setBrokerId(brokerId)
  }

  becomeMaster(role: GroupRole): void {
    const { conf, store, tables, events, brokerAddr } = this.#parts
    events.commit()
    this.#ask?.cancel()
    this.standIn.end()
    this.#sync.setMaster('')
    this.replication.changeToMaster(role.masterEpoch, new Set(role.syncStateSet), role.syncStateSetEpoch)
    // What is in the log of topics and groups is as good as what is in it of messages.
    this.#replay.catchUp(store.confirmOffset)
    tables.changedHere(role.masterEpoch)
    store.isSlave = false
    conf.change({ brokerId: MASTER_ID, brokerRole: 'SYNC_MASTER' })
    tables.offsets.clampToEnds()
    this.#master = { brokerId: this.#brokerId, address: brokerAddr, epoch: role.masterEpoch }
    this.#handOver.done()
    this.#isYoung = true
    this.#masterSinceMs = this.#parts.context.clock.monotonic()
    events.becameMaster()
    this.#forwarder.wake()
  }

  becomeSlave(master: MasterPlace): void {
    const { conf, store, tables, events } = this.#parts
    const wasMaster = this.isMaster
    this.standIn.end()
    events.commit()
    tables.copied(master.epoch)
    // Before the log changes hands: whoever reads the role from here on takes this broker for a slave.
    store.isSlave = true
    conf.change({ brokerId: this.#brokerId, brokerRole: 'SLAVE' })
    this.#master = master
    const haAddress = this.#haAddresses.get(master.address) ?? ''
    this.replication.changeToSlave({ brokerId: master.brokerId, haAddress, epoch: master.epoch })
    this.#sync.setMaster(master.address)
    this.#handOver.done()
    this.#isYoung = false
    events.becameSlave(wasMaster)
    this.#forwarder.wake()
    void this.#askHaAddress(master, ASK_AGAIN_MIN_MS)
  }

  setSyncStateSet(brokerIds: ReadonlySet<number>, epoch: number): void {
    this.replication.setSyncStateSet(brokerIds, epoch)
  }

  syncStateSetRefused(setEpoch: number): void {
    this.replication.syncStateSetRefused(setEpoch)
  }

  setCutOff(isCutOff: boolean): void {
    this.replication.setCutOff(isCutOff)
  }

  /** Looked at for each request. */
  get #masterAddress(): string | undefined {
    if (!this.isMaster) return this.#master?.address
    return this.#handOver.isUnderWay || (this.#isYoung && this.#lacksReplicas()) ? undefined : 'self'
  }

  #lacksReplicas(): boolean {
    const youthMs = this.#parts.context.clock.monotonic() - this.#masterSinceMs
    this.#isYoung = this.acks.refusal !== undefined && youthMs < YOUNG_MS
    return this.#isYoung
  }

  /** The controllers name masters by their remoting address; where they serve replicas they say themselves. */
  async #askHaAddress(master: MasterPlace, againMs: number): Promise<void> {
    const request = { code: RequestCode.EXCHANGE_BROKER_HA_INFO }
    let told: string | undefined
    try {
      const { fields } = await this.#parts.invoke(master.address, request, MASTER_INFO_TIMEOUT_MS)
      told = fields['masterHaAddress'] || undefined
      if (told !== undefined) this.#learnHaAddress(master.address, told)
    } catch (error) {
      this.#parts.context.logger.debug({ master: master.address, err: error }, 'the master does not answer yet')
    }
    if (this.#master !== master || this.#parts.isStopped() || told !== undefined) return
    const nextMs = Math.min(2 * againMs, ASK_AGAIN_MAX_MS)
    this.#ask = this.#parts.context.clock.after(againMs, () => void this.#askHaAddress(master, nextMs))
  }

  #learnHaAddress(masterAddress: string, haAddress: string): void {
    const master = this.#master
    const { followed } = this.replication
    if (this.isMaster || master === undefined || masterAddress !== master.address) return
    if (this.#haAddresses.size >= HA_ADDRESSES_MAX) this.#haAddresses.clear()
    this.#haAddresses.set(masterAddress, haAddress)
    if (followed === undefined || followed.haAddress === haAddress) return
    this.replication.changeToSlave({ ...followed, haAddress })
  }
}
