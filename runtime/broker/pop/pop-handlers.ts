import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Channel } from '../../net/channel.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { LiteAcks } from '../lite/lite-acks.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { Pop } from './pop.ts'
import type { PopLog } from './pop-log.ts'

/** All requests of POP. `noted` is called for each where enablePopLog is set. */
export function registerPopHandlers(server: HandlerRegistry, pop: Pop, lite: LiteAcks, noted: PopLog): void {
  const handle = (code: number, handler: RequestHandler): void => {
    server.handle(code, (request, channel) => {
      if (noted.isEnabled()) noted.note(request, channel)
      return handler(request, channel)
    })
  }
  handle(RequestCode.POP_MESSAGE, (request, channel) => pop.pops.handle(request, channel))
  handle(RequestCode.PEEK_MESSAGE, (request, channel) => pop.peeks.handle(request, channel))
  handle(RequestCode.ACK_MESSAGE, (request, channel) => {
    return lite.isMeant(request) ? lite.ack(request) : pop.acks.ack(request, channel)
  })
  handle(RequestCode.BATCH_ACK_MESSAGE, (request, channel) => pop.acks.ackBatch(request, channel))
  handle(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, (request, channel) => {
    return lite.isMeant(request) ? lite.change(request) : pop.changes.handle(request, channel)
  })
  handle(RequestCode.NOTIFICATION, (request, channel) => pop.notifications.handle(request, channel))
  handle(RequestCode.POLLING_INFO, (request, channel) => pollingInfo(pop, request, channel))
  handle(RequestCode.POP_ROLLBACK, nothingToRollBack)
}

function pollingInfo(pop: Pop, request: CommandView, channel: Channel): Response {
  const topic = request.requiredText('topic')
  const group = request.requiredText('consumerGroup')
  const queueId = Math.max(request.requiredInteger('queueId'), -1)
  pop.access.check(topic, group, queueId, channel.remoteText, 'peeking message')
  return { code: ResponseCode.SUCCESS, fields: { pollingNum: pop.pops.polls.countOf(topic, group, queueId) } }
}

/** It moves records from a RocksDB back to files; here they never leave these. */
function nothingToRollBack(): Response {
  return { code: ResponseCode.SUCCESS, remark: 'POP records are kept in files only: there is nothing to be moved back' }
}
