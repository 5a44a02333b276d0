import { Property } from '../../codec/message/properties.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { MessageDraft } from '../../store/message-draft.ts'
import { liteQueueName, liteTopicProblem } from '../lite/lite-queue-name.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import { propertiesOf, setProperties } from './rewritten-properties.ts'

/**
 * Aims a message that names a lite topic (__LITE_TOPIC) at the light queue of that: it is consumed there.
 * @param keepsLightQueues whether this broker has any
 * @throws RequestError MESSAGE_ILLEGAL for a name that can be that of no lite topic, and where nobody would ever get the message
 */
export function aimAtLiteTopic(draft: MessageDraft, topic: TopicConfig, keepsLightQueues: boolean): void {
  const properties = propertiesOf(draft)
  const lite = properties.get(Property.liteTopic)
  if (lite === undefined) return
  const problem = liteTopicProblem(topic.topicName, lite)
  if (problem !== undefined) throw illegal(`${Property.liteTopic} is '${lite}', which can be no lite topic: ${problem}`)
  if (!keepsLightQueues && topic.attributes.get('message.type') === 'LITE') {
    throw illegal(
      `topic ${topic.topicName} is of type LITE, this broker serves no lite topics: they need enableLmq=true and enableMultiDispatch=true`,
    )
  }
  properties.set(Property.innerMultiDispatch, liteQueueName(topic.topicName, lite))
  setProperties(draft, properties)
}

function illegal(remark: string): RequestError {
  return new RequestError(ResponseCode.MESSAGE_ILLEGAL, remark)
}
