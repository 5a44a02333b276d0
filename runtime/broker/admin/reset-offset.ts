import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { languageName } from '../../codec/remoting/language-code.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Logger } from '../../observe/logger.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ConsumerRegistry } from '../clients/consumer-registry.ts'
import type { SubscriptionGroupTable } from '../groups/subscription-group-table.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import type { MessageQueue } from '../metadata/message-queue.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { TopicConfig } from '../topics/topic-config.ts'
import type { TopicTable } from '../topics/topic-table.ts'
import { QueueFacts } from './queue-facts.ts'

export interface ResetOffsetDeps {
  readonly brokerName: string
  readonly logger: Logger
  readonly topics: TopicTable
  readonly groups: SubscriptionGroupTable
  readonly offsets: ConsumerOffsets
  readonly consumers: ConsumerRegistry
  readonly store: Pick<MessageStore, 'findQueue' | 'storeTimeAt' | 'offsetByTime' | 'minOffsetOf'>
  readonly settings: Current<{ readonly useServerSideResetOffset: boolean; readonly brokerRole: string }>
  /** Answers the pulls of the group that wait in a queue, so that its consumer hears of the new position at once. */
  readonly releasePulls: (group: string, topic: string, queueId: number) => void
}

/** Clients from this MQVersion (V3_0_7_SNAPSHOT) on understand RESET_CONSUMER_CLIENT_OFFSET. */
const RESET_VERSION_MIN = 29

/** INVOKE_BROKER_TO_RESET_OFFSET and CLONE_GROUP_OFFSET. */
export function registerResetOffset(server: HandlerRegistry, deps: ResetOffsetDeps): void {
  const facts = new QueueFacts(deps.store)
  server.handle(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, (request) => {
    const isServerSide = deps.settings.current.useServerSideResetOffset
    return isServerSide ? resetHere(deps, facts, request) : resetInClients(deps, facts, request)
  })
  server.handle(RequestCode.CLONE_GROUP_OFFSET, (request) => cloneOffsets(deps, request))
}

/**
 * Sets positions in the broker; the next pull of each queue takes its one up. A queueId selects one queue, which may also
 * get an `offset`; a negative `timestamp` means the end of the queue.
 */
function resetHere(deps: ResetOffsetDeps, facts: QueueFacts, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const group = request.requiredText('group')
  const timestampMs = request.requiredInteger('timestamp')
  const queueId = request.integer('queueId') ?? -1
  const offset = request.integer('offset') ?? -1
  if (deps.settings.current.brokerRole === 'SLAVE') {
    return { code: ResponseCode.SYSTEM_ERROR, remark: 'Can not reset offset in slave broker' }
  }
  const config = deps.topics.find(topic)
  if (!config) return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `Topic ${topic} does not exist` }
  if (!deps.groups.has(group)) {
    return { code: ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark: `Group ${group} does not exist` }
  }
  const targets = new Map<number, number>()
  if (queueId >= 0) {
    checkQueue(config, queueId)
    if (offset !== -1) checkOffset(facts, topic, queueId, offset)
    targets.set(queueId, offset === -1 ? facts.offsetByTime(topic, queueId, timestampMs) : offset)
  } else {
    for (let id = 0; id < config.readQueueNums; id++) targets.set(id, facts.offsetByTime(topic, id, timestampMs))
  }
  if (targets.size === 0) return { code: ResponseCode.SYSTEM_ERROR, remark: 'No queues to reset.' }
  for (const [id, target] of targets) {
    deps.offsets.assignReset(group, topic, id, target)
    deps.releasePulls(group, topic, id)
  }
  deps.logger.info({ topic, group, targets: [...targets] }, 'consumer offsets reset')
  return answer(deps.brokerName, topic, targets)
}

/** Apache RocketMQ accepts any number here and keeps an offset for a queue that does not exist. */
function checkQueue({ topicName, readQueueNums }: TopicConfig, queueId: number): void {
  if (queueId < readQueueNums) return
  const remark = `queueId ${queueId} is not one of topic ${topicName}, whose read queues are 0 to ${readQueueNums - 1}`
  throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
}

function checkOffset(facts: QueueFacts, topic: string, queueId: number, offset: number): void {
  const min = facts.minOffset(topic, queueId)
  const max = facts.maxOffset(topic, queueId)
  if (offset >= min && offset <= max + 1) return
  const remark = `Target offset ${offset} not in consume queue range [${min}-${max}]`
  throw new RequestError(ResponseCode.SYSTEM_ERROR, remark)
}

/** Tells every online consumer of the group its new positions; the older way, which needs them online. */
function resetInClients(deps: ResetOffsetDeps, facts: QueueFacts, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const group = request.requiredText('group')
  const timestamp = request.requiredInteger('timestamp')
  const config = deps.topics.find(topic)
  if (!config) {
    const remark = `[reset-offset] reset offset failed, no topic in this broker. topic=${topic}`
    return { code: ResponseCode.TOPIC_NOT_EXIST, remark }
  }
  const targets = new Map<number, number>()
  for (let queueId = 0; queueId < config.writeQueueNums; queueId++) {
    const committed = deps.offsets.query(group, topic, queueId)
    if (committed === -1) {
      return { code: ResponseCode.SYSTEM_ERROR, remark: `THe consumer group <${group}> not exist` }
    }
    const byTime = Math.max(0, facts.offsetByTime(topic, queueId, timestamp === -1 ? -1 : timestamp))
    const goesBack = request.flagField('isForce') || byTime < committed
    targets.set(queueId, goesBack ? byTime : committed)
  }
  const members = deps.consumers.get(group)?.members
  if (!members) {
    const remark = `Consumer not online, so can not reset offset, Group: ${group} Topic: ${topic} Timestamp: ${timestamp}`
    return { code: ResponseCode.CONSUMER_NOT_ONLINE, remark }
  }
  const offsetTable = queueTable(deps.brokerName, topic, targets)
  const isForC = languageName(request.language) === 'CPP'
  const body = encodeJson({
    offsetTable: isForC ? Array.from(offsetTable, ([queue, offset]) => ({ ...queue, offset })) : offsetTable,
  })
  const fields = { topic, group, timestamp, queueId: -1, isForce: false }
  for (const member of members.values()) {
    if (member.version < RESET_VERSION_MIN) {
      const remark = `the client does not support this feature. version=${member.version}`
      return { code: ResponseCode.SYSTEM_ERROR, remark }
    }
    member.channel.sendOneway({ code: RequestCode.RESET_CONSUMER_CLIENT_OFFSET, fields, body })
  }
  return answer(deps.brokerName, topic, targets)
}

function answer(brokerName: string, topic: string, targets: ReadonlyMap<number, number>): Response {
  return { code: ResponseCode.SUCCESS, body: encodeJson({ offsetTable: queueTable(brokerName, topic, targets) }) }
}

function queueTable(
  brokerName: string,
  topic: string,
  targets: ReadonlyMap<number, number>,
): Map<MessageQueue, number> {
  return new Map(Array.from(targets, ([queueId, offset]) => [{ brokerName, queueId, topic }, offset]))
}

/** Without a topic, all topics of the source group. */
function cloneOffsets(deps: ResetOffsetDeps, request: CommandView): Response {
  const from = request.requiredText('srcGroup')
  const to = request.requiredText('destGroup')
  const only = request.text('topic')?.trim() || undefined
  const isOffline = request.flagField('offline') ?? false
  const online = deps.consumers.get(from)
  for (const topic of only === undefined ? deps.offsets.topicsOf(from) : [only]) {
    if (!deps.topics.find(topic)) continue
    if (!isOffline && online && online.subscriptions.size > 0 && !online.subscriptions.has(topic)) continue
    deps.offsets.clone(from, to, topic)
  }
  return { code: ResponseCode.SUCCESS }
}
