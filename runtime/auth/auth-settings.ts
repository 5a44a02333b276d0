import { RequestCode } from '../codec/remoting/request-code.ts'
import type { auth } from '../config/broker-conf/auth.ts'
import type { Conf } from '../config/conf-key.ts'
import { AccessError } from './access-error.ts'
import { innerUser, readSecretJson } from './inner-credentials.ts'
import type { AccessRules } from './remoting/request-access.ts'
import { readUserChange, type UserChange } from './user.ts'

/** Keys of broker.conf and rmq-proxy.json about access. */
export type AuthConf = Pick<
  Conf<typeof auth.keys>,
  | 'authenticationEnabled'
  | 'authenticationProvider'
  | 'authenticationMetadataProvider'
  | 'authenticationStrategy'
  | 'authenticationWhitelist'
  | 'initAuthenticationUser'
  | 'innerClientAuthenticationCredentials'
  | 'authorizationEnabled'
  | 'authorizationProvider'
  | 'authorizationMetadataProvider'
  | 'authorizationStrategy'
  | 'authorizationWhitelist'
  | 'statefulAuthenticationCacheExpiredSecond'
>

const CLASSES = 'org.apache.rocketmq.auth'
const STATEFUL_AUTHENTICATION = `${CLASSES}.authentication.strategy.StatefulAuthenticationStrategy`
/** The Java classes whose work is done here; others are somebody's own. */
const SERVED: readonly (readonly [key: keyof AuthConf, classes: readonly string[]])[] = [
  ['authenticationProvider', [`${CLASSES}.authentication.provider.DefaultAuthenticationProvider`]],
  ['authenticationMetadataProvider', [`${CLASSES}.authentication.provider.LocalAuthenticationMetadataProvider`]],
  [
    'authenticationStrategy',
    [`${CLASSES}.authentication.strategy.StatelessAuthenticationStrategy`, STATEFUL_AUTHENTICATION],
  ],
  ['authorizationProvider', [`${CLASSES}.authorization.provider.DefaultAuthorizationProvider`]],
  ['authorizationMetadataProvider', [`${CLASSES}.authorization.provider.LocalAuthorizationMetadataProvider`]],
  [
    'authorizationStrategy',
    [
      `${CLASSES}.authorization.strategy.StatelessAuthorizationStrategy`,
      `${CLASSES}.authorization.strategy.StatefulAuthorizationStrategy`,
    ],
  ],
]

/** Codes that make users and policies, or show them. */
export const AUTH_CODES: ReadonlySet<number> = new Set([
  RequestCode.AUTH_CREATE_USER,
  RequestCode.AUTH_UPDATE_USER,
  RequestCode.AUTH_DELETE_USER,
  RequestCode.AUTH_GET_USER,
  RequestCode.AUTH_LIST_USER,
  RequestCode.AUTH_CREATE_ACL,
  RequestCode.AUTH_UPDATE_ACL,
  RequestCode.AUTH_DELETE_ACL,
  RequestCode.AUTH_GET_ACL,
  RequestCode.AUTH_LIST_ACL,
])

/** What a conf file says of access and this engine cannot hold to: such a server does not start. `more`: classes that are served there, too. */
export function authFaults(conf: AuthConf, more: Partial<Record<keyof AuthConf, string>> = {}): string[] {
  const faults: string[] = []
  for (const [key, known] of SERVED) {
    const given = conf[key]
    const classes = [...known, ...(more[key] === undefined ? [] : [more[key]])]
    if (given !== undefined && given !== '' && !classes.includes(String(given))) {
      faults.push(
        `${key} = "${given}": this engine runs no Java classes; leave it out, or give ${classes.join(' or ')}`,
      )
    }
  }
  const { authorizationEnabled, authenticationEnabled } = conf
  if (authorizationEnabled && !authenticationEnabled) {
    faults.push(
      'authorizationEnabled = true with authenticationEnabled = false: without a check who a client is, it could claim to be anybody; set authenticationEnabled = true as well',
    )
  }
  for (const read of [
    whitelists,
    initialUser,
    ({ innerClientAuthenticationCredentials: text }: AuthConf) => innerUser(text),
  ]) {
    try {
      read(conf)
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      faults.push(error.message)
    }
  }
  return faults
}

/** The first super user. @throws AccessError */
export function initialUser({ initAuthenticationUser: text }: AuthConf): UserChange | undefined {
  return readSecretJson('initAuthenticationUser', text, '{"username":"...","password":"..."}', (content) => {
    const user = readUserChange(content)
    if (user.password === undefined) throw new AccessError('the password is missing')
    return { ...user, type: 'Super' }
  })
}

/** @throws AccessError */
export function accessRules(
  conf: AuthConf,
  around: Pick<AccessRules, 'clusterName' | 'topicAt' | 'monotonic'>,
): AccessRules {
  const isStateful = conf.authenticationStrategy === STATEFUL_AUTHENTICATION
  return {
    isAuthorizing: conf.authorizationEnabled,
    ...whitelists(conf),
    superOnly: conf.authorizationEnabled ? new Set() : AUTH_CODES,
    believedForMs: isStateful ? conf.statefulAuthenticationCacheExpiredSecond * 1000 : 0,
    ...around,
  }
}

function whitelists(conf: AuthConf): Pick<AccessRules, 'unauthenticated' | 'unauthorized'> {
  return {
    unauthenticated: readCodes('authenticationWhitelist', conf.authenticationWhitelist),
    unauthorized: readCodes('authorizationWhitelist', conf.authorizationWhitelist),
  }
}

export function whitelistItems(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]))
}

/** Request codes with commas between them; names of gRPC calls (apache.rocketmq.v2....) are a proxy's business. */
function readCodes(key: string, text: string | undefined): ReadonlySet<number> {
  const codes = new Set<number>()
  for (const item of whitelistItems(text)) {
    if (item.includes('.')) continue
    const code = Number(item)
    if (!/^\d+$/.test(item))
      throw new AccessError(`${key}: "${item}" is no request code; give numbers with commas between them`)
    if (AUTH_CODES.has(code)) {
      throw new AccessError(
        `${key}: ${code} makes or shows users and policies, which nobody may do unchecked; take it out`,
      )
    }
    codes.add(code)
  }
  return codes
}
