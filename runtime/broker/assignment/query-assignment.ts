import { asObject, JsonFieldError, textField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { RequestMode, RequestModes } from '../admin/request-modes.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { MessageQueue } from '../metadata/message-queue.ts'
import { readBody } from '../metadata/request-body.ts'
import { RETRY_TOPIC_PREFIX } from '../topics/topic-name.ts'
import { ALLOCATIONS, allocateForPop } from './allocation.ts'
import type { TopicQueues } from './topic-queues.ts'

export interface QueryAssignmentParts {
  readonly config: Current<{
    readonly serverLoadBalancerEnable: boolean
    readonly defaultMessageRequestMode: 'PULL' | 'POP'
    readonly defaultPopShareQueueNum: number
  }>
  readonly modes: Pick<RequestModes, 'find'>
  readonly consumers: Pick<ConsumerRegistry, 'get'>
  readonly queues: TopicQueues
}

interface Query {
  readonly topic: string
  readonly consumerGroup: string
  readonly clientId: string
  readonly strategyName: string
  readonly messageModel: 'CLUSTERING' | 'BROADCASTING'
}

/** QUERY_ASSIGNMENT: which queues a client is to consume, and whether by pulling or popping. */
export function registerQueryAssignment(server: HandlerRegistry, parts: QueryAssignmentParts): void {
  server.handle(RequestCode.QUERY_ASSIGNMENT, (request: CommandView) => answer(parts, readBody(request, readQuery)))
}

async function answer(parts: QueryAssignmentParts, query: Query): Promise<Response> {
  const mode = modeOf(parts, query)
  const queues = share(parts, query, mode, await parts.queues.of(query.topic))
  // Without a list the client keeps what it has; an empty one takes all from it.
  const messageQueueAssignments = queues?.map((messageQueue) => ({ messageQueue, mode: mode.mode }))
  return { code: ResponseCode.SUCCESS, body: encodeJson({ messageQueueAssignments }) }
}

function modeOf({ config, modes }: QueryAssignmentParts, query: Query): Pick<RequestMode, 'mode' | 'popShareQueueNum'> {
  const known = modes.find(query.topic, query.consumerGroup)
  if (known !== undefined) return known
  const { defaultMessageRequestMode, defaultPopShareQueueNum } = config.current
  // What was sent back is pulled, whatever the topic is.
  const isPull = query.topic.startsWith(RETRY_TOPIC_PREFIX) || defaultMessageRequestMode === 'PULL'
  return isPull ? { mode: 'PULL', popShareQueueNum: 0 } : { mode: 'POP', popShareQueueNum: defaultPopShareQueueNum }
}

/** Undefined when it cannot be said. */
function share(
  { config, consumers }: QueryAssignmentParts,
  { consumerGroup, clientId, strategyName, messageModel }: Query,
  { mode, popShareQueueNum }: Pick<RequestMode, 'mode' | 'popShareQueueNum'>,
  queues: readonly MessageQueue[],
): readonly MessageQueue[] | undefined {
  if (queues.length === 0) return undefined
  if (messageModel === 'BROADCASTING' || !config.current.serverLoadBalancerEnable) return queues
  const clients = consumers.get(consumerGroup)?.clientIds()
  const allocate = ALLOCATIONS.get(strategyName)
  if (clients === undefined || allocate === undefined) return undefined
  const sorted = [...clients].sort()
  if (mode === 'POP') return allocateForPop(allocate, clientId, queues, sorted, popShareQueueNum)
  return allocate(clientId, queues, sorted)
}

/** {"clientId":"c@1","consumerGroup":"g","messageModel":"CLUSTERING","strategyName":"AVG","topic":"T"} */
function readQuery(value: JsonValue): Query {
  const object = asObject(value, 'assignment query')
  const text = (name: string): string => {
    const found = textField(object, name)
    if (found === undefined) throw new JsonFieldError(`${name} is missing, expected text`)
    return found
  }
  const messageModel = textField(object, 'messageModel') ?? 'CLUSTERING'
  if (messageModel !== 'CLUSTERING' && messageModel !== 'BROADCASTING') {
    throw new JsonFieldError(`messageModel is "${messageModel}", expected CLUSTERING or BROADCASTING`)
  }
  const strategyName = textField(object, 'strategyName') ?? ''
  return {
    ...{ topic: text('topic'), consumerGroup: text('consumerGroup'), clientId: text('clientId') },
    ...{ strategyName, messageModel },
  }
}
