import {
  asInteger,
  asObject,
  booleanField,
  integerField,
  listField,
  numberField,
  objectField,
  textField,
} from '../../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../../codec/json/json-value.ts'

/** Pauses before a message is delivered again. */
export type RetryPauses =
  | { readonly kind: 'exponential'; readonly initialMs: number; readonly maxMs: number; readonly multiplier: number }
  | { readonly kind: 'customized'; readonly nextMs: readonly number[] }

/** What is set for a consumer group, as far as a proxy needs it (source: SubscriptionGroupConfig). */
export interface GroupSettings {
  readonly isOrdered: boolean
  readonly retryMaxTimes: number
  readonly retryPauses: RetryPauses
  /** The topic whose lite topics the group consumes (lite.bind.topic); undefined: none. */
  readonly bindTopic: string | undefined
  /** Lite topics that one of its clients may subscribe to (lite.sub.client.quota). */
  readonly liteQuota: number
}

const DEFAULT_PAUSES_S = [1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200]
const DEFAULT_PAUSES: RetryPauses = { kind: 'customized', nextMs: DEFAULT_PAUSES_S.map((seconds) => seconds * 1000) }

export const DEFAULT_GROUP_SETTINGS: GroupSettings = {
  isOrdered: false,
  retryMaxTimes: 16,
  retryPauses: DEFAULT_PAUSES,
  bindTopic: undefined,
  liteQuota: 2000,
}

/** @throws JsonFieldError */
export function readGroupSettings(value: JsonValue): GroupSettings {
  const group = asObject(value, 'consumer group')
  const attributes = objectField(group, 'attributes') ?? {}
  const quota = textField(attributes, 'lite.sub.client.quota') ?? ''
  return {
    isOrdered: booleanField(group, 'consumeMessageOrderly') ?? DEFAULT_GROUP_SETTINGS.isOrdered,
    retryMaxTimes: integerField(group, 'retryMaxTimes') ?? DEFAULT_GROUP_SETTINGS.retryMaxTimes,
    retryPauses: readPauses(objectField(group, 'groupRetryPolicy')),
    bindTopic: textField(attributes, 'lite.bind.topic') || undefined,
    liteQuota: /^-?\d{1,9}$/.test(quota) ? Number(quota) : DEFAULT_GROUP_SETTINGS.liteQuota,
  }
}

function readPauses(policy: JsonObject | undefined): RetryPauses {
  if (policy === undefined) return DEFAULT_PAUSES
  if (textField(policy, 'type') === 'EXPONENTIAL') {
    const given = objectField(policy, 'exponentialRetryPolicy') ?? {}
    return {
      kind: 'exponential',
      initialMs: integerField(given, 'initial') ?? 5000,
      maxMs: integerField(given, 'max') ?? 7_200_000,
      multiplier: numberField(given, 'multiplier') ?? 2,
    }
  }
  const next = listField(objectField(policy, 'customizedRetryPolicy') ?? {}, 'next')
  if (next === undefined || next.length === 0) return DEFAULT_PAUSES
  return { kind: 'customized', nextMs: next.map((ms) => asInteger(ms, 'next')) }
}

/** The pause after a message has been delivered again so often (source: CustomizedRetryPolicy, ExponentialRetryPolicy). */
export function retryPauseMs(pauses: RetryPauses, reconsumeTimes: number): number {
  const times = Math.max(0, reconsumeTimes)
  if (pauses.kind === 'customized') return pauses.nextMs[Math.min(times + 2, pauses.nextMs.length - 1)]!
  return Math.min(pauses.maxMs, pauses.initialMs * pauses.multiplier ** Math.min(times, 32))
}
