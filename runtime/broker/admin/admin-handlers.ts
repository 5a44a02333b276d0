import { RequestCode } from '../../codec/remoting/request-code.ts'
import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { BrokerConf } from '../../config/broker-conf.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { ProducerRegistry } from '../clients/producer-registry.ts'
import type { ColdAccounts } from '../cold/cold-accounts.ts'
import type { Current } from '../metadata/current.ts'
import type { HandlerRegistry } from '../metadata/handler-registry.ts'
import { type BrokerConfigDeps, registerBrokerConfig } from './broker-config.ts'
import { registerClientRelay } from './client-relay.ts'
import { registerColdData } from './cold-data.ts'
import { registerConnections } from './connections.ts'
import { type ConsumeStatsDeps, registerConsumeStats } from './consume-stats.ts'
import { registerGroupAdmin } from './group-admin.ts'
import { type RequestModes, registerRequestModes } from './request-modes.ts'
import { type ResetOffsetDeps, registerResetOffset } from './reset-offset.ts'
import { type RuntimeInfoDeps, registerRuntimeInfo } from './runtime-info.ts'
import { registerStoreMaintenance } from './store-maintenance.ts'
import { registerTopicAdmin, type TopicAdminDeps } from './topic-admin.ts'
import { registerTopicStats } from './topic-stats.ts'

/** What the administration of a broker needs, all of it. */
export interface AdminDeps
  extends Pick<ConsumeStatsDeps, 'brokerAddr' | 'topics' | 'groups' | 'offsets' | 'consumers' | 'stats'>,
    Omit<BrokerConfigDeps, 'conf' | 'topics'>,
    Pick<RuntimeInfoDeps, 'isActive' | 'pendingSends' | 'delayStats' | 'timerStats'> {
  readonly conf: Current<BrokerConf>
  readonly store: MessageStore
  readonly producers: ProducerRegistry
  readonly modes: RequestModes
  readonly mappings: TopicAdminDeps['mappings']
  readonly coldAccounts: ColdAccounts
  readonly releasePulls: ResetOffsetDeps['releasePulls']
  readonly endLiteTopicsOf: TopicAdminDeps['endLiteTopicsOf']
  /** The content of delayOffset.json. */
  readonly delayOffsets: () => Uint8Array
}

/** All of a broker's administration. Codes that are not registered anywhere get the answer "not supported". */
export function registerAdminHandlers(server: HandlerRegistry, deps: AdminDeps): void {
  const settings = deps.conf
  const all = { ...deps, settings, brokerName: deps.conf.current.brokerName }
  registerTopicAdmin(server, all)
  registerGroupAdmin(server, all)
  registerBrokerConfig(server, all)
  registerRuntimeInfo(server, all)
  registerTopicStats(server, all)
  registerConsumeStats(server, all)
  registerConnections(server, all)
  registerResetOffset(server, all)
  registerClientRelay(server, all)
  registerStoreMaintenance(server, all)
  registerColdData(server, deps.coldAccounts)
  registerRequestModes(server, all)
  server.handle(RequestCode.GET_ALL_DELAY_OFFSET, () => ({ code: ResponseCode.SUCCESS, body: deps.delayOffsets() }))
}
