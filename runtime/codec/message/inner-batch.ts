import { viewOf } from '../bytes.ts'
import type { MessageExt } from './message-ext.ts'
import { decodeProperties } from './properties.ts'
import { SysFlag } from './sys-flag.ts'

/*
 * An inner batch: the body of a record of a topic with batch consume queues, as it was sent. Messages one after the other:
 *
 *   int32 total size · int32 magic · int32 body CRC · int32 flag · int32 n, n bytes of body · int16 n, n bytes of properties
 *
 * Magic and CRC are not filled in by clients.
 */
const FLAG_AT = 12
const BODY_LENGTH_AT = 16
const BODY_AT = 20

const TAKEN_APART = SysFlag.innerBatch | SysFlag.needUnwrap

/**
 * The messages of a record: itself, or those of the batch that it holds, as official clients take it apart
 * (`MessageDecoder.decodeMessage`). They have the record's place in the log, and offsets from its own on.
 * @throws Error for a body that is no batch
 */
export function messagesOf(record: MessageExt): MessageExt[] {
  if ((record.sysFlag & TAKEN_APART) !== TAKEN_APART) return [record]
  const { body } = record
  const view = viewOf(body)
  const messages: MessageExt[] = []
  for (let at = 0; at < body.length; ) {
    const bodyLength = at + BODY_AT <= body.length ? view.getInt32(at + BODY_LENGTH_AT) : -1
    const propertiesAt = at + BODY_AT + bodyLength + 2
    const propertiesLength = bodyLength >= 0 && propertiesAt <= body.length ? view.getInt16(propertiesAt - 2) : -1
    const end = propertiesAt + propertiesLength
    if (propertiesLength < 0 || end > body.length)
      throw new Error(`the batch at commit log offset ${record.phyOffset} is cut off in message ${messages.length + 1}`)
    messages.push({
      ...record,
      queueOffset: record.queueOffset + messages.length,
      flag: view.getInt32(at + FLAG_AT),
      body: body.subarray(at + BODY_AT, at + BODY_AT + bodyLength),
      properties: decodeProperties(body.toString('utf8', propertiesAt, end)),
    })
    at = end
  }
  return messages
}
