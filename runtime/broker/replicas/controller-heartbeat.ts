import type { RequestDraft } from '../../codec/remoting/remoting-command.ts'
import { RequestCode } from '../../codec/remoting/request-code.ts'
import type { Logger } from '../../observe/logger.ts'
import type { ReplicaProgress } from './replica-target.ts'

interface HeartbeatConfig {
  readonly brokerClusterName: string
  readonly brokerName: string
  readonly controllerHeartBeatTimeoutMills: number
  readonly brokerElectionPriority: number
  /** Every controller, not only the leader: the next leader is to know who lives (apache/rocketmq#10812). */
  readonly controllerAddr: readonly string[]
}

export interface ControllerHeartbeatParts {
  readonly config: HeartbeatConfig
  readonly brokerAddr: string
  readonly progress: () => ReplicaProgress
  readonly sendOneway: (address: string, request: RequestDraft) => Promise<void>
  readonly logger: Logger
}

/** Tells all controllers that this broker lives and how far it is (BROKER_HEARTBEAT). */
export class ControllerHeartbeat {
  readonly #parts: ControllerHeartbeatParts

  constructor(parts: ControllerHeartbeatParts) {
    this.#parts = parts
  }

  beat(brokerId: number): void {
    const { config, brokerAddr, progress, sendOneway, logger } = this.#parts
    const { epoch, maxOffset, confirmOffset } = progress()
    const fields = {
      clusterName: config.brokerClusterName,
      brokerAddr,
      brokerName: config.brokerName,
      brokerId,
      epoch,
      maxOffset,
      confirmOffset,
      heartbeatTimeoutMills: config.controllerHeartBeatTimeoutMills,
      electionPriority: config.brokerElectionPriority,
    }
    for (const address of config.controllerAddr) {
      sendOneway(address, { code: RequestCode.BROKER_HEARTBEAT, fields }).catch((error: unknown) => {
        logger.debug({ controller: address, err: error }, 'heartbeat not sent')
      })
    }
  }
}
