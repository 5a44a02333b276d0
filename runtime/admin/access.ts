import { asObject, listField, textField, textListField } from '../codec/json/json-fields.ts'
import type { JsonObject, JsonValue } from '../codec/json/json-value.ts'
import { parseJsonBytes } from '../codec/json/parse-json.ts'
import { encodeJson } from '../codec/json/write-json.ts'
import { RequestCode } from '../codec/remoting/request-code.ts'
import type { AdminClient } from './admin-client.ts'
import { AdminError } from './admin-error.ts'
import type { CommandContext } from './command.ts'
import { row } from './table.ts'

/** A user as a broker answers it; the password is there for super users. */
export type UserInfo = JsonObject
/** The policies of a user, as a broker answers them. */
export type AclInfo = JsonObject

/** Official columns. */
const USER_FORMAT = '%-16s  %-22s  %-22s  %-22s%n'
const ACL_FORMAT = '%-16s  %-10s  %-22s  %-20s  %-24s  %-10s%n'
/** In place of a password: the official tool prints it. */
const HIDDEN = '******'

/** Undefined when there is none. */
export async function getUser(client: AdminClient, address: string, username: string): Promise<UserInfo | undefined> {
  const { body } = await client.call(address, { code: RequestCode.AUTH_GET_USER, fields: { username } })
  return body && asObject(parseJsonBytes(body), 'user')
}

export async function listUsers(client: AdminClient, address: string, filter?: string): Promise<UserInfo[]> {
  const { body } = await client.call(address, { code: RequestCode.AUTH_LIST_USER, fields: { filter } })
  return readList(body, 'users')
}

/** `update`: of one that is there. */
export async function putUser(client: AdminClient, address: string, user: UserInfo, update: boolean): Promise<void> {
  const code = update ? RequestCode.AUTH_UPDATE_USER : RequestCode.AUTH_CREATE_USER
  await client.call(address, { code, fields: { username: textField(user, 'username') }, body: encodeJson(user) })
}

/** Undefined when there are no policies. */
export async function getAcl(client: AdminClient, address: string, subject: string): Promise<AclInfo | undefined> {
  const { body } = await client.call(address, { code: RequestCode.AUTH_GET_ACL, fields: { subject } })
  return body && asObject(parseJsonBytes(body), 'acl')
}

export async function listAcls(
  client: AdminClient,
  address: string,
  subjectFilter?: string,
  resourceFilter?: string,
): Promise<AclInfo[]> {
  const fields = { subjectFilter, resourceFilter }
  const { body } = await client.call(address, { code: RequestCode.AUTH_LIST_ACL, fields })
  return readList(body, 'acls')
}

export async function putAcl(client: AdminClient, address: string, acl: AclInfo, update: boolean): Promise<void> {
  const code = update ? RequestCode.AUTH_UPDATE_ACL : RequestCode.AUTH_CREATE_ACL
  await client.call(address, { code, fields: { subject: textField(acl, 'subject') }, body: encodeJson(acl) })
}

/** The policies that options -s, -r, -a, -i and -d describe. */
export function aclOfOptions({ options }: CommandContext): AclInfo {
  const actions = items(options.required('a'))
  const sourceIps = options.text('i')
  const entries = items(options.required('r')).map((resource) => ({
    ...{ resource, actions, decision: options.required('d') },
    ...(sourceIps === undefined ? {} : { sourceIps: items(sourceIps) }),
  }))
  return { subject: options.required('s'), policies: [{ entries }] } as unknown as AclInfo
}

/** Texts with commas between them. */
export function items(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** The broker of -b, else the masters of the cluster of -c, which are asked in turn. @throws AdminError */
export async function readTargets({ client, options }: CommandContext): Promise<string[]> {
  const address = options.text('b')
  if (address !== undefined) return [address]
  const masters = await client.masters(options.required('c'))
  if (masters.length === 0) throw new AdminError(`there is no broker in cluster ${options.required('c')}`)
  return masters
}

export function userTable(users: readonly UserInfo[]): string {
  const lines = users.map((user) => {
    const password = textField(user, 'password') === undefined ? undefined : HIDDEN
    return row(
      USER_FORMAT,
      textField(user, 'username'),
      password,
      textField(user, 'userType'),
      textField(user, 'userStatus'),
    )
  })
  return [row(USER_FORMAT, '#UserName', '#Password', '#UserType', '#UserStatus'), ...lines].join('')
}

export function aclTable(acls: readonly AclInfo[]): string {
  const head = row(ACL_FORMAT, '#Subject', '#PolicyType', '#Resource', '#Actions', '#SourceIp', '#Decision')
  return [head, ...acls.flatMap(aclLines)].join('')
}

function aclLines(acl: AclInfo): string[] {
  const subject = textField(acl, 'subject')
  const policies = (listField(acl, 'policies') ?? []).map((item) => asObject(item, 'policy'))
  if (policies.length === 0) return [row(ACL_FORMAT, subject, '', '', '', '', '')]
  return policies.flatMap((policy) =>
    (listField(policy, 'entries') ?? []).map((item) => {
      const entry = asObject(item, 'entry')
      const [actions, sourceIps] = [textListField(entry, 'actions'), textListField(entry, 'sourceIps')].map(javaList)
      const [resource, decision] = [textField(entry, 'resource'), textField(entry, 'decision')]
      return row(ACL_FORMAT, subject, textField(policy, 'policyType'), resource, actions, sourceIps, decision)
    }),
  )
}

/** `[Pub, Sub]`, as a Java list prints itself. */
function javaList(texts: readonly string[] | undefined): string | undefined {
  return texts && `[${texts.join(', ')}]`
}

function readList(body: Buffer | undefined, what: string): JsonObject[] {
  if (body === undefined) return []
  const content: JsonValue = parseJsonBytes(body)
  if (!Array.isArray(content)) throw new AdminError(`the answer is no list of ${what}`)
  return content.map((item) => asObject(item, what))
}
