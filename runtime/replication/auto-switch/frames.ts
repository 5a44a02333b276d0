import { getInt64, peekInt64, setInt64 } from '../../codec/bytes.ts'
import { checkedTransferSize } from '../link/link-options.ts'
import { EPOCHS_MAX, EpochHistory } from './epoch-history.ts'

/*
 * Auto-switch replication on haListenPort (AutoSwitchHAClient, AutoSwitchHAConnection): raw TCP, big endian, no remoting
 * frames. Every frame begins with int32 state, an ordinal of HAConnectionState.
 *
 *   slave -> master
 *     handshake   int32 1 · int16 syncFromLastFile · int16 asyncLearner · int64 brokerId
 *     report      int32 2 · int64 maxOffset                   what the slave holds; the first one asks where to start
 *
 *   master -> slave
 *     handshake   int32 1 · int32 bodyBytes · int64 maxPhyOffset · int32 lastEpoch
 *                 body: per epoch, oldest first, int32 epoch · int64 startOffset
 *     transfer    int32 2 · int32 bodyBytes · int64 phyOffset · int32 epoch · int64 epochStartOffset · int64 confirmOffset
 *                 body: bytes of the log from phyOffset on, all of one epoch; without body it is a heartbeat
 *
 * Flags count as set when they are 1. An official master labels the last transfer of an epoch with the next one already.
 */
export const State = { handshake: 1, transfer: 2 } as const

export const SLAVE_HANDSHAKE_BYTES = 16
const REPORT_BYTES = 12
const MASTER_HANDSHAKE_HEADER_BYTES = 20
const EPOCH_ENTRY_BYTES = 12
export const TRANSFER_HEADER_BYTES = 36

/** An official master sends at most EPOCHS_MAX. */
const HANDSHAKE_BODY_MAX_BYTES = 64 * EPOCHS_MAX * EPOCH_ENTRY_BYTES

export interface SlaveHandshake {
  readonly brokerId: number
  /** An empty slave starts at the master's newest file instead of its oldest. */
  readonly syncFromLastFile: boolean
  /** It never joins the SyncStateSet. */
  readonly asyncLearner: boolean
}

export interface MasterHandshake {
  readonly maxPhyOffset: number
  readonly lastEpoch: number
  readonly epochs: EpochHistory
}

/** Reused: valid until the next one is read. */
export interface TransferHeader {
  phyOffset: number
  epoch: number
  epochStartOffset: number
  confirmOffset: number
}

export function encodeSlaveHandshake({ brokerId, syncFromLastFile, asyncLearner }: SlaveHandshake): Buffer {
  const bytes = Buffer.alloc(SLAVE_HANDSHAKE_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setInt32(0, State.handshake)
  view.setInt16(4, syncFromLastFile ? 1 : 0)
  view.setInt16(6, asyncLearner ? 1 : 0)
  setInt64(view, 8, brokerId)
  return bytes
}

export function encodeReport(maxOffset: number): Buffer {
  const bytes = Buffer.alloc(REPORT_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setInt32(0, State.transfer)
  setInt64(view, 4, maxOffset)
  return bytes
}

/** Bytes of a slave's frame, 0 while that cannot be told. @throws Error for one that no slave sends */
export function slaveFrameSize(view: DataView, at: number, available: number): number {
  if (available < 4) return 0
  const state = view.getInt32(at)
  if (state === State.handshake) return SLAVE_HANDSHAKE_BYTES
  if (state === State.transfer) return REPORT_BYTES
  throw new Error(`the peer does not speak the auto-switch protocol: its frame begins with ${state}`)
}

/** @throws Error for a broker id that no controller gives out */
export function readSlaveHandshake(view: DataView, at: number): SlaveHandshake {
  const brokerId = peekInt64(view, at + 8)
  if (!(brokerId >= 0)) throw new Error(`the slave says that its broker id is ${brokerId}, expected 0 or more`)
  return { brokerId, syncFromLastFile: view.getInt16(at + 4) === 1, asyncLearner: view.getInt16(at + 6) === 1 }
}

/** NaN for what is no offset. */
export function readReport(view: DataView, at: number): number {
  return peekInt64(view, at + 4)
}

export function encodeMasterHandshake({ maxPhyOffset, lastEpoch, epochs }: MasterHandshake): Buffer {
  const { entries } = epochs
  const bytes = Buffer.alloc(MASTER_HANDSHAKE_HEADER_BYTES + entries.length * EPOCH_ENTRY_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  view.setInt32(0, State.handshake)
  view.setInt32(4, entries.length * EPOCH_ENTRY_BYTES)
  setInt64(view, 8, maxPhyOffset)
  view.setInt32(16, lastEpoch)
  entries.forEach(({ epoch, startOffset }, i) => {
    const at = MASTER_HANDSHAKE_HEADER_BYTES + i * EPOCH_ENTRY_BYTES
    view.setInt32(at, epoch)
    setInt64(view, at + 4, startOffset)
  })
  return bytes
}

/** Bytes of a master's frame, 0 while that cannot be told. @throws Error for one that no master sends */
export function masterFrameSize(view: DataView, at: number, available: number): number {
  if (available < 8) return 0
  const state = view.getInt32(at)
  const bodyBytes = view.getInt32(at + 4)
  if (state === State.transfer) return TRANSFER_HEADER_BYTES + checkedTransferSize(bodyBytes)
  if (state !== State.handshake) {
    throw new Error(`the peer does not speak the auto-switch protocol: its frame begins with ${state}`)
  }
  if (bodyBytes < 0 || bodyBytes > HANDSHAKE_BODY_MAX_BYTES || bodyBytes % EPOCH_ENTRY_BYTES !== 0) {
    throw new Error(`the master announces ${bodyBytes} bytes of epochs`)
  }
  return MASTER_HANDSHAKE_HEADER_BYTES + bodyBytes
}

/** @throws Error for epochs that do not follow one another */
export function readMasterHandshake(view: DataView, at: number): MasterHandshake {
  const count = view.getInt32(at + 4) / EPOCH_ENTRY_BYTES
  const entries = Array.from({ length: count }, (_, i) => {
    const entryAt = at + MASTER_HANDSHAKE_HEADER_BYTES + i * EPOCH_ENTRY_BYTES
    return { epoch: view.getInt32(entryAt), startOffset: getInt64(view, entryAt + 4) }
  })
  return {
    maxPhyOffset: getInt64(view, at + 8),
    lastEpoch: view.getInt32(at + 16),
    epochs: new EpochHistory(entries),
  }
}

export function writeTransferHeader(view: DataView, at: number, header: TransferHeader, bodyBytes: number): void {
  view.setInt32(at, State.transfer)
  view.setInt32(at + 4, bodyBytes)
  setInt64(view, at + 8, header.phyOffset)
  view.setInt32(at + 16, header.epoch)
  setInt64(view, at + 20, header.epochStartOffset)
  setInt64(view, at + 28, header.confirmOffset)
}

/** @throws RangeError for offsets beyond 2^53 */
export function readTransferHeader(view: DataView, at: number, header: TransferHeader): void {
  header.phyOffset = getInt64(view, at + 8)
  header.epoch = view.getInt32(at + 16)
  header.epochStartOffset = getInt64(view, at + 20)
  header.confirmOffset = getInt64(view, at + 28)
}
