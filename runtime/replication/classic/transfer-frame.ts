import { getInt64, setInt64 } from '../../codec/bytes.ts'
import { checkedTransferSize } from '../link/link-options.ts'

/*
 * Classic replication on haListenPort (DefaultHAConnection, DefaultHAClient): raw TCP, no remoting frames.
 *
 *   slave -> master   int64 maxOffset                        what the slave holds; the first one asks where to start
 *   master -> slave   int64 phyOffset · int32 size · bytes   size 0 is a heartbeat
 */
export const REPORT_BYTES = 8
export const TRANSFER_HEADER_BYTES = 12

export function writeTransferHeader(view: DataView, at: number, phyOffset: number, sizeBytes: number): void {
  setInt64(view, at, phyOffset)
  view.setInt32(at + 8, sizeBytes)
}

export function readTransferSize(view: DataView, at: number): number {
  return checkedTransferSize(view.getInt32(at + 8))
}

export function readTransferOffset(view: DataView, at: number): number {
  return getInt64(view, at)
}
