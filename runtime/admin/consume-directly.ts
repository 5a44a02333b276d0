import { objectField, textField } from '../codec/json/json-fields.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import type { AdminClient } from './admin-client.ts'
import { AdminError } from './admin-error.ts'
import { consumerRunningInfo } from './consumers.ts'
import type { FoundMessage } from './messages.ts'

/** Has one push consumer consume a message again, and tells with what result. */
export async function consumeDirectly(
  client: AdminClient,
  consumerGroup: string,
  clientId: string,
  message: FoundMessage,
): Promise<string> {
  const info = await consumerRunningInfo(client, consumerGroup, clientId, false)
  if (textField(objectField(info, 'properties') ?? {}, 'PROP_CONSUME_TYPE') !== 'CONSUME_PASSIVELY') {
    throw new AdminError(
      `client ${clientId} of group ${consumerGroup} is no push consumer: messages cannot be pushed to it`,
    )
  }
  const fields = { consumerGroup, clientId, topic: message.topic, msgId: message.msgId }
  const request = { code: RequestCode.CONSUME_MESSAGE_DIRECTLY, fields }
  const result = await client.callForObject(message.storeHost, request)
  const text = (name: string) => textField(result, name) ?? 'null'
  return (
    `ConsumeMessageDirectlyResult [order=${result['order'] ?? false}, autoCommit=${result['autoCommit'] ?? false}, ` +
    `consumeResult=${text('consumeResult')}, remark=${text('remark')}, spentTimeMills=${text('spentTimeMills')}]`
  )
}
