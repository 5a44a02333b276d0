import type { HaMaster } from './classic/ha-master.ts'
import type { HaSlave } from './classic/ha-slave.ts'
import type { ReplicatedLog } from './replicated-log.ts'

/** Body of GET_BROKER_HA_STATUS (907), fields as HARuntimeInfo of Apache RocketMQ 5.5. */
export interface HaRuntimeInfo {
  readonly master: boolean
  readonly masterCommitLogMaxOffset: number
  readonly inSyncSlaveNums: number
  readonly haConnectionInfo: readonly {
    readonly addr: string
    readonly slaveAckOffset: number
    readonly diff: number
    readonly inSync: boolean
    readonly transferredByteInSecond: number
    readonly transferFromWhere: number
  }[]
  readonly haClientRuntimeInfo: {
    readonly masterAddr: string
    readonly transferredByteInSecond: number
    readonly maxOffset: number
    readonly lastReadTimestamp: number
    readonly lastWriteTimestamp: number
    readonly masterFlushOffset: number
    readonly isActivated: boolean
  }
}

const NO_CLIENT: HaRuntimeInfo['haClientRuntimeInfo'] = {
  masterAddr: '',
  transferredByteInSecond: 0,
  maxOffset: 0,
  lastReadTimestamp: 0,
  lastWriteTimestamp: 0,
  masterFlushOffset: 0,
  isActivated: false,
}

export function masterStatus(log: ReplicatedLog, master: HaMaster, haMaxGapNotInSync: number): HaRuntimeInfo {
  const end = log.writtenOffset
  const connections = [...master.links].map((link) => ({
    addr: link.remoteText,
    slaveAckOffset: link.ackOffset,
    diff: end - link.ackOffset,
    inSync: link.countedOffset >= 0 && end - link.countedOffset < haMaxGapNotInSync,
    transferredByteInSecond: link.transferredBytesPerSecond,
    transferFromWhere: link.nextOffset,
  }))
  return {
    master: true,
    masterCommitLogMaxOffset: end,
    inSyncSlaveNums: connections.filter(({ inSync }) => inSync).length,
    haConnectionInfo: connections,
    haClientRuntimeInfo: NO_CLIENT,
  }
}

/** `masterFlushOffset`: what the master said it has flushed (EXCHANGE_BROKER_HA_INFO), 0 when it never did. */
export function slaveStatus(log: ReplicatedLog, slave: HaSlave, masterFlushOffset: number): HaRuntimeInfo {
  return {
    master: false,
    masterCommitLogMaxOffset: 0,
    inSyncSlaveNums: 0,
    haConnectionInfo: [],
    haClientRuntimeInfo: {
      masterAddr: slave.masterText,
      transferredByteInSecond: slave.transferredBytesPerSecond,
      maxOffset: log.writtenOffset,
      lastReadTimestamp: slave.lastReadTimestamp,
      lastWriteTimestamp: slave.lastWriteTimestamp,
      masterFlushOffset,
      isActivated: slave.state === 'transfer',
    },
  }
}
