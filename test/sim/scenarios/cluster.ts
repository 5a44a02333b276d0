import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import { BrokerWatch } from '../checks/broker-watch.ts'
import { Ledger } from '../checks/ledger.ts'
import { PopBooks } from '../checks/pop-books.ts'
import { TopicBooks } from '../checks/topic-books.ts'
import { TransactionBooks } from '../checks/transaction-books.ts'
import { ClientProcess } from '../clients/client-process.ts'
import { Consumer } from '../clients/consumer.ts'
import { Popper } from '../clients/popper.ts'
import { Producer } from '../clients/producer.ts'
import { Route } from '../clients/route.ts'
import { TransactionalProducer } from '../clients/transactional-producer.ts'
import { BrokerNode } from '../nodes/broker-node.ts'
import { ControllerNode, type RunningController } from '../nodes/controller-node.ts'
import { NameServerNode } from '../nodes/nameserver-node.ts'
import type { Node } from '../nodes/node.ts'
import { SafetyChecker } from '../raft/safety-checker.ts'
import type { World } from '../world/world.ts'
import type { Shape } from './shape.ts'

export const TOPIC = 'T'
const TRANSACTION_TOPIC = 'X'
const QUEUES = 2
const CONTROLLER_PORT = 9878
const CREATE_AGAIN_MS = 200
/** A hand-over that was asked for is done after this, or will not be. */
const HAND_OVER_MAX_MS = 6000
/** An operator waits so long for a topic. */
const TOPIC_MS = 1000

/** The servers of a scenario, its clients, and the books about what they were promised. */
export class Cluster {
  readonly world: World
  readonly shape: Shape
  readonly ledger: Ledger
  readonly topics = new TopicBooks()
  readonly raftChecker = new SafetyChecker()
  readonly nameServers: NameServerNode[] = []
  /** Standalone ones. */
  readonly controllers: ControllerNode[] = []
  readonly brokers: BrokerNode[] = []
  readonly client: ClientProcess
  readonly producer: Producer
  readonly transactions = new TransactionBooks()
  readonly transactional: TransactionalProducer | undefined
  readonly pops = new PopBooks()
  readonly popper: Popper | undefined
  readonly consumer: Consumer
  readonly #consumers: Consumer[]
  readonly watch: BrokerWatch
  /** Until when somebody may still be elected because an operator asked for it, by group. */
  readonly #handOverUntilMs = new Map<string, number>()

  /** `controllerAddr` of clients that ask controllers; `host:port` each. */
  controllerAddresses: readonly string[]
  /** What clients have in their lists. */
  readonly nameServerAddresses: string[] = []

  /** `makeNodes`: the servers, where they are not those that the shape counts. */
  #topicsLeft = Number.POSITIVE_INFINITY

  handOverBegins(group: string): void {
    this.#handOverUntilMs.set(group, this.world.nowMs + HAND_OVER_MAX_MS)
  }

  isHandingOver(group: string): boolean {
    return this.world.nowMs < (this.#handOverUntilMs.get(group) ?? 0)
  }

  constructor(world: World, shape: Shape, makeNodes?: (cluster: Cluster) => void) {
    this.world = world
    this.shape = shape
    this.ledger = new Ledger(shape.controllers > 0)
    this.watch = new BrokerWatch(this)
    this.controllerAddresses = shape.controllers === 0 ? [] : this.#peers.replaceAll(/n\d+-/g, '').split(';')
    if (makeNodes === undefined) this.#makeNodes()
    else makeNodes(this)
    this.client = new ClientProcess(world.machine('client', '10.0.9.1'))
    const route = new Route(this.client, TOPIC, this.nameServerAddresses)
    this.producer = new Producer(this.client, route, this.ledger, TOPIC, [4, 15, 40][world.random.below(3)]!)
    this.producer.onAcked = (id, { group, phyOffset }) => this.watch.acknowledged(group, id, phyOffset)
    this.consumer = new Consumer(this.client, route, this.ledger, TOPIC)
    this.#consumers = [this.consumer]
    if (shape.hasTransactions) this.transactional = this.#makeTransactional()
    if (shape.hasPops) this.popper = new Popper(this.client, route, this.pops, TOPIC, () => this.ledger.sentCount)
  }

  #makeTransactional(): TransactionalProducer {
    const route = new Route(this.client, TRANSACTION_TOPIC, this.nameServerAddresses)
    this.#consumers.push(new Consumer(this.client, route, this.transactions, TRANSACTION_TOPIC))
    return new TransactionalProducer(this.client, route, this.transactions, TRANSACTION_TOPIC, 50)
  }

  /** Consumers go on from where brokers say that their group stands. */
  startConsumersAnew(): void {
    for (const consumer of this.#consumers) consumer.startAnew()
  }

  get nodes(): Node[] {
    return [...this.nameServers, ...this.controllers, ...this.brokers]
  }

  get runningControllers(): RunningController[] {
    // Asked for whenever something is confirmed.
    const found: RunningController[] = []
    for (const { running } of this.nameServers) if (running !== undefined) found.push(running)
    for (const { running } of this.controllers) if (running !== undefined) found.push(running)
    return found
  }

  groupOf(name: string): BrokerNode[] {
    return this.brokers.filter(({ group }) => group === name)
  }

  get groupNames(): string[] {
    return [...new Set(this.brokers.map(({ group }) => group))]
  }

  /** Whoever takes itself for the master, of several the one of the newest epoch. */
  masterOf(name: string): BrokerNode | undefined {
    const masters = this.groupOf(name).filter(({ broker }) => broker?.isMaster)
    return masters.sort((a, b) => (b.broker!.masterEpoch ?? 0) - (a.broker!.masterEpoch ?? 0))[0]
  }

  /** Everything starts, within a moment; the topic is made as soon as somebody can make it. */
  start(): void {
    const { queue, random } = this.world
    for (const node of this.nodes) queue.after(random.below(300), () => node.start())
    const topics = this.shape.hasTransactions ? [TOPIC, TRANSACTION_TOPIC] : [TOPIC]
    this.#topicsLeft = topics.length * this.groupNames.length
    for (const name of this.groupNames) for (const topic of topics) this.#createTopic(name, topic)
    this.startConsumersAnew()
  }

  /** Whether the topics it begins with are there. */
  get hasTopics(): boolean {
    return this.#topicsLeft === 0
  }

  #createTopic(name: string, topic: string): void {
    this.client.begin(async () => {
      const address = this.masterOf(name)?.address
      if (address !== undefined && (await this.askForTopic(address, topic))) {
        this.#topicsLeft--
        this.world.trace.line(`admin: ${topic} is created at ${address}`)
      } else {
        this.client.after(CREATE_AGAIN_MS, () => this.#createTopic(name, topic))
      }
    })
  }

  /** `mqadmin updateTopic -b`; whether it was answered with success. */
  async askForTopic(address: string, topic: string): Promise<boolean> {
    const fields = {
      topic,
      defaultTopic: 'TBW102',
      readQueueNums: QUEUES,
      writeQueueNums: QUEUES,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
    }
    const answer = await this.client.ask(address, { code: RequestCode.UPDATE_AND_CREATE_TOPIC, fields }, TOPIC_MS)
    return answer?.code === ResponseCode.SUCCESS
  }

  /** Of embedded controllers and of standalone ones. */
  get #peers(): string {
    const { controllers, areEmbedded } = this.shape
    const subnet = areEmbedded ? 1 : 2
    return Array.from({ length: controllers }, (_, i) => `n${i}-10.0.${subnet}.${i + 1}:${CONTROLLER_PORT}`).join(';')
  }

  #makeNodes(): void {
    this.#makeNameServers()
    this.nameServerAddresses.push(...this.nameServers.map(({ address }) => address))
    this.#makeControllers()
    this.#makeBrokers()
  }

  #makeNameServers(): void {
    const { nameServers, areEmbedded } = this.shape
    for (let i = 0; i < nameServers; i++) {
      const machine = this.world.machine(`ns${i}`, `10.0.1.${i + 1}`)
      const place = { id: `n${i}`, peers: this.#peers, checker: this.raftChecker }
      this.nameServers.push(new NameServerNode(machine, areEmbedded ? place : undefined))
    }
  }

  #makeControllers(): void {
    const { controllers, areEmbedded } = this.shape
    if (areEmbedded) return
    for (let i = 0; i < controllers; i++) {
      const machine = this.world.machine(`ctl${i}`, `10.0.2.${i + 1}`)
      this.controllers.push(new ControllerNode(machine, `n${i}`, this.#peers, this.raftChecker))
    }
  }

  #makeBrokers(): void {
    const { groups, replicas, settings, controllers } = this.shape
    const addresses = this.controllerAddresses.join(';')
    for (let g = 0; g < groups; g++) {
      const group = `b${g}`
      for (let i = 0; i < replicas; i++) {
        const machine = this.world.machine(`${group}-${i}`, `10.0.3.${g * 10 + i + 1}`)
        const role = controllers > 0 ? `controllerAddr=${addresses}\n` : this.#classicRole(i)
        const place = { group, settings: settings + role, nameServers: this.nameServerAddresses }
        this.brokers.push(new BrokerNode(machine, place, this.watch))
      }
    }
  }

  #classicRole(index: number): string {
    if (index > 0) return `brokerRole=SLAVE\nbrokerId=${index}\n`
    return `brokerRole=${this.shape.scenario === 'master-slave-sync' ? 'SYNC_MASTER' : 'ASYNC_MASTER'}\nbrokerId=0\n`
  }
}
