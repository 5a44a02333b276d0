import { AccessError } from './access-error.ts'

/** `Any`: resources of every type. */
const RESOURCE_TYPES = ['Any', 'Cluster', 'Namespace', 'Topic', 'Group'] as const
type ResourceType = (typeof RESOURCE_TYPES)[number]

/** What a policy speaks of. */
export interface ResourcePattern {
  readonly type: ResourceType
  readonly pattern: 'any' | 'literal' | 'prefixed'
  /** '' with `any`. */
  readonly name: string
}

/** What a request is about. */
export interface Resource {
  readonly type: Exclude<ResourceType, 'Any'>
  readonly name: string
}

/** Requests about all there is of a type: only a policy that speaks of all of them matches. */
export const EVERY = '*'

/**
 * `*`, `Topic:*`, `Topic:orders-*`, `Topic:orders`.
 * @throws AccessError
 */
export function parseResource(key: string): ResourcePattern {
  if (key === '*') return { type: 'Any', pattern: 'any', name: '' }
  const colon = key.indexOf(':')
  const typeName = (colon < 0 ? key : key.slice(0, colon)).toLowerCase()
  const type = RESOURCE_TYPES.find((known) => known.toLowerCase() === typeName)
  if (colon < 0 || type === undefined || type === 'Any') {
    throw new AccessError(
      `resource "${key}" is not of the form Topic:name; types are Topic, Group, Cluster and Namespace, or * for all`,
    )
  }
  const name = key.slice(colon + 1)
  if (name === '*') return { type, pattern: 'any', name: '' }
  if (name === '') throw new AccessError(`resource "${key}" names no ${type.toLowerCase()}; write ${type}:* for all`)
  const isPrefixed = name.endsWith('*')
  const stem = isPrefixed ? name.slice(0, -1) : name
  if (stem.includes('*')) throw new AccessError(`resource "${key}": a * stands at the end only`)
  return { type, pattern: isPrefixed ? 'prefixed' : 'literal', name: stem }
}

/** The text that {@link parseResource} reads. */
export function resourceKey({ type, pattern, name }: ResourcePattern): string {
  if (type === 'Any') return '*'
  if (pattern === 'any') return `${type}:*`
  return pattern === 'literal' ? `${type}:${name}` : `${type}:${name}*`
}

export function matchesResource(pattern: ResourcePattern, resource: Resource): boolean {
  if (pattern.type === 'Any') return true
  if (pattern.type !== resource.type) return false
  if (pattern.pattern === 'any') return true
  return pattern.pattern === 'literal' ? resource.name === pattern.name : resource.name.startsWith(pattern.name)
}

/** Less than 0 when `a` speaks of fewer resources than `b`: literal, then the longer prefix, then all of a type, then everything. */
export function compareSpecificity(a: ResourcePattern, b: ResourcePattern): number {
  return rank(a) - rank(b) || b.name.length - a.name.length
}

function rank({ type, pattern }: ResourcePattern): number {
  if (type === 'Any') return 3
  return pattern === 'literal' ? 0 : pattern === 'prefixed' ? 1 : 2
}
