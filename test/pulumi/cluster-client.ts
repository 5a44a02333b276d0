import type { ToolAccess } from '../../components/admin/tool-access.ts'
import { asObject, integerField, objectField } from '../../runtime/codec/json/json-fields.ts'
import { parseJsonBytes } from '../../runtime/codec/json/parse-json.ts'
import type { RequestDraft } from '../../runtime/codec/remoting/remoting-command.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import { readRouteData } from '../../runtime/codec/route/route-data.ts'
import { RealClock } from '../../runtime/io/real-clock.ts'
import { RealNetwork } from '../../runtime/io/real-network.ts'
import { createNetContext } from '../../runtime/net/net-context.ts'
import { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { silentLogger } from '../../runtime/observe/logger.ts'

const timeoutMs = 5000

/** As little of a client as tells whether a cluster serves: it asks for routes, sends and reads. */
export class ClusterClient {
  readonly #client: RemotingClient
  readonly #nameServer: string
  readonly #access: ToolAccess | undefined

  /** @param access what a cluster with security is reached by */
  constructor(namesrvAddr: string, access?: ToolAccess) {
    const context = createNetContext(new RealClock(), access?.network ?? new RealNetwork(), silentLogger)
    this.#client = new RemotingClient(context, { connectTimeoutMs: timeoutMs })
    this.#nameServer = namesrvAddr.split(';')[0] ?? ''
    this.#access = access
  }

  /** Queues of a topic by broker group, and the address of each group's master. */
  async route(topic: string) {
    const fields = { topic, acceptStandardJsonOnly: true }
    const { body } = await this.#ask(this.#nameServer, { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, fields })
    const { queueDatas, brokerDatas } = readRouteData(parseJsonBytes(body ?? Buffer.alloc(0)))
    return {
      queues: Object.fromEntries(queueDatas.map((queue) => [queue.brokerName, queue.writeQueueNums])),
      masters: new Map(brokerDatas.map((broker) => [broker.brokerName, broker.brokerAddrs.get(0)])),
    }
  }

  /** Sends a message to the first queue of a topic and reads it back from where the broker said it is. */
  async sendAndRead(topic: string, text: string): Promise<string> {
    const { masters } = await this.route(topic)
    const [master] = [...masters.values()].filter((address) => address !== undefined)
    if (master === undefined) throw new Error(`topic ${topic} has no master`)
    const send = {
      a: 'test',
      b: topic,
      c: 'TBW102',
      d: 4,
      e: 0,
      f: 0,
      g: Date.now(),
      h: 0,
      i: '',
      j: 0,
      k: false,
      m: false,
    }
    const sent = await this.#ask(master, { code: RequestCode.SEND_MESSAGE_V2, fields: send, body: Buffer.from(text) })
    return this.read(topic, master, Number(sent.fields['queueOffset']))
  }

  /** The body of one message of the first queue. */
  async read(topic: string, master: string, queueOffset: number): Promise<string> {
    const fields = {
      consumerGroup: 'reader',
      topic,
      queueId: 0,
      queueOffset,
      maxMsgNums: 1,
      // A pull with a subscription of its own and no commit of offsets.
      sysFlag: 4,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    }
    const { body } = await this.#ask(master, { code: RequestCode.PULL_MESSAGE, fields })
    return bodyOfRecord(Buffer.from(body ?? []))
  }

  /** What a master has of a consumer group; undefined when nothing. */
  async retryMaxTimes(master: string, group: string): Promise<number | undefined> {
    const { body } = await this.#ask(master, { code: RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG })
    const table = objectField(asObject(parseJsonBytes(body ?? Buffer.from('{}')), 'groups'), 'subscriptionGroupTable')
    const found = objectField(table ?? {}, group)
    return found === undefined ? undefined : integerField(found, 'retryMaxTimes')
  }

  /** Changes a consumer group as an operator would by hand. */
  async setRetryMaxTimes(master: string, groupName: string, retryMaxTimes: number): Promise<void> {
    const body = Buffer.from(JSON.stringify({ groupName, retryMaxTimes }))
    await this.#ask(master, { code: RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, body })
  }

  async deleteConsumerGroup(master: string, groupName: string): Promise<void> {
    await this.#ask(master, { code: RequestCode.DELETE_SUBSCRIPTIONGROUP, fields: { groupName } })
  }

  async deleteTopic(master: string, topic: string): Promise<void> {
    await this.#ask(master, { code: RequestCode.DELETE_TOPIC_IN_BROKER, fields: { topic } })
  }

  close(): void {
    this.#client.close()
  }

  async #ask(address: string, request: RequestDraft) {
    const answer = await this.#client.invoke(address, this.#access?.sign(request) ?? request, timeoutMs)
    if (answer.code === ResponseCode.SUCCESS) return answer
    throw new Error(`${address} answered request ${request.code} with ${answer.code}: ${answer.remark ?? ''}`)
  }
}

export async function withClient<T>(namesrvAddr: string, use: (client: ClusterClient) => Promise<T>): Promise<T> {
  const client = new ClusterClient(namesrvAddr)
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

/** Where the body's length stands in a stored message with IPv4 hosts (source: MessageDecoder). */
const bodyLengthAt = 84

function bodyOfRecord(record: Buffer): string {
  const length = record.readUInt32BE(bodyLengthAt)
  return record.toString('utf8', bodyLengthAt + 4, bodyLengthAt + 4 + length)
}
