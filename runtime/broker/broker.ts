import { encodeHost } from '../codec/message/host.ts'
import { UniqueKeyMaker } from '../codec/message/message-id.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import type { BrokerConf } from '../config/broker-conf.ts'
import type { Clock, Timer } from '../io/clock.ts'
import type { Disk } from '../io/disk.ts'
import type { Network } from '../io/network.ts'
import type { Random } from '../io/random.ts'
import { createNetContext, type NetContext } from '../net/net-context.ts'
import { RemotingServer } from '../net/remoting-server.ts'
import type { Logger } from '../observe/logger.ts'
import { DelayLevels } from '../store/delay-levels.ts'
import { MessageStore } from '../store/message-store.ts'
import { AckPolicy } from './acks/ack-policy.ts'
import { Acknowledgements } from './acks/acknowledgements.ts'
import { SubscriptionGroupTable } from './groups/subscription-group-table.ts'
import { ConsumerOffsets } from './offsets/consumer-offsets.ts'
import { SendAnswers } from './send/send-answer.ts'
import { SendHandler } from './send/send-handler.ts'
import { SendTargets } from './send/send-target.ts'
import { StoreGate } from './send/store-gate.ts'
import { TopicTable } from './topics/topic-table.ts'

export interface BrokerEnvironment {
  readonly disk: Disk
  readonly clock: Clock
  readonly network: Network
  readonly random: Random
  readonly logger: Logger
  readonly pid: number
  readonly physicalMemoryBytes: number
}

/** One timer looks after everything that is due now and then. */
const TICK_MS = 100

/** A broker of one broker group: what it is made of, and the order in which its parts start and stop. */
export class Broker {
  readonly context: NetContext
  readonly store: MessageStore
  readonly topics: TopicTable
  readonly groups: SubscriptionGroupTable
  readonly offsets: ConsumerOffsets
  readonly server: RemotingServer
  readonly acks: Acknowledgements
  readonly #conf: { current: BrokerConf }
  readonly #environment: BrokerEnvironment
  #timer: Timer | undefined

  constructor(conf: BrokerConf, environment: BrokerEnvironment) {
    this.#conf = { current: conf }
    this.#environment = environment
    const { disk, clock, network, logger } = environment
    this.context = createNetContext(clock, network, logger)
    this.store = openStore(conf, environment)
    const folder = `${conf.storePathRootDir}/config`
    const tables = { disk, clock, logger, settings: this.#conf }
    this.topics = new TopicTable({ ...tables, path: `${folder}/topics.json` })
    this.groups = new SubscriptionGroupTable({ ...tables, path: `${folder}/subscriptionGroup.json` })
    this.offsets = new ConsumerOffsets({ ...tables, path: `${folder}/consumerOffset.json` })
    this.topics.load()
    this.groups.load()
    this.offsets.load()
    this.server = new RemotingServer(this.context, { idleTimeoutMs: conf.serverChannelMaxIdleTimeSeconds * 1000 })
    this.acks = this.#acknowledgements()
    this.#serveSends()
    this.context.turn.onEnd(() => this.#endOfTurn())
  }

  async start(): Promise<void> {
    const { listenPort, bindAddress } = this.#conf.current
    await this.server.listen({ host: bindAddress, port: listenPort })
    if (listenPort > 2) await this.server.listen({ host: bindAddress, port: listenPort - 2 })
    this.#timer = this.#environment.clock.every(TICK_MS, () => this.#tick())
  }

  stop(): void {
    this.#timer?.cancel()
    this.server.close()
    this.#commit()
    this.#save()
    this.store.close()
  }

  #acknowledgements(): Acknowledgements {
    const { current: conf } = this.#conf
    const limits = {
      max: conf.sendThreadPoolQueueCapacity,
      flushTimeoutMs: conf.syncFlushTimeout,
      replicaTimeoutMs: conf.slaveTimeout,
    }
    const answers = new SendAnswers(this.#storeHost(), conf.regionId, conf.traceOn)
    const policy = new AckPolicy(conf, undefined)
    const clock = this.#environment.clock
    const acks = new Acknowledgements(policy, this.store, answers, limits, () => clock.monotonic())
    this.store.onFlushed(() => acks.progressed())
    return acks
  }

  #serveSends(): void {
    const { current: conf } = this.#conf
    const { clock, random, pid } = this.#environment
    const storeHost = this.#storeHost()
    const gate = new StoreGate(
      this.store,
      new DelayLevels(delayLevels(conf)),
      { maxMessageSize: conf.maxMessageSize, isMaster: () => this.#conf.current.brokerRole !== 'SLAVE' },
      { touch: () => this.context.turn.touch(), commit: () => this.#commit() },
    )
    const send = new SendHandler({
      config: {
        brokerClusterName: conf.brokerClusterName,
        brokerIP1: conf.brokerIP1,
        brokerPermission: () => this.#conf.current.brokerPermission,
        regionId: conf.regionId,
        traceOn: conf.traceOn,
      },
      topics: this.topics,
      targets: new SendTargets(this.store),
      groups: { find: (group) => this.groups.find(group), consumesOrderly: () => false },
      gate,
      acks: this.acks,
      stats: { put() {} },
      uniqueKeys: new UniqueKeyMaker(storeHost.subarray(0, storeHost.length - 4), pid, random.below(0x7fffffff)),
      random,
      wallClock: () => clock.now(),
      storeHost,
      commit: () => this.#commit(),
    })
    for (const code of [RequestCode.SEND_MESSAGE, RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE]) {
      this.server.handle(code, (request, channel) => send.handle(request, channel))
    }
  }

  #storeHost(): Uint8Array {
    const { brokerIP1, listenPort } = this.#conf.current
    return encodeHost(brokerIP1.replace(/^\[(.*)\]$/, '$1'), listenPort)
  }

  #endOfTurn(): void {
    this.#commit()
    const now = this.#environment.clock.now()
    this.topics.state.saveIfChanged(now)
    this.groups.state.saveIfChanged(now)
  }

  #commit(): void {
    if (!this.store.commit()) {
      this.acks.failBatch(ResponseCode.SERVICE_NOT_AVAILABLE, this.store.refusal ?? 'the message could not be written')
    }
    this.acks.endOfTurn()
  }

  #tick(): void {
    this.acks.expire()
  }

  #save(): void {
    const now = this.#environment.clock.now()
    for (const { state } of [this.topics, this.groups, this.offsets]) state.saveIfChanged(now)
  }
}

function openStore(conf: BrokerConf, environment: BrokerEnvironment): MessageStore {
  const { disk, clock, logger, pid, physicalMemoryBytes } = environment
  const reporter = {
    info: (text: string) => logger.info({}, text),
    warn: (text: string) => logger.warn({}, text),
    error: (text: string, cause?: unknown) => logger.error({ err: cause }, text),
  }
  return MessageStore.open({ config: { ...conf, messageDelayLevel: delayLevels(conf) }, disk, clock, reporter, pid, physicalMemoryBytes })
}

function delayLevels(conf: BrokerConf): string {
  return [conf.messageDelayLevel].flat().join(' ')
}
