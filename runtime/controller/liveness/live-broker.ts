import type { Channel } from '../../net/channel.ts'

/** The default of a broker that names no timeout (source: BrokerHeartbeatManager.DEFAULT_BROKER_CHANNEL_EXPIRED_TIME). */
export const DEFAULT_TIMEOUT_MS = 10_000
/** brokerElectionPriority of a broker that names none. */
export const LOWEST_PRIORITY = 2 ** 31 - 1

/** A broker of which this controller has heard since it started, with its last heartbeat. */
export class LiveBroker {
  readonly brokerName: string
  readonly brokerId: number
  isAlive = false
  /** Where its last heartbeat came from. */
  channel: Channel | undefined
  /** Last epoch in its log, -1 if it has not said. */
  epoch = -1
  /** End of its log, -1 if it has not said. */
  maxOffset = -1
  /** Silence after which it is gone; 0 if it has not said. */
  timeoutMs = 0
  /** The lower one is preferred. */
  priority = LOWEST_PRIORITY
  /** Uptime.ms of its last heartbeat. */
  heardMs = 0
  /** Since when it is gone, in the count of {@link ./live-table.ts}; -1: it was never found to be. */
  goneInHearing = -1
  /** The newest master epoch this controller has told it of. */
  notifiedEpoch = 0

  constructor(brokerName: string, brokerId: number) {
    this.brokerName = brokerName
    this.brokerId = brokerId
  }
}
