import { asObject, integerField, objectField } from '../../codec/json/json-fields.ts'
import { parseJson, parseJsonBytes } from '../../codec/json/parse-json.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import type { TopicQueueMapping } from '../../codec/route/route-data.ts'
import type { LogicQueueItem } from '../../codec/static-topic/logic-queue-item.ts'
import { readMappedTopic } from '../../codec/static-topic/mapped-topic.ts'
import type { TopicQueueMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import type { Logger } from '../../observe/logger.ts'
import type { QueueFacts } from '../admin/queue-facts.ts'
import { readMessageQueue } from '../metadata/message-queue.ts'
import type { OtherBrokers } from './other-brokers.ts'
import type { TopicQueueMappingTable } from './topic-queue-mapping-table.ts'

export interface MappingCleanerParts {
  readonly mappings: TopicQueueMappingTable
  readonly others: Pick<OtherBrokers, 'invoke' | 'mappingsOf'>
  readonly facts: Pick<QueueFacts, 'minOffset' | 'maxOffset'>
  /** A slave has what its master has. */
  readonly isActive: () => boolean
  readonly logger: Logger
}

/**
 * Takes out of the mappings what nobody needs any more: stretches without messages, and on brokers that led a queue long ago
 * the whole queue (source: TopicQueueMappingCleanService).
 */
export class MappingCleaner {
  readonly #parts: MappingCleanerParts
  #isBusy = false

  constructor(parts: MappingCleanerParts) {
    this.#parts = parts
  }

  /** Never rejects: what cannot be found out now stays as it is. */
  async clean(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      for (const detail of [...this.#parts.mappings.all()]) await this.#cleanTopic(detail)
    } finally {
      this.#isBusy = false
    }
  }

  async #cleanTopic(detail: TopicQueueMappingDetail): Promise<void> {
    const { mappings, isActive, logger } = this.#parts
    const { topic } = detail
    try {
      const emptied = await this.#withoutEmpty(detail)
      const hostedQueues = await this.#withoutForeign(detail, emptied)
      // Administrators may have changed it meanwhile.
      const isStill = isActive() && mappings.find(topic) === detail
      if (hostedQueues !== detail.hostedQueues && isStill) mappings.put({ ...detail, hostedQueues })
    } catch (error) {
      logger.warn({ topic, reason: String(error) }, 'the mapping of a static topic is not cleaned now')
    }
  }

  /** Queues led here, without their first stretch if that has no message any more. */
  async #withoutEmpty({ topic, bname, hostedQueues }: TopicQueueMappingDetail): Promise<Hosted> {
    const changed = new Map<number, readonly LogicQueueItem[]>()
    for (const [globalId, items] of hostedQueues) {
      const [first] = items
      if (first === undefined || items.length < 2 || items.at(-1)!.bname !== bname) continue
      const isEmpty =
        first.bname === bname ? this.#isEmptyHere(topic, first.queueId) : await this.#isEmptyAt(topic, first)
      if (isEmpty) changed.set(globalId, items.slice(1))
    }
    return changed.size === 0 ? hostedQueues : new Map([...hostedQueues, ...changed])
  }

  #isEmptyHere(topic: string, queueId: number): boolean {
    const { facts } = this.#parts
    return facts.maxOffset(topic, queueId) === facts.minOffset(topic, queueId)
  }

  async #isEmptyAt(topic: string, { bname, queueId }: LogicQueueItem): Promise<boolean> {
    const request = { code: RequestCode.GET_TOPIC_STATS_INFO, fields: { topic, lo: false, bname } }
    const { code, body, remark } = await this.#parts.others.invoke(bname, request)
    if (code !== ResponseCode.SUCCESS || body === undefined)
      throw new Error(`${responseCodeName(code)} ${remark ?? ''}`)
    const table = objectField(asObject(parseJsonBytes(body), 'topic stats'), 'offsetTable') ?? {}
    for (const [key, value] of Object.entries(table)) {
      const queue = readMessageQueue(parseJson(key))
      if (queue.brokerName !== bname || queue.queueId !== queueId) continue
      const offsets = asObject(value, 'offsets')
      const max = integerField(offsets, 'maxOffset') ?? -1
      return max === 0 || max === integerField(offsets, 'minOffset')
    }
    return false
  }

  /** Without the queues that went on from the broker which took them from here. */
  async #withoutForeign(
    { topic, bname, epoch, totalQueues }: TopicQueueMappingDetail,
    hosted: Hosted,
  ): Promise<Hosted> {
    const given = [...hosted].filter(([, items]) => items.length > 0 && items.at(-1)!.bname !== bname)
    if (given.length === 0) return hosted
    const leaders = leadersIn(await this.#parts.others.mappingsOf(topic))
    const gone = new Set<number>()
    for (const [globalId, items] of given) {
      const leader = leaders.get(globalId)
      if (leader === undefined || leader === items.at(-1)!.bname) continue
      const detail = await this.#detailAt(topic, leader)
      const isSure = detail?.epoch === epoch && detail.totalQueues === totalQueues
      if (isSure && detail.hostedQueues.get(globalId)?.at(-1)?.bname === leader) gone.add(globalId)
    }
    return gone.size === 0 ? hosted : new Map([...hosted].filter(([globalId]) => !gone.has(globalId)))
  }

  async #detailAt(topic: string, bname: string): Promise<TopicQueueMappingDetail | undefined> {
    const request = { code: RequestCode.GET_TOPIC_CONFIG, fields: { topic, lo: true, bname } }
    const { code, body } = await this.#parts.others.invoke(bname, request)
    return code === ResponseCode.SUCCESS && body !== undefined
      ? readMappedTopic(parseJsonBytes(body)).mappingDetail
      : undefined
  }
}

type Hosted = ReadonlyMap<number, readonly LogicQueueItem[]>

/** The broker of the latest epoch that says it leads the queue. */
function leadersIn(mappings: Iterable<TopicQueueMapping>): Map<number, string> {
  const leaders = new Map<number, string>()
  for (const { bname, currIdMap } of [...mappings].sort((a, b) => a.epoch - b.epoch)) {
    for (const globalId of currIdMap.keys()) leaders.set(globalId, bname)
  }
  return leaders
}
