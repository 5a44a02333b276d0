/*
 * What a producer is given to recall a message with: `v1 topic brokerName time uniqueKey`, in Base64 for URLs. The time is that
 * of the message's slot and one ms more, so that a message due then falls into the same slot.
 */
const VERSION = 'v1'
const URL_BASE64 = /^[A-Za-z0-9_-]+={0,2}$/

export interface RecallHandle {
  readonly topic: string
  readonly brokerName: string
  readonly timeText: string
  readonly uniqueKey: string
}

export function encodeRecallHandle({ topic, brokerName, timeText, uniqueKey }: RecallHandle): string {
  const text = Buffer.from([VERSION, topic, brokerName, timeText, uniqueKey].join(' '))
  return text.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** Undefined for what is none. */
export function decodeRecallHandle(handle: string): RecallHandle | undefined {
  if (!URL_BASE64.test(handle)) return undefined
  const [version, topic, brokerName, timeText, uniqueKey] = Buffer.from(handle, 'base64url').toString().split(' ')
  if (version !== VERSION || !topic || !brokerName || !timeText || !uniqueKey) return undefined
  return { topic, brokerName, timeText, uniqueKey }
}
