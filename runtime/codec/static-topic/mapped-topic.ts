import { asObject, booleanField, integerField, objectField, textField } from '../json/json-fields.ts'
import type { JsonValue } from '../json/json-value.ts'
import { readMappingDetail, type TopicQueueMappingDetail } from './mapping-detail.ts'

/** A topic on one broker group, with what its queues are in the static topic (source: TopicConfigAndQueueMapping). */
export interface MappedTopic {
  readonly topicName: string
  readonly readQueueNums: number
  readonly writeQueueNums: number
  readonly perm: number
  readonly topicFilterType: string
  readonly topicSysFlag: number
  readonly order: boolean
  readonly attributes: ReadonlyMap<string, string>
  /** Undefined for an ordinary topic. */
  readonly mappingDetail: TopicQueueMappingDetail | undefined
}

/** By broker group. */
export type MappedTopics = ReadonlyMap<string, MappedTopic>

export function newMappedTopic(
  topicName: string,
  queueNums: number,
  mappingDetail: TopicQueueMappingDetail,
): MappedTopic {
  return {
    topicName,
    readQueueNums: queueNums,
    writeQueueNums: queueNums,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: new Map(),
    mappingDetail,
  }
}

/** @throws JsonFieldError */
export function readMappedTopic(value: JsonValue): MappedTopic {
  const object = asObject(value, 'topic config')
  const detail = object['mappingDetail']
  const attributes = Object.entries(objectField(object, 'attributes') ?? {})
  return {
    topicName: textField(object, 'topicName') ?? '',
    readQueueNums: integerField(object, 'readQueueNums') ?? 16,
    writeQueueNums: integerField(object, 'writeQueueNums') ?? 16,
    perm: integerField(object, 'perm') ?? 6,
    topicFilterType: textField(object, 'topicFilterType') ?? 'SINGLE_TAG',
    topicSysFlag: integerField(object, 'topicSysFlag') ?? 0,
    order: booleanField(object, 'order') ?? false,
    attributes: new Map(attributes.map(([name, text]) => [name, String(text)])),
    mappingDetail: detail === undefined || detail === null ? undefined : readMappingDetail(detail),
  }
}
