import { javaHashCode } from '../../codec/bytes.ts'
import {
  asInteger,
  asObject,
  booleanField,
  integerField,
  JsonFieldError,
  listField,
  textField,
  textListField,
} from '../../codec/json/json-fields.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'

export const ALL_TAGS = '*'
const TAG_EXPRESSION = 'TAG'

/** What a group wants of a topic (`SubscriptionData`; its JSON has these very fields). */
export interface SubscriptionData {
  readonly topic: string
  /** `*`, `TagA || TagB`, or an expression of `expressionType`. */
  readonly subString: string
  readonly tagsSet: ReadonlySet<string>
  /** Hash codes of the tags; empty for all. */
  readonly codeSet: ReadonlySet<number>
  /** A later subscription has a larger one: the client's clock in ms as a rule. */
  readonly subVersion: number
  readonly expressionType: string
  readonly classFilterMode: boolean
}

/** TAG, the empty text and none mean the same. */
export function isTagExpression(expressionType: string | undefined): boolean {
  return expressionType === undefined || expressionType === '' || expressionType === TAG_EXPRESSION
}

/**
 * A subscription as a pull request's header gives it (`FilterAPI.build`).
 * Returns undefined when an expression that is not of tags is empty.
 */
export function buildSubscription(
  topic: string,
  expression: string | undefined,
  expressionType: string | undefined,
  subVersion: number,
): SubscriptionData | undefined {
  const isTags = expressionType === undefined || expressionType === TAG_EXPRESSION
  if (!isTags && !expression) return undefined
  const all = isTags && (!expression || expression === ALL_TAGS)
  const tags = isTags && !all ? splitTags(expression ?? '') : []
  return {
    topic,
    subString: all ? ALL_TAGS : (expression ?? ''),
    tagsSet: new Set(tags),
    codeSet: new Set(tags.map(javaHashCode)),
    subVersion,
    expressionType: expressionType ?? TAG_EXPRESSION,
    classFilterMode: false,
  }
}

function splitTags(expression: string): string[] {
  return expression
    .split('||')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
}

/** @throws JsonFieldError */
export function readSubscription(value: JsonValue, nowMs: number): SubscriptionData {
  const object = asObject(value, 'subscription')
  const topic = textField(object, 'topic')
  if (topic === undefined) throw new JsonFieldError('topic of a subscription is missing, expected text')
  return {
    topic,
    subString: textField(object, 'subString') ?? ALL_TAGS,
    tagsSet: new Set(textListField(object, 'tagsSet')),
    codeSet: new Set((listField(object, 'codeSet') ?? []).map((code) => asInteger(code, 'codeSet'))),
    subVersion: integerField(object, 'subVersion') ?? nowMs,
    expressionType: textField(object, 'expressionType') ?? TAG_EXPRESSION,
    classFilterMode: booleanField(object, 'classFilterMode') ?? false,
  }
}
