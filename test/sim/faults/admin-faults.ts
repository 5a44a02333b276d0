import { RequestCode } from '../../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../../runtime/codec/remoting/response-code.ts'
import type { BrokerNode } from '../nodes/broker-node.ts'
import type { FaultContext } from './fault.ts'

const TIMEOUT_MS = 5000
/** Operators ask again when nothing is answered. */
const TOPIC_ATTEMPTS = 3
/** Settings that may be changed at any time without changing what is promised. */
const SETTINGS: readonly (readonly [key: string, least: number, most: number])[] = [
  ['flushIntervalCommitLog', 50, 800],
  ['flushConsumerOffsetInterval', 100, 2000],
  ['haSendHeartbeatInterval', 500, 5000],
  ['consumerOffsetUpdateVersionStep', 1, 500],
]

/** What operators do to a cluster that works. */
export class AdminFaults {
  readonly #context: FaultContext

  constructor(context: FaultContext) {
    this.#context = context
  }

  /** `mqadmin updateBrokerConfig` */
  changeConfig(): void {
    const { cluster, count } = this.#context
    const { world, client } = cluster
    const [key, least, most] = world.pick(SETTINGS)!
    const { address } = world.pick(cluster.brokers)!
    const body = Buffer.from(`${key}=${world.between(least, most)}\n`)
    count('config change')
    world.trace.line(`admin: ${String(body).trim()} at ${address}`)
    client.begin(async () => {
      await client.ask(address, { code: RequestCode.UPDATE_BROKER_CONFIG, body }, TIMEOUT_MS)
    })
  }

  /** `mqadmin electMaster` */
  handOver(): void {
    const { cluster, count } = this.#context
    const { world } = cluster
    const name = world.pick(cluster.groupNames)!
    const brokerId = world.pick(cluster.groupOf(name))!.brokerId
    if (cluster.shape.controllers === 0 || brokerId === 0) return
    count('hand-over')
    cluster.handOverBegins(name)
    const fields = { clusterName: 'c', brokerName: name, brokerId, designateElect: true }
    this.#askControllers(`hand ${name} over to ${brokerId}`, { code: RequestCode.CONTROLLER_ELECT_MASTER, fields })
  }

  /** Another controller is to lead. */
  changeLeader(): void {
    const { cluster, count } = this.#context
    const { world, shape } = cluster
    if (shape.controllers === 0) return
    count('controller leads')
    const fields = { change: 'lead', controllerId: `n${world.random.below(shape.controllers)}` }
    this.#askControllers(`${fields.controllerId} is to lead`, { code: RequestCode.CHANGE_CONTROLLERS, fields })
  }

  /** `mqadmin updateTopic` and `deleteTopic`, with controllers at any broker: the operator's route may be an old one. */
  changeTopics(): void {
    const { cluster, count } = this.#context
    const { world, client, topics, shape } = cluster
    const group = world.pick(cluster.groupNames)!
    const node = shape.controllers > 0 ? world.pick(cluster.groupOf(group)) : fixedMaster(cluster.groupOf(group))
    if (node === undefined) return
    const { address } = node
    count('topic')
    const old = world.chance(30) ? topics.takeOne(group, (names) => world.pick(names)) : undefined
    if (old !== undefined) {
      this.#deleteTopic(group, address, old)
      return
    }
    const topic = topics.newName()
    client.begin(async () => {
      for (let attempt = 0; attempt < TOPIC_ATTEMPTS; attempt++) {
        if (!(await cluster.askForTopic(address, topic))) continue
        world.trace.line(`admin: ${topic} is created at ${address}`)
        topics.made(group, topic)
        return
      }
    })
  }

  #deleteTopic(group: string, address: string, topic: string): void {
    const { world, client, topics } = this.#context.cluster
    client.begin(async () => {
      const request = { code: RequestCode.DELETE_TOPIC_IN_BROKER, fields: { topic } }
      const answer = await client.ask(address, request, TIMEOUT_MS)
      if (answer?.code !== ResponseCode.SUCCESS) return
      world.trace.line(`admin: ${topic} is deleted at ${address}`)
      topics.deleted(group, topic)
    })
  }

  /** All of them: the one that leads does it. */
  #askControllers(
    what: string,
    request: { readonly code: number; readonly fields: Record<string, string | number | boolean> },
  ) {
    const { world, client, controllerAddresses } = this.#context.cluster
    world.trace.line(`admin: ${what}`)
    for (const address of controllerAddresses) {
      client.begin(async () => {
        const answer = await client.ask(address, request, TIMEOUT_MS)
        if (answer?.code === 0) world.trace.line(`admin: ${what}: done`)
      })
    }
  }
}

const fixedMaster = (group: readonly BrokerNode[]): BrokerNode | undefined =>
  group.find(({ conf }) => conf.brokerRole !== 'SLAVE')
