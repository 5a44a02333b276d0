import type { Account } from '../../auth/access-tables.ts'
import { type Access, decide } from '../../auth/decision.ts'
import { subjectOf } from '../../auth/policy.ts'
import type { RefusalLog } from '../../auth/refusal-log.ts'
import { NOT_PROVEN, NOT_SIGNED, noPermission } from '../../auth/refusal-texts.ts'
import { ProxyError } from '../proxy-error.ts'
import type { GrpcCall } from '../transport/grpc-call.ts'
import { StatusCode } from '../wire/status-code.ts'
import type { ClusterUsers } from './cluster-users.ts'
import { grpcCredentials, isSignedBy, NOBODY } from './grpc-credentials.ts'

export interface GrpcAccessRules {
  /** False: whoever has shown who it is may do anything. */
  readonly isAuthorizing: boolean
  /** Requests that are served without a look at who asks: QueryRouteRequest. */
  readonly unauthenticated: ReadonlySet<string>
  /** Requests that every user may make, and anybody if they are in both. */
  readonly unauthorized: ReadonlySet<string>
}

/** As much of a call as says who makes it. */
type Caller = Pick<GrpcCall, 'metadata' | 'remote'>

/** What one user is known to be allowed; above it, it is looked up anew. */
const ALLOWED_MAX = 1024

interface Refused {
  readonly remark: string
  readonly reason: string
  readonly username: string | undefined
}

/** Says for each request of gRPC whether it is served: who makes it, by its signature, and whether that user may do it. */
export class GrpcAccess {
  readonly #users: ClusterUsers
  readonly #rules: GrpcAccessRules
  readonly #refusals: RefusalLog
  /** Accounts are replaced when anything of them changes, and what they are allowed goes with them. */
  readonly #allowed = new WeakMap<Account, Set<string>>()

  constructor(users: ClusterUsers, rules: GrpcAccessRules, refusals: RefusalLog) {
    this.#users = users
    this.#rules = rules
    this.#refusals = refusals
  }

  /**
   * Returns, or resolves, when the request is to be served. `name`: its type in service.proto.
   * @throws ProxyError UNAUTHORIZED, at once or later: users may have changed, and are asked for then
   */
  admit(caller: Caller, name: string, accesses: readonly Access[]): Promise<void> | undefined {
    const refused = this.#refuses(caller, name, accesses)
    if (refused === undefined) return undefined
    const known = this.#users.doubt()
    if (known === undefined) throw this.#refusal(refused, caller, name)
    return known.then(() => {
      const still = this.#refuses(caller, name, accesses)
      if (still !== undefined) throw this.#refusal(still, caller, name)
    })
  }

  #refusal(refused: Refused, { remote }: Caller, name: string): ProxyError {
    if (!this.#users.isKnown) {
      return new ProxyError(
        StatusCode.INTERNAL_SERVER_ERROR,
        'this proxy does not know yet who may do what: no broker has told it; try again later',
      )
    }
    this.#refusals.refused(refused, name, `${remote.host}:${remote.port}`)
    return new ProxyError(StatusCode.UNAUTHORIZED, refused.remark)
  }

  #refuses({ metadata, remote }: Caller, name: string, accesses: readonly Access[]): Refused | undefined {
    const { isAuthorizing, unauthenticated, unauthorized } = this.#rules
    const account = this.#authenticate(metadata)
    if (!('user' in account)) {
      const isOpen = unauthenticated.has(name) && (!isAuthorizing || unauthorized.has(name) || accesses.length === 0)
      return isOpen ? undefined : account
    }
    if (!isAuthorizing || account.user.type === 'Super' || unauthorized.has(name)) return undefined
    for (const access of accesses) {
      const refused = this.#authorize(account, access, remote.host)
      if (refused !== undefined) return refused
    }
    return undefined
  }

  #authenticate(metadata: ReadonlyMap<string, string>): Account | Refused {
    const given = grpcCredentials(metadata)
    if (given === undefined) return { remark: NOT_SIGNED, reason: NOT_SIGNED, username: undefined }
    if (typeof given === 'string') return { remark: given, reason: given, username: undefined }
    const account = this.#users.tables.find(given.username)
    const isRight = isSignedBy(account?.key ?? NOBODY, given)
    if (account !== undefined && isRight && account.user.status === 'enable') return account
    return { remark: NOT_PROVEN, reason: NOT_PROVEN, username: given.username }
  }

  #authorize(account: Account, access: Access, sourceIp: string): Refused | undefined {
    const { resource, actions } = access
    const key = `${sourceIp} ${actions.join()} ${resource.type}:${resource.name}`
    let allowed = this.#allowed.get(account)
    if (allowed?.has(key)) return undefined
    const decision = decide(account.acl, access, sourceIp)
    const { username } = account.user
    if (decision !== 'Allow') return { ...noPermission(subjectOf(username), access, sourceIp, decision), username }
    if (allowed === undefined || allowed.size >= ALLOWED_MAX) {
      allowed = new Set()
      this.#allowed.set(account, allowed)
    }
    allowed.add(key)
    return undefined
  }
}
