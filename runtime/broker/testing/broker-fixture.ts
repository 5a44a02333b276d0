import { ManualClock } from '../../../test/sim/manual-clock.ts'
import type { BrokerConf } from '../../config/broker-conf.ts'
import { parseBrokerConf } from '../../config/broker-conf.ts'
import type { ConfEnv } from '../../config/conf-key.ts'
import { Turn } from '../../net/turn.ts'
import { silentLogger } from '../../observe/logger.ts'
import { StoreFixture } from '../../store/testing/store-fixture.ts'
import { registerAdminHandlers } from '../admin/admin-handlers.ts'
import { RequestModes } from '../admin/request-modes.ts'
import { registerClientHandlers } from '../clients/client-handlers.ts'
import { ConsumerRegistry, type MembershipListener } from '../clients/consumer-registry.ts'
import { MembershipNotifier } from '../clients/membership-notifier.ts'
import { ProducerRegistry } from '../clients/producer-registry.ts'
import { ColdAccounts } from '../cold/cold-accounts.ts'
import { CompiledFilters } from '../filter/compiled-filters.ts'
import { ConsumerFilters } from '../filter/consumer-filters.ts'
import { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import { registerLockHandlers } from '../locks/lock-handlers.ts'
import { QueueLocks } from '../locks/queue-locks.ts'
import { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import { registerOffsetHandlers } from '../offsets/offset-handlers.ts'
import { TopicQueueMappingTable } from '../static-topics/topic-queue-mapping-table.ts'
import { BrokerStats } from '../stats/broker-stats.ts'
import { TopicTable } from '../topics/topic-table.ts'
import { type Answered, type Asked, HandlerTable } from './handler-table.ts'

const ENV: ConfEnv = {
  home: '/home/rocketmq',
  rocketmqHome: undefined,
  namesrvAddr: undefined,
  hostName: 'host',
  localAddress: '127.0.0.1',
  processors: 2,
  workingFolder: '/',
}

const CONF_FILE = '/conf/broker.conf'
const CONF_TEXT = '# the test broker\nbrokerName=broker-a\nstorePathRootDir=/store\n'

/** Every queue begins with this message. */
export const FIRST_LEFT = 5

/** The metadata and administration of one broker over a simulated disk, without sockets. Time stands at 1700000000000. */
export class BrokerFixture {
  readonly confFile = CONF_FILE
  readonly files = new StoreFixture()
  readonly clock = this.files.clock
  readonly disk = this.files.disk
  readonly conf: { current: BrokerConf }
  readonly topics: TopicTable
  readonly mappings: TopicQueueMappingTable
  readonly groups: SubscriptionGroupTable
  readonly offsets: ConsumerOffsets
  readonly modes: RequestModes
  readonly stats: BrokerStats
  readonly consumers: ConsumerRegistry
  readonly compiled = new CompiledFilters()
  readonly filters: ConsumerFilters
  readonly producers = new ProducerRegistry(this.clock, silentLogger)
  readonly locks = new QueueLocks(this.clock)
  readonly handlers = new HandlerTable()
  /** Answers of the other replicas to LOCK_BATCH_MQ, by address. */
  readonly peers = new Map<string, () => Answered>()
  registrations = 0
  readonly #turnClock = new ManualClock()

  constructor(settings = '') {
    this.disk.makeFolder('/conf')
    this.disk.writeFile(CONF_FILE, Buffer.from(CONF_TEXT))
    this.conf = { current: parsedConf(CONF_TEXT + settings) }
    const tables = { disk: this.disk, clock: this.clock, logger: silentLogger, settings: this.conf }
    this.topics = new TopicTable({ ...tables, path: '/store/config/topics.json' })
    const { brokerName } = this.conf.current
    const mappingsPath = '/store/config/topicQueueMapping.json'
    this.mappings = new TopicQueueMappingTable({ ...tables, brokerName, path: mappingsPath })
    this.groups = new SubscriptionGroupTable({ ...tables, path: '/store/config/subscriptionGroup.json' })
    this.offsets = new ConsumerOffsets({ ...tables, path: '/store/config/consumerOffset.json' })
    this.modes = new RequestModes(this.disk, '/store/config/messageRequestMode.json', silentLogger)
    const isSystem = (topic: string) => this.topics.isSystem(topic)
    this.stats = new BrokerStats(this.conf.current.brokerClusterName, isSystem, this.clock.now())
    const notifier = new MembershipNotifier(new Turn(this.#turnClock), this.conf)
    this.filters = new ConsumerFilters({
      ...tables,
      path: '/store/config/consumerFilter.json',
      compiled: this.compiled,
    })
    const onMembersChanged: MembershipListener = (group) => notifier.changed(group)
    this.consumers = new ConsumerRegistry(this.clock, silentLogger, this.conf, onMembersChanged, this.filters)
    this.#register()
  }

  ask(code: number, asked: Asked = {}): Promise<Answered> {
    return this.handlers.ask(code, asked)
  }

  /** Runs what waits for the end of the event-loop turn. */
  endTurn(): void {
    this.#turnClock.finishTurn()
  }

  #register(): void {
    const {
      clock,
      conf,
      disk,
      handlers,
      topics,
      mappings,
      groups,
      offsets,
      consumers,
      producers,
      stats,
      modes,
      locks,
    } = this
    const compiledFilters = this.compiled
    registerClientHandlers(handlers, { clock, topics, groups, consumers, producers, compiledFilters, settings: conf })
    const minOffset = () => FIRST_LEFT
    registerOffsetHandlers(handlers, { topics, groups, offsets, settings: conf, startsAtZero: () => false, minOffset })
    registerLockHandlers(handlers, {
      locks,
      settings: conf,
      logger: silentLogger,
      client: {
        invoke: async (address) => {
          const answer = this.peers.get(address)
          if (!answer) throw new Error(`${address} is down`)
          const { code, remark, body } = answer()
          return { code, remark, body: Buffer.from(body) } as never
        },
      },
      peers: () => [...this.peers.keys()],
    })
    registerAdminHandlers(handlers, {
      conf,
      env: ENV,
      disk,
      clock,
      logger: silentLogger,
      topics,
      mappings,
      groups,
      offsets,
      consumers,
      producers,
      stats,
      modes,
      coldAccounts: new ColdAccounts(conf),
      store: this.files.store,
      brokerAddr: '127.0.0.1:10911',
      confFile: CONF_FILE,
      apply: (values) => {
        conf.current = { ...conf.current, ...values }
      },
      registerNow: () => {
        this.registrations++
      },
      endLiteTopicsOf: () => {},
      releasePulls: () => {},
      isActive: () => true,
      pendingSends: () => 0,
      delayStats: () => new Map([['scheduleMessageOffset_1', '3,5']]),
      timerStats: () => undefined,
      delayOffsets: () => Buffer.from('{"dataVersion":{},"offsetTable":{1:3}}'),
    })
  }
}

function parsedConf(text: string): BrokerConf {
  const result = parseBrokerConf(text, 'broker.conf', ENV)
  if (!result.ok) throw new Error(result.errors.join('\n'))
  return result.conf
}
