import type { Connection } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import { type FrameReader, FrameStream } from '../link/frame-stream.ts'
import type { LinkOptions } from '../link/link-options.ts'
import { LogFeed, type TransferFormat } from '../link/log-feed.ts'
import type { ServedSlave } from '../link/slave-server.ts'
import type { AutoSwitchLog } from './auto-switch-log.ts'
import type { EpochHistory } from './epoch-history.ts'
import {
  encodeMasterHandshake,
  readReport,
  readSlaveHandshake,
  SLAVE_HANDSHAKE_BYTES,
  type SlaveHandshake,
  slaveFrameSize,
  TRANSFER_HEADER_BYTES,
  writeTransferHeader,
} from './frames.ts'

/** The master that a link belongs to. */
export interface ReplicaLinkOwner {
  readonly epochs: EpochHistory
  /** Goes out with every transfer. */
  readonly confirmOffset: number
  /** Why the replica is not served; undefined if it is. */
  greet(link: ReplicaLink, handshake: SlaveHandshake): string | undefined
  onAck(link: ReplicaLink): void
  onClosed(link: ReplicaLink, error: Error | undefined): void
}

/** The master's end of one replica's connection (official: AutoSwitchHAConnection). */
export class ReplicaLink implements ServedSlave, FrameReader, TransferFormat {
  readonly headerBytes = TRANSFER_HEADER_BYTES
  readonly #connection: Connection
  readonly #context: NetContext
  readonly #log: AutoSwitchLog
  readonly #options: LinkOptions
  readonly #owner: ReplicaLinkOwner
  readonly #feed: LogFeed
  readonly #stream = new FrameStream(this, 512)
  /** Of the last transfer. */
  readonly #header = { phyOffset: 0, epoch: -1, epochStartOffset: 0, confirmOffset: 0 }
  #handshake: SlaveHandshake | undefined
  #lastReceivedMs: number
  /** Of the bytes being handled, the newest report; NaN for what is no offset. */
  #reported: number | undefined
  /** What the replica needs is not there any more: it was told where the log begins, and is to begin anew. */
  #isTooOld = false
  /** What the replica says it holds; -1 before its first report. */
  ackOffset = -1
  /** The confirmed offset it was told last. */
  toldOffset = -1

  constructor(
    connection: Connection,
    context: NetContext,
    log: AutoSwitchLog,
    options: LinkOptions,
    owner: ReplicaLinkOwner,
  ) {
    this.#connection = connection
    this.#context = context
    this.#log = log
    this.#options = options
    this.#owner = owner
    this.#feed = new LogFeed(connection, context, log, options, this)
    this.#lastReceivedMs = context.clock.monotonic()
  }

  get remoteText(): string {
    const { host, port } = this.#connection.remote
    return `${host}:${port}`
  }

  /** Undefined before its handshake. */
  get brokerId(): number | undefined {
    return this.#handshake?.brokerId
  }

  get isLearner(): boolean {
    return this.#handshake?.asyncLearner ?? false
  }

  /** Whether it gets the log. */
  get isFed(): boolean {
    return this.#feed.nextOffset >= 0 && !this.#isTooOld
  }

  get nextOffset(): number {
    return this.#feed.nextOffset
  }

  get lastSentMs(): number {
    return this.#feed.lastSentMs
  }

  get transferredBytesPerSecond(): number {
    return this.#feed.rate.perSecond
  }

  /** Sends what the log has beyond `nextOffset`, as far as the socket keeps up. */
  push(): void {
    if (this.#isTooOld) return
    if (this.#feed.push()) {
      // An epoch in which nothing was written yet is not known from any message.
      const isAtEnd = this.nextOffset === this.#log.writtenOffset
      if (isAtEnd && this.#header.epoch < this.#owner.epochs.lastEpoch) this.#feed.sendEmpty()
      return
    }
    this.#refuse(
      `log has no bytes at ${this.nextOffset} any more (it starts at ${this.#log.minOffset}): slave was too slow`,
    )
  }

  /** Tells the confirmed offset by itself. */
  tellConfirmed(): void {
    this.#feed.sendEmpty()
  }

  keepHouse(nowMs: number): void {
    if (nowMs - this.#lastReceivedMs > this.#options.haHousekeepingInterval) {
      this.destroy(new Error(`nothing received for ${this.#options.haHousekeepingInterval} ms`))
    } else {
      this.#feed.keepHouse(nowMs)
    }
  }

  destroy(error?: Error): void {
    this.#connection.destroy(error)
  }

  readBuffer(): Uint8Array {
    return this.#stream.readBuffer()
  }

  received(count: number): void {
    this.#lastReceivedMs = this.#context.clock.monotonic()
    this.#reported = undefined
    try {
      this.#stream.received(count)
    } catch (error) {
      this.#refuse((error as Error).message)
      return
    }
    const latest = this.#reported
    // A replica that was not accepted must not count: its offset says nothing about our bytes.
    if (latest === undefined || !this.isFed) return
    if (!(latest >= 0 && latest <= this.#log.writtenOffset)) {
      this.#refuse(`slave reports offset ${latest}, our log ends at ${this.#log.writtenOffset}`)
      return
    }
    if (latest < this.ackOffset) return
    this.ackOffset = latest
    this.#owner.onAck(this)
    this.push()
  }

  frameSize(view: DataView, at: number, available: number): number {
    return slaveFrameSize(view, at, available)
  }

  take(_bytes: Buffer, view: DataView, at: number, sizeBytes: number): void {
    if (sizeBytes === SLAVE_HANDSHAKE_BYTES) {
      this.#greet(readSlaveHandshake(view, at))
      return
    }
    if (this.#handshake === undefined) throw new Error('the slave reports before it has introduced itself')
    const isFirst = this.#reported === undefined
    this.#reported = readReport(view, at)
    // Reports are cumulative: only the newest counts, but the first one of all says where to start.
    if (isFirst && this.nextOffset < 0) this.#begin(this.#reported)
  }

  drained(): void {
    this.push()
  }

  closed(error: Error | undefined): void {
    this.#feed.out.discard()
    this.#owner.onClosed(this, error)
  }

  writeHeader(view: DataView, at: number, phyOffset: number, sizeBytes: number): void {
    const { epochs, confirmOffset } = this.#owner
    const header = this.#header
    const entry = epochs.entries[Math.max(epochs.indexAt(phyOffset), 0)]!
    header.phyOffset = phyOffset
    header.epoch = entry.epoch
    header.epochStartOffset = entry.startOffset
    header.confirmOffset = confirmOffset
    this.toldOffset = confirmOffset
    writeTransferHeader(view, at, header, sizeBytes)
  }

  /** No transfer goes across the border of an epoch. */
  limitAt(phyOffset: number): number {
    const { epochs } = this.#owner
    return epochs.endOf(epochs.indexAt(phyOffset), Number.MAX_SAFE_INTEGER) - phyOffset
  }

  /** An official slave that has got a part of our answer only introduces itself once more; a second answer would confuse it. */
  #greet(handshake: SlaveHandshake): void {
    if (this.#handshake !== undefined) return
    const refusal = this.#owner.greet(this, handshake)
    if (refusal !== undefined) throw new Error(refusal)
    this.#handshake = handshake
    const { epochs } = this.#owner
    const { writtenOffset } = this.#log
    const answer = encodeMasterHandshake({ maxPhyOffset: writtenOffset, lastEpoch: epochs.lastEpoch, epochs })
    this.#feed.out.append(answer)
  }

  #begin(requestOffset: number): void {
    const { minOffset, writtenOffset, lastFileOffset } = this.#log
    const { syncFromLastFile, brokerId } = this.#handshake!
    if (!(requestOffset >= 0)) throw new Error(`the slave asks for offset ${requestOffset}`)
    if (requestOffset > writtenOffset) {
      throw new Error(`slave holds ${requestOffset} bytes, more than this master: its log is not a copy of ours`)
    }
    if (requestOffset === 0) {
      this.#feed.nextOffset = syncFromLastFile ? Math.max(lastFileOffset, minOffset) : minOffset
    } else if (requestOffset < minOffset) {
      this.#tellTooOld(requestOffset, minOffset)
      return
    } else {
      this.#feed.nextOffset = requestOffset
    }
    const from = this.#feed.nextOffset
    this.#context.logger.info({ slave: this.remoteText, brokerId, requestOffset, from }, 'slave connected')
  }

  /** A transfer that does not continue its log: it is to drop that and begin where ours does. */
  #tellTooOld(requestOffset: number, minOffset: number): void {
    this.#isTooOld = true
    this.#feed.nextOffset = minOffset
    this.#feed.sendEmpty()
    const { remoteText: slave, brokerId } = this
    this.#context.logger.warn(
      { slave, brokerId, requestOffset, minOffset },
      'slave lacks messages that have expired here',
    )
  }

  #refuse(reason: string): void {
    this.#context.logger.error({ slave: this.remoteText, brokerId: this.brokerId, reason }, 'slave cannot be served')
    this.destroy(new Error(reason))
  }
}
