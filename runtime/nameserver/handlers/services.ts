import type { LiveNamesrvConf } from '../../config/namesrv-conf.ts'
import type { Clock } from '../../io/clock.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { Logger } from '../../observe/logger.ts'
import type { BrokerDepartures } from '../broker-departures.ts'
import type { KvConfig } from '../kv-config.ts'
import type { MinBrokerIdNotifier } from '../min-broker-id-notifier.ts'
import type { RouteCache } from '../route-cache.ts'
import type { RouteTable } from '../route-table/route-table.ts'

/** What the handlers of a name server work with. Each names the few it needs (`Pick`). */
export interface Services {
  readonly clock: Clock
  readonly logger: Logger
  readonly live: LiveNamesrvConf
  readonly table: RouteTable
  readonly routes: RouteCache
  readonly kv: KvConfig
  readonly departures: BrokerDepartures
  readonly notifier: MinBrokerIdNotifier
}

export type Handlers = readonly (readonly [code: number, handler: RequestHandler])[]
