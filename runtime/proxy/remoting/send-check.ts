import { decodeProperties, Property } from '../../codec/message/properties.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import type { TopicType } from '../brokers/message-type.ts'

const DELAYS = [Property.delay, Property.timerDeliverMs, Property.timerDelaySec, Property.timerDelayMs]
/** Of a message that another cluster hands on. */
const TRANSFER_FLAG = 'TRANSFER_FLAG'

export interface SentMessage {
  readonly topic: string
  readonly type: TopicType
}

/** What a request sends, if its topic's type is to be looked at (source: SendMessageActivity, TopicMessageType). */
export function sentMessage(request: CommandView): SentMessage | undefined {
  const isV1 = request.code === RequestCode.SEND_MESSAGE
  const topic = request.requiredText(isV1 ? 'topic' : 'b')
  if (topic.startsWith('%RETRY%') || topic.startsWith('%DLQ%')) return undefined
  const properties = decodeProperties(request.text(isV1 ? 'properties' : 'i') ?? '')
  return properties.has(TRANSFER_FLAG) ? undefined : { topic, type: typeOf(properties) }
}

function typeOf(properties: ReadonlyMap<string, string>): TopicType {
  if (properties.get(Property.transactionPrepared) === 'true') return 'TRANSACTION'
  if (DELAYS.some((name) => properties.has(name))) return 'DELAY'
  return properties.has(Property.shardingKey) ? 'FIFO' : 'NORMAL'
}
