import { expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/manual-clock.ts'
import { SerializeType } from '../../codec/remoting/frame.ts'
import { type RequestDraft, responseCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { decodeRegisterBody } from '../../codec/route/register-body.ts'
import type { TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import { silentLogger } from '../../observe/logger.ts'
import { DataVersion } from '../metadata/data-version.ts'
import type { StandInClaim } from '../replicas/stand-in.ts'
import { type TopicConfig, topicConfig } from '../topics/topic-config.ts'
import type { TopicListener } from '../topics/topic-table.ts'
import { type KnownMaster, Registration, type RegistrationConfig } from './registration.ts'

const CONFIG: RegistrationConfig = {
  brokerClusterName: 'C',
  brokerName: 'broker-a',
  brokerId: 0,
  brokerPermission: 6,
  registerNameServerPeriod: 30_000,
  registerBrokerTimeoutMills: 24_000,
  forceRegister: false,
  compressedRegister: false,
  enableSingleTopicRegister: false,
  enableSplitRegistration: false,
  splitRegistrationSize: 2,
  enableSlaveActingMaster: false,
  brokerNotActiveTimeoutMillis: 10_000,
  brokerHeartbeatInterval: 1000,
  namesrvAddr: ['n1:9876', 'n2:9876'],
}

/** Name servers that note what they are told, and a table of topics. */
class Scene {
  readonly clock = new ManualClock(1000)
  readonly told: {
    address: string
    code: number
    topics: string[]
    fields: Record<string, unknown>
    version?: number
  }[] = []
  /** Which queues of static topics take messages, as the last registration had it. */
  toldQueues: [string, ReadonlyMap<number, number>][] = []
  readonly masters: KnownMaster[] = []
  readonly dead = new Set<string>()
  readonly ordered: string[] = []
  readonly dataVersion = new DataVersion(1000)
  readonly mappings = new Map<string, TopicQueueMappingDetail>()
  changedAnswer = 'false'
  claim: StandInClaim | undefined
  isSilent = false
  answer: { fields?: Record<string, string>; body?: Buffer } = {}
  readonly config: { current: RegistrationConfig }
  readonly registration: Registration
  readonly #topics = new Map<string, TopicConfig>()
  readonly #listeners: TopicListener[] = []

  constructor(config: Partial<RegistrationConfig> = {}) {
    this.config = { current: { ...CONFIG, ...config } }
    for (const name of ['A', 'B', 'C']) this.#topics.set(name, topicConfig(name))
    this.registration = new Registration({
      config: this.config,
      clock: this.clock,
      logger: silentLogger,
      topics: {
        all: () => this.#topics.values(),
        find: (name) => this.#topics.get(name),
        dataVersion: this.dataVersion,
        onChanged: (listener) => this.#listeners.push(listener),
        markOrdered: (names) => this.ordered.push(...names),
      },
      mappings: { isEmpty: false, find: (topic) => this.mappings.get(topic) },
      invoke: (address, request) => this.#invoke(address, request),
      sendOneway: () => Promise.resolve(),
      brokerAddr: '10.0.0.1:10911',
      haServerAddr: '10.0.0.1:10912',
      onMaster: (master) => this.masters.push(master),
      standIn: this,
    })
  }

  create(...names: string[]): void {
    const configs = names.map((name) => topicConfig(name, { readQueueNums: 4, writeQueueNums: 4 }))
    for (const config of configs) this.#topics.set(config.topicName, config)
    for (const config of configs) for (const listener of this.#listeners) listener([config])
  }

  async settle(): Promise<void> {
    this.clock.finishTurn()
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** What was told since the last call, without the addresses. */
  news(address = 'n1:9876'): [number, string[]][] {
    const news = this.told
      .filter((one) => one.address === address)
      .map(({ code, topics }) => [code, topics] as [number, string[]])
    this.told.length = 0
    return news
  }

  #invoke(address: string, { code, fields = {}, body }: RequestDraft) {
    if (this.dead.has(address)) return Promise.reject(new Error('nobody there'))
    const isBody = code === RequestCode.REGISTER_BROKER
    const compressed = fields['compressed'] === true
    const told = isBody ? decodeRegisterBody(body!, compressed, 513) : undefined
    const topics = [...(told?.topics.keys() ?? [])]
    if (told !== undefined) this.toldQueues = [...told.mappings].map(([topic, { currIdMap }]) => [topic, currIdMap])
    this.told.push({ address, code, topics, fields: { ...fields }, version: told?.dataVersion.stateVersion ?? -1 })
    const isQuestion = code === RequestCode.QUERY_DATA_VERSION
    const answer = isQuestion ? { fields: { changed: this.changedAnswer } } : this.answer
    return Promise.resolve(responseCommand({ code: ResponseCode.SUCCESS, ...answer }, 1, SerializeType.JSON))
  }
}

const { REGISTER_BROKER, QUERY_DATA_VERSION, REGISTER_TOPIC_IN_NAMESRV, UNREGISTER_BROKER } = RequestCode

test('registers everywhere at the start, asks for the version later, and says goodbye', async () => {
  const scene = new Scene()
  await scene.registration.start()
  expect(scene.told.map(({ address, code }) => [address, code])).toEqual([
    ['n1:9876', REGISTER_BROKER],
    ['n2:9876', REGISTER_BROKER],
  ])
  expect(scene.told[0]!.fields).toMatchObject({
    brokerId: 0,
    brokerName: 'broker-a',
    brokerAddr: '10.0.0.1:10911',
    clusterName: 'C',
    haServerAddr: '10.0.0.1:10912',
    enableActingMaster: false,
    compressed: false,
  })
  expect(scene.news()).toEqual([[REGISTER_BROKER, ['A', 'B', 'C']]])
  scene.clock.advance(30_000)
  await scene.settle()
  expect(scene.news()).toEqual([[QUERY_DATA_VERSION, []]])
  scene.changedAnswer = 'true'
  scene.clock.advance(30_000)
  await scene.settle()
  expect(scene.news()).toEqual([
    [QUERY_DATA_VERSION, []],
    [REGISTER_BROKER, ['A', 'B', 'C']],
  ])
  await scene.registration.stop()
  expect(scene.news()).toEqual([[UNREGISTER_BROKER, []]])
})

test('with forceRegister everything is sent every time', async () => {
  const scene = new Scene({ forceRegister: true, registerNameServerPeriod: 1 })
  await scene.registration.start()
  scene.news()
  scene.clock.advance(10_000)
  await scene.settle()
  expect(scene.news()).toEqual([[REGISTER_BROKER, ['A', 'B', 'C']]])
})

test('topics made in one turn are told in one request, and only they', async () => {
  const scene = new Scene()
  await scene.registration.start()
  scene.news()
  scene.create('D', 'E')
  await scene.settle()
  expect(scene.news()).toEqual([[REGISTER_BROKER, ['D', 'E']]])
})

test('single topics, or everything in portions, when the configuration says so; compressed, too', async () => {
  const single = new Scene({ enableSingleTopicRegister: true })
  await single.registration.start()
  single.news()
  single.create('D')
  await single.settle()
  expect(single.told[0]!.fields).toEqual({ topic: 'D' })
  expect(single.news()).toEqual([[REGISTER_TOPIC_IN_NAMESRV, []]])
  const split = new Scene({ enableSplitRegistration: true, compressedRegister: true })
  await split.registration.start()
  expect(split.news()).toEqual([
    [REGISTER_BROKER, ['A', 'B']],
    [REGISTER_BROKER, ['C']],
  ])
})

test('static topics go with a whole registration, and with the queues that take messages here', async () => {
  const scene = new Scene({ enableSingleTopicRegister: true })
  await scene.registration.start()
  scene.news()
  const item = { gen: 0, logicOffset: 0, startOffset: 0, endOffset: -1, timeOfStart: -1, timeOfEnd: -1 }
  const here = [{ ...item, queueId: 3, bname: 'broker-a' }]
  const gone = [...here, { ...item, gen: 1, queueId: 0, bname: 'broker-b', logicOffset: 10_000 }]
  const info = { topic: 'S', bname: 'broker-a', scope: '__global__', totalQueues: 2, epoch: 5, dirty: false }
  const hostedQueues = new Map([
    [0, gone],
    [1, here],
  ])
  scene.mappings.set('S', { ...info, currIdMap: new Map(), hostedQueues })
  scene.create('S', 'D')
  await scene.settle()
  expect(scene.news()).toEqual([
    [RequestCode.REGISTER_TOPIC_IN_NAMESRV, []],
    [RequestCode.REGISTER_BROKER, ['S']],
  ])
  expect(scene.toldQueues).toEqual([['S', new Map([[1, 3]])]])
})

test('a dead name server disturbs nobody and gets everything when it is back', async () => {
  const scene = new Scene()
  scene.dead.add('n1:9876')
  await scene.registration.start()
  expect(scene.news('n2:9876')).toEqual([[REGISTER_BROKER, ['A', 'B', 'C']]])
  scene.create('D')
  await scene.settle()
  expect(scene.news('n2:9876')).toEqual([[REGISTER_BROKER, ['D']]])
  scene.dead.clear()
  scene.clock.advance(2_000)
  await scene.settle()
  expect(scene.news('n1:9876')).toEqual([[REGISTER_BROKER, ['A', 'B', 'C', 'D']]])
})

test('a name server that restarted learns everything again at once, not at the next period', async () => {
  const scene = new Scene()
  await scene.registration.start()
  scene.news()
  scene.registration.connectionLost('n1:9876')
  scene.clock.advance(500)
  await scene.settle()
  expect(scene.told.map(({ address, code, topics }) => [address, code, topics])).toEqual([
    ['n1:9876', REGISTER_BROKER, ['A', 'B', 'C']],
  ])
  scene.news()
  scene.clock.advance(500)
  await scene.settle()
  expect(scene.told).toEqual([])
})

test('a slave that came before its master asks again until it is told of it', async () => {
  const scene = new Scene({ brokerId: 1 })
  await scene.registration.start()
  scene.news()
  scene.clock.advance(2_000)
  await scene.settle()
  expect(scene.news()).toEqual([[REGISTER_BROKER, ['A', 'B', 'C']]])
  scene.answer = { fields: { masterAddr: '10.0.0.2:10911', haServerAddr: '10.0.0.2:10912' } }
  scene.clock.advance(2_000)
  await scene.settle()
  expect(scene.masters.at(-1)).toEqual({ masterAddr: '10.0.0.2:10911', haServerAddr: '10.0.0.2:10912' })
  scene.news()
  scene.clock.advance(2_000)
  await scene.settle()
  expect(scene.told).toEqual([])
})

test('a read-only broker announces its topics as such; the answer tells of the master and of ordered topics', async () => {
  const scene = new Scene({ brokerPermission: 4 })
  const body = Buffer.from('{"table":{"A":"broker-a:4"}}')
  scene.answer = { fields: { masterAddr: 'm:10911', haServerAddr: 'm:10912' }, body }
  await scene.registration.start()
  expect(scene.masters[0]).toEqual({ masterAddr: 'm:10911', haServerAddr: 'm:10912' })
  expect(scene.ordered).toEqual(['A', 'A'])
})

test('a list of name servers that has changed counts from the next refresh on; who left it hears nothing more', async () => {
  const scene = new Scene({ forceRegister: true })
  await scene.registration.start()
  scene.told.length = 0
  scene.config.current = { ...scene.config.current, namesrvAddr: ['n2:9876', 'n3:9876'] }
  await scene.registration.refresh()
  expect(scene.told.map(({ address, code, topics }) => [address, code, topics])).toEqual([
    ['n2:9876', REGISTER_BROKER, ['A', 'B', 'C']],
    ['n3:9876', REGISTER_BROKER, ['A', 'B', 'C']],
  ])
  scene.told.length = 0
  scene.create('D')
  scene.registration.connectionLost('n1:9876')
  await scene.settle()
  scene.clock.advance(30_000)
  await scene.settle()
  await scene.registration.stop()
  expect(new Set(scene.told.map(({ address }) => address))).toEqual(new Set(['n2:9876', 'n3:9876']))
})

test('a replica that stands in for its master has the id of the master and a version of its own, then says nothing for a while', async () => {
  const scene = new Scene({ brokerId: 2, namesrvAddr: ['n1:9876'] })
  const seen = () => scene.told.splice(0).map(({ code, fields, version }) => [code, fields['brokerId'], version])
  scene.answer = { fields: { masterAddr: 'm:10911', haServerAddr: 'm:10912' } }
  await scene.registration.start()
  expect(seen()).toEqual([[REGISTER_BROKER, 2, 0]])
  scene.answer = {}
  scene.claim = { stateVersion: 4 }
  await scene.registration.refresh()
  expect(seen()).toEqual([[REGISTER_BROKER, 0, 4]])
  scene.clock.advance(30_000)
  await scene.settle()
  // A registration, not a question: a name server that had started anew would go by the master.
  expect(seen()).toEqual([[REGISTER_BROKER, 0, 4]])
  scene.claim = { stateVersion: undefined }
  scene.isSilent = true
  await scene.registration.refresh()
  expect(seen()).toEqual([[REGISTER_BROKER, 0, 0]])
  scene.clock.advance(30_000)
  await scene.settle()
  expect(seen()).toEqual([])
})
