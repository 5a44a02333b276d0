import { ByteKeyMap } from '../../codec/byte-key-map.ts'
import { JsonFieldError } from '../../codec/json/json-fields.ts'
import { JsonSyntaxError } from '../../codec/json/parse-json.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import { requestCodeName } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { HmacContent, HmacKey } from '../../io/hmac-sha1.ts'
import type { AccessTables, Account } from '../access-tables.ts'
import { type Access, decide } from '../decision.ts'
import { subjectOf } from '../policy.ts'
import { NOT_PROVEN, NOT_SIGNED, noPermission } from '../refusal-texts.ts'
import { EVERY, type Resource } from '../resource.ts'
import { groupResource, topicResource } from './body-accesses.ts'
import { CODE_RULES, type CodeRule } from './code-rules.ts'
import { FieldsKey } from './fields-key.ts'
import { ACCESS_KEY, PASSED_ON, putSignedContent, SIGNATURE } from './signed-content.ts'
import { originOf } from './voucher.ts'

/** What applies besides users and policies. */
export interface AccessRules {
  /** Cluster of this broker: the resource of requests about no topic and no group. */
  readonly clusterName: string
  /** False: whoever has shown who it is may do anything but what {@link superOnly} holds. */
  readonly isAuthorizing: boolean
  /** Codes that are served without a look at who asks. */
  readonly unauthenticated: ReadonlySet<number>
  /** Codes that every user may ask for, and anybody if they are in both lists. */
  readonly unauthorized: ReadonlySet<number>
  /** Codes that need a super user while nothing else is looked at. */
  readonly superOnly: ReadonlySet<number>
  /** A user who has shown who it is on a connection is believed so long there; 0: every request is checked. */
  readonly believedForMs: number
  /** The topic of the message at a position in the log. */
  readonly topicAt: (phyOffset: number) => string | undefined
  readonly monotonic: () => number
}

/** Where a request comes from: a connection. */
export interface Caller {
  readonly remote: { readonly host: string }
}

/** Why a request is not served. */
export interface Refusal {
  /** For the answer: says nothing about which users there are. */
  readonly remark: string
  /** For the log of this server. */
  readonly reason: string
  /** As the request says; proven or not. */
  readonly username: string | undefined
}

/** What is known of a connection: the user it last was, and what that user may do. */
interface Session {
  readonly account: Account
  readonly revision: number
  readonly allowed: ByteKeyMap<true>
  believedUntilMs: number
}

/** Different things one user is known to be allowed on one connection; above it they are looked up anew. */
const ALLOWED_MAX = 256

/**
 * Says for each request whether it is served: who sends it, by its signature, and whether that user may do it. Holds
 * what it has found out per connection, so that a message costs the check of its signature and one look-up.
 */
export class RequestAccess {
  readonly #tables: AccessTables
  readonly #rules: AccessRules
  readonly #sessions = new WeakMap<Caller, Session>()
  readonly #content = new HmacContent()
  readonly #key = new FieldsKey()
  /** An unknown user takes as long as a known one. */
  readonly #nobody = new HmacKey('nobody')

  constructor(tables: AccessTables, rules: AccessRules) {
    this.#tables = tables
    this.#rules = rules
  }

  /** Undefined: to be served. @throws RequestError when the body says not what the request is about */
  refuses(request: CommandView, caller: Caller): Refusal | undefined {
    const rules = this.#rules
    const { code } = request
    const isOpen = rules.unauthenticated.has(code)
    const account = this.#authenticate(request, caller)
    if (account === undefined && !isOpen) return notProven(request)
    if (account?.user.type === 'Super') return undefined
    if (rules.superOnly.has(code)) return this.#needsSuper(request, account)
    if (!rules.isAuthorizing || rules.unauthorized.has(code)) return undefined
    if (account === undefined) return notProven(request)
    return this.#authorize(request, caller, account)
  }

  /** Whether the user of a request that is being served is a super user. */
  isSuper(request: CommandView): boolean {
    return this.#accountOf(request)?.user.type === 'Super'
  }

  #accountOf(request: CommandView): Account | undefined {
    const { fields, bytes } = request
    const at = fields.find(bytes, ACCESS_KEY)
    return at < 0 ? undefined : this.#tables.findBytes(bytes, fields.valueStart[at]!, fields.valueLength[at]!)
  }

  #authenticate(request: CommandView, caller: Caller): Account | undefined {
    const account = this.#accountOf(request)
    if (account !== undefined && this.#isBelieved(account, caller)) return account
    const { fields, bytes } = request
    const at = fields.find(bytes, SIGNATURE)
    if (at < 0 || !putSignedContent(this.#content, request)) return undefined
    const key = account?.key ?? this.#nobody
    const isRight = this.#content.isSignature(key, bytes, fields.valueStart[at]!, fields.valueLength[at]!)
    if (!isRight || account?.user.status !== 'enable') return undefined
    const { believedForMs, monotonic } = this.#rules
    if (believedForMs > 0) this.#session(caller, account).believedUntilMs = monotonic() + believedForMs
    return account
  }

  #isBelieved(account: Account, caller: Caller): boolean {
    if (this.#rules.believedForMs === 0) return false
    const session = this.#sessions.get(caller)
    return session?.account === account && this.#rules.monotonic() < session.believedUntilMs
  }

  #session(caller: Caller, account: Account): Session {
    const { revision } = this.#tables
    const known = this.#sessions.get(caller)
    if (known !== undefined && known.account === account && known.revision === revision) return known
    const session = { account, revision, allowed: new ByteKeyMap<true>(), believedUntilMs: 0 }
    this.#sessions.set(caller, session)
    return session
  }

  #authorize(request: CommandView, caller: Caller, account: Account): Refusal | undefined {
    const rule = CODE_RULES.get(request.code)
    if (rule === undefined) return this.#needsSuper(request, account)
    // What another replica passes on comes from anywhere: nothing is kept of it.
    const isPassedOn = request.fields.find(request.bytes, PASSED_ON) >= 0
    if (isPassedOn || !this.#key.put(request, rule)) {
      const origin = isPassedOn ? originOf(request, this.#tables) : caller.remote.host
      return this.#decide(request, rule, account, origin)
    }
    const { bytes, length } = this.#key
    const session = this.#session(caller, account)
    if (session.allowed.getBytes(bytes, 0, length) !== undefined) return undefined
    const refusal = this.#decide(request, rule, account, caller.remote.host)
    if (refusal !== undefined) return refusal
    if (session.allowed.size >= ALLOWED_MAX) this.#sessions.set(caller, { ...session, allowed: new ByteKeyMap<true>() })
    this.#sessions.get(caller)!.allowed.set(bytes.toString('utf8', 0, length), true)
    return undefined
  }

  #decide(request: CommandView, rule: CodeRule, account: Account, sourceIp: string | undefined): Refusal | undefined {
    const accesses = accessesOf(request, rule, this.#rules)
    if (accesses === undefined) return this.#needsSuper(request, account)
    const { username } = account.user
    if (sourceIp === undefined && account.acl !== undefined && asksForAddresses(account.acl)) {
      const remark = `${subjectOf(username)} has policies for some addresses, and the replica that passed the request on does not say where it comes from: give the brokers innerClientAuthenticationCredentials`
      return { remark, reason: remark, username }
    }
    for (const access of accesses) {
      const decision = decide(account.acl, access, sourceIp ?? '')
      if (decision === 'Allow') continue
      return { ...noPermission(subjectOf(username), access, sourceIp, decision), username }
    }
    return undefined
  }

  #needsSuper(request: CommandView, account: Account | undefined): Refusal {
    const username = account?.user.username
    const who = username === undefined ? 'the request' : subjectOf(username)
    const remark = `${who} has no permission for ${requestCodeName(request.code)}: it needs a super user`
    return { remark, reason: remark, username }
  }
}

function notProven(request: CommandView): Refusal {
  const username = request.text(ACCESS_KEY)
  const remark = username === undefined ? NOT_SIGNED : NOT_PROVEN
  return { remark, reason: remark, username }
}

function asksForAddresses({ Custom, Default }: NonNullable<Account['acl']>): boolean {
  return [...Custom, ...Default].some(({ sourceIps }) => sourceIps.length > 0)
}

/** What a request is about; undefined when it does not say. @throws RequestError when its body cannot be read */
function accessesOf(request: CommandView, rule: CodeRule, rules: AccessRules): Access[] | undefined {
  switch (rule.kind) {
    case 'anyUser':
      return []
    case 'cluster':
      return [{ resource: { type: 'Cluster', name: rules.clusterName }, actions: rule.actions }]
    case 'every':
      return [{ resource: { type: rule.type, name: EVERY }, actions: rule.actions }]
    case 'body':
      return fromBody(request, rule.read)
    case 'message': {
      const { at, actions, isOptional } = rule
      const name = rules.topicAt(request.integer(at) ?? -1) ?? request.text('topic')
      if (name === undefined) return isOptional === true ? [] : undefined
      return [{ resource: topicResource(name), actions }]
    }
    case 'send': {
      const name = request.text(rule.field)
      if (name === undefined) return undefined
      const resource = topicResource(name)
      return [{ resource, actions: resource.type === 'Group' ? ['Sub'] : ['Pub'] }]
    }
    case 'fields': {
      const resources = rule.fields.flatMap((field) => fieldResources(request, field))
      if (resources.length === 0 && rule.isOptional !== true) return undefined
      return resources.map((resource) => ({ resource, actions: rule.actions }))
    }
  }
}

function fieldResources(
  request: CommandView,
  { field, type, separator }: Extract<CodeRule, { kind: 'fields' }>['fields'][number],
): Resource[] {
  const text = request.text(field)
  if (text === undefined) return []
  const names = separator === undefined ? [text] : text.split(separator).filter((name) => name !== '')
  return names.map((name) => {
    if (type === 'Cluster') return { type, name }
    return type === 'Topic' ? topicResource(name) : groupResource(name)
  })
}

function fromBody(request: CommandView, read: (body: Buffer) => Access[]): Access[] {
  try {
    return read(request.body())
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof JsonFieldError)) throw error
    const remark = `body of ${requestCodeName(request.code)}: ${error.message}`
    throw new RequestError(ResponseCode.SYSTEM_ERROR, remark, { cause: error })
  }
}
