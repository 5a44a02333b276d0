import type { Connection } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import { Output } from '../../net/output.ts'
import type { ReplicatedLog } from '../replicated-log.ts'
import { ByteRate } from './byte-rate.ts'
import { type LinkOptions, SLAVE_WAITING_MAX_BYTES } from './link-options.ts'

/** How a protocol lays out a transfer. */
export interface TransferFormat {
  readonly headerBytes: number
  writeHeader(view: DataView, at: number, phyOffset: number, sizeBytes: number): void
  /** Bytes of the log from there on that may travel in one transfer. */
  limitAt(phyOffset: number): number
}

/** What a master sends one slave: its log, from where the slave asked on, as fast as the socket takes it. */
export class LogFeed {
  readonly out: Output
  readonly rate = new ByteRate()
  readonly #connection: Connection
  readonly #context: NetContext
  readonly #log: ReplicatedLog
  readonly #options: LinkOptions
  readonly #format: TransferFormat
  /** Next byte to send; -1 until the slave has said where to start. */
  nextOffset = -1
  lastSentMs: number

  constructor(
    connection: Connection,
    context: NetContext,
    log: ReplicatedLog,
    options: LinkOptions,
    format: TransferFormat,
  ) {
    this.#connection = connection
    this.#context = context
    this.#log = log
    this.#options = options
    this.#format = format
    this.out = new Output(connection, context.turn, context.slabs)
    this.lastSentMs = context.clock.monotonic()
  }

  /** Sends what the log has beyond `nextOffset`, as far as the socket keeps up. False: the log has no such bytes any more. */
  push(): boolean {
    if (this.nextOffset < 0) return true
    const batchBytes = this.#options.haTransferBatchSize
    let queuedBytes = this.#connection.waitingBytes
    while (this.nextOffset < this.#log.writtenOffset && queuedBytes < SLAVE_WAITING_MAX_BYTES) {
      const data = this.#log.readRaw(this.nextOffset, Math.min(batchBytes, this.#format.limitAt(this.nextOffset)))
      if (!data) return false
      this.#transfer(data.bytes, data.start, data.length)
      queuedBytes += data.length
    }
    return true
  }

  /** A transfer without bytes: a sign of life, and whatever else the header says. */
  sendEmpty(): void {
    this.#transfer(NO_BYTES, 0, 0)
  }

  /** Once per HOUSEKEEPING_PERIOD_MS. */
  keepHouse(nowMs: number): void {
    this.rate.tick()
    if (this.nextOffset >= 0 && nowMs - this.lastSentMs >= this.#options.haSendHeartbeatInterval) this.sendEmpty()
  }

  #transfer(bytes: Uint8Array, start: number, length: number): void {
    const { headerBytes } = this.#format
    const at = this.out.reserve(headerBytes + length)
    this.#format.writeHeader(this.out.view, at, this.nextOffset, length)
    if (length > 0) this.out.bytes.set(bytes.subarray(start, start + length), at + headerBytes)
    this.out.commit(headerBytes + length)
    this.nextOffset += length
    this.rate.add(length)
    this.lastSentMs = this.#context.clock.monotonic()
  }
}

const NO_BYTES = new Uint8Array(0)
