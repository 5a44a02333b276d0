import { decodeMessage } from '../../codec/message/message-ext.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { RequestCode, requestCodeName } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import { responseOf } from './client-link.ts'

/** Hands what a broker asks or tells to a client of the remoting protocol, and its answer back. */
export function relay(
  request: CommandView,
  { from, to }: { readonly from: Channel; readonly to: Channel },
  brokerName: string | undefined,
  timeoutMs: number,
): void {
  const { opaque, serializeType, code, isOneway } = request
  const fields = request.allFields()
  const body = request.bodyLength === 0 ? undefined : Buffer.from(request.body())
  if (code === RequestCode.CHECK_TRANSACTION_STATE && body !== undefined) {
    // The client answers to the broker of this name, and what it may do there is judged by this topic: brokers name that of half messages.
    if (brokerName !== undefined) fields['bname'] ??= brokerName
    fields['topic'] = decodeMessage(body, 0, { decompress: false, checkCrc: false }).topic
  }
  const draft = { code, fields, body }
  if (isOneway) {
    to.sendOneway(draft)
    return
  }
  to.invoke(draft, timeoutMs).then(
    (answer) => from.respond(opaque, serializeType, responseOf(answer)),
    (error: unknown) => {
      const remark = `${requestCodeName(code)}: the client gave the proxy no answer: ${String(error)}`
      from.respond(opaque, serializeType, { code: ResponseCode.SYSTEM_ERROR, remark })
    },
  )
}
