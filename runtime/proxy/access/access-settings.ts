import { AccessError } from '../../auth/access-error.ts'
import { type AuthConf, authFaults, whitelistItems } from '../../auth/auth-settings.ts'
import type { GrpcAccessRules } from './grpc-access.ts'

const PACKAGE = 'apache.rocketmq.v2.'
/** What calls are named by in white lists: the types of their requests. */
const REQUESTS: ReadonlySet<string> = new Set([
  ...['QueryRouteRequest', 'QueryAssignmentRequest', 'HeartbeatRequest', 'NotifyClientTerminationRequest'],
  ...['SendMessageRequest', 'RecallMessageRequest', 'EndTransactionRequest', 'ReceiveMessageRequest'],
  ...['AckMessageRequest', 'ChangeInvisibleDurationRequest', 'ForwardMessageToDeadLetterQueueRequest'],
  ...['PullMessageRequest', 'UpdateOffsetRequest', 'GetOffsetRequest', 'QueryOffsetRequest'],
  ...['SyncLiteSubscriptionRequest', 'TelemetryCommand'],
])
const PROVIDERS = {
  authenticationMetadataProvider: 'org.apache.rocketmq.proxy.auth.ProxyAuthenticationMetadataProvider',
  authorizationMetadataProvider: 'org.apache.rocketmq.proxy.auth.ProxyAuthorizationMetadataProvider',
}

/** What is configured of access and cannot be held to: such a proxy does not start. `file`: where the keys stand. */
export function proxyAccessFaults(conf: AuthConf, file: string): string[] {
  const faults = authFaults(conf, PROVIDERS)
  for (const key of ['authenticationWhitelist', 'authorizationWhitelist'] as const) {
    try {
      requestNames(key, conf[key])
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      faults.push(error.message)
    }
  }
  if (conf.authenticationEnabled && !conf.innerClientAuthenticationCredentials?.trim()) {
    faults.push(
      `authenticationEnabled = true without innerClientAuthenticationCredentials: the proxy asks brokers for users and policies, which they show to super users alone; set {"accessKey":"...","secretKey":"..."} in ${file}, the same as for the brokers`,
    )
  }
  return faults
}

/** @throws AccessError */
export function grpcAccessRules(conf: AuthConf): GrpcAccessRules {
  return {
    isAuthorizing: conf.authorizationEnabled,
    unauthenticated: requestNames('authenticationWhitelist', conf.authenticationWhitelist),
    unauthorized: requestNames('authorizationWhitelist', conf.authorizationWhitelist),
  }
}

/** The names among the items of a white list; the others are codes of the remoting protocol. @throws AccessError */
function requestNames(key: string, text: string | undefined): ReadonlySet<string> {
  const names = new Set<string>()
  for (const item of whitelistItems(text)) {
    if (!item.includes('.')) continue
    const name = item.slice(PACKAGE.length)
    if (!item.startsWith(PACKAGE) || !REQUESTS.has(name)) {
      throw new AccessError(
        `${key}: "${item}" is no request of gRPC; there are ${[...REQUESTS].join(', ')}, all with ${PACKAGE} before`,
      )
    }
    names.add(name)
  }
  return names
}
