import type { Clock } from '../../io/clock.ts'
import { ProxyError } from '../proxy-error.ts'
import type { GrpcCall } from '../transport/grpc-call.ts'
import { StatusCode } from '../wire/status-code.ts'

/** Who makes a request, by its headers. */
export interface ClientCall {
  readonly clientId: string
  readonly clientVersion: string | undefined
  readonly remoteHost: string
  readonly localHost: string
  readonly localPort: number
  /** How long the client goes on waiting; undefined: it has not said. */
  readonly remainingMs: number | undefined
}

/** @throws ProxyError CLIENT_ID_REQUIRED */
export function clientCall({ metadata, remote, local, deadlineMs }: GrpcCall, clock: Clock): ClientCall {
  const clientId = metadata.get('x-mq-client-id')?.trim() ?? ''
  if (clientId === '') {
    throw new ProxyError(StatusCode.CLIENT_ID_REQUIRED, 'client id cannot be empty: send the header x-mq-client-id')
  }
  return {
    clientId,
    clientVersion: metadata.get('x-mq-client-version'),
    remoteHost: remote.host,
    localHost: local.host,
    localPort: local.port,
    remainingMs: deadlineMs === undefined ? undefined : Math.floor(deadlineMs - clock.monotonic()),
  }
}
