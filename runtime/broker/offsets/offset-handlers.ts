import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import type { ConsumerOffsets } from './consumer-offsets.ts'
import { queryCorrectionOffset } from './correction-offsets.ts'

export interface OffsetHandlerDeps {
  readonly topics: Pick<TopicTable, 'find'>
  readonly groups: Pick<SubscriptionGroupTable, 'has'>
  readonly offsets: ConsumerOffsets
  readonly settings: Current<{ readonly useServerSideResetOffset: boolean }>
  /** Whether the queue's first message is number 0 and still so recent that a new group may well begin with it. */
  readonly startsAtZero: (topic: string, queueId: number) => boolean
  /** Number of the first message that the queue still has. */
  readonly minOffset: (topic: string, queueId: number) => number
}

/** QUERY_CONSUMER_OFFSET, UPDATE_CONSUMER_OFFSET, GET_ALL_CONSUMER_OFFSET and QUERY_CORRECTION_OFFSET. */
export function registerOffsetHandlers(server: HandlerRegistry, deps: OffsetHandlerDeps): void {
  server.handle(RequestCode.QUERY_CONSUMER_OFFSET, (request) => queryOffset(deps, request))
  server.handle(RequestCode.UPDATE_CONSUMER_OFFSET, (request) => updateOffset(deps, request))
  server.handle(RequestCode.GET_ALL_CONSUMER_OFFSET, () => ({
    code: ResponseCode.SUCCESS,
    body: deps.offsets.body(),
  }))
  server.handle(RequestCode.QUERY_CORRECTION_OFFSET, (request) => queryCorrectionOffset(deps, request))
}

/** The remarks are those official clients log; they act on the code. */
function queryOffset(deps: OffsetHandlerDeps, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const queueId = request.requiredInteger('queueId')
  const offset = deps.offsets.query(request.requiredText('consumerGroup'), topic, queueId)
  if (offset >= 0) return { code: ResponseCode.SUCCESS, fields: { offset } }
  if (request.flagField('setZeroIfNotFound') === false) {
    return { code: ResponseCode.QUERY_NOT_FOUND, remark: 'Not found, do not set to zero, maybe this group boot first' }
  }
  if (deps.startsAtZero(topic, queueId)) return { code: ResponseCode.SUCCESS, fields: { offset: 0 } }
  const remark = 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first'
  return { code: ResponseCode.QUERY_NOT_FOUND, remark }
}

function updateOffset(deps: OffsetHandlerDeps, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const group = request.requiredText('consumerGroup')
  const queueId = request.requiredInteger('queueId')
  const offset = request.requiredInteger('commitOffset')
  if (!deps.groups.has(group)) {
    return { code: ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark: `Group ${group} not exist!` }
  }
  if (!deps.topics.find(topic)) return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `Topic ${topic} not exist!` }
  // A reset waits to be taken up: what the consumer still commits is from before it.
  if (deps.settings.current.useServerSideResetOffset && deps.offsets.hasReset(group, topic, queueId)) {
    return { code: ResponseCode.SUCCESS, remark: 'Offset has been previously reset' }
  }
  deps.offsets.commit(group, topic, queueId, offset)
  return { code: ResponseCode.SUCCESS }
}
