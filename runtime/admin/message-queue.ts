import { asObject, integerField, textField } from '../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../codec/json/json-value.ts'
import { parseJson } from '../codec/json/parse-json.ts'

/** One queue of a topic on one broker group. */
export interface MessageQueue {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
}

/** By topic, broker and queue, as Java sorts queues. */
export function compareQueues(a: MessageQueue, b: MessageQueue): number {
  return compareTexts(a.topic, b.topic) || compareTexts(a.brokerName, b.brokerName) || a.queueId - b.queueId
}

/** In the order of UTF-16 units, whatever the locale. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function queueText({ topic, brokerName, queueId }: MessageQueue): string {
  return `MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`
}

/** The entries of a body's Map<MessageQueue, ...>, sorted; the keys stand there as JSON objects. @throws JsonFieldError */
export function queueEntries(table: JsonObject | undefined): [MessageQueue, JsonValue][] {
  if (!table) return []
  const entries = Object.entries(table).map(([key, value]): [MessageQueue, JsonValue] => [
    readQueue(parseJson(key)),
    value,
  ])
  return entries.sort(([a], [b]) => compareQueues(a, b))
}

function readQueue(value: JsonValue): MessageQueue {
  const object = asObject(value, 'message queue')
  return {
    topic: textField(object, 'topic') ?? '',
    brokerName: textField(object, 'brokerName') ?? '',
    queueId: integerField(object, 'queueId') ?? 0,
  }
}
