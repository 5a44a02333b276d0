import { peekInt64, viewOf } from '../../codec/bytes.ts'
import type { Connection, ConnectionEvents } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import { Output } from '../../net/output.ts'
import type { ReplicatedLog } from '../replicated-log.ts'
import { type ReplicationOptions, SLAVE_WAITING_MAX_BYTES, SLAVES_MAX } from './replication-options.ts'
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

/** The master's end of one slave's connection. */
export class SlaveLink implements ConnectionEvents {
  readonly #connection: Connection
  readonly #context: NetContext
  readonly #log: ReplicatedLog
  readonly #options: ReplicationOptions
  readonly #owner: SlaveLinkOwner
  readonly #out: Output
  readonly #incoming = Buffer.allocUnsafeSlow(512)
  readonly #incomingView = viewOf(this.#incoming)
  #filled = 0
  #lastReceivedMs: number
  #lastSentMs: number
  /** Next byte to send; -1 until the slave has said where to start. */
  nextOffset = -1
  /** What the slave says it holds; -1 before its first report. */
  ackOffset = -1
  #sentBytes = 0
  #sentBytesBefore = 0
  transferredBytesPerSecond = 0

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
    this.#out = new Output(connection, context.turn, context.slabs)
    this.#lastReceivedMs = context.clock.monotonic()
    this.#lastSentMs = this.#lastReceivedMs
  }

  get remoteText(): string {
    const { host, port } = this.#connection.remote
    return `${host}:${port}`
  }

  /** Sends what the log has beyond `nextOffset`, as far as the socket keeps up. */
  push(): void {
    if (this.nextOffset < 0) return
    const batchBytes = this.#options.haTransferBatchSize
    let queuedBytes = this.#connection.waitingBytes
    while (this.nextOffset < this.#log.writtenOffset && queuedBytes < SLAVE_WAITING_MAX_BYTES) {
      const data = this.#log.readRaw(this.nextOffset, batchBytes)
      if (!data) {
        this.#unreadable()
        return
      }
      this.#transfer(data.bytes, data.start, data.length)
      queuedBytes += data.length
    }
  }

  /** Heartbeat and silence check, once per HOUSEKEEPING_PERIOD_MS. */
  keepHouse(nowMs: number): void {
    this.transferredBytesPerSecond = this.#sentBytes - this.#sentBytesBefore
    this.#sentBytesBefore = this.#sentBytes
    if (nowMs - this.#lastReceivedMs > this.#options.haHousekeepingInterval) {
      this.destroy(new Error(`nothing received for ${this.#options.haHousekeepingInterval} ms`))
    } else if (this.nextOffset >= 0 && nowMs - this.#lastSentMs >= this.#options.haSendHeartbeatInterval) {
      this.#transfer(this.#incoming, 0, 0)
    }
  }

  destroy(error?: Error): void {
    this.#connection.destroy(error)
  }

  readBuffer(): Uint8Array {
    return this.#incoming.subarray(this.#filled)
  }

  received(count: number): void {
    this.#filled += count
    this.#lastReceivedMs = this.#context.clock.monotonic()
    const reports = Math.floor(this.#filled / REPORT_BYTES)
    if (reports === 0) return
    // Reports are cumulative: only the newest counts, but the first one of all says where to start.
    const first = peekInt64(this.#incomingView, 0)
    const latest = peekInt64(this.#incomingView, (reports - 1) * REPORT_BYTES)
    if (this.nextOffset < 0) this.#begin(first)
    // A refused slave must not count: its offset says nothing about our bytes.
    if (this.nextOffset < 0) return
    if (!(latest >= 0 && latest <= this.#log.writtenOffset)) {
      this.#refuse(`slave reports offset ${latest}, our log ends at ${this.#log.writtenOffset}`)
      return
    }
    this.#incoming.copyWithin(0, reports * REPORT_BYTES, this.#filled)
    this.#filled -= reports * REPORT_BYTES
    if (latest <= this.ackOffset) return
    this.ackOffset = latest
    this.#owner.onAck(this)
    this.push()
  }

  drained(): void {
    this.push()
  }

  closed(error: Error | undefined): void {
    this.#out.discard()
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
      this.nextOffset = requestOffset === 0 ? minOffset : requestOffset
      this.#context.logger.info({ slave: this.remoteText, requestOffset, from: this.nextOffset }, 'slave connected')
    }
  }

  #transfer(bytes: Uint8Array, start: number, length: number): void {
    const at = this.#out.reserve(TRANSFER_HEADER_BYTES + length)
    writeTransferHeader(this.#out.view, at, this.nextOffset, length)
    if (length > 0) this.#out.bytes.set(bytes.subarray(start, start + length), at + TRANSFER_HEADER_BYTES)
    this.#out.commit(TRANSFER_HEADER_BYTES + length)
    this.nextOffset += length
    this.#sentBytes += length
    this.#lastSentMs = this.#context.clock.monotonic()
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
