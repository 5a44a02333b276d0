import type { Action } from './action.ts'
import { isInRange, tryIp } from './ip-range.ts'
import type { Acl, PolicyEntry } from './policy.ts'
import { compareSpecificity, matchesResource, type Resource } from './resource.ts'

/** One thing that a request is about, and what it does to it: one of the actions is enough. */
export interface Access {
  readonly resource: Resource
  readonly actions: readonly Action[]
}

/** `none`: no policy speaks of it, which counts as no. */
export type Decision = 'Allow' | 'Deny' | 'none'

/**
 * What the policies of a user say. Of the Custom entries that match, or else of the Default ones, the one with the most
 * specific resource decides; of several that are as specific, one that denies. `sourceIp`: where the request comes from.
 */
export function decide(acl: Acl | undefined, access: Access, sourceIp: string): Decision {
  if (acl === undefined) return 'none'
  const ip = tryIp(sourceIp)
  return strongest(acl.Custom, access, ip) ?? strongest(acl.Default, access, ip) ?? 'none'
}

function strongest(
  entries: readonly PolicyEntry[],
  access: Access,
  ip: Uint8Array | undefined,
): PolicyEntry['decision'] | undefined {
  let best: PolicyEntry | undefined
  for (const entry of entries) {
    if (!matches(entry, access, ip)) continue
    const order = best === undefined ? -1 : compareSpecificity(entry.resource, best.resource)
    if (order < 0 || (order === 0 && entry.decision === 'Deny')) best = entry
  }
  return best?.decision
}

function matches(entry: PolicyEntry, { resource, actions }: Access, ip: Uint8Array | undefined): boolean {
  if (!matchesResource(entry.resource, resource)) return false
  if (!entry.actions.includes('All') && !actions.some((action) => entry.actions.includes(action))) return false
  if (entry.sourceIps.length === 0) return true
  return ip !== undefined && entry.sourceIps.some((range) => isInRange(range, ip))
}
