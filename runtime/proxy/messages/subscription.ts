import { ProxyError } from '../proxy-error.ts'
import { type FilterExpression, FilterType } from '../wire/definition.ts'
import { StatusCode } from '../wire/status-code.ts'

/** What a consumer wants of a topic, as brokers take it (source: FilterAPI). */
export interface Subscription {
  readonly type: 'TAG' | 'SQL92'
  readonly expression: string
  /** Empty: all of them. */
  readonly tags: ReadonlySet<string>
}

const ALL = '*'
const NO_TAGS: ReadonlySet<string> = new Set()

/** @throws ProxyError ILLEGAL_FILTER_EXPRESSION */
export function subscriptionOf(filter: FilterExpression | undefined): Subscription {
  const expression = filter?.expression ?? ''
  if (filter?.type === FilterType.sql) {
    if (expression === '') {
      throw new ProxyError(StatusCode.ILLEGAL_FILTER_EXPRESSION, 'an expression of SQL92 cannot be empty')
    }
    return { type: 'SQL92', expression, tags: NO_TAGS }
  }
  if (expression === '' || expression === ALL) return { type: 'TAG', expression: ALL, tags: NO_TAGS }
  const tags = expression.split('||').map((tag) => tag.trim())
  const found = new Set(tags.filter((tag) => tag !== ''))
  if (found.size === 0) {
    throw new ProxyError(StatusCode.ILLEGAL_FILTER_EXPRESSION, `"${expression}" names no tag`)
  }
  return { type: 'TAG', expression, tags: found }
}

export function wantsTag({ tags }: Subscription, tag: string | undefined): boolean {
  return tags.size === 0 || (tag !== undefined && tags.has(tag))
}
