import type { Channel } from '../../net/channel.ts'

/** The default of a broker that names no timeout (source: BrokerHeartbeatManager.DEFAULT_BROKER_CHANNEL_EXPIRED_TIME). */
export const DEFAULT_TIMEOUT_MS = 10_000
/** brokerElectionPriority of a broker that names none. */
export const LOWEST_PRIORITY = 2 ** 31 - 1

/** The last heartbeat of a broker. */
export interface Heartbeat {
  /** Last epoch in its log. */
  epoch: number
  /** End of its log. */
  maxOffset: number
  /** Silence after which it is gone. */
  timeoutMs: number
  priority: number
}

/** A broker of which this controller has heard since it started. */
export class LiveBroker {
  readonly brokerName: string
  readonly brokerId: number
  readonly heartbeat: Heartbeat = { epoch: -1, maxOffset: -1, timeoutMs: DEFAULT_TIMEOUT_MS, priority: LOWEST_PRIORITY }
  isAlive = false
  /** Where its last heartbeat came from. */
  channel: Channel | undefined
  /** Uptime.ms of its last heartbeat. */
  heardMs = 0
  /** Since when it is gone, in the count of {@link ./live-table.ts}; undefined: it was never found to be. */
  goneInHearing: number | undefined
  /** The newest master epoch this controller has told it of. */
  notifiedEpoch = 0

  constructor(brokerName: string, brokerId: number) {
    this.brokerName = brokerName
    this.brokerId = brokerId
  }
}
