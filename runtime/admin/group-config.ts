import { asObject, asText, listField, objectField, textField } from '../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../codec/json/json-value.ts'
import { javaMap } from './java-text.ts'

/** The fields of a subscription group in the order in which the official tool shows them, with Java's defaults. */
export function newGroupConfig(groupName: string): Record<string, JsonValue> {
  return {
    groupName,
    consumeEnable: true,
    consumeFromMinEnable: false,
    consumeBroadcastEnable: false,
    consumeMessageOrderly: false,
    retryQueueNums: 1,
    retryMaxTimes: 16,
    groupRetryPolicy: { type: 'CUSTOMIZED' },
    brokerId: 0,
    whichBrokerWhenConsumeSlowly: 1,
    notifyConsumerIdsChangedEnable: true,
    groupSysFlag: 0,
    consumeTimeoutMinute: 15,
    subscriptionDataSet: null,
    attributes: {},
  }
}

const FIELDS = Object.keys(newGroupConfig(''))

export function groupConfigText(config: JsonObject): string {
  return `SubscriptionGroupConfig{${FIELDS.map((name) => `${name}=${groupFieldText(config, name)}`).join(', ')}}`
}

/** Names and printed values of all fields; what is null is `absent`. */
export function groupConfigFields(config: JsonObject, absent: string): [string, string][] {
  return FIELDS.map((name) => [
    name,
    config[name] === null || config[name] === undefined ? absent : groupFieldText(config, name),
  ])
}

function groupFieldText(config: JsonObject, name: string): string {
  const value = config[name]
  if (value === null || value === undefined) return name === 'attributes' ? '{}' : 'null'
  if (name === 'groupRetryPolicy') return retryPolicyText(asObject(value, name))
  if (name === 'attributes') return javaMap(Object.entries(asObject(value, name)))
  if (name === 'subscriptionDataSet') return `[${(listField(config, name) ?? []).map(subscriptionText).join(', ')}]`
  return asText(value, name)
}

function retryPolicyText(policy: JsonObject): string {
  const exponential = objectField(policy, 'exponentialRetryPolicy')
  const customized = objectField(policy, 'customizedRetryPolicy')
  return `GroupRetryPolicy{type=${textField(policy, 'type') ?? 'CUSTOMIZED'}, exponentialRetryPolicy=${exponentialText(exponential)}, customizedRetryPolicy=${customizedText(customized)}}`
}

function exponentialText(policy: JsonObject | undefined): string {
  if (!policy) return 'null'
  const { initial = 5000, max = 7_200_000, multiplier = 2 } = policy
  return `ExponentialRetryPolicy{initial=${initial}, max=${max}, multiplier=${multiplier}}`
}

function customizedText(policy: JsonObject | undefined): string {
  if (!policy) return 'null'
  return `CustomizedRetryPolicy{next=[${(listField(policy, 'next') ?? []).join(', ')}]}`
}

function subscriptionText(value: JsonValue): string {
  const data = asObject(value, 'subscription')
  const text = (name: string) => textField(data, name) ?? 'null'
  return `SimpleSubscriptionData{topic=${text('topic')}, expressionType=${text('expressionType')}, expression=${text('expression')}, version=${text('version')}}`
}
