import { decodeMessage } from '../../runtime/codec/message/message-ext.ts'
import { RequestCode } from '../../runtime/codec/remoting/request-code.ts'
import { ResponseCode } from '../../runtime/codec/remoting/response-code.ts'
import type { RemotingClient } from '../../runtime/net/remoting-client.ts'
import { type Acked, bodyOf, QUEUES, TOPIC } from './load.ts'

const TIMEOUT_MS = 5_000

/** Everything a broker serves of the topic: per queue, the sequence number at each queue offset. */
export type Content = readonly (readonly number[])[]

/** Pulls all queues from their beginning. @throws when a body is not the one that was sent, or an offset is out of line. */
export async function contentOf(client: RemotingClient, address: string): Promise<Content> {
  const content: number[][] = []
  for (let queueId = 0; queueId < QUEUES; queueId++) content.push(await queueContent(client, address, queueId))
  return content
}

async function queueContent(client: RemotingClient, address: string, queueId: number): Promise<number[]> {
  const sequences: number[] = []
  for (;;) {
    const fields = {
      consumerGroup: 'crash-verify',
      topic: TOPIC,
      queueId,
      queueOffset: sequences.length,
      maxMsgNums: 32,
      // Bit 2: the subscription is in the request; no waiting for new messages.
      sysFlag: 4,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    }
    const answer = await client.invoke(address, { code: RequestCode.PULL_MESSAGE, fields }, TIMEOUT_MS)
    if (answer.code !== ResponseCode.SUCCESS || !answer.body) {
      const end = Number(answer.fields['maxOffset'])
      if (end === sequences.length) return sequences
      throw new Error(
        `${address} queue ${queueId}: answer ${answer.code} at ${sequences.length}, but it ends at ${end}`,
      )
    }
    readInto(sequences, answer.body, `${address} queue ${queueId}`)
  }
}

function readInto(sequences: number[], body: Buffer, where: string): void {
  for (let at = 0; at < body.length; ) {
    const message = decodeMessage(body, at)
    const sequence = message.body.readDoubleBE(0)
    if (message.queueOffset !== sequences.length) {
      throw new Error(`${where}: offset ${message.queueOffset} where ${sequences.length} belongs`)
    }
    if (!message.body.equals(bodyOf(sequence))) throw new Error(`${where}: message ${sequence} has another body`)
    sequences.push(sequence)
    at += message.sizeBytes
  }
}

export interface Verdict {
  /** Acknowledged, but nowhere in the topic. */
  readonly lost: number
  /** There, but not at the offset that was acknowledged. */
  readonly moved: number
}

export function judge(acked: readonly Acked[], content: Content): Verdict {
  const present = new Set(content.flat())
  let lost = 0
  let moved = 0
  for (const { sequence, queueId, queueOffset } of acked) {
    if (content[queueId]?.[queueOffset] === sequence) continue
    if (present.has(sequence)) moved++
    else lost++
  }
  return { lost, moved }
}
