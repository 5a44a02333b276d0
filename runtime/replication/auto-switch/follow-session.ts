import type { SlaveSession } from '../link/master-connection.ts'
import type { AutoSwitchLog } from './auto-switch-log.ts'
import {
  encodeReport,
  encodeSlaveHandshake,
  type MasterHandshake,
  masterFrameSize,
  readMasterHandshake,
  readTransferHeader,
  type SlaveHandshake,
  State,
  TRANSFER_HEADER_BYTES,
} from './frames.ts'
import type { LegacyProof } from './legacy-proof.ts'

/** The replica that a session copies for. */
export interface SessionOwner {
  readonly identity: SlaveHandshake
  /** How far this replica holds the log as safely as its configuration wants it. */
  readonly safeOffset: number
  send(bytes: Uint8Array): void
  /**
   * Cuts the log back to where it is equal to the master's. @returns what has yet to be shown of that, if anything.
   * @throws Error when this master is not to be followed
   */
  meet(master: MasterHandshake): LegacyProof | undefined
  /** What {@link meet} wanted to be shown is. */
  proven(): void
  /** It is not so. @throws always */
  disproven(phyOffset: number): never
  /** What comes from `startOffset` on was written in this epoch. @throws Error for one that cannot follow */
  enterEpoch(epoch: number, startOffset: number): void
  /** The master has nothing any more that continues this log. */
  startAnew(reason: string): void
}

/** One connection to a master, from the first word to the last (official: AutoSwitchHAClient). */
export class FollowSession implements SlaveSession {
  readonly #log: AutoSwitchLog
  readonly #owner: SessionOwner
  readonly #header = { phyOffset: 0, epoch: 0, epochStartOffset: 0, confirmOffset: 0 }
  #hasMet = false
  #proof: LegacyProof | undefined
  #epoch = -1
  #epochStart = -1
  /** -1: the first report, which says where to start, has not gone out. */
  #reportedOffset = -1

  constructor(log: AutoSwitchLog, owner: SessionOwner) {
    this.#log = log
    this.#owner = owner
  }

  /** Whether master and replica have agreed on where to start. */
  get isTransferring(): boolean {
    return this.#reportedOffset >= 0
  }

  opened(): void {
    this.#owner.send(encodeSlaveHandshake(this.#owner.identity))
  }

  frameSize(view: DataView, at: number, available: number): number {
    return masterFrameSize(view, at, available)
  }

  take(bytes: Buffer, view: DataView, at: number, sizeBytes: number): void {
    if (view.getInt32(at) === State.handshake) {
      // One answer per greeting; an official master may answer a second time before it has got the first report.
      if (this.#hasMet) return
      this.#proof = this.#owner.meet(readMasterHandshake(view, at))
      this.#hasMet = true
      this.report()
      return
    }
    if (!this.isTransferring) throw new Error('the master sends messages before it was told from where on')
    readTransferHeader(view, at, this.#header)
    this.#append(bytes, at + TRANSFER_HEADER_BYTES, sizeBytes - TRANSFER_HEADER_BYTES)
  }

  #append(bytes: Buffer, start: number, length: number): void {
    const { phyOffset } = this.#header
    if (this.#proof === undefined || phyOffset > this.#log.writtenOffset) {
      this.#appendNew(bytes, start, length, phyOffset)
      return
    }
    // A sign of life.
    if (length === 0) return
    const compared = this.#prove(this.#proof, bytes, start, length)
    if (compared < length) this.#appendNew(bytes, start + compared, length - compared, phyOffset + compared)
  }

  /** Nothing is taken before it is shown that the logs are equal up to the end of this one. */
  #prove(proof: LegacyProof, bytes: Buffer, start: number, length: number): number {
    const { phyOffset } = this.#header
    const compared = proof.take(bytes, start, length, phyOffset)
    if (compared < 0) this.#owner.disproven(phyOffset)
    if (!proof.isDone) return compared
    this.#proof = undefined
    this.#owner.proven()
    this.report()
    return compared
  }

  #appendNew(bytes: Buffer, start: number, length: number, phyOffset: number): void {
    const { epoch, epochStartOffset, confirmOffset } = this.#header
    const { writtenOffset } = this.#log
    // An empty replica begins where its master does. An official master without a file says -1.
    if (writtenOffset !== 0 && phyOffset !== writtenOffset) {
      if (length === 0 && phyOffset > writtenOffset) {
        this.#owner.startAnew(`the master's log begins at offset ${phyOffset}, this one ends at ${writtenOffset}`)
      }
      throw new Error(`master sends offset ${phyOffset}, our log ends at ${writtenOffset}: the two logs differ`)
    }
    if (epoch !== this.#epoch || epochStartOffset !== this.#epochStart) {
      this.#checkEpoch(epoch, epochStartOffset, phyOffset + length)
      this.#owner.enterEpoch(epoch, epochStartOffset)
      this.#epoch = epoch
      this.#epochStart = epochStartOffset
    }
    if (length > 0) this.#log.appendReplicated(bytes, start, length, phyOffset)
    this.#log.confirm(confirmOffset)
  }

  #checkEpoch(epoch: number, epochStartOffset: number, endOffset: number): void {
    if (epoch < this.#epoch) throw new Error(`the master went back from epoch ${this.#epoch} to ${epoch}`)
    // An official master labels the last transfer of an epoch with the next one.
    if (epochStartOffset <= endOffset || endOffset <= 0) return
    throw new Error(
      `the master sends bytes up to offset ${endOffset} of epoch ${epoch}, which begins at ${epochStartOffset}`,
    )
  }

  sayAlive(): void {
    if (this.isTransferring) this.#owner.send(encodeReport(this.#reportedOffset))
  }

  /** Tells the master how far this replica is, if it has got further. The first report also says where to start. */
  report(): void {
    if (!this.#hasMet) return
    const { safeOffset } = this.#owner
    if (!this.isTransferring) {
      // What is not safe yet would count as acknowledged.
      if (safeOffset < this.#log.writtenOffset) this.#log.flush()
      else this.#report(this.#proof?.fromOffset ?? safeOffset)
    } else if (this.#proof === undefined && safeOffset > this.#reportedOffset) {
      // What is not shown to be the master's would count as acknowledged.
      this.#report(safeOffset)
    }
  }

  #report(offset: number): void {
    this.#owner.send(encodeReport(offset))
    this.#reportedOffset = offset
  }
}
