import { ProxyError } from '../proxy-error.ts'
import { StatusCode } from '../wire/status-code.ts'

/*
 * What a consumer shows to acknowledge a message. For brokers, texts with blanks between them:
 *   start offset, time of the pop (ms), invisible time (ms), revive queue, kind of topic, broker name, queue, queue offset
 * and for clients of the proxy one more: the message's offset in the commit log (source: ReceiptHandle, ExtraInfoUtil).
 * The kind of topic: 0 the topic itself, 1 its retry topic, 2 a retry topic of the second kind.
 */

const BROKER_PARTS = 8

export interface ReceiptHandle {
  /** What brokers know it by, and what the client has. */
  readonly text: string
  readonly popTimeMs: number
  readonly nextVisibleMs: number
  readonly topicKind: string
  readonly brokerName: string
  readonly queueId: number
  readonly queueOffset: number
  /** -1 when it was left out. */
  readonly commitLogOffset: number
}

/** @throws ProxyError INVALID_RECEIPT_HANDLE */
export function parseReceiptHandle(text: string): ReceiptHandle {
  const parts = text.split(' ')
  const numbers = [0, 1, 2, 3, 6, 7].map((i) => Number(parts[i]))
  const commitLogOffset = parts[BROKER_PARTS] === undefined ? -1 : Number(parts[BROKER_PARTS])
  if (parts.length < BROKER_PARTS || ![...numbers, commitLogOffset].every(Number.isSafeInteger)) {
    throw new ProxyError(StatusCode.INVALID_RECEIPT_HANDLE, `"${text.slice(0, 200)}" is no receipt handle of a message`)
  }
  const [, popTimeMs = 0, invisibleMs = 0, , queueId = 0, queueOffset = 0] = numbers
  return {
    text,
    popTimeMs,
    nextVisibleMs: popTimeMs + invisibleMs,
    topicKind: parts[4]!,
    brokerName: parts[5]!,
    queueId,
    queueOffset,
    commitLogOffset,
  }
}

/** @throws ProxyError INVALID_RECEIPT_HANDLE when the message can be seen by others again */
export function assertVisibleLater(handle: ReceiptHandle, nowMs: number): void {
  if (handle.nextVisibleMs > nowMs) return
  throw new ProxyError(StatusCode.INVALID_RECEIPT_HANDLE, 'receipt handle is expired')
}

/** The topic that the broker keeps the message in. */
export function realTopic({ topicKind }: ReceiptHandle, topic: string, group: string): string {
  if (topicKind === '1') return `%RETRY%${group}_${topic}`
  if (topicKind === '2') return `%RETRY%${group}+${topic}`
  return topic
}

/** How the pop answers of brokers call the topic of a message. */
export function topicKindOf(topic: string): string {
  if (!topic.startsWith('%RETRY%')) return '0'
  return topic.includes('+') ? '2' : '1'
}
