import type { RemotingCommand, RequestDraft } from '../../codec/remoting/remoting-command.ts'
import type { GroupSettings } from './group-settings.ts'
import type { TopicType } from './message-type.ts'
import type { RouteView } from './route-view.ts'

/**
 * All that the services of the proxy know of name servers and brokers. Requests are those of the remoting protocol, so
 * that any broker that speaks it will do.
 */
export interface BrokerGateway {
  /** @throws ProxyError TOPIC_NOT_FOUND; InvocationError */
  route(topic: string): RouteView | Promise<RouteView>
  /** The type of a topic, UNSPECIFIED if there is none. */
  topicType(topic: string): TopicType | Promise<TopicType>
  /** Undefined when no broker knows the group. */
  group(group: string): GroupSettings | undefined | Promise<GroupSettings | undefined>
  /** Where the master of a broker group is now. @throws ProxyError INVALID_RECEIPT_HANDLE or BAD_REQUEST, see `unknown` */
  masterOf(brokerName: string): string | Promise<string>
  /** The answer, whatever its code. @throws InvocationError when there is none */
  invoke(address: string, request: RequestDraft, timeoutMs: number): Promise<RemotingCommand>
  sendOneway(address: string, request: RequestDraft): Promise<void>
}
