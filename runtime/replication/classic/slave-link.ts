import { peekInt64 } from '../../codec/bytes.ts'
import type { Connection } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import { type FrameReader, FrameStream } from '../link/frame-stream.ts'
import { SLAVES_MAX } from '../link/link-options.ts'
import { LogFeed, type TransferFormat } from '../link/log-feed.ts'
import type { ServedSlave } from '../link/slave-server.ts'
import type { ReplicatedLog } from '../replicated-log.ts'
import type { ReplicationOptions } from './replication-options.ts'
import { REPORT_BYTES, TRANSFER_HEADER_BYTES, writeTransferHeader } from './transfer-frame.ts'

export interface SlaveLinkOwner {
  /**
   * Offsets asked for by slaves that were ahead of us. Such a slave asks for the same one again and again; that our log has
   * grown past it meanwhile does not make the slave's log a copy of ours.
   */
  readonly divergedOffsets: Set<number>
  onAck(link: SlaveLink): void
  onClosed(link: SlaveLink, error: Error | undefined): void
}

const FORMAT: TransferFormat = {
  headerBytes: TRANSFER_HEADER_BYTES,
  writeHeader: writeTransferHeader,
  limitAt: () => Number.POSITIVE_INFINITY,
}

/** The master's end of one slave's connection. */
export class SlaveLink implements ServedSlave, FrameReader {
  readonly #connection: Connection
  readonly #context: NetContext
  readonly #log: ReplicatedLog
  readonly #options: ReplicationOptions
  readonly #owner: SlaveLinkOwner
  readonly #feed: LogFeed
  readonly #stream = new FrameStream(this, 512)
  #lastReceivedMs: number
  /** Of the bytes being handled, the newest report; NaN for what is no offset. */
  #reported: number | undefined
  /** What the slave says it holds; -1 before its first report. */
  ackOffset = -1
  /**
   * Another connection from the same machine was opened after the last report: it may be that of the same slave, whose old
   * connection still stands. Until the next report this one does not count.
   */
  #isInDoubt = false

  constructor(
    connection: Connection,
    context: NetContext,
    log: ReplicatedLog,
    options: ReplicationOptions,
    owner: SlaveLinkOwner,
  ) {
    this.#connection = connection
    this.#context = context
    this.#log = log
    this.#options = options
    this.#owner = owner
    this.#feed = new LogFeed(connection, context, log, options, FORMAT)
    this.#lastReceivedMs = context.clock.monotonic()
  }

  get remoteText(): string {
    const { host, port } = this.#connection.remote
    return `${host}:${port}`
  }

  get remoteHost(): string {
    return this.#connection.remote.host
  }

  /** What counts as held by a slave of its own; -1: nothing. */
  get countedOffset(): number {
    return this.#isInDoubt ? -1 : this.ackOffset
  }

  doubt(): void {
    this.#isInDoubt = true
  }

  /** Next byte to send; -1 until the slave has said where to start. */
  get nextOffset(): number {
    return this.#feed.nextOffset
  }

  get transferredBytesPerSecond(): number {
    return this.#feed.rate.perSecond
  }

  /** Sends what the log has beyond `nextOffset`, as far as the socket keeps up. */
  push(): void {
    if (!this.#feed.push()) this.#unreadable()
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
    this.#stream.received(count)
    const latest = this.#reported
    // A refused slave must not count: its offset says nothing about our bytes.
    if (latest === undefined || this.nextOffset < 0) return
    if (!(latest >= 0 && latest <= this.#log.writtenOffset)) {
      this.#refuse(`slave reports offset ${latest}, our log ends at ${this.#log.writtenOffset}`)
      return
    }
    const wasInDoubt = this.#isInDoubt
    this.#isInDoubt = false
    if (latest <= this.ackOffset && !wasInDoubt) return
    this.ackOffset = Math.max(latest, this.ackOffset)
    this.#owner.onAck(this)
    this.push()
  }

  frameSize(_view: DataView, _at: number, available: number): number {
    return available < REPORT_BYTES ? 0 : REPORT_BYTES
  }

  /** Reports are cumulative: only the newest counts, but the first one of all says where to start. */
  take(_bytes: Buffer, view: DataView, at: number): void {
    const isFirst = this.#reported === undefined
    this.#reported = peekInt64(view, at)
    if (isFirst && this.nextOffset < 0) this.#begin(this.#reported)
  }

  drained(): void {
    this.push()
  }

  closed(error: Error | undefined): void {
    this.#feed.out.discard()
    this.#owner.onClosed(this, error)
  }

  /**
   * An empty slave gets everything there is. The official master starts it at its newest segment, so that the slave
   * lacks up to a day of messages that a consumer may still want (DefaultHAConnection.WriteSocketService).
   */
  #begin(requestOffset: number): void {
    const { minOffset, writtenOffset } = this.#log
    if (!(requestOffset >= 0)) {
      this.#refuse('the peer does not speak the replication protocol: its first offset is no offset')
    } else if (requestOffset > writtenOffset || this.#owner.divergedOffsets.has(requestOffset)) {
      // Going on would let the two logs grow apart at the same offsets.
      if (this.#owner.divergedOffsets.size < SLAVES_MAX) this.#owner.divergedOffsets.add(requestOffset)
      this.#refuse(`slave holds ${requestOffset} bytes, more than this master had: its log is not a copy of ours`)
    } else if (requestOffset !== 0 && requestOffset < minOffset) {
      this.#refuse(
        `slave asks for offset ${requestOffset}, but our log starts at ${minOffset}: empty its store to copy anew`,
      )
    } else {
      this.#feed.nextOffset = requestOffset === 0 ? minOffset : requestOffset
      this.#context.logger.info({ slave: this.remoteText, requestOffset, from: this.nextOffset }, 'slave connected')
    }
  }

  #unreadable(): void {
    this.#refuse(
      `log has no bytes at ${this.nextOffset} any more (it starts at ${this.#log.minOffset}): slave was too slow`,
    )
  }

  #refuse(reason: string): void {
    this.#context.logger.error({ slave: this.remoteText, reason }, 'slave cannot be served')
    this.destroy(new Error(reason))
  }
}
