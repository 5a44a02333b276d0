import { MASTER_ID, PERM_READ, PERM_WRITE, type TopicRouteData } from '../../codec/route/route-data.ts'

export interface BrokerTarget {
  readonly brokerName: string
  /** `host:port` */
  readonly address: string
}

export interface QueueTarget extends BrokerTarget {
  readonly queueId: number
}

/** A topic's route as the proxy uses it: where messages go, and where they are asked for. */
export class RouteView {
  readonly data: TopicRouteData
  /** By broker name and queue id, so that every proxy sends a message group to the same queue. */
  readonly writeQueues: readonly QueueTarget[]
  readonly readBrokers: readonly BrokerTarget[]
  readonly #masters: ReadonlyMap<string, string>

  constructor(data: TopicRouteData) {
    this.data = data
    const masters = new Map<string, string>()
    const readers = new Map<string, string>()
    for (const { brokerName, brokerAddrs } of data.brokerDatas) {
      const master = brokerAddrs.get(MASTER_ID)
      const reader = master ?? [...brokerAddrs].sort(([a], [b]) => a - b)[0]?.[1]
      if (master !== undefined) masters.set(brokerName, master)
      if (reader !== undefined) readers.set(brokerName, reader)
    }
    this.#masters = masters
    this.writeQueues = this.#orderQueues() ?? this.#logicQueues() ?? this.#queues()
    const readable = data.queueDatas.filter(({ perm, readQueueNums }) => (perm & PERM_READ) !== 0 && readQueueNums > 0)
    const names = [...new Set(readable.map(({ brokerName }) => brokerName))].sort(compareNames)
    this.readBrokers = names.flatMap((brokerName) => {
      const address = readers.get(brokerName)
      return address === undefined ? [] : [{ brokerName, address }]
    })
  }

  masterOf(brokerName: string): string | undefined {
    return this.#masters.get(brokerName)
  }

  #queues(): QueueTarget[] {
    const found = this.data.queueDatas.flatMap(({ brokerName, perm, writeQueueNums }) => {
      return (perm & PERM_WRITE) === 0 ? [] : this.#queuesOf(brokerName, writeQueueNums)
    })
    return found.sort((a, b) => compareNames(a.brokerName, b.brokerName) || a.queueId - b.queueId)
  }

  /** orderTopicConf, `broker:queues;broker:queues`, counts more than the queues that there are. */
  #orderQueues(): QueueTarget[] | undefined {
    const { orderTopicConf } = this.data
    if (orderTopicConf === undefined || orderTopicConf.trim() === '') return undefined
    const found = orderTopicConf.split(';').flatMap((item) => {
      const [brokerName = '', count] = item.split(':')
      return this.#queuesOf(brokerName, Number(count) || 0)
    })
    return found.sort((a, b) => compareNames(a.brokerName, b.brokerName) || a.queueId - b.queueId)
  }

  /** Of a static topic: its queues by the numbers that brokers know them under, each at the broker that leads it. */
  #logicQueues(): QueueTarget[] | undefined {
    const mappings = [...(this.data.topicQueueMappingByBroker?.values() ?? [])]
    if (mappings.length === 0) return undefined
    const leaders = new Map<number, string>()
    for (const { bname, currIdMap } of mappings.sort((a, b) => a.epoch - b.epoch)) {
      for (const queueId of currIdMap.keys()) leaders.set(queueId, bname)
    }
    const found = [...leaders].flatMap(([queueId, brokerName]) => {
      const address = this.#masters.get(brokerName)
      return address === undefined ? [] : [{ brokerName, address, queueId }]
    })
    return found.sort((a, b) => a.queueId - b.queueId)
  }

  #queuesOf(brokerName: string, count: number): QueueTarget[] {
    const address = this.#masters.get(brokerName)
    if (address === undefined) return []
    return Array.from({ length: count }, (_, queueId) => ({ brokerName, address, queueId }))
  }
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
