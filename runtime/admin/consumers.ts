import { asObject, integerField, listField, objectField, textField, textListField } from '../codec/json/json-fields.ts'
import type { JsonObject } from '../codec/json/json-value.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import { ResponseCode } from '../codec/remoting/response-code.ts'
import { type AdminClient, addressToRead } from './admin-client.ts'
import { AbsentError } from './admin-error.ts'
import { retryTopic } from './consume-stats.ts'
import { compareTexts } from './message-queue.ts'

/** One client connected to a broker. */
export interface ClientConnection {
  readonly clientId: string
  readonly clientAddr: string
  readonly language: string
  readonly version: number
}

/** Who consumes as a group, as a broker knows it. */
export interface ConsumerConnection {
  readonly connections: readonly ClientConnection[]
  /** By topic: the topic, its expression and its tags. */
  readonly subscriptions: readonly Subscription[]
  readonly consumeType: string | undefined
  readonly messageModel: string | undefined
  readonly consumeFromWhere: string | undefined
}

interface Subscription {
  readonly topic: string
  readonly subString: string
  readonly tags: readonly string[]
}

/** Asks one broker, or without an address the first that serves the group. @throws AbsentError when nobody is connected */
export async function consumerConnection(
  client: AdminClient,
  consumerGroup: string,
  brokerAddress?: string,
): Promise<ConsumerConnection> {
  const address = brokerAddress ?? (await brokerOfGroup(client, consumerGroup))
  const request = { code: RequestCode.GET_CONSUMER_CONNECTION_LIST, fields: { consumerGroup } }
  const body = await client.callForObject(address, request)
  const connections = readConnections(body)
  if (connections.length === 0) {
    throw new AbsentError(
      ResponseCode.CONSUMER_NOT_ONLINE,
      `group ${consumerGroup} is not online: no client of it is connected to ${address}`,
    )
  }
  const table = objectField(body, 'subscriptionTable') ?? {}
  return {
    connections,
    subscriptions: Object.keys(table)
      .sort(compareTexts)
      .map((topic) => readSubscription(asObject(table[topic], topic))),
    consumeType: textField(body, 'consumeType'),
    messageModel: textField(body, 'messageModel'),
    consumeFromWhere: textField(body, 'consumeFromWhere'),
  }
}

function readSubscription(data: JsonObject): Subscription {
  return {
    topic: textField(data, 'topic') ?? '',
    subString: textField(data, 'subString') ?? '',
    tags: textListField(data, 'tagsSet') ?? [],
  }
}

export function readConnections(body: JsonObject): ClientConnection[] {
  return (listField(body, 'connectionSet') ?? [])
    .map((value) => {
      const connection = asObject(value, 'connection')
      return {
        clientId: textField(connection, 'clientId') ?? '',
        clientAddr: textField(connection, 'clientAddr') ?? '',
        language: textField(connection, 'language') ?? '',
        version: integerField(connection, 'version') ?? 0,
      }
    })
    .sort((a, b) => compareTexts(a.clientId, b.clientId))
}

/** What a consumer tells of itself, through its broker. */
export async function consumerRunningInfo(
  client: AdminClient,
  consumerGroup: string,
  clientId: string,
  jstackEnable: boolean,
): Promise<JsonObject> {
  const address = await brokerOfGroup(client, consumerGroup)
  const fields = { consumerGroup, clientId, jstackEnable }
  return client.callForObject(address, { code: RequestCode.GET_CONSUMER_RUNNING_INFO, fields })
}

/** Every broker of the group knows all its clients: any will do. */
async function brokerOfGroup(client: AdminClient, consumerGroup: string): Promise<string> {
  const topic = retryTopic(consumerGroup)
  const route = await client.route(topic)
  const address = route.brokerDatas.map(addressToRead).find((candidate) => candidate !== undefined)
  if (address !== undefined) return address
  throw new AbsentError(ResponseCode.TOPIC_NOT_EXIST, `the route of ${topic} names no broker`)
}
