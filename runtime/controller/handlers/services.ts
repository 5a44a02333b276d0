import type { LiveControllerConf } from '../../config/controller-conf.ts'
import type { RequestHandler } from '../../net/remoting-server.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Consensus } from '../../raft/consensus.ts'
import type { Elections } from '../elections/elections.ts'
import type { HandOver } from '../hand-over.ts'
import type { LiveTable } from '../liveness/live-table.ts'
import type { RoleNotifier } from '../role-notifier.ts'
import type { ControllerState } from '../state/controller-state.ts'
import type { Agreement } from './agreement.ts'

/** What the handlers of a controller work with. Each names the few it needs (`Pick`). */
export interface Services {
  readonly logger: Logger
  readonly settings: LiveControllerConf
  readonly consensus: Consensus
  readonly agreement: Agreement
  readonly state: ControllerState
  readonly live: LiveTable
  readonly elections: Elections
  readonly notifier: RoleNotifier
  readonly handOver: HandOver
}

export type Handlers = readonly (readonly [code: number, handler: RequestHandler])[]
