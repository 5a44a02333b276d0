import { asInteger, asObject, JsonFieldError, objectField, textField } from '../../codec/json/json-fields.ts'
import { parseJsonBytes } from '../../codec/json/parse-json.ts'
import { encodeJson } from '../../codec/json/write-json.ts'
import { readDataVersion } from '../../codec/route/data-version.ts'
import { readMappingDetail } from '../../codec/static-topic/mapping-detail.ts'
import { readSubscriptionGroup } from '../groups/subscription-group.ts'
import type { GroupEdit } from '../groups/subscription-group-table.ts'
import type { MappingEdit } from '../static-topics/topic-queue-mapping-table.ts'
import { readTopicConfig } from '../topics/topic-config.ts'
import type { TopicEdit } from '../topics/topic-table.ts'

/** A change of the topics, of the static ones among them, or of the consumer groups. */
export type JournalEntry =
  | { readonly topic: TopicEdit }
  | { readonly group: GroupEdit }
  | { readonly mapping: MappingEdit }

/*
 * The body of a message in the metadata journal, JSON:
 *
 *   {"topicName": "orders", "config": {...}, "dataVersion": {...}}
 *   {"mappedTopic": "orders", "config": {...}, "dataVersion": {...}}
 *   {"groupName": "billing", "config": {...}, "forbidden": {"topic": 2}, "dataVersion": {...}}
 *
 * No config: deleted. The objects are those of topics.json, topicQueueMapping.json and subscriptionGroup.json.
 */
export function encodeEntry(entry: JournalEntry): Buffer {
  if ('mapping' in entry) {
    const { topic, detail, dataVersion } = entry.mapping
    return encodeJson({ mappedTopic: topic, config: detail, dataVersion })
  }
  return encodeJson({ ...('topic' in entry ? entry.topic : entry.group) } as never)
}

/** @throws JsonSyntaxError, JsonFieldError */
export function decodeEntry(body: Uint8Array): JournalEntry {
  const object = asObject(parseJsonBytes(body), 'journal entry')
  const dataVersion = readDataVersion(object['dataVersion'])
  const config = objectField(object, 'config')
  const topicName = textField(object, 'topicName')
  if (topicName !== undefined) return { topic: { topicName, config: config && readTopicConfig(config), dataVersion } }
  const topic = textField(object, 'mappedTopic')
  if (topic !== undefined) return { mapping: { topic, detail: config && readMappingDetail(config), dataVersion } }
  const groupName = textField(object, 'groupName')
  if (groupName === undefined) throw new JsonFieldError('a journal entry names neither topic nor group')
  const bits = objectField(object, 'forbidden')
  const forbidden = bits && new Map(Object.entries(bits).map(([topic, value]) => [topic, asInteger(value, topic)]))
  return { group: { groupName, config: config && readSubscriptionGroup(config), forbidden, dataVersion } }
}
