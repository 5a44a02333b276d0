import { encodeHost } from '../codec/message/host.ts'
import { UniqueKeyMaker } from '../codec/message/message-id.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { BrokerConf } from '../config/broker-conf.ts'
import type { Timer } from '../io/clock.ts'
import type { Address } from '../io/network.ts'
import { createNetContext, type NetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { RemotingServer } from '../net/remoting-server.ts'
import { QueueUnits } from '../store/consume-queue/queue-unit.ts'
import { SCHEDULE_TOPIC } from '../store/delay-levels.ts'
import type { MessageStore } from '../store/message-store.ts'
import { AckPolicy, type AckRules } from './acks/ack-policy.ts'
import { Acknowledgements } from './acks/acknowledgements.ts'
import { registerAdminHandlers } from './admin/admin-handlers.ts'
import { type BrokerEnvironment, openStore } from './broker-environment.ts'
import { BrokerReplication } from './broker-replication.ts'
import { BrokerTables } from './broker-tables.ts'
import { registerClientHandlers } from './clients/client-handlers.ts'
import { ConsumerRegistry } from './clients/consumer-registry.ts'
import { MembershipNotifier } from './clients/membership-notifier.ts'
import { ProducerRegistry } from './clients/producer-registry.ts'
import { DelayDelivery } from './delay/delay-delivery.ts'
import { registerLockHandlers } from './locks/lock-handlers.ts'
import { QueueLocks } from './locks/queue-locks.ts'
import type { HandlerRegistry } from './metadata/handler-registry.ts'
import { journaledRegistry } from './metadata-journal/journaled-handler.ts'
import { MetadataJournal } from './metadata-journal/metadata-journal.ts'
import { forgetExpired } from './offsets/expired-offsets.ts'
import { registerOffsetHandlers } from './offsets/offset-handlers.ts'
import { PullHandler } from './pull/pull-handler.ts'
import { registerQueryHandlers } from './query/query-handlers.ts'
import { Registration } from './registration/registration.ts'
import { GroupMembers } from './replica-group/group-members.ts'
import { registerReplicaHandlers } from './replica-group/replica-handlers.ts'
import { ControllerMode } from './replicas/controller-mode.ts'
import type { Replication } from './replication.ts'
import { SendAnswers } from './send/send-answer.ts'
import { SendBackHandler, type SendBackParts } from './send/send-back-handler.ts'
import { SendHandler } from './send/send-handler.ts'
import { SendTargets } from './send/send-target.ts'
import { StoreGate } from './send/store-gate.ts'
import { BrokerStats } from './stats/broker-stats.ts'

/** One timer looks after everything that is due now and then. */
const TICK_MS = 100
const SWEEP_EVERY_TICKS = 5
const SECOND_EVERY_TICKS = 10
const CLIENTS_EVERY_TICKS = 100
const OFFSETS_EVERY_TICKS = 6_000
/** A stop waits this long for sends that wait for the disk or for slaves. */
const STOP_WAIT_MAX_MS = 3_000
/** The fast port is this much below listenPort. */
const FAST_PORT_GAP = 2

/** A broker of one broker group: what it is made of, and the order in which its parts start and stop. */
export class Broker {
  readonly context: NetContext
  readonly store: MessageStore
  readonly tables: BrokerTables
  readonly server: RemotingServer
  readonly acks: Acknowledgements
  readonly #conf: { current: BrokerConf }
  readonly #environment: BrokerEnvironment
  readonly #client: RemotingClient
  readonly #stats: BrokerStats
  readonly #consumers: ConsumerRegistry
  readonly #producers: ProducerRegistry
  readonly #notifier: MembershipNotifier
  readonly #locks: QueueLocks
  readonly #replication: Replication
  /** The same, where controllers give the role. */
  readonly #controllerMode: ControllerMode | undefined
  readonly #journal: MetadataJournal | undefined
  readonly #registration: Registration
  readonly #members: GroupMembers
  readonly #pulls: PullHandler
  readonly #gate: StoreGate
  readonly #targets: SendTargets
  readonly #delay: DelayDelivery
  readonly #unit = new QueueUnits(1)
  #timer: Timer | undefined
  #ticks = 0
  #isStopping = false
  #isRegistering = false

  /** Opens and recovers the store. @throws Error naming what cannot be used and what to do */
  constructor(conf: BrokerConf, environment: BrokerEnvironment) {
    this.#conf = { current: conf }
    this.#environment = environment
    const { disk, clock, network, logger } = environment
    // 0, the default of Netty's water mark here, stands for the built-in limit.
    const limits = conf.writeBufferHighWaterMark > 0 ? { pauseAboveBytes: conf.writeBufferHighWaterMark } : {}
    this.context = createNetContext(clock, network, logger, limits)
    this.store = openStore(conf, environment)
    this.store.isSlave = !this.#isMaster()
    this.tables = new BrokerTables(this.#conf, disk, clock, logger)
    const { topics } = this.tables
    this.#stats = new BrokerStats(conf.brokerClusterName, (topic) => topics.isSystem(topic), clock.now())
    this.#producers = new ProducerRegistry(clock, logger)
    // The store's batch is written, and what waits for it is answered, before anything else at the end of a turn.
    this.context.turn.onEnd(() => this.#endOfTurn())
    this.#notifier = new MembershipNotifier(this.context.turn, this.#conf)
    this.#consumers = new ConsumerRegistry(clock, logger, this.#conf, (group) => this.#notifier.changed(group))
    this.#locks = new QueueLocks(clock)
    this.#client = new RemotingClient(this.context, {
      connectTimeoutMs: conf.connectTimeoutMillis,
      onClosed: (_channel, address) => {
        this.#registration.connectionLost(address)
        this.#controllerMode?.connectionLost(address)
      },
    })
    if (conf.enableControllerMode) {
      this.#controllerMode = this.#makeControllerMode()
      this.#replication = this.#controllerMode
      this.acks = this.#acknowledgements(this.#controllerMode.acks)
      this.#controllerMode.replication.onProgress(() => this.acks.progressed())
    } else {
      const replication = this.#classicReplication()
      this.#replication = replication
      this.acks = this.#acknowledgements(new AckPolicy(conf, replication.slaves))
      replication.slaves?.onProgress(() => this.acks.progressed())
    }
    this.#members = this.#groupMembers()
    this.#targets = new SendTargets(this.store, this.#stats)
    this.#gate = this.#storeGate()
    this.#pulls = this.#pullHandler()
    this.#delay = this.#delayDelivery()
    this.#registration = this.#registrar()
    this.server = new RemotingServer(this.context, {
      idleTimeoutMs: conf.serverChannelMaxIdleTimeSeconds * 1000,
      onClosed: (channel) => {
        this.#consumers.onChannelClosed(channel)
        this.#producers.onChannelClosed(channel)
      },
    })
    if (this.#controllerMode !== undefined) this.#journal = this.#keepJournal()
    this.#serveSends()
    this.#serveConsumers()
    this.#serveAdministration()
  }

  /**
   * Listens, registers at the name servers and begins the periodic work. Returns the address of listenPort.
   * @throws Error when a port cannot be had
   */
  async start(): Promise<Address> {
    const { listenPort, bindAddress } = this.#conf.current
    const address = await this.server.listen({ host: bindAddress, port: listenPort })
    if (listenPort > FAST_PORT_GAP) await this.server.listen({ host: bindAddress, port: listenPort - FAST_PORT_GAP })
    await this.#replication.start()
    this.#timer = this.#environment.clock.every(TICK_MS, () => this.#tick())
    // Not waited for: a name server that does not answer must not keep clients that know the address from being served.
    // In controller mode there is nothing to register before there is a role.
    if (this.#controllerMode === undefined) void this.#registration.start()
    this.#members.start()
    return address
  }

  /** Takes no messages any more, answers what waits, tells the name servers, writes everything out. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const hasFinished = await this.#finishSends()
    await this.#registration.stop()
    this.#timer?.cancel()
    this.#pulls.held.releaseAll()
    this.#commit()
    this.server.close()
    this.#members.stop()
    this.#replication.stop()
    this.#client.close()
    // Saved offsets may not speak of messages that a power cut would still take.
    if (hasFinished) await this.#flushLog()
    this.tables.saveAll(this.#environment.clock.now())
    this.store.close()
  }

  /** Waits until everything written is durable, or STOP_WAIT_MAX_MS. */
  #flushLog(): Promise<void> {
    const end = this.store.writtenOffset
    if (this.store.flushedOffset >= end) return Promise.resolve()
    return new Promise((resolve) => {
      const limit = this.#environment.clock.after(STOP_WAIT_MAX_MS, resolve)
      this.store.onFlushed((flushedOffset) => {
        if (flushedOffset < end) return
        limit.cancel()
        resolve()
      })
      this.store.flush()
    })
  }

  /**
   * Senders whose message neither disk nor slaves confirmed in time are told so: it is stored, and they know that. False
   * when there were such.
   */
  async #finishSends(): Promise<boolean> {
    this.#commit()
    const hasFinished = await new Promise<boolean>((resolve) => {
      const limit = this.#environment.clock.after(STOP_WAIT_MAX_MS, () => resolve(false))
      this.acks.onceIdle(() => {
        limit.cancel()
        resolve(true)
      })
    })
    this.acks.giveUp()
    return hasFinished
  }

  /** After a start that failed: gives up what was opened, above all the store. */
  abandon(): void {
    this.#timer?.cancel()
    this.server.close()
    this.#members.stop()
    this.#replication.stop()
    this.#client.close()
    this.store.close()
  }

  /** Whether it may store messages; in controller mode that changes while it runs. */
  get isMaster(): boolean {
    return this.#isMaster()
  }

  /** Controller mode, masters: the replicas that hold everything confirmed, as the controllers agreed to. */
  get syncStateSet(): ReadonlySet<number> | undefined {
    return this.#controllerMode?.replication.syncStateSet
  }

  #isMaster(): boolean {
    return this.#conf.current.brokerRole !== 'SLAVE'
  }

  get #brokerAddr(): string {
    const { brokerIP1, listenPort } = this.#conf.current
    return `${brokerIP1}:${listenPort}`
  }

  get #haServerAddr(): string {
    const { brokerIP2, haListenPort } = this.#conf.current
    return `${brokerIP2}:${haListenPort}`
  }

  #storeHost(): Uint8Array {
    const { brokerIP1, listenPort } = this.#conf.current
    const { storeAddress = brokerIP1.replace(/^\[(.*)\]$/, '$1') } = this.#environment
    return encodeHost(storeAddress, listenPort)
  }

  #classicReplication(): BrokerReplication {
    const sources = this.tables.slaveSources()
    const onMasterBack = () => this.#pulls.held.releaseAll()
    return new BrokerReplication(this.#conf, this.context, this.store, this.#client, sources, onMasterBack)
  }

  #makeControllerMode(): ControllerMode {
    const { disk, random } = this.#environment
    return new ControllerMode({
      conf: this.#conf,
      context: this.context,
      disk,
      random,
      store: this.store,
      tables: this.tables,
      isStopped: () => this.#isStopping,
      invoke: (address, request, timeoutMs) => this.#client.invoke(address, request, timeoutMs),
      sendOneway: (address, request) => this.#client.sendOneway(address, request),
      brokerAddr: this.#brokerAddr,
      events: {
        commit: () => this.#commit(),
        becameMaster: () => {
          this.#delay.reset()
          this.#register()
        },
        becameSlave: () => {
          // What was stored may be cut off again: whoever waits for it is to send it again.
          this.acks.failWaiting(
            ResponseCode.SERVICE_NOT_AVAILABLE,
            'this broker is not the master of its group any more',
          )
          this.#pulls.held.releaseAll()
          this.#register()
        },
      },
    })
  }

  /** Tells the name servers of the role; the first one of all is the beginning. */
  #register(): void {
    if (this.#isRegistering) void this.#registration.refresh()
    else void this.#registration.start()
    this.#isRegistering = true
  }

  #keepJournal(): MetadataJournal {
    const { clock, logger } = this.#environment
    const journal = new MetadataJournal({
      gate: this.#gate,
      targets: this.#targets,
      storeHost: this.#storeHost(),
      wallClock: () => clock.now(),
      logger,
    })
    this.tables.topics.onEdited((topic) => {
      if (this.#isMaster()) journal.write({ topic })
    })
    this.tables.groups.onEdited((group) => {
      if (this.#isMaster()) journal.write({ group })
    })
    this.store.onShown((queue) => this.#pulls.held.touch(queue))
    return journal
  }

  #acknowledgements(rules: AckRules): Acknowledgements {
    const { current: conf } = this.#conf
    const limits = {
      max: conf.sendThreadPoolQueueCapacity,
      flushTimeoutMs: conf.syncFlushTimeout,
      replicaTimeoutMs: conf.slaveTimeout,
    }
    const answers = new SendAnswers(this.#storeHost(), conf.regionId, conf.traceOn)
    const { clock } = this.#environment
    const acks = new Acknowledgements(rules, this.store, answers, limits, () => clock.monotonic())
    this.store.onFlushed(() => acks.progressed())
    return acks
  }

  #storeGate(): StoreGate {
    const { maxMessageSize } = this.#conf.current
    return new StoreGate(
      this.store,
      this.store.delayLevels,
      { maxMessageSize, isMaster: () => this.#isMaster(), isStopping: () => this.#isStopping },
      {
        touch: () => this.context.turn.touch(),
        commit: () => this.#commit(),
        staged: (queue) => this.#pulls.held.touch(queue),
      },
    )
  }

  #pullHandler(): PullHandler {
    const { clock } = this.#environment
    const { topics, groups, offsets } = this.tables
    return new PullHandler({
      config: this.#conf,
      store: this.store,
      topics,
      groups,
      consumers: this.#consumers,
      offsets,
      stats: this.#stats,
      monotonic: () => clock.monotonic(),
      isMasterUp: () => this.#replication.isMasterUp,
    })
  }

  #delayDelivery(): DelayDelivery {
    return new DelayDelivery({
      store: this.store,
      gate: this.#gate,
      topics: this.tables.topics,
      targets: this.#targets,
      offsets: this.tables.delayOffsets,
      levels: this.store.delayLevels,
      logger: this.#environment.logger,
      commit: () => this.#commit(),
    })
  }

  #registrar(): Registration {
    const { namesrvAddr } = this.#conf.current
    const { clock, logger } = this.#environment
    return new Registration({
      config: this.#conf,
      clock,
      logger,
      topics: this.tables.topics,
      nameServers: namesrvAddr,
      invoke: (address, request, timeoutMs) => this.#client.invoke(address, request, timeoutMs),
      sendOneway: (address, request) => this.#client.sendOneway(address, request),
      brokerAddr: this.#brokerAddr,
      haServerAddr: this.#haServerAddr,
      onMaster: (master) => this.#replication.follow(master),
    })
  }

  #groupMembers(): GroupMembers {
    const { clock, logger } = this.#environment
    return new GroupMembers({
      config: this.#conf,
      clock,
      logger,
      nameServers: this.#conf.current.namesrvAddr,
      invoke: (address, request, timeoutMs) => this.#client.invoke(address, request, timeoutMs),
    })
  }

  #serveSends(): void {
    const send = new SendHandler(this.#sendParts())
    for (const code of [RequestCode.SEND_MESSAGE, RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE]) {
      this.#mastersServer.handle(code, (request, channel) => send.handle(request, channel))
    }
    const sendBack = new SendBackHandler(this.#sendParts())
    this.#mastersServer.handle(RequestCode.CONSUMER_SEND_MSG_BACK, (request, channel) =>
      sendBack.handle(request, channel),
    )
  }

  /** Where handlers are registered for what clients ask of a master. */
  get #mastersServer(): HandlerRegistry {
    const mode = this.#controllerMode
    if (mode === undefined) return this.server
    return { handle: (code, handler) => this.server.handle(code, mode.wrap(code, handler)) }
  }

  #sendParts(): SendBackParts {
    const { current: conf } = this.#conf
    const { clock, random, pid } = this.#environment
    const storeHost = this.#storeHost()
    const address = storeHost.subarray(0, storeHost.length - 4)
    return {
      config: {
        brokerClusterName: conf.brokerClusterName,
        brokerIP1: conf.brokerIP1,
        brokerPermission: () => this.#conf.current.brokerPermission,
        regionId: conf.regionId,
        traceOn: conf.traceOn,
      },
      topics: this.tables.topics,
      targets: this.#targets,
      groups: {
        find: (group) => this.tables.groups.find(group),
        consumesOrderly: (group) => this.#locks.isInUse(group),
      },
      gate: this.#gate,
      acks: this.acks,
      uniqueKeys: new UniqueKeyMaker(address, pid, random.below(0x7fffffff)),
      random,
      wallClock: () => clock.now(),
      storeHost,
      commit: () => this.#commit(),
      store: this.store,
      isMaster: () => this.#isMaster(),
      sendBacks: this.#stats,
    }
  }

  #serveConsumers(): void {
    const { server, store } = this
    const { clock, logger } = this.#environment
    const { topics, groups, offsets } = this.tables
    const settings = this.#conf
    const consumers = this.#consumers
    for (const code of [RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE]) {
      server.handle(code, (request, channel) => this.#pulls.handle(request, channel))
    }
    registerQueryHandlers(server, { store, settings })
    registerClientHandlers(server, { clock, topics, groups, consumers, producers: this.#producers, settings })
    registerOffsetHandlers(this.#mastersServer, {
      topics,
      groups,
      offsets,
      settings,
      startsAtZero: (topic, queueId) => this.#startsAtZero(topic, queueId),
    })
    registerLockHandlers(this.#mastersServer, {
      locks: this.#locks,
      settings,
      logger,
      client: this.#client,
      peers: () => this.#members.others,
    })
  }

  #serveAdministration(): void {
    const { disk, clock, logger, confEnv: env, confFile } = this.#environment
    const { topics, groups, offsets, delayOffsets, modes } = this.tables
    const journal = this.#journal
    const server = journal === undefined ? this.server : journaledRegistry(this.server, journal, this.acks)
    registerAdminHandlers(server, {
      conf: this.#conf,
      env,
      confFile,
      disk,
      clock,
      logger,
      brokerAddr: this.#brokerAddr,
      topics,
      groups,
      offsets,
      modes,
      consumers: this.#consumers,
      producers: this.#producers,
      stats: this.#stats,
      store: this.store,
      apply: (conf) => {
        this.#conf.current = conf
      },
      registerNow: () => void this.#registration.refresh(),
      releasePulls: (group, topic, queueId) => this.#releasePulls(group, topic, queueId),
      isActive: () => this.#isMaster(),
      pendingSends: () => this.acks.count,
      delayStats: () => this.#delayStats(),
      delayOffsets: () => delayOffsets.encode(),
    })
    registerReplicaHandlers(this.server, {
      settings: this.#conf,
      brokerAddr: this.#brokerAddr,
      haServerAddr: this.#haServerAddr,
      store: this.store,
      replication: this.#replication,
    })
    this.#controllerMode?.registerHandlers(this.server)
  }

  /** As checkInMemByConsumeOffset: the first message is number 0 and so recent that a new group may begin with it. */
  #startsAtZero(topic: string, queueId: number): boolean {
    const queue = this.store.findQueue(topic, queueId)
    if (queue === undefined || queue.minOffset > 0) return false
    if (queue.readUnits(0, 1, this.#unit) === 0) return false
    const phyOffset = this.#unit.phyOffsets[0]!
    const { accessMessageInMemoryMaxRatio } = this.#conf.current
    const recentBytes = (this.#environment.physicalMemoryBytes * accessMessageInMemoryMaxRatio) / 100
    return this.store.writtenOffset - phyOffset <= recentBytes
  }

  /** The group's position was set: its pulls that wait for messages beyond the old one must not. */
  #releasePulls(group: string, topic: string, queueId: number): void {
    const queue = this.store.findQueue(topic, queueId)
    if (queue !== undefined) this.#pulls.held.release(group, queue)
  }

  #delayStats(): Map<string, string> {
    const stats = new Map<string, string>()
    for (const [level, offset] of this.tables.delayOffsets.entries()) {
      const maxOffset = this.store.findQueue(SCHEDULE_TOPIC, level - 1)?.maxOffset ?? 0
      stats.set(`scheduleMessageOffset_${level}`, `${offset},${maxOffset}`)
    }
    return stats
  }

  #endOfTurn(): void {
    this.#commit()
    this.tables.endOfTurn(this.#environment.clock.now())
  }

  /** Writes the batch, then does what waited for it: answers, the slaves' share, held pulls. */
  #commit(): void {
    if (!this.store.commit()) {
      const why = this.store.refusal ?? 'the message could not be written'
      this.acks.failBatch(ResponseCode.SERVICE_NOT_AVAILABLE, `service not available now: ${why}`)
    }
    this.#replication.pushAll()
    this.acks.endOfTurn()
    this.#controllerMode?.confirmed()
    this.#pulls.held.wake()
  }

  #tick(): void {
    const { clock } = this.#environment
    const now = clock.now()
    this.store.tick(now)
    this.acks.expire()
    this.tables.tick(now, this.store)
    this.#deliverDelayed()
    this.#ticks++
    if (this.#ticks % SWEEP_EVERY_TICKS === 0) this.#pulls.held.sweep(clock.monotonic())
    if (this.#ticks % SECOND_EVERY_TICKS === 0) this.#stats.tick(now)
    if (this.#ticks % CLIENTS_EVERY_TICKS !== 0) return
    this.#consumers.expire()
    this.#producers.expire()
    this.#locks.expire()
    this.#notifier.notifyGathered()
    if (this.#ticks % OFFSETS_EVERY_TICKS === 0 && this.#conf.current.enableCleanExpiredOffset) this.#forgetOffsets()
  }

  #forgetOffsets(): void {
    const minOffset = (topic: string, queueId: number) => this.store.findQueue(topic, queueId)?.minOffset ?? 0
    forgetExpired(this.tables.offsets, this.#consumers, minOffset)
  }

  #deliverDelayed(): void {
    if (!this.#isMaster() || this.#isStopping) return
    const { clock } = this.#environment
    // Requests are served between two rounds.
    if (this.#delay.tick(clock.now())) clock.endOfTurn(() => this.#deliverDelayed())
  }
}
