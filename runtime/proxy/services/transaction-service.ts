import { encodeJson } from '../../codec/json/write-json.ts'
import { decodeMessage } from '../../codec/message/message-ext.ts'
import { Property } from '../../codec/message/properties.ts'
import { SysFlag } from '../../codec/message/sys-flag.ts'
import type { RemotingCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { ProxyConf } from '../../config/proxy-conf.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import { incomingMessage } from '../messages/incoming-message.ts'
import { topicName } from '../messages/names.ts'
import { parseTransactionId, transactionIdText } from '../messages/transaction-id.ts'
import { OK, ProxyError, refusal } from '../proxy-error.ts'
import { type Resource, TransactionResolution, TransactionSource } from '../wire/definition.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { ClientTable } from './client-table.ts'

const TIMEOUT_MS = 3000
/** The name by which proxies are known to brokers as producers; Apache's use the same. */
const CLIENT_ID = 'rmq-proxy-producer-client'

interface EndTransactionRequest {
  readonly topic: Resource | undefined
  readonly messageId: string
  readonly transactionId: string
  readonly resolution: number
  readonly source: number
}

/**
 * Ends transactions, and hands on what brokers ask about them (source: TransactionProcessor, ClusterTransactionService).
 * Brokers know the proxy as a producer of every topic that one of its clients begins transactions in: a producer of gRPC
 * has no group, and the topic stands for it.
 */
export class TransactionService {
  readonly #gateway: BrokerGateway
  readonly #conf: ProxyConf
  readonly #logger: Logger
  readonly #clients: ClientTable
  readonly #topics = new Set<string>()
  /** Names of the brokers that were told, by address. */
  readonly #brokerNames = new Map<string, string>()

  constructor(gateway: BrokerGateway, conf: ProxyConf, logger: Logger, clients: ClientTable) {
    this.#gateway = gateway
    this.#conf = conf
    this.#logger = logger
    this.#clients = clients
  }

  async end(request: EndTransactionRequest) {
    const topic = topicName(request.topic)
    const { brokerId, brokerName, queueOffset, commitLogOffset } = parseTransactionId(request.transactionId)
    const address = await this.#broker(brokerName)
    const command = {
      code: RequestCode.END_TRANSACTION,
      fields: {
        topic,
        producerGroup: topic,
        tranStateTableOffset: queueOffset,
        commitLogOffset,
        commitOrRollback: flagOf(request.resolution),
        fromTransactionCheck: request.source === TransactionSource.serverCheck,
        msgId: request.messageId,
        transactionId: brokerId,
        bname: brokerName,
      },
    }
    // A broker does not answer to a producer that knows nothing yet.
    if (flagOf(request.resolution) === 0) await this.#gateway.sendOneway(address, command)
    else {
      const { code, remark } = await this.#gateway.invoke(address, command, TIMEOUT_MS)
      if (code !== ResponseCode.SUCCESS) throw refusal(code, remark)
    }
    return { status: OK }
  }

  /** From now on brokers ask this proxy about transactions in a topic. */
  announce(topic: string): void {
    if (this.#topics.has(topic)) return
    this.#topics.add(topic)
    void this.#tell([topic])
  }

  /** Tells brokers again of all topics that still have producers here. */
  announceAll(): void {
    for (const topic of this.#topics) if (!this.#clients.hasProducer(topic)) this.#topics.delete(topic)
    void this.#tell([...this.#topics])
  }

  /** CHECK_TRANSACTION_STATE of a broker: asks a producer of the topic what became of a transaction. */
  onCheck({ body, fields }: RemotingCommand, brokerAddress: string): void {
    if (body === undefined) return
    const message = decodeMessage(body, 0, { decompress: false, checkCrc: false })
    const topic = message.properties.get(Property.producerGroup) ?? ''
    const brokerName = fields['bname'] ?? this.#brokerNames.get(brokerAddress)
    const producer = this.#clients.producerOf(topic)
    if (producer === undefined || brokerName === undefined) {
      this.#logger.warn({ topic, broker: brokerAddress }, 'a transaction is left for another check: no producer to ask')
      return
    }
    const reconsumeTimes = message.reconsumeTimes
    producer.telemetry.write({
      recoverOrphanedTransactionCommand: {
        message: incomingMessage(message, { topic: message.topic, reconsumeTimes }),
        transactionId: transactionIdText({
          brokerId: fields['transactionId'] ?? message.properties.get(Property.uniqKey) ?? '',
          brokerName,
          queueOffset: Number(fields['tranStateTableOffset']),
          commitLogOffset: Number(fields['commitLogOffset']),
        }),
      },
    })
  }

  async #broker(brokerName: string): Promise<string> {
    try {
      return await this.#gateway.masterOf(brokerName)
    } catch (error) {
      if (!(error instanceof ProxyError) || error.code !== StatusCode.TOPIC_NOT_FOUND) throw error
      throw new ProxyError(StatusCode.BAD_REQUEST, `cannot find broker ${brokerName}`, { cause: error })
    }
  }

  /** Never rejects: what fails is told again the next time. */
  async #tell(topics: readonly string[]): Promise<void> {
    const byBroker = new Map<string, string[]>()
    for (const topic of topics) {
      try {
        for (const { brokerName, address } of await this.#brokersOf(topic)) {
          this.#brokerNames.set(address, brokerName)
          byBroker.set(address, [...(byBroker.get(address) ?? []), topic])
        }
      } catch (error) {
        this.#logger.warn({ topic, error: String(error) }, 'brokers were not told of a producer of transactions')
      }
    }
    const size = this.#conf.transactionHeartbeatBatchNum
    for (const [address, groups] of byBroker) {
      for (let i = 0; i < groups.length; i += size) await this.#heartbeat(address, groups.slice(i, i + size))
    }
  }

  /** All masters of the clusters that a topic is in: each broker checks transactions of its own. */
  async #brokersOf(topic: string) {
    const { data } = await this.#gateway.route(topic)
    const clusters = new Set(data.brokerDatas.map(({ cluster }) => cluster))
    const routes = await Promise.all([...clusters].map((cluster) => this.#gateway.route(cluster)))
    return routes.flatMap((route) =>
      route.data.brokerDatas.flatMap(({ brokerName }) => {
        const address = route.masterOf(brokerName)
        return address === undefined ? [] : [{ brokerName, address }]
      }),
    )
  }

  async #heartbeat(address: string, groups: readonly string[]): Promise<void> {
    const body = encodeJson({
      clientID: CLIENT_ID,
      consumerDataSet: [],
      heartbeatFingerprint: 0,
      producerDataSet: groups.map((groupName) => ({ groupName })),
      withoutSub: false,
    })
    try {
      const { code, remark } = await this.#gateway.invoke(address, { code: RequestCode.HEART_BEAT, body }, TIMEOUT_MS)
      if (code !== ResponseCode.SUCCESS) throw refusal(code, remark)
    } catch (error) {
      this.#logger.warn({ broker: address, error: String(error) }, 'a broker was not told of producers of transactions')
    }
  }
}

function flagOf(resolution: number): number {
  if (resolution === TransactionResolution.commit) return SysFlag.transactionCommit
  return resolution === TransactionResolution.rollback ? SysFlag.transactionRollback : 0
}
