import { ByteKeyMap } from '../codec/byte-key-map.ts'
import { HmacKey } from '../io/hmac-sha1.ts'
import { AccessError } from './access-error.ts'
import { type Acl, aclWithout, mergedAcl, type PolicyType, resourcesOf, subjectOf } from './policy.ts'
import type { ResourcePattern } from './resource.ts'
import { changedUser, newUser, type User, type UserChange } from './user.ts'

/** A user with all that is known of it. Replaced, never changed. */
export interface Account {
  readonly user: User
  readonly key: HmacKey
  readonly acl: Acl | undefined
}

/** One more is refused. */
const USERS_MAX = 10_000

/**
 * Users and their policies: who there is, and every change that can be made. Pure: who keeps the tables watches
 * {@link onChanged}.
 */
export class AccessTables {
  #accounts = new ByteKeyMap<Account>()
  #onChanged: (what: 'users' | 'acls') => void = () => undefined
  /** Another number after every change: what was decided before does not count any more. */
  revision = 0

  onChanged(listener: (what: 'users' | 'acls') => void): void {
    this.#onChanged = listener
  }

  find(username: string): Account | undefined {
    return this.#accounts.get(username)
  }

  /** By the bytes of the name. */
  findBytes(bytes: Uint8Array, start: number, length: number): Account | undefined {
    return this.#accounts.getBytes(bytes, start, length)
  }

  /** Users whose names contain `filter`. */
  users(filter = ''): User[] {
    return this.#sorted()
      .map(({ user }) => user)
      .filter(({ username }) => username.includes(filter))
  }

  /** Policies of users whose `User:name` contains `subjectFilter`, with the entries whose resource contains `resourceFilter`. */
  acls(subjectFilter = '', resourceFilter = ''): Acl[] {
    return this.#sorted().flatMap(({ acl }) => {
      if (acl === undefined || !subjectOf(acl.username).includes(subjectFilter)) return []
      return resourcesOf(acl, resourceFilter) ?? []
    })
  }

  /** @throws AccessError when there is one of this name */
  createUser(change: UserChange): void {
    if (this.#accounts.has(change.username)) throw new AccessError(`the user ${change.username} exists already`)
    if (this.#accounts.size >= USERS_MAX) throw new AccessError(`there are ${USERS_MAX} users, the most that are kept`)
    this.#put(newUser(change), undefined)
    this.#changed('users')
  }

  /** @throws AccessError when there is none of this name */
  updateUser(change: UserChange): void {
    const { user, acl } = this.#existing(change.username)
    const changed = changedUser(user, change)
    if (isInCharge(user) && !isInCharge(changed)) this.#mustNotBeLast(user)
    this.#put(changed, acl)
    this.#changed('users')
  }

  /** With its policies. False when there was none. */
  deleteUser(username: string): boolean {
    const account = this.#accounts.get(username)
    if (account === undefined) return false
    if (isInCharge(account.user)) this.#mustNotBeLast(account.user)
    this.#accounts.delete(username)
    this.#changed('users')
    if (account.acl !== undefined) this.#changed('acls')
    return true
  }

  /** Adds to what the user has; an entry for a resource takes the place of the one before. @throws AccessError */
  putAcl(acl: Acl): void {
    const { user, acl: known } = this.#existing(acl.username)
    this.#put(user, known === undefined ? acl : mergedAcl(known, acl))
    this.#changed('acls')
  }

  /** All policies of a user, or the entry for one resource. @throws AccessError when the user has none */
  deleteAcl(username: string, type: PolicyType, resource: ResourcePattern | undefined): void {
    const { user, acl } = this.#existing(username)
    if (acl === undefined) throw new AccessError(`the user ${username} has no policies`)
    this.#put(user, resource === undefined ? undefined : aclWithout(acl, type, resource))
    this.#changed('acls')
  }

  /** The users of another table, and no others. Policies of those that stay are kept. */
  replaceUsers(users: readonly User[]): void {
    const acls = new Map(this.#sorted().map(({ user, acl }) => [user.username, acl]))
    this.#accounts = new ByteKeyMap()
    for (const user of users) this.#put(user, acls.get(user.username))
    this.#changed('users')
  }

  /** The policies of another table, and no others. Those of users that do not exist are left out. */
  replaceAcls(acls: readonly Acl[]): void {
    const byName = new Map(acls.map((acl) => [acl.username, acl]))
    for (const { user } of this.#sorted()) this.#put(user, byName.get(user.username))
    this.#changed('acls')
  }

  #put(user: User, acl: Acl | undefined): void {
    const known = this.#accounts.get(user.username)
    const key = known?.user.password === user.password ? known.key : new HmacKey(user.password)
    this.#accounts.set(user.username, { user, key, acl })
  }

  #existing(username: string): Account {
    const account = this.#accounts.get(username)
    if (account === undefined) throw new AccessError(`the user ${username} does not exist`)
    return account
  }

  #mustNotBeLast({ username }: User): void {
    for (const { user } of this.#accounts.values()) if (isInCharge(user) && user.username !== username) return
    throw new AccessError(`${username} is the last super user that is enabled: without it nobody could make another`)
  }

  #changed(what: 'users' | 'acls'): void {
    this.revision++
    this.#onChanged(what)
  }

  #sorted(): Account[] {
    return [...this.#accounts.values()].sort((a, b) => (a.user.username < b.user.username ? -1 : 1))
  }
}

function isInCharge({ type, status }: User): boolean {
  return type === 'Super' && status === 'enable'
}
