import type { Response } from '../codec/remoting/remoting-command.ts'
import type { KnownMaster } from './registration/registration.ts'
import type { MasterInfo, MinBrokerIdChange } from './replica-group/replica-handlers.ts'

/** The broker's side of replication, be its role fixed or given by controllers. */
export interface Replication {
  /** Slaves: whether the master has been heard of lately. */
  readonly isMasterUp: boolean
  /** Slaves: where the master serves requests, as far as that is known. */
  readonly masterAddress: string | undefined
  start(): Promise<void>
  stop(): void
  /** What a name server says of the group's master. */
  follow(master: KnownMaster): void
  /** A name server saw a broker of the group come or go. */
  groupChanged(change: MinBrokerIdChange): void
  /** What a master tells of itself (EXCHANGE_BROKER_HA_INFO). */
  learn(master: MasterInfo): void
  /** After a batch was written: slaves get it in this turn. */
  pushAll(): void
  /** GET_BROKER_HA_STATUS */
  status(): Response
  /** GET_BROKER_EPOCH_CACHE */
  epochs(): Response
}
