import { textListField } from '../codec/json/json-fields.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { MASTER_ID } from '../codec/route/route-data.ts'
import { type AdminClient, addressToRead } from './admin-client.ts'
import { type AbsentError, codeOf, RefusedError } from './admin-error.ts'
import { groupConsumeStats } from './consume-stats.ts'
import { type ConsumerConnection, consumerConnection } from './consumers.ts'
import { compareTexts } from './message-queue.ts'
import type { FoundMessage } from './messages.ts'

type TrackType =
  | 'CONSUMED'
  | 'CONSUMED_BUT_FILTERED'
  | 'PULL'
  | 'NOT_CONSUME_YET'
  | 'NOT_ONLINE'
  | 'CONSUME_BROADCASTING'
  | 'UNKNOWN'

/** What a consumer group did with a message. */
interface MessageTrack {
  readonly consumerGroup: string
  readonly trackType: TrackType
  readonly exceptionDesc: string | undefined
}

export async function messageTracks(client: AdminClient, message: FoundMessage): Promise<MessageTrack[]> {
  const tracks: MessageTrack[] = []
  for (const consumerGroup of await groupsOfTopic(client, message.topic)) {
    tracks.push(await messageTrack(client, message, consumerGroup))
  }
  return tracks
}

/** The groups that have offsets of a topic on any broker that serves it. */
export async function groupsOfTopic(client: AdminClient, topic: string): Promise<string[]> {
  const groups = new Set<string>()
  const { brokerDatas } = await client.route(topic)
  for (const address of brokerDatas.map(addressToRead)) {
    if (address === undefined) continue
    const list = await client.callForObject(address, {
      code: RequestCode.QUERY_TOPIC_CONSUME_BY_WHO,
      fields: { topic },
    })
    for (const group of textListField(list, 'groupList') ?? []) groups.add(group)
  }
  return [...groups].sort(compareTexts)
}

async function messageTrack(client: AdminClient, message: FoundMessage, group: string): Promise<MessageTrack> {
  try {
    const connection = await consumerConnection(client, group)
    return {
      consumerGroup: group,
      trackType: await trackType(client, message, group, connection),
      exceptionDesc: undefined,
    }
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    const words = error instanceof RefusedError ? error.remark : (error as AbsentError).message
    return {
      consumerGroup: group,
      trackType: code === ResponseCode.CONSUMER_NOT_ONLINE ? 'NOT_ONLINE' : 'UNKNOWN',
      exceptionDesc: `CODE:${code} DESC:${words}`,
    }
  }
}

async function trackType(
  client: AdminClient,
  message: FoundMessage,
  group: string,
  connection: ConsumerConnection,
): Promise<TrackType> {
  if (connection.consumeType === 'CONSUME_ACTIVELY') return 'PULL'
  if (connection.messageModel === 'BROADCASTING') return 'CONSUME_BROADCASTING'
  if (!(await isConsumed(client, message, group))) return 'NOT_CONSUME_YET'
  const tags = connection.subscriptions.find(({ topic }) => topic === message.topic)?.tags ?? []
  const isWanted = tags.length === 0 || tags.includes('*') || tags.includes(message.properties.get('TAGS') ?? '')
  return isWanted ? 'CONSUMED' : 'CONSUMED_BUT_FILTERED'
}

async function isConsumed(client: AdminClient, message: FoundMessage, group: string): Promise<boolean> {
  const stats = await groupConsumeStats(client, group)
  const { brokers } = await client.clusterInfo()
  return stats.queues.some(
    (queue) =>
      queue.topic === message.topic &&
      queue.queueId === message.queueId &&
      brokers.get(queue.brokerName)?.brokerAddrs.get(MASTER_ID) === message.storeHost &&
      queue.consumerOffset > message.queueOffset,
  )
}
