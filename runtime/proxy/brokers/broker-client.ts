import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observe/logger.ts'

/** Requests to brokers and name servers by address. */
export interface BrokerClient {
  /** @throws InvocationError when there is no answer */
  invoke(address: string, request: RequestDraft, timeoutMs: number): Promise<RemotingCommand>
  sendOneway(address: string, request: RequestDraft): Promise<void>
}

/** What a gateway is made of. */
export interface GatewayParts {
  readonly client: BrokerClient
  readonly clock: Clock
  readonly logger: Logger
}
