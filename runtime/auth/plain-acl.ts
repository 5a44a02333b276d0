import {
  asObject,
  booleanField,
  JsonFieldError,
  listField,
  textField,
  textListField,
} from '../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../codec/json/json-value.ts'
import { AccessError } from './access-error.ts'
import type { Action } from './action.ts'
import { type Acl, checkedAcl, type PolicyEntry } from './policy.ts'
import { parseResource, type ResourcePattern } from './resource.ts'
import { readUserChange, type UserChange } from './user.ts'

/** A file of ACL 1.0: `conf/plain_acl.yml`, or one below `conf/acl`. */
export interface PlainAclFile {
  readonly path: string
  /** The document, with texts in place of all scalars. */
  readonly content: JsonValue
}

export interface PlainAccount {
  readonly user: UserChange
  readonly acl: Acl | undefined
}

/**
 * Accounts of ACL 1.0 as users and policies (official: AuthMigrator). An access key that stands in several files counts
 * where it stands first. What cannot be taken over is told, and the account is left out or, for a permission, denied.
 */
export function readPlainAcls(files: readonly PlainAclFile[], tell: (problem: string) => void): PlainAccount[] {
  const accounts = new Map<string, PlainAccount>()
  for (const { path, content } of files) {
    const problem = (text: string): void => tell(`${path}: ${text}`)
    try {
      for (const account of readFile(content, problem)) {
        if (!accounts.has(account.user.username)) accounts.set(account.user.username, account)
      }
    } catch (error) {
      if (!isReadable(error)) throw error
      problem(`not taken over: ${error.message}`)
    }
  }
  return [...accounts.values()]
}

function readFile(content: JsonValue, problem: (text: string) => void): PlainAccount[] {
  if (content === null || content === '') return []
  const document = asObject(content, 'the document')
  if ((textListField(document, 'globalWhiteRemoteAddresses') ?? []).length > 0) {
    problem('globalWhiteRemoteAddresses has no counterpart in ACL 2.0 and is not taken over: these clients need users')
  }
  return (listField(document, 'accounts') ?? []).flatMap((item, index) => {
    try {
      return readAccount(asObject(item, 'account'), problem)
    } catch (error) {
      if (!isReadable(error)) throw error
      problem(`account ${index + 1} is not taken over: ${error.message}`)
      return []
    }
  })
}

function readAccount(account: JsonObject, problem: (text: string) => void): PlainAccount {
  const username = textField(account, 'accessKey') ?? ''
  const user = readUserChange({ username, password: textField(account, 'secretKey') ?? '' })
  if (user.password === undefined) throw new AccessError(`${username} has no secretKey`)
  if (textField(account, 'whiteRemoteAddress')) {
    problem(`whiteRemoteAddress of ${username} is not taken over: give its policies source ips`)
  }
  const say = (text: string): void => problem(`${username}: ${text}`)
  const all = (type: 'Topic' | 'Group'): ResourcePattern => ({ type, pattern: 'any', name: '' })
  const acl = {
    username,
    Custom: [
      ...namedEntries('Topic', textListField(account, 'topicPerms') ?? [], say),
      ...namedEntries('Group', textListField(account, 'groupPerms') ?? [], say),
    ],
    Default: [
      ...entryFor(all('Topic'), textField(account, 'defaultTopicPerm'), say),
      ...entryFor(all('Group'), textField(account, 'defaultGroupPerm'), say),
    ],
  }
  const isEmpty = acl.Custom.length + acl.Default.length === 0
  const type = booleanField(account, 'admin') === true ? 'Super' : 'Normal'
  return { user: { ...user, type }, acl: isEmpty ? undefined : checkedAcl(acl) }
}

/** `orders=PUB|SUB` */
function namedEntries(type: 'Topic' | 'Group', perms: readonly string[], say: (text: string) => void): PolicyEntry[] {
  return perms.flatMap((text) => {
    const [name = '', perm, more] = text.split('=').map((part) => part.trim())
    if (name === '' || perm === undefined || more !== undefined) {
      say(`"${text}" is not of the form name=permission, left out`)
      return []
    }
    return entryFor(parseResource(`${type}:${name.replace(/^%RETRY%/, '')}`), perm, say)
  })
}

function entryFor(resource: ResourcePattern, perm: string | undefined, say: (text: string) => void): PolicyEntry[] {
  if (perm === undefined || perm === '') return []
  const actions = ACTIONS_OF.get(perm.trim())
  if (actions === undefined && perm.trim() !== 'DENY') say(`permission "${perm}" does not exist, taken as DENY`)
  if (actions === undefined) return [{ resource, actions: ['All'], sourceIps: [], decision: 'Deny' }]
  return [{ resource, actions, sourceIps: [], decision: 'Allow' }]
}

const ACTIONS_OF: ReadonlyMap<string, readonly Action[]> = new Map([
  ['PUB', ['Pub']],
  ['SUB', ['Sub']],
  ['PUB|SUB', ['Pub', 'Sub']],
  ['SUB|PUB', ['Pub', 'Sub']],
])

function isReadable(error: unknown): error is AccessError | JsonFieldError {
  return error instanceof AccessError || error instanceof JsonFieldError
}
