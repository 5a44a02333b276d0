import type { RemotingCommand, RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { BrokerConf } from '../../config/broker-conf.ts'
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
import { IdentityFiles } from './broker-identity.ts'
import { ControllerClient } from './controller-client.ts'
import { ControllerHeartbeat } from './controller-heartbeat.ts'
import { MasterForwarder } from './master-forwarder.ts'
import type { MasterPlace, ReplicaProgress, ReplicaTarget } from './replica-target.ts'
import { ReplicasManager } from './replicas-manager.ts'
import { type GroupRole, readGroupRole } from './role-answers.ts'

/** What changes of the role mean to the rest of the broker. */
interface RoleEvents {
  /** Writes what is staged: nothing may be while the role changes. */
  commit(): void
  /** The broker has become master and may store messages. */
  becameMaster(): void
  /** The broker has stopped being master, or never was, and has a master to follow. */
  becameSlave(): void
}

export interface ControllerModeParts {
  readonly conf: { current: BrokerConf }
  readonly context: NetContext
  readonly disk: Disk
  readonly random: Random
  readonly store: MessageStore
  readonly tables: BrokerTables
  readonly isStopped: () => boolean
  readonly invoke: (address: string, request: RequestDraft, timeoutMs: number) => Promise<RemotingCommand>
  readonly sendOneway: (address: string, request: RequestDraft) => Promise<void>
  readonly brokerAddr: string
  readonly events: RoleEvents
}

/** Official: 10 s. */
const METADATA_SYNC_PERIOD_MS = 3_000
const MASTER_ID = 0
/** As official slaves wait for EXCHANGE_BROKER_HA_INFO; a master that is just being elected answers with its next try. */
const MASTER_INFO_TIMEOUT_MS = 1_000
const ASK_AGAIN_MS = 200

const MASTERS_ONLY: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE,
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.CONSUMER_SEND_MSG_BACK,
  RequestCode.LOCK_BATCH_MQ,
])
/** Replicas serve these while there is no master, so that consumers can go on. */
const MASTERS_FIRST: ReadonlySet<number> = new Set([
  RequestCode.QUERY_CONSUMER_OFFSET,
  RequestCode.UPDATE_CONSUMER_OFFSET,
  RequestCode.UNLOCK_BATCH_MQ,
])

/** A broker whose role is given by controllers: what it consists of beside its log, and how the role changes. */
export class ControllerMode implements Replication, ReplicaTarget {
  readonly acks: ControllerAckPolicy
  readonly replication: AutoSwitchReplication
  readonly #parts: ControllerModeParts
  readonly #controllers: ControllerClient
  readonly #manager: ReplicasManager
  readonly #heartbeat: ControllerHeartbeat
  readonly #forwarder: MasterForwarder
  readonly #replay: JournalReplay
  readonly #sync: MetadataSync
  #master: MasterPlace | undefined
  #brokerId = 0
  #timers: Timer[] = []
  #ask: Timer | undefined

  /** @throws Error saying what to do about epoch or identity files that cannot be used */
  constructor(parts: ControllerModeParts) {
    this.#parts = parts
    const { conf, context, disk, store, tables, invoke, sendOneway, brokerAddr } = parts
    const { logger, clock } = context
    this.replication = new AutoSwitchReplication(context, disk, store, conf.current)
    this.acks = new ControllerAckPolicy(conf, this.replication)
    this.#controllers = new ControllerClient({ addresses: conf.current.controllerAddr, invoke, logger })
    this.#heartbeat = new ControllerHeartbeat({
      config: conf.current,
      brokerAddr,
      addresses: this.#controllers.addresses,
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
      beat: (brokerId) => this.#heartbeat.beat(brokerId),
    })
    this.#forwarder = new MasterForwarder({ master: () => this.#masterAddress, invoke, sendOneway, clock, logger })
    this.#sync = new MetadataSync(clock, { invoke }, logger, tables.slaveSources())
    this.#replay = new JournalReplay({ store, topics: tables.topics, groups: tables.groups, logger })
    this.replication.onSyncStateSetWanted((wanted) => this.#manager.wantSyncStateSet(wanted))
  }

  get isMaster(): boolean {
    return this.replication.role === 'master'
  }

  get isMasterUp(): boolean {
    if (this.isMaster) return true
    const { connection } = this.replication
    const silentMs = this.#parts.context.clock.now() - connection.lastReadTimestamp
    return connection.isOpen && silentMs < 2 * this.#parts.conf.current.haSendHeartbeatInterval
  }

  /** The handler of a code: one for masters only gets its requests from other replicas, too. */
  wrap(code: number, handler: RequestHandler): RequestHandler {
    if (MASTERS_ONLY.has(code)) return this.#forwarder.wrap(handler)
    return MASTERS_FIRST.has(code) ? this.#forwarder.wrap(handler, true) : handler
  }

  registerHandlers(server: HandlerRegistry): void {
    server.handle(RequestCode.NOTIFY_BROKER_ROLE_CHANGED, (request) => {
      this.#manager.notified(readGroupRole(request.toCommand()))
      return { code: ResponseCode.SUCCESS }
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
        if (this.#manager.mayBeat) this.#heartbeat.beat(this.#brokerId)
      }),
    ]
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#ask?.cancel()
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
    this.#sync.setMaster('')
    this.replication.changeToMaster(role.masterEpoch, new Set(role.syncStateSet), role.syncStateSetEpoch)
    // What is in the log of topics and groups is as good as what is in it of messages.
    this.#replay.catchUp(store.confirmOffset)
    for (const table of [tables.topics, tables.groups]) {
      table.masterEpoch = role.masterEpoch
      // By a version of the new epoch name servers tell a master of old from this one.
      table.nextVersion()
    }
    store.isSlave = false
    conf.current = { ...conf.current, brokerId: MASTER_ID, brokerRole: 'SYNC_MASTER' }
    this.#master = { brokerId: this.#brokerId, address: brokerAddr, epoch: role.masterEpoch }
    events.becameMaster()
  }

  becomeSlave(master: MasterPlace): void {
    const { conf, store, events } = this.#parts
    events.commit()
    // Before the log changes hands: whoever reads the role from here on takes this broker for a slave.
    store.isSlave = true
    conf.current = { ...conf.current, brokerId: this.#brokerId, brokerRole: 'SLAVE' }
    this.#master = master
    this.replication.changeToSlave({ brokerId: master.brokerId, haAddress: '', epoch: master.epoch })
    this.#sync.setMaster(master.address)
    events.becameSlave()
    void this.#askHaAddress(master)
  }

  setSyncStateSet(brokerIds: ReadonlySet<number>, epoch: number): void {
    this.replication.setSyncStateSet(brokerIds, epoch)
  }

  setCutOff(isCutOff: boolean): void {
    this.replication.setCutOff(isCutOff)
  }

  get #masterAddress(): string | undefined {
    return this.isMaster ? 'self' : this.#master?.address
  }

  /** The controllers name masters by their remoting address; where they serve replicas they say themselves. */
  async #askHaAddress(master: MasterPlace): Promise<void> {
    const request = { code: RequestCode.EXCHANGE_BROKER_HA_INFO }
    try {
      const { fields } = await this.#parts.invoke(master.address, request, MASTER_INFO_TIMEOUT_MS)
      if (fields['masterHaAddress']) this.#learnHaAddress(master.address, fields['masterHaAddress'])
    } catch (error) {
      this.#parts.context.logger.debug({ master: master.address, err: error }, 'the master does not answer yet')
    }
    if (this.#master !== master || this.#parts.isStopped() || this.replication.followed?.haAddress !== '') return
    this.#ask = this.#parts.context.clock.after(ASK_AGAIN_MS, () => void this.#askHaAddress(master))
  }

  #learnHaAddress(masterAddress: string, haAddress: string): void {
    const master = this.#master
    const { followed } = this.replication
    if (this.isMaster || master === undefined || masterAddress !== master.address) return
    if (followed === undefined || followed.haAddress === haAddress) return
    this.replication.changeToSlave({ ...followed, haAddress })
  }
}
