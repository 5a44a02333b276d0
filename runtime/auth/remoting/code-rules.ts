import { RequestCode } from '../../codec/remoting/request-code.ts'
import type { Action } from '../action.ts'
import type { Access } from '../decision.ts'
import {
  batchAckAccesses,
  checkClientAccesses,
  createGroupAccesses,
  createGroupListAccesses,
  createTopicListAccesses,
  heartbeatAccesses,
  liteSubscriptionAccesses,
  lockAccesses,
  queryAssignmentAccesses,
} from './body-accesses.ts'

/** A header field that names what the request is about. */
interface FieldRule {
  readonly field: string
  readonly type: 'Topic' | 'Group' | 'Cluster'
  /** Stands between several names in the field. */
  readonly separator?: string
}

/** What a request code is about. */
export type CodeRule =
  /** Every field that is there. At least one has to be, unless the request may do without (`isOptional`). */
  | {
      readonly kind: 'fields'
      readonly actions: readonly Action[]
      readonly fields: readonly FieldRule[]
      readonly isOptional?: boolean
    }
  /** A message for the topic in the field; for a retry topic, of its group. */
  | { readonly kind: 'send'; readonly field: string }
  /** The message at the position in `at`: the topic it has; where there is none, the one that the request names. */
  | {
      readonly kind: 'message'
      readonly actions: readonly Action[]
      readonly at: string
      readonly isOptional?: boolean
    }
  | { readonly kind: 'cluster'; readonly actions: readonly Action[] }
  /** All resources of a type at once. */
  | { readonly kind: 'every'; readonly type: 'Topic' | 'Group'; readonly actions: readonly Action[] }
  | { readonly kind: 'body'; readonly read: (body: Buffer) => Access[] }
  /** Whoever has shown who it is. */
  | { readonly kind: 'anyUser' }

const topic = (field: string): FieldRule => ({ field, type: 'Topic' })
const group = (field: string): FieldRule => ({ field, type: 'Group' })
const cluster = (field: string): FieldRule => ({ field, type: 'Cluster' })
const on = (actions: readonly Action[], ...fields: FieldRule[]): CodeRule => ({ kind: 'fields', actions, fields })
const optionally = (actions: readonly Action[], ...fields: FieldRule[]): CodeRule => ({
  ...{ kind: 'fields', actions, fields },
  isOptional: true,
})
const onCluster = (...actions: Action[]): CodeRule => ({ kind: 'cluster', actions })
const onEvery = (type: 'Topic' | 'Group', ...actions: Action[]): CodeRule => ({ kind: 'every', type, actions })
const inBody = (read: (body: Buffer) => Access[]): CodeRule => ({ kind: 'body', read })
const anyUser: CodeRule = { kind: 'anyUser' }

const consuming = [group('consumerGroup'), topic('topic')]
const C = RequestCode

/**
 * What each request is about. The rules of Apache RocketMQ 5.5: DefaultAuthorizationContextBuilder, and the annotations of
 * header classes (golden/annotations.json holds them against this table). A code that is not here needs a super user.
 */
export const CODE_RULES: ReadonlyMap<number, CodeRule> = new Map<number, CodeRule>([
  // Producers
  [C.SEND_MESSAGE, { kind: 'send', field: 'topic' }],
  [C.SEND_MESSAGE_V2, { kind: 'send', field: 'b' }],
  [C.SEND_BATCH_MESSAGE, { kind: 'send', field: 'b' }],
  [C.RECALL_MESSAGE, on(['Pub'], topic('topic'))],
  // By the message's own topic: official clients name the topic of half messages when they are asked about a transaction.
  [C.END_TRANSACTION, { kind: 'message', actions: ['Pub'], at: 'commitLogOffset', isOptional: true }],
  [C.CHECK_TRANSACTION_STATE, on(['Pub'], topic('topic'))],
  // A replier is a consumer, and answers only who has asked.
  [C.SEND_REPLY_MESSAGE, anyUser],
  [C.SEND_REPLY_MESSAGE_V2, anyUser],
  [C.PUSH_REPLY_MESSAGE_TO_CLIENT, on(['Sub'], group('producerGroup'), topic('topic'))],
  // Consumers
  [C.PULL_MESSAGE, on(['Sub'], ...consuming)],
  [C.LITE_PULL_MESSAGE, on(['Sub'], ...consuming)],
  [C.CONSUMER_SEND_MSG_BACK, on(['Sub'], group('group'))],
  [C.GET_CONSUMER_LIST_BY_GROUP, on(['Sub', 'Get'], group('consumerGroup'))],
  [C.NOTIFY_CONSUMER_IDS_CHANGED, on(['Sub'], group('consumerGroup'))],
  [C.QUERY_CONSUMER_OFFSET, on(['Sub', 'Get'], ...consuming)],
  [C.UPDATE_CONSUMER_OFFSET, on(['Sub', 'Update'], ...consuming)],
  [C.LOCK_BATCH_MQ, inBody(lockAccesses)],
  [C.UNLOCK_BATCH_MQ, inBody(lockAccesses)],
  [C.HEART_BEAT, inBody(heartbeatAccesses)],
  [C.UNREGISTER_CLIENT, optionally(['Sub'], group('consumerGroup'))],
  [C.CHECK_CLIENT_CONFIG, inBody(checkClientAccesses)],
  [C.QUERY_ASSIGNMENT, inBody(queryAssignmentAccesses)],
  [C.POP_MESSAGE, on(['Sub'], ...consuming)],
  [C.ACK_MESSAGE, on(['Sub'], ...consuming)],
  [C.BATCH_ACK_MESSAGE, inBody(batchAckAccesses)],
  [C.PEEK_MESSAGE, on(['Sub'], ...consuming)],
  [C.CHANGE_MESSAGE_INVISIBLETIME, on(['Sub'], ...consuming)],
  [C.NOTIFICATION, on(['Sub'], ...consuming)],
  [C.POLLING_INFO, on(['Get'], ...consuming)],
  // The first two go by no rule in Apache RocketMQ: there whoever is known may consume all lite topics.
  [C.POP_LITE_MESSAGE, on(['Sub'], ...consuming)],
  [C.LITE_SUBSCRIPTION_CTL, inBody(liteSubscriptionAccesses)],
  [C.NOTIFY_UNSUBSCRIBE_LITE, on(['Sub'], group('consumerGroup'))],
  // Messages and queues
  [C.QUERY_MESSAGE, on(['Sub', 'Get'], topic('topic'))],
  [C.VIEW_MESSAGE_BY_ID, { kind: 'message', actions: ['Get'], at: 'offset' }],
  [C.SEARCH_OFFSET_BY_TIMESTAMP, on(['Get'], topic('topic'))],
  [C.GET_MAX_OFFSET, on(['Get'], topic('topic'))],
  [C.GET_MIN_OFFSET, on(['Get'], topic('topic'))],
  [C.GET_EARLIEST_MSG_STORETIME, on(['Get'], topic('topic'))],
  [C.QUERY_CONSUME_QUEUE, on(['Get'], ...consuming)],
  [C.RESUME_CHECK_HALF_MESSAGE, on(['Update'], topic('topic'))],
  // Topics
  [C.UPDATE_AND_CREATE_TOPIC, on(['Create'], topic('topic'))],
  [C.UPDATE_AND_CREATE_STATIC_TOPIC, on(['Create'], topic('topic'))],
  [C.UPDATE_AND_CREATE_TOPIC_LIST, inBody(createTopicListAccesses)],
  [C.DELETE_TOPIC_IN_BROKER, on(['Delete'], topic('topic'))],
  [C.GET_TOPIC_CONFIG, on(['Get'], topic('topic'))],
  [C.GET_TOPIC_STATS_INFO, on(['Get'], topic('topic'))],
  [C.QUERY_TOPIC_CONSUME_BY_WHO, on(['Get'], topic('topic'))],
  [C.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, on(['Get'], topic('topic'))],
  [C.GET_ALL_TOPIC_CONFIG, onEvery('Topic', 'Get', 'List')],
  [C.GET_TOPICS_BY_CLUSTER, onEvery('Topic', 'List')],
  // Consumer groups
  [C.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, inBody(createGroupAccesses)],
  [C.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, inBody(createGroupListAccesses)],
  [C.DELETE_SUBSCRIPTIONGROUP, on(['Delete'], group('groupName'))],
  [C.GET_SUBSCRIPTIONGROUP_CONFIG, on(['Get'], group('group'))],
  [C.UPDATE_AND_GET_GROUP_FORBIDDEN, on(['Update'], group('group'), topic('topic'))],
  [C.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, onEvery('Group', 'Get', 'List')],
  [C.GET_CONSUMER_CONNECTION_LIST, on(['Get'], group('consumerGroup'))],
  [C.GET_CONSUMER_RUNNING_INFO, on(['Get'], group('consumerGroup'))],
  [C.GET_CONSUME_STATS, on(['Get'], ...consuming, { ...topic('topicList'), separator: ';' })],
  [C.QUERY_CONSUME_TIME_SPAN, on(['Get'], topic('topic'), group('group'))],
  [
    C.QUERY_CORRECTION_OFFSET,
    on(['Get'], { ...group('filterGroups'), separator: ',' }, group('compareGroup'), topic('topic')),
  ],
  [C.QUERY_TOPICS_BY_CONSUMER, on(['Get'], group('group'))],
  [C.QUERY_SUBSCRIPTION_BY_CONSUMER, on(['Get'], group('group'), topic('topic'))],
  [C.INVOKE_BROKER_TO_RESET_OFFSET, on(['Update'], group('group'), topic('topic'))],
  [C.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, on(['Get'], topic('topic'), group('group'))],
  [C.CLONE_GROUP_OFFSET, on(['Update'], group('destGroup'), topic('topic'))],
  [C.CONSUME_MESSAGE_DIRECTLY, on(['Sub'], ...consuming)],
  [C.GET_PARENT_TOPIC_INFO, on(['Get'], topic('topic'))],
  [C.GET_LITE_TOPIC_INFO, on(['Get'], topic('parentTopic'))],
  [C.GET_LITE_CLIENT_INFO, on(['Get'], topic('parentTopic'), group('group'))],
  [C.GET_LITE_GROUP_INFO, on(['Get'], group('group'))],
  [C.TRIGGER_LITE_DISPATCH, on(['Update'], group('group'))],
  // Brokers and the cluster
  [C.GET_BROKER_LITE_INFO, onCluster('Get')],
  [C.GET_BROKER_RUNTIME_INFO, onCluster('Get')],
  [C.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, onCluster('Get')],
  [C.GET_PRODUCER_CONNECTION_LIST, onCluster('Get')],
  [C.GET_ALL_PRODUCER_INFO, onCluster('Get')],
  [C.VIEW_BROKER_STATS_DATA, onCluster('Get')],
  [C.GET_BROKER_CONSUME_STATS, onCluster('Get')],
  [C.GET_BROKER_HA_STATUS, onCluster('Get')],
  [C.GET_BROKER_EPOCH_CACHE, onCluster('Get')],
  [C.GET_COLD_DATA_FLOW_CTR_INFO, onCluster('Get')],
  [C.EXPORT_ROCKSDB_CONFIG_TO_JSON, onCluster('Get')],
  [C.NOTIFY_MIN_BROKER_ID_CHANGE, onCluster('Update')],
  [C.EXCHANGE_BROKER_HA_INFO, onCluster('Update')],
  [C.RESET_MASTER_FLUSH_OFFSET, onCluster('Update')],
  [C.NOTIFY_BROKER_ROLE_CHANGED, onCluster('Update')],
  [C.PREPARE_HAND_OVER, onCluster('Update')],
  [C.STAND_IN_FOR_MASTER, onCluster('Update')],
  // Users and policies
  [C.AUTH_CREATE_USER, onCluster('Update')],
  [C.AUTH_UPDATE_USER, onCluster('Update')],
  [C.AUTH_DELETE_USER, onCluster('Update')],
  [C.AUTH_GET_USER, onCluster('Get')],
  [C.AUTH_LIST_USER, onCluster('Get')],
  [C.AUTH_CREATE_ACL, onCluster('Update')],
  [C.AUTH_UPDATE_ACL, onCluster('Update')],
  [C.AUTH_DELETE_ACL, onCluster('Update')],
  [C.AUTH_GET_ACL, onCluster('Get')],
  [C.AUTH_LIST_ACL, onCluster('Get')],
  // Asked of name servers and controllers, which check nobody; of use where a proxy passes them on
  [C.GET_ROUTEINFO_BY_TOPIC, on(['Pub', 'Sub', 'Get'], topic('topic'))],
  [C.PUT_KV_CONFIG, onCluster('Update')],
  [C.GET_KV_CONFIG, onCluster('Get')],
  [C.DELETE_KV_CONFIG, onCluster('Update')],
  [C.GET_KVLIST_BY_NAMESPACE, onCluster('Get')],
  [C.REGISTER_BROKER, on(['Update'], cluster('clusterName'))],
  [C.UNREGISTER_BROKER, on(['Update'], cluster('clusterName'))],
  [C.QUERY_DATA_VERSION, on(['Get'], cluster('clusterName'))],
  [C.WIPE_WRITE_PERM_OF_BROKER, onCluster('Update')],
  [C.ADD_WRITE_PERM_OF_BROKER, onCluster('Update')],
  [C.DELETE_TOPIC_IN_NAMESRV, on(['Update'], cluster('clusterName'))],
  [C.REGISTER_TOPIC_IN_NAMESRV, onCluster('Update')],
  [C.GET_BROKER_MEMBER_GROUP, on(['Get'], cluster('clusterName'))],
  [C.ADD_BROKER, onCluster('Update')],
  [C.REMOVE_BROKER, on(['Update'], cluster('brokerClusterName'))],
  [C.BROKER_HEARTBEAT, on(['Update'], cluster('clusterName'))],
  [C.CONTROLLER_ALTER_SYNC_STATE_SET, onCluster('Update')],
  [C.CONTROLLER_ELECT_MASTER, on(['Update'], cluster('clusterName'))],
  [C.CONTROLLER_REGISTER_BROKER, on(['Update'], cluster('clusterName'))],
  [C.CONTROLLER_GET_REPLICA_INFO, onCluster('Get')],
  [C.CLEAN_BROKER_DATA, on(['Update'], cluster('clusterName'))],
  [C.CONTROLLER_GET_NEXT_BROKER_ID, on(['Get'], cluster('clusterName'))],
  [C.CONTROLLER_APPLY_BROKER_ID, on(['Update'], cluster('clusterName'))],
])
