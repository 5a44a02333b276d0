import {
  asInteger,
  asObject,
  integerField,
  JsonFieldError,
  listField,
  objectField,
  textField,
} from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import type { BloomPositions } from '../../filter/bloom-filter.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'

/** The expression by which one group wants one topic's messages (Java's ConsumerFilterData). */
export interface ConsumerFilter {
  readonly topic: string
  readonly consumerGroup: string
  readonly expression: string
  readonly expressionType: string
  /** Ms; when it was first heard of. */
  readonly bornTime: number
  /** Ms; when the group's last consumer left, 0 while there is one. */
  readonly deadTime: number
  /** The subscription's version that brought it. */
  readonly clientVersion: number
  readonly bloomFilterData: BloomPositions | undefined
  /** Undefined when a file holds what cannot be compiled. */
  readonly compiled: SqlFilter | undefined
}

export function isDead({ bornTime, deadTime }: ConsumerFilter): boolean {
  return deadTime >= bornTime
}

/** As a part of config/consumerFilter.json. */
export function consumerFilterJson(filter: ConsumerFilter): object {
  const { compiled: _, ...fields } = filter
  return { ...fields, dead: isDead(filter) }
}

/** @throws JsonFieldError */
export function readConsumerFilter(
  value: JsonValue,
  compile: (expression: string, type: string) => SqlFilter | undefined,
): ConsumerFilter {
  const object = asObject(value, 'consumer filter')
  const [topic, consumerGroup, expression, expressionType] = [
    textField(object, 'topic'),
    textField(object, 'consumerGroup'),
    textField(object, 'expression'),
    textField(object, 'expressionType'),
  ]
  if (topic === undefined || consumerGroup === undefined || expression === undefined || expressionType === undefined) {
    throw new JsonFieldError('a consumer filter needs topic, consumerGroup, expression and expressionType')
  }
  const bloom = objectField(object, 'bloomFilterData')
  const bitPos = bloom && listField(bloom, 'bitPos')?.map((position) => asInteger(position, 'bitPos'))
  return {
    topic,
    consumerGroup,
    expression,
    expressionType,
    bornTime: integerField(object, 'bornTime') ?? 0,
    deadTime: integerField(object, 'deadTime') ?? 0,
    clientVersion: integerField(object, 'clientVersion') ?? 0,
    bloomFilterData: bitPos && {
      bitNum: (bloom && integerField(bloom, 'bitNum')) ?? 0,
      bitPos: Int32Array.from(bitPos),
    },
    compiled: compile(expression, expressionType),
  }
}
