import { AccessError } from '../../auth/access-error.ts'
import { AUTH_CODES } from '../../auth/auth-settings.ts'
import { aclToJson, readAcl, readPolicyType, subjectOf, usernameOf } from '../../auth/policy.ts'
import { parseResource } from '../../auth/resource.ts'
import { readUserChange, type User, userToJson, userWithoutPassword } from '../../auth/user.ts'
import type { JsonValue } from '../../codec/json/json-value.ts'
import type { CommandView } from '../../codec/remoting/command-view.ts'
import type { Response } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import { RequestError } from '../../codec/remoting/request-error.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { Logger } from '../../observe/logger.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { readBody } from '../metadata/request-body.ts'
import { saveNow } from '../metadata/save-now.ts'
import type { BrokerAccess } from './broker-access.ts'

export interface AuthHandlerParts {
  readonly access: BrokerAccess
  /** False: what is changed here is a copy, and the next look at the master sets it right. */
  readonly isMaster: () => boolean
  readonly logger: Logger
}

const DONE: Response = { code: ResponseCode.SUCCESS }

/** The ten requests about users and policies (3001 to 3010). */
export function registerAuthHandlers(server: HandlerRegistry, parts: AuthHandlerParts): void {
  const handle = (code: number, handler: (parts: AuthHandlerParts, request: CommandView) => Response): void =>
    server.handle(code, explained(parts, handler))
  handle(RequestCode.AUTH_CREATE_USER, createUser)
  handle(RequestCode.AUTH_UPDATE_USER, updateUser)
  handle(RequestCode.AUTH_DELETE_USER, deleteUser)
  handle(RequestCode.AUTH_GET_USER, getUser)
  handle(RequestCode.AUTH_LIST_USER, listUsers)
  handle(RequestCode.AUTH_CREATE_ACL, putAcl)
  handle(RequestCode.AUTH_UPDATE_ACL, putAcl)
  handle(RequestCode.AUTH_DELETE_ACL, deleteAcl)
  handle(RequestCode.AUTH_GET_ACL, getAcl)
  handle(RequestCode.AUTH_LIST_ACL, listAcls)
}

/** Nobody's identity is known: users made now could be anybody's. */
export function refuseAuthRequests(server: HandlerRegistry): void {
  const remark = 'authentication is off: set authenticationEnabled = true and initAuthenticationUser in broker.conf'
  for (const code of AUTH_CODES) server.handle(code, () => ({ code: ResponseCode.SYSTEM_ERROR, remark }))
}

function explained(
  parts: AuthHandlerParts,
  handler: (parts: AuthHandlerParts, request: CommandView) => Response,
): RequestHandler {
  return (request) => {
    try {
      return handler(parts, request)
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      // The code that official brokers answer.
      throw new RequestError(ResponseCode.NO_PERMISSION, error.message, { cause: error })
    }
  }
}

/**
 * Official tools send a change to masters and slaves in turn. On a slave the user may be there already, by its own look
 * at the master: then what is asked for is made so.
 */
function createUser(parts: AuthHandlerParts, request: CommandView): Response {
  const { tables } = parts.access
  const change = readBody(request, (content) => readUserChange(content, requiredName(request)))
  if (change.type === 'Super') mustBeSuper(parts, request)
  const known = tables.find(change.username)?.user
  if (known !== undefined && !parts.isMaster()) {
    if (known.type === 'Super') mustBeSuper(parts, request)
    const { type = 'Normal', status = 'enable' } = change
    tables.updateUser({ ...change, type, status })
  } else tables.createUser(change)
  return changed(parts, request, `user ${change.username} created`)
}

function updateUser(parts: AuthHandlerParts, request: CommandView): Response {
  const { tables } = parts.access
  const change = readBody(request, (content) => readUserChange(content, requiredName(request)))
  const known = tables.find(change.username)?.user
  if (change.type === 'Super' || known?.type === 'Super') mustBeSuper(parts, request)
  tables.updateUser(change)
  return changed(parts, request, `user ${change.username} changed`)
}

function deleteUser(parts: AuthHandlerParts, request: CommandView): Response {
  const { tables } = parts.access
  const username = requiredName(request)
  if (tables.find(username)?.user.type === 'Super') mustBeSuper(parts, request)
  if (!tables.deleteUser(username)) return DONE
  return changed(parts, request, `user ${username} deleted`)
}

function getUser(parts: AuthHandlerParts, request: CommandView): Response {
  const user = parts.access.tables.find(requiredName(request))?.user
  return user === undefined ? DONE : answer(shown(parts, request, user))
}

function listUsers(parts: AuthHandlerParts, request: CommandView): Response {
  return answer(parts.access.tables.users(request.text('filter')).map((user) => shown(parts, request, user)))
}

function putAcl(parts: AuthHandlerParts, request: CommandView): Response {
  const acl = readBody(request, (content: JsonValue) => readAcl(content, request.text('subject')))
  parts.access.tables.putAcl(acl)
  return changed(parts, request, `policies of ${subjectOf(acl.username)} changed`)
}

function deleteAcl(parts: AuthHandlerParts, request: CommandView): Response {
  const { tables } = parts.access
  const username = usernameOf(request.text('subject') ?? '')
  const type = readPolicyType(request.text('policyType')) ?? 'Custom'
  const resource = request.text('resource')
  const isGone = tables.find(username)?.acl === undefined
  if (isGone && !parts.isMaster()) return DONE
  tables.deleteAcl(username, type, resource?.trim() ? parseResource(resource) : undefined)
  return changed(parts, request, `policies of ${subjectOf(username)} deleted`)
}

function getAcl({ access }: AuthHandlerParts, request: CommandView): Response {
  const username = usernameOf(request.text('subject') ?? '')
  const account = access.tables.find(username)
  if (account === undefined) throw new AccessError(`the user ${username} does not exist`)
  return account.acl === undefined ? DONE : answer(aclToJson(account.acl))
}

function listAcls({ access }: AuthHandlerParts, request: CommandView): Response {
  return answer(access.tables.acls(request.text('subjectFilter'), request.text('resourceFilter')).map(aclToJson))
}

/** Whoever sees a password can be that user: only super users see them. */
function shown({ access }: AuthHandlerParts, request: CommandView, user: User): object {
  return access.requests.isSuper(request) ? userToJson(user) : userWithoutPassword(user)
}

function answer(content: object): Response {
  return { code: ResponseCode.SUCCESS, body: Buffer.from(JSON.stringify(content)) }
}

function changed({ access, logger }: AuthHandlerParts, request: CommandView, what: string): Response {
  saveNow(...access.states.filter((state) => state.isChanged))
  logger.info({ by: request.text('AccessKey') }, what)
  return DONE
}

function requiredName(request: CommandView): string {
  const name = request.text('username')
  if (name === undefined || name.trim() === '')
    throw new RequestError(ResponseCode.INVALID_PARAMETER, 'The username is blank')
  return name
}

function mustBeSuper({ access }: AuthHandlerParts, request: CommandView): void {
  if (!access.requests.isSuper(request))
    throw new AccessError('a super user can be made, changed and deleted by a super user only')
}
