import type { CommandView } from '../../codec/remoting/command-view.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'

/** The header of a reply, a send's (send-request.ts has the letters of version 2): read once, kept while the push is under way. */
export interface ReplyRequest {
  readonly producerGroup: string
  readonly topic: string
  readonly defaultTopic: string
  readonly defaultTopicQueueNums: number
  readonly queueId: number
  readonly sysFlag: number
  readonly bornTimestamp: number
  readonly flag: number
  readonly properties: string
  readonly reconsumeTimes: number
  readonly unitMode: boolean
}

/** @throws RequestError naming a field that is missing or no number */
export function readReplyRequest(request: CommandView): ReplyRequest {
  const isV2 = request.code === RequestCode.SEND_REPLY_MESSAGE_V2
  const name = (letter: string, full: string): string => (isV2 ? letter : full)
  return {
    producerGroup: request.requiredText(name('a', 'producerGroup')),
    topic: request.requiredText(name('b', 'topic')),
    defaultTopic: request.requiredText(name('c', 'defaultTopic')),
    defaultTopicQueueNums: request.requiredInteger(name('d', 'defaultTopicQueueNums')),
    queueId: request.requiredInteger(name('e', 'queueId')),
    sysFlag: request.requiredInteger(name('f', 'sysFlag')),
    bornTimestamp: request.requiredInteger(name('g', 'bornTimestamp')),
    flag: request.requiredInteger(name('h', 'flag')),
    properties: request.text(name('i', 'properties')) ?? '',
    reconsumeTimes: request.integer(name('j', 'reconsumeTimes')) ?? 0,
    unitMode: request.flagField(name('k', 'unitMode')) ?? false,
  }
}
