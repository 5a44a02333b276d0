import type { CommandView } from '../../codec/remoting/command-view.ts'
import { type RemotingCommand, type Response, viewOfCommand } from '../../codec/remoting/remoting-command.ts'
import { RequestCode, requestCodeName } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode, responseCodeName } from '../../codec/remoting/response-code.ts'
import {
  isEndDecided,
  type LogicQueueItem,
  physicalOffset,
  staticOffset,
  staticOffsetWithin,
  stretchOf,
} from '../../codec/static-topic/logic-queue-item.ts'
import type { Channel } from '../../net/channel.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { type LogicQueue, logicQueue } from './logic-queue.ts'
import type { OtherBrokers } from './other-brokers.ts'
import type { TopicQueueMappingTable } from './topic-queue-mapping-table.ts'

export interface StaticTopics {
  readonly mappings: TopicQueueMappingTable
  readonly others: Pick<OtherBrokers, 'invoke' | 'mappingsOf'>
}

/** What a broker answers for a queue of a stretch; `code` is left out for the request's own. */
type Ask = (
  item: LogicQueueItem,
  changes?: Readonly<Record<string, string | number | boolean>>,
  code?: number,
) => Promise<Answer>

type Answer = Pick<RemotingCommand, 'code' | 'fields' | 'remark'>
type Rewrite = (queue: LogicQueue, request: RemotingCommand, ask: Ask) => Promise<Response>

/**
 * Requests that name a queue by the number that clients use of a static topic, answered from the stretches of that queue,
 * here and on other brokers. Rules as in AdminBrokerProcessor and ConsumerManageProcessor.
 */
const REWRITES = new Map<number, Rewrite>([
  [RequestCode.GET_MAX_OFFSET, maxOffset],
  [RequestCode.GET_MIN_OFFSET, minOffset],
  [RequestCode.GET_EARLIEST_MSG_STORETIME, earliestStoreTime],
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, offsetByTime],
  [RequestCode.QUERY_CONSUMER_OFFSET, consumerOffset],
  [RequestCode.UPDATE_CONSUMER_OFFSET, commitOffset],
])

/** A registry whose handlers see queues of brokers only. */
export function staticTopicRegistry(server: HandlerRegistry, statics: StaticTopics): HandlerRegistry {
  const handlers = new Map<number, RequestHandler>()
  return {
    handle: (code, handler) => {
      handlers.set(code, handler)
      const rewrite = REWRITES.get(code)
      server.handle(code, rewrite === undefined ? handler : rewriting(handler, rewrite, statics, handlers))
    },
  }
}

type Handlers = ReadonlyMap<number, RequestHandler>

function rewriting(
  handler: RequestHandler,
  rewrite: Rewrite,
  statics: StaticTopics,
  handlers: Handlers,
): RequestHandler {
  return (request, channel) => {
    if (statics.mappings.isEmpty) return handler(request, channel)
    const queue = namedQueue(statics.mappings, request)
    if (queue === undefined) return handler(request, channel)
    if (queue.leader === undefined) throw notLeader(queue)
    const command = request.toCommand()
    return rewrite(queue, command, asker(command, channel, queue.detail.bname, handlers, statics)).catch(
      (error: unknown) => {
        throw error instanceof RequestError ? error : failed(error)
      },
    )
  }
}

/** The queue that a request is about, if its topic is a static one and clients speak: brokers among themselves say lo=false. */
function namedQueue(mappings: TopicQueueMappingTable, request: CommandView): LogicQueue | undefined {
  const topic = request.text('topic')
  const detail = topic === undefined ? undefined : mappings.find(topic)
  if (detail === undefined || request.flagField('lo') === false) return undefined
  return logicQueue(detail, request.integer('queueId'))
}

export function notLeader({ detail, globalId }: Pick<LogicQueue, 'detail' | 'globalId'>): RequestError {
  const { topic, bname } = detail
  const remark = `${topic}-${globalId} does not exit in request process of current broker ${bname}`
  return new RequestError(ResponseCode.NOT_LEADER_FOR_QUEUE, remark)
}

export function failed(error: unknown): RequestError {
  const remark = error instanceof Error ? error.message : String(error)
  return new RequestError(ResponseCode.SYSTEM_ERROR, remark, { cause: error })
}

/** Asks this broker by its own handlers, others with the same request. */
function asker(
  request: RemotingCommand,
  channel: Channel,
  own: string,
  handlers: Handlers,
  { others }: StaticTopics,
): Ask {
  return async ({ bname, queueId }, changes, code = request.code) => {
    const fields = { ...request.fields, ...changes, queueId, lo: false, bname }
    if (bname !== own) return others.invoke(bname, { code, fields })
    const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
    const view = viewOfCommand({ ...request, code, fields: texts, body: undefined })
    const answer = await handlers.get(code)?.(view, channel)
    if (answer === undefined) throw new Error(`${requestCodeName(code)} was not answered`)
    const answered = Object.entries(answer.fields ?? {}).map(([name, value]) => [name, String(value)])
    return { code: answer.code, remark: answer.remark, fields: Object.fromEntries(answered) }
  }
}

async function maxOffset({ items }: LogicQueue, _request: RemotingCommand, ask: Ask): Promise<Response> {
  const item = decided(stretchOf(items, Number.MAX_SAFE_INTEGER))
  return offsetAnswer(staticOffset(item, offsetIn(await ask(item))))
}

async function minOffset({ items }: LogicQueue, _request: RemotingCommand, ask: Ask): Promise<Response> {
  const item = decided(stretchOf(items, 0))
  return offsetAnswer(staticOffsetWithin(item, offsetIn(await ask(item))))
}

async function earliestStoreTime({ items }: LogicQueue, _request: RemotingCommand, ask: Ask): Promise<Response> {
  const { code, fields, remark } = await ask(decided(stretchOf(items, 0)))
  return { code, remark, fields: { timestamp: fields['timestamp'] } }
}

/**
 * From the first stretch that still has a message of that time or later. Apache RocketMQ lets the last stretch decide, which
 * has none for times before a remapping and then answers 0.
 */
async function offsetByTime({ items }: LogicQueue, _request: RemotingCommand, ask: Ask): Promise<Response> {
  const stretches = items.filter((item) => item.logicOffset >= 0)
  for (const item of stretches.slice(0, -1)) {
    const found = offsetIn(await ask(item))
    if (found < 0 || (isEndDecided(item) && found >= item.endOffset)) continue
    if (found < offsetIn(await ask(item, {}, RequestCode.GET_MAX_OFFSET)))
      return offsetAnswer(staticOffset(item, found))
  }
  const last = decided(stretches.at(-1))
  return offsetAnswer(staticOffset(last, offsetIn(await ask(last))))
}

/** The latest stretch that the group has an offset in ("double read"): its offsets stay where they were committed. */
async function consumerOffset({ items }: LogicQueue, _request: RemotingCommand, ask: Ask): Promise<Response> {
  const only = items.length === 1 ? items[0]! : undefined
  if (only?.logicOffset === 0) {
    const { code, remark, fields } = await ask(only)
    return { code, remark, fields }
  }
  for (const item of [...items].reverse()) {
    const answer = await ask(item, { setZeroIfNotFound: false })
    if (answer.code === ResponseCode.QUERY_NOT_FOUND) continue
    return offsetAnswer(staticOffset(item, offsetIn(answer)))
  }
  return { code: ResponseCode.QUERY_NOT_FOUND, remark: 'Not found, maybe this group consumer boot first' }
}

async function commitOffset({ items }: LogicQueue, request: RemotingCommand, ask: Ask): Promise<Response> {
  const offset = Number(request.fields['commitOffset'])
  if (!Number.isSafeInteger(offset)) {
    const remark = `the custom field <commitOffset> is not a whole number: ${request.fields['commitOffset']}`
    throw new RequestError(ResponseCode.SYSTEM_ERROR, remark)
  }
  const item = decided(stretchOf(items, offset))
  const { code, remark } = await ask(item, { commitOffset: Math.max(0, physicalOffset(item, offset)) })
  return { code, remark }
}

function decided(item: LogicQueueItem | undefined): LogicQueueItem {
  if (item === undefined) throw new Error('no stretch of the queue has its offsets decided yet')
  return item
}

/** @throws Error when it is none */
function offsetIn({ code, fields, remark }: Answer): number {
  if (code !== ResponseCode.SUCCESS) throw new Error(`${responseCodeName(code)} ${remark ?? ''}`)
  const offset = Number(fields['offset'])
  if (!Number.isSafeInteger(offset)) throw new Error(`offset is ${JSON.stringify(fields['offset'])}, expected a number`)
  return offset
}

function offsetAnswer(offset: number): Response {
  return { code: ResponseCode.SUCCESS, fields: { offset } }
}
