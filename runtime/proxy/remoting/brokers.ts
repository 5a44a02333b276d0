import { MASTER_ID } from '../../codec/route/route-data.ts'
import type { BrokerGateway } from '../brokers/broker-gateway.ts'
import type { BrokerTarget } from '../brokers/route-view.ts'
import { ProxyError } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'

/** The brokers of a cluster, by name and by address. */
export class Brokers {
  readonly #gateway: BrokerGateway
  readonly #cluster: string

  constructor(gateway: BrokerGateway, cluster: string) {
    this.#gateway = gateway
    this.#cluster = cluster
  }

  /** All masters. Every broker has a topic of its cluster's name. */
  async all(): Promise<BrokerTarget[]> {
    const { data } = await this.#gateway.route(this.#cluster)
    return data.brokerDatas.flatMap(({ brokerName, brokerAddrs }) => {
      const address = brokerAddrs.get(MASTER_ID)
      return address === undefined ? [] : [{ brokerName, address }]
    })
  }

  /** `orSlave`: while there is no master, a slave. @throws ProxyError */
  async named(brokerName: string, orSlave: boolean): Promise<BrokerTarget> {
    try {
      return { brokerName, address: await this.#gateway.masterOf(brokerName) }
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error
      if (error.code === StatusCode.TOPIC_NOT_FOUND) {
        throw new ProxyError(StatusCode.INTERNAL_SERVER_ERROR, `there is no broker ${brokerName}`, { cause: error })
      }
      const address = orSlave ? await this.#replicaOf(brokerName) : undefined
      if (address === undefined) throw error
      return { brokerName, address }
    }
  }

  /** For requests of clients that name a broker by an address alone. @throws ProxyError */
  async at(address: string): Promise<BrokerTarget> {
    const found = (await this.all()).find((broker) => broker.address === address)
    if (found !== undefined) return found
    throw new ProxyError(StatusCode.INTERNAL_SERVER_ERROR, `no master of ${this.#cluster} is at ${address}`)
  }

  async #replicaOf(brokerName: string): Promise<string | undefined> {
    const { data } = await this.#gateway.route(brokerName)
    const broker = data.brokerDatas.find((one) => one.brokerName === brokerName)
    return [...(broker?.brokerAddrs ?? [])].sort(([a], [b]) => a - b)[0]?.[1]
  }
}
