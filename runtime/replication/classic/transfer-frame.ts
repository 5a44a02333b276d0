import { getInt64, setInt64 } from '../../codec/bytes.ts'

/*
 * Classic replication on haListenPort (DefaultHAConnection, DefaultHAClient): raw TCP, no remoting frames.
 *
 *   slave -> master   int64 maxOffset                        what the slave holds; the first one asks where to start
 *   master -> slave   int64 phyOffset · int32 size · bytes   size 0 is a heartbeat
 */
export const REPORT_BYTES = 8
export const TRANSFER_HEADER_BYTES = 12

/** A slave may be configured for more than our own haTransferBatchSize; nobody sends more than this in one transfer. */
const TRANSFER_MAX_BYTES = 16 * 1024 * 1024

export function writeTransferHeader(view: DataView, at: number, phyOffset: number, sizeBytes: number): void {
  setInt64(view, at, phyOffset)
  view.setInt32(at + 8, sizeBytes)
}

export function readTransferSize(view: DataView, at: number): number {
  const sizeBytes = view.getInt32(at + 8)
  if (sizeBytes < 0 || sizeBytes > TRANSFER_MAX_BYTES) {
    throw new Error(`the master announces a transfer of ${sizeBytes} bytes; 0 to ${TRANSFER_MAX_BYTES} are possible`)
  }
  return sizeBytes
}

export function readTransferOffset(view: DataView, at: number): number {
  return getInt64(view, at)
}
