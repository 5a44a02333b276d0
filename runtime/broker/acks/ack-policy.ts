import { ResponseCode } from '../../codec/remoting/response-code.ts'
import { Needs } from './pending-sends.ts'

/*
 * What an acknowledgement waits for:
 *
 *   flushDiskType  brokerRole     WAIT=false   otherwise
 *   ASYNC_FLUSH    ASYNC_MASTER   written      written
 *   SYNC_FLUSH     ASYNC_MASTER   written      flushed
 *   ASYNC_FLUSH    SYNC_MASTER    written      replicated
 *   SYNC_FLUSH     SYNC_MASTER    written      flushed and replicated
 *
 * A flush that takes longer than syncFlushTimeout is answered FLUSH_DISK_TIMEOUT, a slave that takes longer than
 * slaveTimeout FLUSH_SLAVE_TIMEOUT, no slave within haMaxGapNotInSync SLAVE_NOT_AVAILABLE; the message is stored in all
 * three cases, and clients know that.
 *
 * Apache RocketMQ 5 counts the master itself in inSyncReplicas and its default is 1, so that a SYNC_MASTER of that
 * version acknowledges without any slave unless inSyncReplicas is raised. Here SYNC_MASTER means what it says and what
 * it meant in version 4: at least one slave holds the message.
 */

/** Read anew after a change. */
export interface AckConfig {
  readonly flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH'
  readonly brokerRole: 'ASYNC_MASTER' | 'SYNC_MASTER' | 'SLAVE'
  /** Copies of a message, the master's included. */
  readonly inSyncReplicas: number
}

/** How far the slaves are. Provided by replication. */
export interface SlaveProgress {
  /** Position up to which at least `slaves` slaves hold everything; 0 when there are fewer. */
  ackedBy(slaves: number): number
  /** Slaves connected and not too far behind `masterOffset`. */
  inSyncSlaves(masterOffset: number): number
}

/** When a sender is told that its message is stored. */
export interface AckRules {
  /** {@link Needs} of a message that does not say WAIT=false. */
  readonly needs: number
  /** What is known already when the message is appended: the answer if nothing goes wrong from there on. */
  codeAt(masterOffset: number): number
  /** Up to here enough slaves hold the log. */
  readonly replicatedOffset: number
  /** Why messages that would wait are not taken at present; undefined while they are. */
  readonly refusal: string | undefined
}

export class AckPolicy implements AckRules {
  needs = 0
  readonly refusal = undefined
  #slavesNeeded = 1
  readonly #config: AckConfig
  readonly #slaves: SlaveProgress | undefined

  constructor(config: AckConfig, slaves: SlaveProgress | undefined) {
    this.#config = config
    this.#slaves = slaves
    this.settingsChanged()
  }

  /** What waits already goes on waiting for what it was appended with. */
  settingsChanged(): void {
    const { brokerRole, flushDiskType, inSyncReplicas } = this.#config
    const sync = brokerRole === 'SYNC_MASTER'
    this.needs = (flushDiskType === 'SYNC_FLUSH' ? Needs.flushed : 0) | (sync ? Needs.replicated : 0)
    this.#slavesNeeded = Math.max(inSyncReplicas, 2) - 1
  }

  /** SLAVE_NOT_AVAILABLE when waiting for slaves would be in vain. */
  codeAt(masterOffset: number): number {
    if ((this.needs & Needs.replicated) === 0) return ResponseCode.SUCCESS
    const enough = this.#slaves !== undefined && this.#slaves.inSyncSlaves(masterOffset) >= this.#slavesNeeded
    return enough ? ResponseCode.SUCCESS : ResponseCode.SLAVE_NOT_AVAILABLE
  }

  get replicatedOffset(): number {
    return this.#slaves?.ackedBy(this.#slavesNeeded) ?? 0
  }
}
