import { decodeMessages } from '../../runtime/codec/message/message-ext.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import type { RemotingClient } from '../../runtime/net/remoting-client.ts'
import type { Content } from './verdict.ts'

const TIMEOUT_MS = 5_000
const BATCH = 256
/** Bit 2: the subscription is in the request; no waiting for new messages. */
const SYS_FLAG = 4

/** The keys of all messages that a broker serves of a topic, in their queues. */
export async function contentOf(
  client: RemotingClient,
  address: string,
  brokerName: string,
  topic: string,
  queues: number,
): Promise<Content> {
  const content = new Map<string, readonly string[]>()
  for (let queueId = 0; queueId < queues; queueId++) {
    content.set(`${brokerName}/${queueId}`, await keysOf(client, address, topic, queueId))
  }
  return content
}

async function keysOf(client: RemotingClient, address: string, topic: string, queueId: number): Promise<string[]> {
  const keys: string[] = []
  for (;;) {
    const fields = {
      consumerGroup: 'failover-verify',
      topic,
      queueId,
      queueOffset: keys.length,
      maxMsgNums: BATCH,
      sysFlag: SYS_FLAG,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    }
    const answer = await client.invoke(address, { code: RequestCode.PULL_MESSAGE, fields }, TIMEOUT_MS)
    if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) {
      const end = Number(answer.fields['maxOffset'])
      if (end === keys.length) return keys
      throw new Error(`${address} ${topic}/${queueId}: answer ${answer.code} at ${keys.length}, it ends at ${end}`)
    }
    for (const { queueOffset, properties } of decodeMessages(answer.body)) {
      if (queueOffset !== keys.length) {
        throw new Error(`${address} ${topic}/${queueId}: offset ${queueOffset} where ${keys.length} belongs`)
      }
      keys.push(properties.get('KEYS') ?? '')
    }
  }
}

/** The first difference, in words; undefined for equal contents. */
export function contentDifference(left: Content, right: Content): string | undefined {
  for (const [queue, keys] of left) {
    const others = right.get(queue) ?? []
    const at = keys.findIndex((key, offset) => others[offset] !== key)
    if (at >= 0) return `${queue} ${at}: ${keys[at]} and ${others[at]}`
    if (others.length !== keys.length) return `${queue} ends at ${keys.length} and ${others.length}`
  }
  return undefined
}
