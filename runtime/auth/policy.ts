import { asObject, listField, textField, textListField } from '../codec/json/json-fields.ts'
import type { JsonValue } from '../codec/json/json-value.ts'
import { AccessError } from './access-error.ts'
import { ACTIONS, type Action, findAction } from './action.ts'
import { type IpRange, parseIpRange } from './ip-range.ts'
import { parseResource, type ResourcePattern, resourceKey } from './resource.ts'

/** What a user may do, or may not, to some resources from some addresses. */
export interface PolicyEntry {
  readonly resource: ResourcePattern
  readonly actions: readonly Action[]
  /** Empty: from anywhere. */
  readonly sourceIps: readonly IpRange[]
  readonly decision: 'Allow' | 'Deny'
}

/** `Default` counts where no entry of `Custom` matches. */
export type PolicyType = 'Custom' | 'Default'

/** The policies of one user. */
export interface Acl {
  readonly username: string
  readonly Custom: readonly PolicyEntry[]
  readonly Default: readonly PolicyEntry[]
}

const POLICY_TYPES: readonly PolicyType[] = ['Custom', 'Default']
/** Entries of one user. One more is refused. */
const ENTRIES_MAX = 2_000
const SUBJECT_PREFIX = 'User:'

/** `User:name`: users are the only subjects there are. @throws AccessError */
export function usernameOf(subject: string): string {
  const isUser = subject.slice(0, SUBJECT_PREFIX.length).toLowerCase() === SUBJECT_PREFIX.toLowerCase()
  const name = subject.slice(SUBJECT_PREFIX.length)
  if (!isUser || name.trim() === '') throw new AccessError(`subject "${subject}" is not of the form User:name`)
  return name
}

export const subjectOf = (username: string): string => `${SUBJECT_PREFIX}${username}`

/** undefined when none is given; then it is Custom. @throws AccessError */
export function readPolicyType(text: string | undefined): PolicyType | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const found = POLICY_TYPES.find((type) => type.toLowerCase() === text.toLowerCase())
  if (found === undefined) throw new AccessError(`policy type "${text}" is neither Custom nor Default`)
  return found
}

/*
 * The JSON of the admin protocol (AclInfo), which is that of acls.json as well:
 *
 *   {"subject": "User:alice", "policies": [{"policyType": "Custom", "entries": [
 *     {"resource": "Topic:orders", "actions": ["Pub"], "sourceIps": ["10.0.0.0/8"], "decision": "Allow"}]}]}
 */

/** `subject`: in place of one that is left out. @throws AccessError, JsonFieldError */
export function readAcl(content: JsonValue, subject?: string): Acl {
  const object = asObject(content, 'acl')
  const username = usernameOf(textField(object, 'subject') ?? subject ?? '')
  const lists: Record<PolicyType, PolicyEntry[]> = { Custom: [], Default: [] }
  for (const item of listField(object, 'policies') ?? []) {
    const policy = asObject(item, 'policy')
    const type = readPolicyType(textField(policy, 'policyType')) ?? 'Custom'
    for (const entry of listField(policy, 'entries') ?? []) lists[type].push(readEntry(entry))
  }
  return checkedAcl({ username, ...lists })
}

/** @throws AccessError */
export function checkedAcl(acl: Acl): Acl {
  const count = acl.Custom.length + acl.Default.length
  if (count === 0) throw new AccessError(`the policies of ${subjectOf(acl.username)} are empty`)
  if (count > ENTRIES_MAX) {
    throw new AccessError(
      `${subjectOf(acl.username)} would have ${count} policy entries, the limit is ${ENTRIES_MAX}: use prefixes (Topic:orders-*)`,
    )
  }
  return acl
}

function readEntry(content: JsonValue): PolicyEntry {
  const object = asObject(content, 'policy entry')
  const resource = parseResource(textField(object, 'resource') ?? '')
  const actions = (textListField(object, 'actions') ?? []).map((name) => readAction(name))
  if (actions.length === 0)
    throw new AccessError(`no actions for ${resourceKey(resource)}; there are ${ACTIONS.join(', ')}`)
  const sourceIps = (textListField(object, 'sourceIps') ?? []).map(parseIpRange)
  const decision = textField(object, 'decision')?.toLowerCase()
  if (decision !== 'allow' && decision !== 'deny') {
    throw new AccessError(`decision "${decision ?? ''}" for ${resourceKey(resource)} is neither Allow nor Deny`)
  }
  return { resource, actions: [...new Set(actions)], sourceIps, decision: decision === 'allow' ? 'Allow' : 'Deny' }
}

function readAction(name: string): Action {
  const action = findAction(name)
  if (action === undefined) throw new AccessError(`action "${name}" does not exist; there are ${ACTIONS.join(', ')}`)
  return action
}

export function aclToJson({ username, Custom, Default }: Acl): object {
  const lists: [PolicyType, readonly PolicyEntry[]][] = [
    ['Custom', Custom],
    ['Default', Default],
  ]
  const policies = lists
    .filter(([, entries]) => entries.length > 0)
    .map(([policyType, entries]) => ({ policyType, entries: entries.map(entryToJson) }))
  return { subject: subjectOf(username), policies }
}

function entryToJson({ resource, actions, sourceIps, decision }: PolicyEntry): object {
  const ips = sourceIps.length === 0 ? {} : { sourceIps: sourceIps.map(({ text }) => text) }
  return { resource: resourceKey(resource), actions, ...ips, decision }
}

/** Entries of `changes` take the place of those for the same resource; others are added. */
export function mergedAcl(known: Acl, changes: Acl): Acl {
  const merge = (type: PolicyType): PolicyEntry[] => {
    const changed = new Set(changes[type].map(({ resource }) => resourceKey(resource)))
    return [...known[type].filter(({ resource }) => !changed.has(resourceKey(resource))), ...changes[type]]
  }
  return checkedAcl({ username: known.username, Custom: merge('Custom'), Default: merge('Default') })
}

/** Without the entry for a resource; undefined when nothing is left. */
export function aclWithout(acl: Acl, type: PolicyType, resource: ResourcePattern): Acl | undefined {
  const key = resourceKey(resource)
  const left = { ...acl, [type]: acl[type].filter((entry) => resourceKey(entry.resource) !== key) }
  return left.Custom.length + left.Default.length === 0 ? undefined : left
}

/** With only the entries whose resource contains `filter`; undefined when none does. */
export function resourcesOf(acl: Acl, filter: string): Acl | undefined {
  const only = (entries: readonly PolicyEntry[]) =>
    entries.filter(({ resource }) => resourceKey(resource).includes(filter))
  const left = { ...acl, Custom: only(acl.Custom), Default: only(acl.Default) }
  return left.Custom.length + left.Default.length === 0 ? undefined : left
}
