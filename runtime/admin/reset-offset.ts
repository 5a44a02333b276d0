import { asInteger, objectField } from '../codec/json/json-fields.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { type AdminClient, addressToRead } from './admin-client.ts'
import { RefusedError } from './admin-error.ts'
import { brokerConsumeStats, brokerTopicStats, isRoutedByCluster } from './consume-stats.ts'
import { compareQueues, type MessageQueue, queueEntries } from './message-queue.ts'
import { cut, heading, row } from './table.ts'

interface Reset {
  readonly cluster: string | undefined
  readonly group: string
  readonly topic: string
  /** -1: to the newest message. */
  readonly timestamp: number
  /** False: only backwards. */
  readonly force: boolean
}

/** Where a queue stands after the reset; the other offsets are known when the tool did it itself. */
interface ResetQueue extends MessageQueue {
  readonly brokerOffset: number
  readonly consumerOffset: number
  readonly timestampOffset: number
  readonly resetOffset: number
}

/**
 * Moves a group to the messages stored at a time: each broker does it, telling consumers that are online. A broker that
 * refuses because none is online has its offsets written from here.
 */
export async function resetOffsets(
  client: AdminClient,
  reset: Reset,
): Promise<{ isOnline: boolean; queues: readonly ResetQueue[] }> {
  const { topic, cluster } = reset
  const route = await client.route(cluster !== undefined && isRoutedByCluster(topic) ? cluster : topic)
  const queues: ResetQueue[] = []
  let isOnline = true
  for (const broker of route.brokerDatas) {
    const address = addressToRead(broker)
    if (address === undefined) continue
    try {
      queues.push(...(await resetByBroker(client, address, reset)))
    } catch (error) {
      if (!(error instanceof RefusedError) || error.code !== ResponseCode.CONSUMER_NOT_ONLINE) throw error
      isOnline = false
      const reads = route.queueDatas.find(({ brokerName }) => brokerName === broker.brokerName)?.readQueueNums ?? 0
      queues.push(...(await resetFromHere(client, address, reset, reads)))
    }
  }
  return { isOnline, queues: queues.sort(compareQueues) }
}

async function resetByBroker(client: AdminClient, address: string, reset: Reset): Promise<ResetQueue[]> {
  const { topic, group, timestamp, force } = reset
  const fields = { topic, group, timestamp, isForce: force, offset: -1 }
  const body = await client.callForObject(address, { code: RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, fields })
  return queueEntries(objectField(body, 'offsetTable')).map(([queue, value]) => {
    const offset = asInteger(value, 'offset')
    return { ...queue, brokerOffset: 0, consumerOffset: 0, timestampOffset: offset, resetOffset: offset }
  })
}

async function resetFromHere(client: AdminClient, address: string, reset: Reset, reads: number): Promise<ResetQueue[]> {
  const { group, topic } = reset
  const stats = await brokerConsumeStats(client, address, group, undefined)
  const consumed = stats.queues.filter((queue) => queue.topic === topic)
  const known = consumed.length > 0 ? consumed : await unconsumed(client, address, topic, reads)
  const queues: ResetQueue[] = []
  for (const queue of known) queues.push(await resetQueue(client, address, reset, queue))
  return queues
}

interface KnownQueue extends MessageQueue {
  readonly brokerOffset: number
  readonly consumerOffset: number
}

async function unconsumed(client: AdminClient, address: string, topic: string, reads: number): Promise<KnownQueue[]> {
  const queues = await brokerTopicStats(client, address, topic)
  return queues
    .filter(({ queueId }) => queueId < reads)
    .map((queue) => ({ ...queue, brokerOffset: queue.maxOffset, consumerOffset: queue.minOffset }))
}

async function resetQueue(client: AdminClient, address: string, reset: Reset, queue: KnownQueue): Promise<ResetQueue> {
  const { topic, brokerName, queueId, brokerOffset, consumerOffset } = queue
  const place = { topic, queueId, bname: brokerName }
  const request =
    reset.timestamp === -1
      ? { code: RequestCode.GET_MAX_OFFSET, fields: place }
      : {
          code: RequestCode.SEARCH_OFFSET_BY_TIMESTAMP,
          fields: { ...place, timestamp: reset.timestamp, boundaryType: 'LOWER' },
        }
  const timestampOffset = Number((await client.call(address, request)).fields['offset'])
  const isReset = reset.force || timestampOffset <= consumerOffset
  if (isReset) {
    const fields = { ...place, consumerGroup: reset.group, commitOffset: timestampOffset }
    await client.call(address, { code: RequestCode.UPDATE_CONSUMER_OFFSET, fields })
  }
  const resetOffset = isReset ? timestampOffset : consumerOffset
  return { topic, brokerName, queueId, brokerOffset, consumerOffset, timestampOffset, resetOffset }
}

interface OneQueue {
  readonly address: string
  readonly group: string
  readonly topic: string
  readonly queueId: number
  readonly timestamp: number
  /** Wins over the time. */
  readonly offset: number | undefined
}

/** Moves a group in one queue: first what the broker remembers, then what its consumers hold. Returns the offset. */
export async function resetOneQueue(client: AdminClient, to: OneQueue): Promise<number> {
  const { address, group, topic, queueId } = to
  const offset = to.offset ?? (await searchOffset(client, to))
  // As the official tool: an offset of 0 is shown and not set.
  if (offset <= 0) return offset
  const update = { consumerGroup: group, topic, queueId, commitOffset: offset }
  await client.call(address, { code: RequestCode.UPDATE_CONSUMER_OFFSET, fields: update })
  const fields = { topic, group, queueId, timestamp: 0, offset, isForce: false }
  await client.call(address, { code: RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, fields })
  return offset
}

async function searchOffset(client: AdminClient, { address, topic, queueId, timestamp }: OneQueue): Promise<number> {
  const request = { code: RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, fields: { topic, queueId, timestamp } }
  return Number((await client.call(address, request)).fields['offset'])
}

const ONLINE = '%-40s  %-40d  %-40d%n'
const OFFLINE = '%-20s  %-20d  %-20d  %-20d  %-20d  %-20d%n'

export function onlineTable(queues: readonly ResetQueue[]): string {
  const lines = queues.map((queue) => row(ONLINE, cut(queue.brokerName, 32), queue.queueId, queue.resetOffset))
  return heading(ONLINE, '#brokerName', '#queueId', '#offset') + lines.join('')
}

export function offlineTable(queues: readonly ResetQueue[], resetTitle: string): string {
  const lines = queues.map(({ brokerName, queueId, brokerOffset, consumerOffset, timestampOffset, resetOffset }) =>
    row(OFFLINE, cut(brokerName, 32), queueId, brokerOffset, consumerOffset, timestampOffset, resetOffset),
  )
  const titles = ['#brokerName', '#queueId', '#brokerOffset', '#consumerOffset', '#timestampOffset', resetTitle]
  return heading(OFFLINE, ...titles) + lines.join('')
}
