import type { JsonValue } from '../codec/json/json-value.ts'
import { parseJson } from '../codec/json/parse-json.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import type { AccessTables } from './access-tables.ts'
import { type Acl, aclToJson, readAcl } from './policy.ts'
import { newUser, readUserChange, type User, userToJson } from './user.ts'

/** A request to a broker, and what is done with the body of its answer. */
interface TableCopy {
  readonly code: number
  /** Always false: what was changed here, not at the source, is set right by the next round. */
  readonly apply: (body: Buffer) => boolean
}

/**
 * How users and policies are kept equal to those of a broker: of a slave to its master's, so that the same hold after a
 * fail-over, and of a proxy to those of its cluster. By the requests of mqadmin, which Apache's brokers answer as well.
 * Who asks has to be a super user there (innerClientAuthenticationCredentials): nobody else is shown passwords.
 */
export function tableCopies(tables: AccessTables): readonly [users: TableCopy, acls: TableCopy] {
  return [
    copied(tables, RequestCode.AUTH_LIST_USER, (body) => {
      const users = listOf(body, (item): User => newUser(readUserChange(item)))
      if (!isSame(users.map(userToJson), tables.users().map(userToJson))) tables.replaceUsers(users)
    }),
    copied(tables, RequestCode.AUTH_LIST_ACL, (body) => {
      const acls = listOf(body, (item): Acl => readAcl(item))
      if (!isSame(acls.map(aclToJson), tables.acls().map(aclToJson))) tables.replaceAcls(acls)
    }),
  ]
}

/** A round in which nothing has changed on either side costs a comparison. */
function copied(tables: AccessTables, code: number, take: (body: Buffer) => void): TableCopy {
  let taken: Buffer | undefined
  let revision = -1
  return {
    code,
    apply: (body) => {
      if (taken?.equals(body) && revision === tables.revision) return false
      take(body)
      taken = body
      revision = tables.revision
      return false
    },
  }
}

const isSame = (a: readonly object[], b: readonly object[]): boolean => JSON.stringify(a) === JSON.stringify(b)

function listOf<T>(body: Buffer, read: (item: JsonValue) => T): T[] {
  const content = parseJson(body.toString())
  if (!Array.isArray(content)) throw new Error('the answer is no list')
  return content.map(read)
}
