import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RequestCode, requestCodeName } from '../../codec/remoting/request-code.ts'
import { CODE_RULES, type CodeRule } from './code-rules.ts'

interface Annotation {
  readonly code: number
  readonly header: string
  readonly resource: string
  readonly actions: string[]
  readonly fields: { readonly type: string; readonly field: string; readonly separator?: string }[]
}

const annotations: Annotation[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/annotations.json'), 'utf8'),
)

/** DefaultAuthorizationContextBuilder has rules of its own for these, which go before the annotations. */
const BUILT: ReadonlySet<number> = new Set([10, 310, 320, 370, 37, 36, 11, 12, 34, 35, 38, 14, 15, 41, 42, 105])

/** Where the original lets every user in, and this table does not: the annotation names no resource, or none that is filled in. */
const STRICTER: Readonly<Record<string, CodeRule['kind']>> = {
  UPDATE_AND_CREATE_TOPIC_LIST: 'body',
  VIEW_MESSAGE_BY_ID: 'message',
  GET_ALL_TOPIC_CONFIG: 'every',
  GET_ALL_SUBSCRIPTIONGROUP_CONFIG: 'every',
  GET_TOPICS_BY_CLUSTER: 'every',
}

test('every annotated request has the rule of its annotation', () => {
  const wrong: string[] = []
  for (const { code, actions, fields, resource, header } of annotations) {
    const name = requestCodeName(code)
    if (BUILT.has(code)) continue
    const rule = CODE_RULES.get(code)
    if (STRICTER[name] !== undefined) {
      expect([name, rule?.kind]).toEqual([name, STRICTER[name]])
      continue
    }
    const expected: unknown =
      fields.length === 0 && resource === 'Cluster'
        ? { kind: 'cluster', actions }
        : { kind: 'fields', actions, fields: sorted(fields) }
    const ours: unknown = rule?.kind === 'fields' ? { ...rule, fields: sorted(rule.fields) } : rule
    if (JSON.stringify(ours, order) !== JSON.stringify(expected, order)) {
      wrong.push(`${code} ${header}: ${JSON.stringify(ours)} is not ${JSON.stringify(expected)}`)
    }
  }
  expect(wrong).toEqual([])
})

test('what changes a broker, or copies its tables, has no rule: it needs a super user', () => {
  const codes = [
    ...[RequestCode.UPDATE_BROKER_CONFIG, RequestCode.GET_BROKER_CONFIG, RequestCode.TRIGGER_DELETE_FILES],
    ...[RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE, RequestCode.CLEAN_UNUSED_TOPIC, RequestCode.DELETE_EXPIRED_COMMITLOG],
    ...[RequestCode.SET_MESSAGE_REQUEST_MODE, RequestCode.SET_COMMITLOG_READ_MODE, RequestCode.SWITCH_TIMER_ENGINE],
    ...[RequestCode.GET_ALL_CONSUMER_OFFSET, RequestCode.GET_ALL_DELAY_OFFSET, RequestCode.GET_TIMER_METRICS],
    ...[RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG],
  ]
  expect(codes.filter((code) => CODE_RULES.has(code))).toEqual([])
})

const sorted = (fields: readonly { field: string }[]) => fields.toSorted((a, b) => (a.field < b.field ? -1 : 1))

function order(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
