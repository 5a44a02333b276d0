import { asObject, booleanField, integerField, JsonFieldError, textField } from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import { readAttributes } from '../topics/topic-config.ts'

/**
 * A consumer group's settings as the wire and subscriptionGroup.json have them. Never changed: a change puts a new object
 * in the table.
 */
export interface SubscriptionGroupConfig {
  readonly groupName: string
  readonly consumeEnable: boolean
  readonly consumeFromMinEnable: boolean
  readonly consumeBroadcastEnable: boolean
  readonly consumeMessageOrderly: boolean
  readonly retryQueueNums: number
  readonly retryMaxTimes: number
  /** Passed on as it came: the broker itself does not look at it for pull consumers. */
  readonly groupRetryPolicy: JsonValue
  readonly brokerId: number
  readonly whichBrokerWhenConsumeSlowly: number
  readonly notifyConsumerIdsChangedEnable: boolean
  readonly groupSysFlag: number
  readonly consumeTimeoutMinute: number
  /** Static subscriptions; passed on as it came. */
  readonly subscriptionDataSet: JsonValue | undefined
  readonly attributes: ReadonlyMap<string, string>
}

const RETRY_MAX_TIMES = 16
const CONSUME_TIMEOUT_MINUTES = 15

export function subscriptionGroup(groupName: string): SubscriptionGroupConfig {
  return readGroupFields(groupName, {})
}

/** Absent fields get Java's defaults. @throws JsonFieldError */
export function readSubscriptionGroup(value: JsonValue): SubscriptionGroupConfig {
  const object = asObject(value, 'subscription group')
  const groupName = textField(object, 'groupName')
  if (groupName === undefined) throw new JsonFieldError('groupName is missing, expected text')
  return readGroupFields(groupName, object)
}

function readGroupFields(groupName: string, object: { [key: string]: JsonValue }): SubscriptionGroupConfig {
  return {
    groupName,
    consumeEnable: booleanField(object, 'consumeEnable') ?? true,
    consumeFromMinEnable: booleanField(object, 'consumeFromMinEnable') ?? true,
    consumeBroadcastEnable: booleanField(object, 'consumeBroadcastEnable') ?? true,
    consumeMessageOrderly: booleanField(object, 'consumeMessageOrderly') ?? false,
    retryQueueNums: integerField(object, 'retryQueueNums') ?? 1,
    retryMaxTimes: integerField(object, 'retryMaxTimes') ?? RETRY_MAX_TIMES,
    groupRetryPolicy: object['groupRetryPolicy'] ?? { type: 'CUSTOMIZED' },
    brokerId: integerField(object, 'brokerId') ?? 0,
    whichBrokerWhenConsumeSlowly: integerField(object, 'whichBrokerWhenConsumeSlowly') ?? 1,
    notifyConsumerIdsChangedEnable: booleanField(object, 'notifyConsumerIdsChangedEnable') ?? true,
    groupSysFlag: integerField(object, 'groupSysFlag') ?? 0,
    consumeTimeoutMinute: integerField(object, 'consumeTimeoutMinute') ?? CONSUME_TIMEOUT_MINUTES,
    subscriptionDataSet: object['subscriptionDataSet'] ?? undefined,
    attributes: readAttributes(object),
  }
}
