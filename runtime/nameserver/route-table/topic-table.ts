import type { RegisteredTopic } from '../../codec/route/register-body.ts'
import { PERM_READ, PERM_WRITE, type QueueData, type TopicQueueMapping } from '../../codec/route/route-data.ts'

/** Who keeps something derived from routes: told what does not hold any more. */
export interface RouteListener {
  topicChanged(topic: string): void
  /** Addresses or attributes of broker groups changed: any topic may be affected. */
  groupsChanged(): void
}

/** Which broker groups hold which topics, with how many queues and which permission. */
export class TopicTable {
  readonly #queues = new Map<string, Map<string, QueueData>>()
  readonly #mappings = new Map<string, Map<string, TopicQueueMapping>>()
  /**
   * Broker groups whose write permission an operator wiped. Apache RocketMQ edits the permissions in memory only and loses the
   * wipe as soon as the broker registers again with a newer data version (apache/rocketmq#313): a topic created in the
   * meantime reopens the broker. Here it holds, also over lost connections, until the operator adds the
   * permission again or the master is stopped in an orderly way: scripts that wipe, restart and expect a writable broker work on.
   */
  readonly #wiped = new Set<string>()
  readonly #listener: RouteListener

  constructor(listener: RouteListener) {
    this.#listener = listener
  }

  get topics(): IterableIterator<string> {
    return this.#queues.keys()
  }

  entries(): IterableIterator<[string, ReadonlyMap<string, QueueData>]> {
    return this.#queues.entries()
  }

  queuesOf(topic: string): ReadonlyMap<string, QueueData> | undefined {
    return this.#queues.get(topic)
  }

  mappingsOf(topic: string): ReadonlyMap<string, TopicQueueMapping> | undefined {
    return this.#mappings.get(topic)
  }

  has(topic: string, brokerName: string): boolean {
    return this.#queues.get(topic)?.has(brokerName) ?? false
  }

  isWiped(brokerName: string): boolean {
    return this.#wiped.has(brokerName)
  }

  /** Takes over what a broker says of a topic; `isReadOnly` when its group has no master. */
  register(brokerName: string, topic: RegisteredTopic, isReadOnly: boolean): void {
    const { topicName, readQueueNums, writeQueueNums, topicSysFlag } = topic
    const wipe = isReadOnly || this.#wiped.has(brokerName)
    const perm = wipe ? topic.perm & ~PERM_WRITE : topic.perm
    this.put(topicName, { brokerName, perm, readQueueNums, writeQueueNums, topicSysFlag })
  }

  put(topic: string, queueData: QueueData): void {
    let byBroker = this.#queues.get(topic)
    if (!byBroker) {
      byBroker = new Map()
      this.#queues.set(topic, byBroker)
    }
    const known = byBroker.get(queueData.brokerName)
    if (known && sameQueueData(known, queueData)) return
    byBroker.set(queueData.brokerName, queueData)
    this.#listener.topicChanged(topic)
  }

  putMapping(topic: string, mapping: TopicQueueMapping): void {
    let byBroker = this.#mappings.get(topic)
    if (!byBroker) {
      byBroker = new Map()
      this.#mappings.set(topic, byBroker)
    }
    byBroker.set(mapping.bname, mapping)
    this.#listener.topicChanged(topic)
  }

  /** Forgets a topic, on the named broker groups only if there are any. */
  remove(topic: string, brokerNames?: Iterable<string>): void {
    if (brokerNames === undefined) {
      this.#mappings.delete(topic)
      if (this.#queues.delete(topic)) this.#listener.topicChanged(topic)
      return
    }
    for (const brokerName of brokerNames) this.#removeOf(topic, brokerName)
  }

  /** Forgets the topics of broker groups that are gone. */
  removeGroups(brokerNames: ReadonlySet<string>): void {
    if (brokerNames.size === 0) return
    for (const topic of this.#queues.keys()) this.remove(topic, brokerNames)
  }

  /** Forgets the topics of a group that are not among `kept`. */
  retain(brokerName: string, kept: ReadonlyMap<string, unknown>): void {
    for (const [topic, byBroker] of this.#queues) {
      if (byBroker.has(brokerName) && !kept.has(topic)) this.#removeOf(topic, brokerName)
    }
  }

  /** Makes a group read-only for as long as its master is away. Returns the number of its topics. */
  removeWritePerm(brokerName: string): number {
    return this.#changePerm(brokerName, (perm) => perm & ~PERM_WRITE)
  }

  /** WIPE_WRITE_PERM_OF_BROKER: read-only until {@link addWritePerm} or {@link forgetWipe}. */
  wipeWritePerm(brokerName: string): number {
    this.#wiped.add(brokerName)
    return this.removeWritePerm(brokerName)
  }

  /** ADD_WRITE_PERM_OF_BROKER: all topics of the group become readable and writable, whatever they were, as official. */
  addWritePerm(brokerName: string): number {
    this.#wiped.delete(brokerName)
    return this.#changePerm(brokerName, () => PERM_READ | PERM_WRITE)
  }

  forgetWipe(brokerName: string): void {
    this.#wiped.delete(brokerName)
  }

  #changePerm(brokerName: string, change: (perm: number) => number): number {
    let count = 0
    for (const [topic, byBroker] of this.#queues) {
      const queueData = byBroker.get(brokerName)
      if (!queueData) continue
      count++
      this.put(topic, { ...queueData, perm: change(queueData.perm) })
    }
    return count
  }

  #removeOf(topic: string, brokerName: string): void {
    const mappings = this.#mappings.get(topic)
    if (mappings?.delete(brokerName) && mappings.size === 0) this.#mappings.delete(topic)
    const byBroker = this.#queues.get(topic)
    if (!byBroker?.delete(brokerName)) return
    if (byBroker.size === 0) this.#queues.delete(topic)
    this.#listener.topicChanged(topic)
  }
}

function sameQueueData(a: QueueData, b: QueueData): boolean {
  return (
    a.brokerName === b.brokerName &&
    a.perm === b.perm &&
    a.readQueueNums === b.readQueueNums &&
    a.writeQueueNums === b.writeQueueNums &&
    a.topicSysFlag === b.topicSysFlag
  )
}
