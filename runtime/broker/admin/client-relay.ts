import { asObject, integerField, objectField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { parseJson, parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { decodeMessageId } from '../../codec/message/message-id.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { RequestDraft, Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { InvocationError } from '../../net/pending-invocations.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ClientInfo } from '../clients/client-info.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { type MessageQueue, readMessageQueue } from '../metadata/message-queue.ts'
import type { TopicTable } from '../topics/topic-table.ts'

export interface ClientRelayDeps {
  readonly brokerName: string
  readonly logger: Logger
  readonly topics: Pick<TopicTable, 'find'>
  readonly groups: Pick<SubscriptionGroupTable, 'find'>
  readonly consumers: Pick<ConsumerRegistry, 'get'>
  readonly store: Pick<MessageStore, 'recordAt'>
}

const RELAY_TIMEOUT_MS = 10_000
const STATUS_TIMEOUT_MS = 5_000
/** MQVersion ordinals: V3_1_8_SNAPSHOT and V3_0_7_SNAPSHOT. */
const RELAY_VERSION_MIN = 63
const STATUS_VERSION_MIN = 29

/** Questions that consumers answer: GET_CONSUMER_RUNNING_INFO, CONSUME_MESSAGE_DIRECTLY, INVOKE_BROKER_TO_GET_CONSUMER_STATUS. */
export function registerClientRelay(server: HandlerRegistry, deps: ClientRelayDeps): void {
  server.handle(RequestCode.GET_CONSUMER_RUNNING_INFO, (request) => {
    const { code } = request
    return relay(deps, request, { code, fields: request.allFields(), body: Buffer.from(request.body()) })
  })
  server.handle(RequestCode.CONSUME_MESSAGE_DIRECTLY, (request) => consumeDirectly(deps, request))
  server.handle(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, (request) => consumerStatus(deps, request))
}

/** Passes a request on to one consumer, and its answer back. */
function relay(deps: ClientRelayDeps, request: CommandView, draft: RequestDraft): Response | Promise<Response> {
  const group = request.requiredText('consumerGroup')
  const clientId = request.text('clientId') ?? ''
  const client = deps.consumers.get(group)?.member(clientId)
  if (!client) {
    return { code: ResponseCode.SYSTEM_ERROR, remark: `The Consumer <${group}> <${clientId}> not online` }
  }
  if (client.version < RELAY_VERSION_MIN) {
    const remark = `The Consumer <${clientId}> Version <${client.version}> too low to finish, please upgrade it to V3_1_8_SNAPSHOT`
    return { code: ResponseCode.SYSTEM_ERROR, remark }
  }
  return callClient(client, draft, `consumer <${group}> <${clientId}>`)
}

async function callClient({ channel }: ClientInfo, draft: RequestDraft, who: string): Promise<Response> {
  try {
    const { code, remark, fields, body } = await channel.invoke(draft, RELAY_TIMEOUT_MS)
    return { code, remark, fields, body }
  } catch (error) {
    if (!(error instanceof InvocationError)) throw error
    if (error.reason === 'timeout') {
      return { code: ResponseCode.CONSUME_MSG_TIMEOUT, remark: `${who} Timeout: ${error.message}` }
    }
    return { code: ResponseCode.SYSTEM_ERROR, remark: `invoke ${who} Exception: ${error.message}` }
  }
}

/** Sends a stored message, as its record, to one consumer to be consumed at once. */
function consumeDirectly(deps: ClientRelayDeps, request: CommandView): Response | Promise<Response> {
  const msgId = request.text('msgId') ?? ''
  const phyOffset = decodeMessageId(msgId)?.phyOffset
  if (phyOffset === undefined) {
    return {
      code: ResponseCode.INVALID_PARAMETER,
      remark: `msgId "${msgId}" is not the offset message id of a message`,
    }
  }
  const record = deps.store.recordAt(phyOffset)
  if (!record) return { code: ResponseCode.SYSTEM_ERROR, remark: `this broker has no message with id ${msgId}` }
  const topic = request.text('topic')
  const group = request.requiredText('consumerGroup')
  const fields = {
    ...request.allFields(),
    brokerName: deps.brokerName,
    topicSysFlag: topic === undefined ? undefined : deps.topics.find(topic)?.topicSysFlag,
    groupSysFlag: deps.groups.find(group)?.groupSysFlag,
  }
  const body = Buffer.from(record.bytes.subarray(record.start, record.start + record.length))
  return relay(deps, request, { code: request.code, fields, body })
}

/** Asks the consumers of a group, or the one named, how far they have come in the queues of a topic. */
function consumerStatus(deps: ClientRelayDeps, request: CommandView): Response | Promise<Response> {
  const topic = request.requiredText('topic')
  const group = request.requiredText('group')
  const clientId = request.text('clientAddr')?.trim() || undefined
  const members = [...(deps.consumers.get(group)?.members.values() ?? [])]
  if (members.length === 0) {
    return { code: ResponseCode.SYSTEM_ERROR, remark: `No Any Consumer online in the consumer group: [${group}]` }
  }
  const asked = members.filter((member) => clientId === undefined || member.clientId === clientId)
  const old = asked.find((member) => member.version < STATUS_VERSION_MIN)
  if (old) {
    const remark = `the client does not support this feature. version=${old.version}`
    return { code: ResponseCode.SYSTEM_ERROR, remark }
  }
  return gatherStatus(deps, asked, { code: RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, fields: { topic, group } })
}

async function gatherStatus(
  deps: ClientRelayDeps,
  members: readonly ClientInfo[],
  draft: RequestDraft,
): Promise<Response> {
  const consumerTable = new Map<string, Map<MessageQueue, number>>()
  await Promise.all(
    members.map(async ({ channel, clientId }) => {
      try {
        const { code, body } = await channel.invoke(draft, STATUS_TIMEOUT_MS)
        if (code === ResponseCode.SUCCESS && body) consumerTable.set(clientId, readStatus(parseJsonBytes(body)))
      } catch (error) {
        // The others' answers are worth having without this one's.
        deps.logger.warn({ client: clientId, problem: String(error) }, 'a consumer did not tell its status')
      }
    }),
  )
  return { code: ResponseCode.SUCCESS, body: encodeJson({ consumerTable, messageQueueTable: new Map() }) }
}

/** The keys are queues written as JSON objects. */
function readStatus(content: JsonValue): Map<MessageQueue, number> {
  const table = objectField(asObject(content, 'consumer status'), 'messageQueueTable') ?? {}
  return new Map(
    Object.keys(table).map((queue) => [readMessageQueue(parseJson(queue)), integerField(table, queue) ?? 0]),
  )
}
