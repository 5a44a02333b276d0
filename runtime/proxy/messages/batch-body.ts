import type { OutgoingMessage } from './outgoing-message.ts'

/**
 * The body of SEND_BATCH_MESSAGE (source: MessageDecoder.encodeMessage), for each message:
 *   4 size of all   4 magic, 0   4 CRC of the body, 0   4 flag, 0   4 length of the body   body
 *   2 length of the properties   properties
 */
export function batchBody(messages: readonly OutgoingMessage[]): Buffer {
  const properties = messages.map((message) => Buffer.from(message.properties))
  const sizes = messages.map((message, i) => 22 + message.body.length + properties[i]!.length)
  const bytes = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0))
  let at = 0
  messages.forEach(({ body }, i) => {
    bytes.writeInt32BE(sizes[i]!, at)
    bytes.writeInt32BE(body.length, at + 16)
    body.copy(bytes, at + 20)
    bytes.writeInt16BE(properties[i]!.length, at + 20 + body.length)
    properties[i]!.copy(bytes, at + 22 + body.length)
    at += sizes[i]!
  })
  return bytes
}
