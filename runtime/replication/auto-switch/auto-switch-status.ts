import { encodeJson } from '../../codec/json/write-json.ts'
import type { AutoSwitchReplication } from './auto-switch-replication.ts'

/** Of an epoch that has not ended: Long.MAX_VALUE. */
const NO_END = 0x7fff_ffff_ffff_ffffn

/** Body of GET_BROKER_HA_STATUS (907), as HARuntimeInfo of Apache RocketMQ 5.5. `masterFlushOffset`: 0 when not known. */
export function encodeHaStatus(
  replication: AutoSwitchReplication,
  writtenOffset: number,
  masterFlushOffset: number,
): Buffer {
  const { role, links, connection, syncStateSet } = replication
  const isMaster = role === 'master'
  const slaves = [...links].filter(({ brokerId }) => brokerId !== undefined)
  return encodeJson({
    master: isMaster,
    masterCommitLogMaxOffset: isMaster ? writtenOffset : 0,
    inSyncSlaveNums: isMaster ? syncStateSet.size - 1 : 0,
    haConnectionInfo: slaves.map((link) => ({
      addr: link.remoteText,
      slaveAckOffset: link.ackOffset,
      diff: writtenOffset - link.ackOffset,
      inSync: syncStateSet.has(link.brokerId!),
      transferredByteInSecond: link.transferredBytesPerSecond,
      transferFromWhere: link.nextOffset,
    })),
    haClientRuntimeInfo: {
      masterAddr: isMaster ? undefined : connection.masterText,
      transferredByteInSecond: isMaster ? 0 : connection.rate.perSecond,
      maxOffset: isMaster ? 0 : writtenOffset,
      lastReadTimestamp: isMaster ? 0 : connection.lastReadTimestamp,
      lastWriteTimestamp: isMaster ? 0 : connection.lastWriteTimestamp,
      masterFlushOffset: isMaster ? 0 : masterFlushOffset,
    },
  })
}

export interface EpochCacheOwner {
  readonly clusterName: string
  readonly brokerName: string
  /** 0 for the master. */
  readonly brokerId: number
}

/** Body of GET_BROKER_EPOCH_CACHE (1007), as EpochEntryCache of Apache RocketMQ 5.5. */
export function encodeEpochCache(
  replication: AutoSwitchReplication,
  owner: EpochCacheOwner,
  maxOffset: number,
): Buffer {
  const { entries } = replication.epochs
  const epochList = entries.map((entry, i) => ({ ...entry, endOffset: entries[i + 1]?.startOffset ?? NO_END }))
  return encodeJson({ ...owner, epochList, maxOffset })
}
