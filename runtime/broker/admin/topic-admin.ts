import { asObject, listField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { MappingError } from '../../codec/static-topic/mapping-checks.ts'
import { readMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import type { MessageStore } from '../../store/message-store.ts'
import { AttributeError, parseAttributeChanges } from '../attributes/attribute.ts'
import { isLiteTopic } from '../lite/lite-access.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { readBody } from '../metadata/request-body.ts'
import { saveNow } from '../metadata/save-now.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { TopicQueueMappingTable } from '../static-topics/topic-queue-mapping-table.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import { Perm, readTopicConfig, type TopicConfig, topicConfig } from '../topics/topic-config.ts'
import { retryTopic, topicNameProblem } from '../topics/topic-name.ts'
import { requestedPage } from '../topics/topic-page.ts'
import type { TopicTable } from '../topics/topic-table.ts'

interface TopicAdminSettings {
  readonly validateSystemTopicWhenUpdateTopic: boolean
  readonly enableMixedMessageType: boolean
  readonly enableSplitMetadata: boolean
  readonly splitMetadataSize: number
  readonly clearRetryTopicWhenDeleteTopic: boolean
}

export interface TopicAdminDeps {
  readonly topics: TopicTable
  readonly mappings: TopicQueueMappingTable
  readonly offsets: ConsumerOffsets
  readonly stats: BrokerStats
  readonly store: Pick<MessageStore, 'deleteTopic'>
  /** Deletes all lite topics of a topic. */
  readonly endLiteTopicsOf: (topic: string) => void
  readonly settings: Current<TopicAdminSettings>
}

/** More queues than any cluster has use for; each costs memory here and in every client's route. */
const QUEUE_NUMS_MAX = 65_535

/** Creating, changing, deleting and listing topics. */
export function registerTopicAdmin(server: HandlerRegistry, deps: TopicAdminDeps): void {
  server.handle(RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => update(deps, [requestedTopic(request)]))
  server.handle(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, (request) => update(deps, readBody(request, readTopicList)))
  server.handle(RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, (request) => updateStatic(deps, request))
  server.handle(RequestCode.DELETE_TOPIC_IN_BROKER, (request) => deleteTopic(deps, request))
  server.handle(RequestCode.GET_TOPIC_CONFIG, (request) => getTopic(deps, request))
  server.handle(RequestCode.GET_ALL_TOPIC_CONFIG, (request) => getAllTopics(deps, request))
  server.handle(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, () => ({
    code: ResponseCode.SUCCESS,
    body: encodeJson({ topicList: deps.topics.systemTopicNames() }),
  }))
}

function requestedTopic(request: CommandView): TopicConfig {
  const filter = request.requiredText('topicFilterType')
  if (filter !== 'SINGLE_TAG' && filter !== 'MULTI_TAG') {
    throw new RequestError(ResponseCode.SYSTEM_ERROR, `topicFilterType = [${filter}] value invalid`)
  }
  return topicConfig(request.requiredText('topic'), {
    readQueueNums: request.requiredInteger('readQueueNums'),
    writeQueueNums: request.requiredInteger('writeQueueNums'),
    perm: request.requiredInteger('perm'),
    topicFilterType: filter,
    topicSysFlag: request.integer('topicSysFlag'),
    order: request.flagField('order'),
    attributes: asAnswer(() => parseAttributeChanges(request.text('attributes'))),
  })
}

function readTopicList(content: JsonValue): TopicConfig[] {
  return (listField(asObject(content, 'topic list'), 'topicConfigList') ?? []).map(readTopicConfig)
}

function update(deps: TopicAdminDeps, requested: readonly TopicConfig[]): Response {
  for (const config of requested) check(deps, config)
  asAnswer(() => deps.topics.update(requested))
  saveNow(deps.topics.state)
  return { code: ResponseCode.SUCCESS }
}

/** The queues that this broker has of a static topic, and what they are in the topic as a whole. All or nothing. */
function updateStatic(deps: TopicAdminDeps, request: CommandView): Response {
  const { topics, mappings } = deps
  const config = { ...requestedTopic(request), order: false, attributes: new Map<string, string>() }
  check(deps, config)
  const detail = readBody(request, readMappingDetail)
  if (detail.topic !== config.topicName) {
    const remark = `the body is the mapping of topic ${detail.topic}, the header names ${config.topicName}`
    throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
  }
  const mapped = asAnswer(() => mappings.succession(detail, request.flagField('force') ?? false))
  asAnswer(() => topics.update([config]))
  mappings.put(mapped)
  saveNow(topics.state, mappings.state)
  return { code: ResponseCode.SUCCESS }
}

function check(deps: TopicAdminDeps, config: TopicConfig): void {
  const { topicName, readQueueNums, writeQueueNums, perm } = config
  const problem = topicNameProblem(topicName) ?? systemTopicProblem(deps, topicName)
  if (problem !== undefined) throw new RequestError(ResponseCode.INVALID_PARAMETER, problem)
  for (const [name, queueNums] of Object.entries({ readQueueNums, writeQueueNums })) {
    if (queueNums >= 0 && queueNums <= QUEUE_NUMS_MAX) continue
    const remark = `${name} of topic ${topicName} is ${queueNums}: give a number from 0 to ${QUEUE_NUMS_MAX}`
    throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
  }
  if (perm < 0 || perm >= Perm.PRIORITY) {
    const remark = `perm of topic ${topicName} is ${perm}: give the sum of 4 (read), 2 (write) and 1 (inherit)`
    throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
  }
  const { attributes } = config
  if (attributes.get('+cleanup.policy') === 'COMPACTION' && attributes.get('+queue.type') === 'BatchCQ') {
    const remark = `topic ${topicName} cannot have both cleanup.policy=COMPACTION and queue.type=BatchCQ: leave one of them out`
    throw new RequestError(ResponseCode.INVALID_PARAMETER, remark)
  }
  if (!deps.settings.current.enableMixedMessageType && config.attributes.get('+message.type') === 'MIXED') {
    throw new RequestError(ResponseCode.INVALID_PARAMETER, 'MIXED message type is not supported.')
  }
}

function systemTopicProblem(deps: TopicAdminDeps, topic: string): string | undefined {
  if (!deps.settings.current.validateSystemTopicWhenUpdateTopic || !deps.topics.isSystem(topic)) return undefined
  return `The topic[${topic}] is conflict with system topic.`
}

/** A topic that does not exist is as good as deleted: administrators repeat what may have failed half-way. */
function deleteTopic(deps: TopicAdminDeps, request: CommandView): Response {
  const topic = request.requiredText('topic')
  if (topic.trim() === '') return { code: ResponseCode.INVALID_PARAMETER, remark: 'The specified topic is blank.' }
  const problem = systemTopicProblem(deps, topic)
  if (problem !== undefined) return { code: ResponseCode.INVALID_PARAMETER, remark: problem }
  if (isLiteTopic(deps.topics.find(topic))) deps.endLiteTopicsOf(topic)
  for (const name of [topic, ...popRetryTopics(deps, topic)]) {
    deps.topics.delete(name)
    deps.mappings.delete(name)
    deps.offsets.removeTopic(name)
    deps.stats.onTopicDeleted(name)
    deps.store.deleteTopic(name)
  }
  saveNow(deps.topics.state, deps.offsets.state)
  if (deps.mappings.state.isChanged) saveNow(deps.mappings.state)
  return { code: ResponseCode.SUCCESS }
}

/** Retry topics that POP consumers have per topic and group, in both of their spellings. */
function popRetryTopics(deps: TopicAdminDeps, topic: string): string[] {
  if (!deps.settings.current.clearRetryTopicWhenDeleteTopic) return []
  return deps.offsets
    .groupsOf(topic)
    .flatMap((group) => [retryTopic(`${group}+${topic}`), retryTopic(`${group}_${topic}`)])
    .filter((name) => deps.topics.find(name) !== undefined)
}

function getTopic(deps: TopicAdminDeps, request: CommandView): Response {
  const topic = request.requiredText('topic')
  const config = deps.topics.find(topic)
  if (!config) return { code: ResponseCode.TOPIC_NOT_EXIST, remark: `No topic in this broker. topic: ${topic}` }
  const mappingDetail = request.flagField('lo') ? deps.mappings.find(topic) : undefined
  return { code: ResponseCode.SUCCESS, body: encodeJson({ ...config, mappingDetail }) }
}

function getAllTopics(deps: TopicAdminDeps, request: CommandView): Response {
  const { topics, mappings } = deps
  const { enableSplitMetadata, splitMetadataSize } = deps.settings.current
  const names = Array.from(topics.all(), (config) => config.topicName)
  const fields = { start: 'topicSeq', max: 'maxTopicNum' }
  const page = enableSplitMetadata
    ? requestedPage(request, fields, names, topics.dataVersion, splitMetadataSize)
    : undefined
  const body = {
    dataVersion: topics.dataVersion.toJson(),
    topicConfigTable: topics.configMap(page?.map((name) => topics.find(name)!)),
    mappingDataVersion: mappings.dataVersion.toJson(),
    topicQueueMappingDetailMap: mappings.detailMap(page),
    topicQueueMappingInfoMap: new Map(),
  }
  return { code: ResponseCode.SUCCESS, fields: { totalTopicNum: topics.size }, body: encodeJson(body) }
}

function asAnswer<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof AttributeError || error instanceof MappingError)) throw error
    throw new RequestError(ResponseCode.SYSTEM_ERROR, error.message, { cause: error })
  }
}
