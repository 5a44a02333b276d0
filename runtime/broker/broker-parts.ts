import { innerCredentials } from '../auth/inner-credentials.ts'
import { type Credentials, signer } from '../auth/remoting/signed-content.ts'
import { tableCopies } from '../auth/table-copies.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { BrokerConf } from '../config/broker-conf.ts'
import type { Channel } from '../net/channel.ts'
import { createNetContext, type NetContext } from '../net/net-context.ts'
import { RemotingClient } from '../net/remoting-client.ts'
import { RemotingServer } from '../net/remoting-server.ts'
import type { ConsumeQueue } from '../store/consume-queue/consume-queue.ts'
import type { MessageStore } from '../store/message-store.ts'
import { AckPolicy, type AckRules } from './acks/ack-policy.ts'
import { Acknowledgements } from './acks/acknowledgements.ts'
import { EscapeBridge } from './acting/escape-bridge.ts'
import { PreOnline } from './acting/pre-online.ts'
import { QueueFacts } from './admin/queue-facts.ts'
import { TopicQueues } from './assignment/topic-queues.ts'
import { BrokerAccess } from './auth/broker-access.ts'
import { topicAt } from './auth/topic-at.ts'
import { BrokerAddresses } from './broker-addresses.ts'
import { type BrokerEnvironment, openStore } from './broker-environment.ts'
import { BrokerReplication } from './broker-replication.ts'
import { BrokerTables } from './broker-tables.ts'
import { ConsumerRegistry, type MembershipListener } from './clients/consumer-registry.ts'
import { MembershipNotifier } from './clients/membership-notifier.ts'
import { ProducerRegistry } from './clients/producer-registry.ts'
import { ColdAccounts } from './cold/cold-accounts.ts'
import { DelayDelivery } from './delay/delay-delivery.ts'
import { EscapingDelivery, type EscapingDeliveryParts } from './delay/escaping-delivery.ts'
import { netLimits } from './door/net-limits.ts'
import { Lite } from './lite/lite.ts'
import { QueueLocks } from './locks/queue-locks.ts'
import { MetadataJournal } from './metadata-journal/metadata-journal.ts'
import { BroadcastOffsets } from './offsets/broadcast-offsets.ts'
import { startsAtZero } from './offsets/starts-at-zero.ts'
import { Pop } from './pop/pop.ts'
import { PullHandler } from './pull/pull-handler.ts'
import { Registration } from './registration/registration.ts'
import { GroupMembers } from './replica-group/group-members.ts'
import { ControllerMode } from './replicas/controller-mode.ts'
import type { Replication } from './replication.ts'
import { RoleChanges } from './role-changes.ts'
import { SendAnswers } from './send/send-answer.ts'
import { SendTargets } from './send/send-target.ts'
import { StoreGate } from './send/store-gate.ts'
import { SettingsInForce } from './settings-in-force.ts'
import { MappingCleaner } from './static-topics/mapping-cleaner.ts'
import { OtherBrokers } from './static-topics/other-brokers.ts'
import type { StaticTopics } from './static-topics/static-requests.ts'
import { BrokerStats } from './stats/broker-stats.ts'
import type { ActingTimers } from './timer/acting-timers.ts'
import { type MadeTimers, makeTimers } from './timer/make-timers.ts'
import { TimerEntrance } from './timer/timer-entrance.ts'
import { timerSources } from './timer/timer-sources.ts'
import type { Timers } from './timer/timers.ts'
import { tellBatchTopics } from './topics/batch-topics.ts'
import { CompactionTopics } from './topics/compaction-topics.ts'
import { KeptMessagesFetch } from './topics/kept-messages-fetch.ts'
import { Transactions } from './transaction/transactions.ts'

/** What a broker is made of, and the end of a batch, where the parts meet. */
export class BrokerParts {
  readonly conf: SettingsInForce
  readonly environment: BrokerEnvironment
  readonly addresses: BrokerAddresses
  readonly context: NetContext
  readonly store: MessageStore
  readonly tables: BrokerTables
  readonly compaction: CompactionTopics
  /** What a slave lacks of compaction topics. */
  readonly keptMessages: KeptMessagesFetch
  /** Who may ask for what; undefined while everybody may do everything. */
  readonly access: BrokerAccess | undefined
  readonly server: RemotingServer
  readonly client: RemotingClient
  readonly acks: Acknowledgements
  readonly stats: BrokerStats
  readonly consumers: ConsumerRegistry
  readonly producers: ProducerRegistry
  readonly notifier: MembershipNotifier
  readonly locks: QueueLocks
  readonly replication: Replication
  /** The same, where the role is fixed. */
  readonly classicReplication: BrokerReplication | undefined
  /** The same, where controllers give the role. */
  readonly controllerMode: ControllerMode | undefined
  readonly journal: MetadataJournal | undefined
  readonly registration: Registration
  readonly members: GroupMembers
  readonly broadcast: BroadcastOffsets
  readonly coldAccounts: ColdAccounts
  readonly pulls: PullHandler
  readonly gate: StoreGate
  readonly targets: SendTargets
  readonly delay: DelayDelivery
  /** What an acting master does in place of `delay`. */
  readonly escaping: EscapingDelivery | undefined
  /** What is to be done before this broker registers. */
  readonly preOnline: PreOnline | undefined
  readonly transactions: Transactions
  readonly pop: Pop
  readonly lite: Lite
  /** What the name servers say of topics. */
  readonly topicQueues: TopicQueues
  readonly statics: StaticTopics
  readonly mappingCleaner: MappingCleaner
  /** Whether a new group that is to begin at the end of a queue may begin with its first message. */
  readonly startsAtZero: (topic: string, queueId: number) => boolean
  /** Without it messages with a time of delivery are refused (timerWheelEnable). */
  readonly timers: Timers | undefined
  /** What an acting master does in place of `timers`. */
  readonly actingTimers: ActingTimers | undefined
  /** What is under way gets its answer, nothing new is begun. */
  isStopping = false
  /** Nothing is done in a master's name before it has taken over what was done in its place. */
  isOnline = false
  readonly #role = new RoleChanges(this)

  /** Opens and recovers the store. @throws Error naming what cannot be used and what to do */
  constructor(given: BrokerConf, environment: BrokerEnvironment) {
    this.conf = new SettingsInForce(given)
    const { current: conf } = this.conf
    this.environment = environment
    this.addresses = new BrokerAddresses(conf, environment.storeAddress)
    const { disk, clock, network, logger, door } = environment
    this.context = door?.context ?? createNetContext(clock, network, logger, netLimits(conf))
    this.store = openStore(conf, environment)
    this.store.isSlave = !this.isMaster
    this.tables = new BrokerTables(this.conf, disk, clock, logger)
    tellBatchTopics(this.store, this.tables.topics)
    this.access = conf.authenticationEnabled ? this.#checkAccess() : undefined
    if (conf.timerWheelEnable) this.tables.addSources(timerSources(() => this.timers, this.tables.timerMetrics))
    this.tables.offsets.boundBy((topic, queueId) => this.#endOf(topic, queueId))
    if (!conf.enableControllerMode) this.tables.offsets.clampToEnds()
    const { topics } = this.tables
    this.compaction = new CompactionTopics(topics, this.store, conf.enableCompaction)
    const foldsLight = conf.enableLmq && !conf.enableLmqStats
    this.stats = new BrokerStats(conf.brokerClusterName, (topic) => topics.isSystem(topic), clock.now(), foldsLight)
    this.producers = new ProducerRegistry(clock, logger)
    // The store's batch is written, and what waits for it is answered, before anything else at the end of a turn.
    this.context.turn.onEnd(() => this.#endOfTurn())
    this.notifier = new MembershipNotifier(this.context.turn, this.conf)
    const onMembersChanged: MembershipListener = (group) => this.notifier.changed(group)
    this.consumers = new ConsumerRegistry(clock, logger, this.conf, onMembersChanged, this.tables.filters)
    this.locks = new QueueLocks(clock)
    this.client = new RemotingClient(this.context, {
      connectTimeoutMs: conf.connectTimeoutMillis,
      sign: signer(this.#credentials),
      onClosed: (_channel, address) => {
        this.registration.connectionLost(address)
        this.controllerMode?.connectionLost(address)
      },
    })
    if (conf.enableControllerMode) {
      this.controllerMode = this.#makeControllerMode()
      this.replication = this.controllerMode
      this.acks = this.#acknowledgements(this.controllerMode.acks)
      this.controllerMode.replication.onProgress(() => this.acks.progressed())
    } else {
      const replication = this.#makeClassicReplication()
      this.replication = replication
      this.classicReplication = replication
      const rules = new AckPolicy(conf, replication.slaves)
      this.conf.onChanged(() => rules.settingsChanged())
      this.acks = this.#acknowledgements(rules)
      replication.slaves?.onProgress(() => this.acks.progressed())
    }
    this.members = this.#groupMembers()
    this.keptMessages = this.#fetchKept()
    this.targets = new SendTargets(this.store, this.stats)
    this.gate = this.#storeGate()
    this.broadcast = this.#broadcastOffsets()
    this.statics = this.#staticTopics()
    this.coldAccounts = new ColdAccounts(this.conf)
    this.mappingCleaner = new MappingCleaner({
      ...{ ...this.statics, facts: new QueueFacts(this.store), logger: environment.logger },
      isActive: () => this.isMaster && !this.isStopping,
    })
    this.pulls = this.#pullHandler()
    this.delay = this.#delayDelivery()
    const made = conf.timerWheelEnable ? this.#makeTimers() : undefined
    this.timers = made?.timers
    const { classicReplication: classic } = this
    if (classic !== undefined) {
      this.members.onAnswer((members) => classic.membersKnown(members))
      const master = this.#absentMaster(classic)
      this.escaping = this.#escapingDelivery(master)
      this.actingTimers = made?.actFor(master)
      this.preOnline = this.#makePreOnline(classic)
    }
    this.transactions = this.#makeTransactions()
    this.startsAtZero = startsAtZero(this.conf, environment.physicalMemoryBytes, this.store)
    this.pop = this.#makePop()
    this.topicQueues = this.#makeTopicQueues()
    this.lite = this.#makeLite()
    this.registration = this.#registrar()
    this.server = this.#remotingServer()
    const { access } = this
    if (access !== undefined) this.server.guardBy((request, channel) => access.guard(request, channel))
    if (this.controllerMode !== undefined) this.journal = this.#keepJournal()
  }

  #checkAccess(): BrokerAccess {
    const { disk, clock, logger, plainAcls } = this.environment
    const access = new BrokerAccess({
      ...{ conf: this.conf.current, disk, clock, logger, plainAcls },
      topicAt: (phyOffset) => topicAt(this.store, phyOffset),
    })
    this.tables.addSources(tableCopies(access.tables))
    this.tables.addStates(access.states)
    return access
  }

  /** In whose name this broker asks others, whether it asks them to or not. */
  get #credentials(): Credentials | undefined {
    return innerCredentials(this.conf.current.innerClientAuthenticationCredentials)
  }

  /** Whether it may store messages; in controller mode that changes while it runs. */
  get isMaster(): boolean {
    return this.conf.current.brokerRole !== 'SLAVE'
  }

  /** Where a queue ends in the log: with what a master is to show yet; on a slave that may still be taken back. */
  #endOf(topic: string, queueId: number): number {
    const queue = this.store.findQueue(topic, queueId)
    if (queue === undefined) return 0
    return this.isMaster ? Math.max(queue.maxOffset, queue.nextOffset) : queue.maxOffset
  }

  becomeOnline(): void {
    this.isOnline = true
    this.#role.begin(this.isMaster)
  }

  /** Writes the batch, then does what waited for it: answers, the slaves' share, held pulls. */
  commit(): void {
    this.#commitBatch()
    this.lite.wake()
    // Who was woken by it has taken messages, which is to be in the log, too.
    if (this.pop.wake()) this.#commitBatch()
  }

  #commitBatch(): void {
    this.transactions.stage()
    this.pop.stage()
    const isWritten = this.store.commit()
    this.transactions.committed(isWritten)
    this.pop.committed(isWritten)
    if (!isWritten) {
      const why = this.store.refusal ?? 'the message could not be written'
      this.acks.failBatch(ResponseCode.SERVICE_NOT_AVAILABLE, `service not available now: ${why}`)
    }
    this.replication.pushAll()
    this.acks.endOfTurn()
    this.controllerMode?.confirmed()
    this.pulls.held.wake()
  }

  #endOfTurn(): void {
    this.commit()
    this.tables.endOfTurn(this.environment.clock.now())
  }

  #remotingServer(): RemotingServer {
    const { door } = this.environment
    const onClosed = (channel: Channel): void => {
      this.consumers.onChannelClosed(channel)
      this.producers.onChannelClosed(channel)
    }
    if (door !== undefined) {
      door.onClosed = onClosed
      return door.server
    }
    const idleTimeoutMs = this.conf.current.serverChannelMaxIdleTimeSeconds * 1000
    return new RemotingServer(this.context, { idleTimeoutMs, onClosed })
  }

  #makeClassicReplication(): BrokerReplication {
    const sources = this.tables.slaveSources()
    const onMasterBack = () => this.pulls.held.releaseAll()
    return new BrokerReplication(this.conf, this.context, this.store, this.client, sources, onMasterBack)
  }

  #fetchKept(): KeptMessagesFetch {
    const { clock, logger } = this.environment
    return new KeptMessagesFetch({
      store: this.store,
      invoke: (address, request, timeoutMs) => this.client.invoke(address, request, timeoutMs),
      logger,
      master: () => (this.isMaster || this.isStopping ? undefined : this.replication.masterAddress),
      monotonic: () => clock.monotonic(),
    })
  }

  #makeControllerMode(): ControllerMode {
    const { disk, random } = this.environment
    return new ControllerMode({
      conf: this.conf,
      context: this.context,
      disk,
      random,
      store: this.store,
      tables: this.tables,
      isStopped: () => this.isStopping,
      invoke: (address, request, timeoutMs) => this.client.invoke(address, request, timeoutMs),
      sendOneway: (address, request) => this.client.sendOneway(address, request),
      disconnect: (address) => this.client.end(address),
      brokerAddr: this.addresses.brokerAddr,
      credentials: this.#credentials,
      events: {
        commit: () => this.commit(),
        waitingSends: () => this.acks.count,
        becameMaster: () => this.#role.becameMaster(),
        becameSlave: (wasMaster) => this.#role.becameSlave(wasMaster),
        register: () => this.registration.refresh(),
      },
    })
  }

  #keepJournal(): MetadataJournal {
    const { clock, logger } = this.environment
    const journal = new MetadataJournal({
      gate: this.gate,
      targets: this.targets,
      storeHost: this.addresses.storeHost,
      wallClock: () => clock.now(),
      logger,
    })
    this.tables.topics.onEdited((topic) => {
      if (this.isMaster) journal.write({ topic })
    })
    this.tables.mappings.onEdited((mapping) => {
      if (this.isMaster) journal.write({ mapping })
    })
    this.tables.groups.onEdited((group) => {
      if (this.isMaster) journal.write({ group })
    })
    this.store.onShown((queue) => this.#arrived(queue))
    return journal
  }

  #acknowledgements(rules: AckRules): Acknowledgements {
    const { current: conf } = this.conf
    const limits = {
      get max() {
        return conf.sendThreadPoolQueueCapacity
      },
      get flushTimeoutMs() {
        return conf.syncFlushTimeout
      },
      get replicaTimeoutMs() {
        return conf.slaveTimeout
      },
    }
    const answers = new SendAnswers(this.addresses.storeHost, conf.regionId, conf.traceOn)
    this.conf.onChanged(() => answers.setRegion(conf.regionId, conf.traceOn))
    const { clock } = this.environment
    const acks = new Acknowledgements(rules, this.store, answers, limits, () => clock.monotonic())
    this.store.onFlushed(() => acks.progressed())
    return acks
  }

  #storeGate(): StoreGate {
    const { current: conf } = this.conf
    return new StoreGate(
      this.store,
      this.store.delayLevels,
      {
        get maxMessageSize() {
          return conf.maxMessageSize
        },
        isMaster: () => this.isMaster,
        isStopping: () => this.isStopping,
      },
      {
        touch: () => this.context.turn.touch(),
        commit: () => this.commit(),
        staged: (queue) => this.#arrived(queue),
      },
      conf.timerWheelEnable ? this.#timerEntrance() : undefined,
    )
  }

  #arrived(queue: ConsumeQueue): void {
    this.pulls.held.touch(queue)
    this.pop.touch(queue)
    this.lite.touch(queue)
  }

  #broadcastOffsets(): BroadcastOffsets {
    const { clock, logger } = this.environment
    const end = (topic: string, queueId: number) => this.store.findQueue(topic, queueId)?.maxOffset ?? 0
    return new BroadcastOffsets({
      ...{ config: this.conf, consumers: this.consumers, offsets: this.tables.offsets, logger },
      firstOffset: (topic, queueId) => (this.startsAtZero(topic, queueId) ? 0 : end(topic, queueId)),
      wallClock: () => clock.now(),
    })
  }

  #staticTopics(): StaticTopics {
    const { mappings, topics } = this.tables
    mappings.onEdited(({ topic }) => topics.announce(topic))
    mappings.onChanged((topic) => this.pulls.held.releaseTopic(topic))
    const invoke: RemotingClient['invoke'] = (address, request, timeoutMs) =>
      this.client.invoke(address, request, timeoutMs)
    return { mappings, others: new OtherBrokers({ config: this.conf, clock: this.environment.clock, invoke }) }
  }

  #pullHandler(): PullHandler {
    const { clock } = this.environment
    const { topics, groups, offsets, filters, compiledFilters } = this.tables
    return new PullHandler({
      config: this.conf,
      store: this.store,
      topics,
      groups,
      consumers: this.consumers,
      filters,
      compiledFilters,
      offsets,
      broadcast: this.broadcast,
      stats: this.stats,
      statics: this.statics,
      coldAccounts: this.coldAccounts,
      monotonic: () => clock.monotonic(),
      wallClock: () => clock.now(),
      isMasterUp: () => this.replication.isMasterUp,
      standsIn: () => this.controllerMode?.standIn.isOn ?? false,
    })
  }

  #delayDelivery(): DelayDelivery {
    return new DelayDelivery({
      store: this.store,
      gate: this.gate,
      topics: this.tables.topics,
      targets: this.targets,
      offsets: this.tables.delayOffsets,
      levels: this.store.delayLevels,
      logger: this.environment.logger,
      commit: () => this.commit(),
    })
  }

  #timerEntrance(): TimerEntrance {
    const { current: conf } = this.conf
    const { clock, random } = this.environment
    return new TimerEntrance({
      log: this.store,
      precisionMs: conf.timerPrecisionMs,
      maxDelaySec: () => conf.timerMaxDelaySec,
      congestedFrom: () => conf.timerCongestNumEachSlot,
      waitingIn: (slotMs) => this.timers?.waitingIn(slotMs) ?? 0,
      random,
      wallClock: () => clock.now(),
    })
  }

  #makeTimers(): MadeTimers {
    const { store, gate, targets, tables, conf, environment } = this
    return makeTimers({ store, gate, targets, tables, conf, environment, commit: () => this.commit() })
  }

  #absentMaster(classic: BrokerReplication): Pick<EscapingDeliveryParts, 'put' | 'isActing'> {
    const bridge = new EscapeBridge({
      config: this.conf,
      clock: this.environment.clock,
      invoke: (address, request, timeoutMs) => this.client.invoke(address, request, timeoutMs),
    })
    const isActing = (): boolean => classic.deliversForMaster && !this.isStopping
    return { put: (message) => bridge.put(message), isActing }
  }

  #escapingDelivery(master: Pick<EscapingDeliveryParts, 'put' | 'isActing'>): EscapingDelivery {
    const { clock, logger } = this.environment
    return new EscapingDelivery({
      ...master,
      store: this.store,
      offsets: this.tables.delayOffsets,
      levels: this.store.delayLevels,
      clock,
      logger,
    })
  }

  #makePreOnline(replication: BrokerReplication): PreOnline | undefined {
    const { enableSlaveActingMaster, skipPreOnline, totalReplicas } = this.conf.current
    if (!enableSlaveActingMaster || skipPreOnline || totalReplicas < 2) return undefined
    const { clock, logger } = this.environment
    return new PreOnline({
      config: this.conf,
      clock,
      logger,
      members: this.members,
      invoke: (address, request, timeoutMs) => this.client.invoke(address, request, timeoutMs),
      brokerAddr: this.addresses.brokerAddr,
      haServerAddr: this.addresses.haServerAddr,
      openedOffset: this.store.openedOffset,
      offsets: this.tables.offsets,
      delayOffsets: this.tables.delayOffsets,
      takeOverTimers: this.timers && ((report) => this.timers?.takeOver(report)),
      replication,
    })
  }

  #makeTransactions(): Transactions {
    const { clock, logger } = this.environment
    const { topics, offsets, transactionMetrics } = this.tables
    const { conf } = this
    return new Transactions({
      store: this.store,
      gate: this.gate,
      topics,
      targets: this.targets,
      producers: this.producers,
      metrics: transactionMetrics,
      offsets,
      rules: () => ({
        timeOutMs: conf.current.transactionTimeOut,
        checkMax: conf.current.transactionCheckMax,
        reservedMs: conf.current.fileReservedTime * 3_600_000,
      }),
      checkIntervalMs: () => conf.current.transactionCheckInterval,
      bodyBytesMax: () => conf.current.transactionOpMsgMaxSize,
      brokerName: conf.current.brokerName,
      storeHost: this.addresses.storeHost,
      wallClock: () => clock.now(),
      touch: () => this.context.turn.touch(),
      logger,
    })
  }

  #makePop(): Pop {
    const { clock, logger } = this.environment
    const { store, gate, targets, consumers, acks, stats, timers, tables } = this
    const { topics, groups, offsets, orderInfo: order, compiledFilters } = tables
    return new Pop({
      ...{ config: this.conf, store, gate, targets, topics, groups, offsets, order, consumers, compiledFilters },
      ...{ acks, stats, startsAtZero: this.startsAtZero, storeHost: this.addresses.storeHost, logger },
      deliveredMs: timers && (() => timers.deliveredMs),
      isMaster: () => this.controllerMode?.takesMessages ?? this.isMaster,
      wallClock: () => clock.now(),
      touch: () => this.context.turn.touch(),
      commit: () => this.commit(),
    })
  }

  #makeTopicQueues(): TopicQueues {
    const { clock, logger } = this.environment
    return new TopicQueues({
      ...{ config: this.conf, clock, topics: this.tables.topics, logger },
      invoke: (address, request, timeoutMs) => this.client.invoke(address, request, timeoutMs),
    })
  }

  #makeLite(): Lite {
    const { clock, random, logger } = this.environment
    const { store, stats, tables, topicQueues, startsAtZero } = this
    const { topics, groups, offsets } = tables
    const { enableLmq, enableMultiDispatch } = this.conf.current
    return new Lite({
      ...{ config: this.conf, store, topics, groups, offsets, stats, topicQueues, startsAtZero, random, logger },
      isServed: enableLmq && enableMultiDispatch,
      isMaster: () => this.controllerMode?.takesMessages ?? this.isMaster,
      wallClock: () => clock.now(),
      touch: () => this.context.turn.touch(),
    })
  }

  #registrar(): Registration {
    const { clock, logger } = this.environment
    const { brokerAddr, haServerAddr } = this.addresses
    return new Registration({
      config: this.conf,
      clock,
      logger,
      topics: this.tables.topics,
      mappings: this.tables.mappings,
      invoke: (address, request, timeoutMs) => this.client.invoke(address, request, timeoutMs),
      sendOneway: (address, request) => this.client.sendOneway(address, request),
      brokerAddr,
      haServerAddr,
      standIn: this.controllerMode?.standIn,
      onMaster: (master) => this.replication.follow(master),
    })
  }

  #groupMembers(): GroupMembers {
    const { clock, logger } = this.environment
    return new GroupMembers({
      config: this.conf,
      clock,
      logger,
      invoke: (address, request, timeoutMs) => this.client.invoke(address, request, timeoutMs),
    })
  }
}
