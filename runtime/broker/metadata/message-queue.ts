import { asInteger, asObject, asText, JsonFieldError } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'

/** A queue as clients name it. */
export interface MessageQueue {
  readonly brokerName: string
  readonly queueId: number
  readonly topic: string
}

/** @throws JsonFieldError */
export function readMessageQueue(value: JsonValue): MessageQueue {
  const { brokerName, queueId, topic } = asObject(value, 'queue')
  if (brokerName === undefined || queueId === undefined || topic === undefined) {
    throw new JsonFieldError('a queue needs brokerName, queueId and topic')
  }
  return {
    brokerName: asText(brokerName, 'brokerName'),
    queueId: asInteger(queueId, 'queueId'),
    topic: asText(topic, 'topic'),
  }
}
