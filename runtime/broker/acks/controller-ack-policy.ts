import { ResponseCode } from '../../codec/remoting/response-code.ts'
import type { Current } from '../metadata/current.ts'
import type { AckRules } from './ack-policy.ts'
import { Needs } from './pending-sends.ts'

/*
 * What an acknowledgement waits for in controller mode, beside the flush that SYNC_FLUSH asks for. The replicas that count
 * are the members of the SyncStateSet and those that are about to be:
 *
 *   allAckInSyncStateSet=true    every replica that counts, and at least minInSyncReplicas copies
 *   otherwise                    inSyncReplicas copies, this broker's included, on replicas that count
 *   no controller heard of       as with allAckInSyncStateSet: one of them may have become master meanwhile
 *
 * With WAIT=false a message waits for nothing. Fewer than minInSyncReplicas replicas that count and are there: messages that
 * would wait are refused. A wait longer than slaveTimeout is answered FLUSH_SLAVE_TIMEOUT. As Apache RocketMQ, but that one
 * counts replicas outside the set as well, whose copies no later master has.
 */

export interface ControllerAckConfig {
  readonly flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH'
  readonly allAckInSyncStateSet: boolean
  readonly inSyncReplicas: number
  readonly minInSyncReplicas: number
}

/** How far the replicas are. Provided by auto-switch replication. */
export interface ReplicaAcks {
  /** What at least `slaves` of those that count hold; 0 when there are fewer. */
  ackedBy(slaves: number): number
  /** What all that count hold. */
  readonly ackedByAll: number
  /** Of those that count, the ones that are there. */
  inSyncSlaves(): number
  /** The controllers have not been heard of for long. */
  readonly isCutOff: boolean
}

export class ControllerAckPolicy implements AckRules {
  readonly #config: Current<ControllerAckConfig>
  readonly #replicas: ReplicaAcks

  constructor(config: Current<ControllerAckConfig>, replicas: ReplicaAcks) {
    this.#config = config
    this.#replicas = replicas
  }

  get needs(): number {
    return this.#config.current.flushDiskType === 'SYNC_FLUSH' ? Needs.replicated | Needs.flushed : Needs.replicated
  }

  /** Waiting is never in vain: a replica that is missing may come back within slaveTimeout. */
  codeAt(): number {
    return ResponseCode.SUCCESS
  }

  get replicatedOffset(): number {
    const { allAckInSyncStateSet, inSyncReplicas, minInSyncReplicas } = this.#config.current
    const replicas = this.#replicas
    if (!allAckInSyncStateSet && !replicas.isCutOff) return replicas.ackedBy(inSyncReplicas - 1)
    return Math.min(replicas.ackedByAll, replicas.ackedBy(minInSyncReplicas - 1))
  }

  get refusal(): string | undefined {
    const { minInSyncReplicas } = this.#config.current
    return 1 + this.#replicas.inSyncSlaves() < minInSyncReplicas ? 'in-sync replicas not enough' : undefined
  }
}
