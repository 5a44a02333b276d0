import { setInt64, viewOf } from '../../codec/bytes.ts'
import type { Timer } from '../../io/clock.ts'
import type { Address, Connection, ConnectionEvents } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import { parseAddress } from '../../net/remoting-client.ts'
import type { ReplicatedLog } from '../replicated-log.ts'
import { HOUSEKEEPING_PERIOD_MS, RECONNECT_DELAY_MS, type ReplicationOptions } from './replication-options.ts'
import { REPORT_BYTES } from './transfer-frame.ts'
import { TransferReceiver } from './transfer-receiver.ts'

const CONNECT_TIMEOUT_MS = 3_000

export type HaSlaveState = 'ready' | 'transfer' | 'shutdown'

/** Follows a master's commit log (official: DefaultHAClient). Reconnects for ever; what it lacks is sent again. */
export class HaSlave {
  readonly #context: NetContext
  readonly #log: ReplicatedLog
  readonly #options: ReplicationOptions
  #master: Address | undefined
  #masterText = ''
  #connection: Connection | undefined
  #timer: Timer | undefined
  #retry: Timer | undefined
  #reportedOffset = -1
  /** Clock.now() of the last bytes from the master and of the last report, as official tools show them. */
  lastReadTimestamp = 0
  lastWriteTimestamp = 0
  #lastReadMonotonic = 0
  #lastWriteMonotonic = 0
  #receivedBytes = 0
  #receivedBytesBefore = 0
  transferredBytesPerSecond = 0
  state: HaSlaveState = 'ready'
  /** Why the last connection ended; shown by haStatus and logs. */
  lastProblem: string | undefined

  constructor(context: NetContext, log: ReplicatedLog, options: ReplicationOptions) {
    this.#context = context
    this.#log = log
    this.#options = options
    context.turn.onEnd(() => this.#reportProgress())
  }

  get masterText(): string {
    return this.#masterText
  }

  start(): void {
    this.#timer = this.#context.clock.every(HOUSEKEEPING_PERIOD_MS, () => this.#keepHouse())
    this.#connect()
  }

  stop(): void {
    this.state = 'shutdown'
    this.#timer?.cancel()
    this.#retry?.cancel()
    this.#connection?.destroy()
  }

  /** Follows the master's HA address as the NameServers tell it; '' when there is none. */
  setMaster(haAddress: string): void {
    if (haAddress === this.#masterText) return
    this.#context.logger.info({ from: this.#masterText, to: haAddress }, 'master replication address')
    this.#masterText = haAddress
    this.#master = haAddress === '' ? undefined : parseAddress(haAddress)
    if (this.#connection) this.#connection.destroy(new Error('the master changed'))
    else this.#connect()
  }

  #connect(): void {
    this.#retry?.cancel()
    this.#retry = undefined
    if (!this.#master || !this.#timer || this.state !== 'ready') return
    this.state = 'transfer'
    const master = this.#master
    const receiver = new TransferReceiver(this.#log)
    const events: ConnectionEvents & { opened(connection: Connection): void } = {
      opened: (connection) => {
        // Told of another master while this one was called: its bytes are not to be followed.
        if (master !== this.#master) connection.destroy(new Error('the master changed'))
        else this.#opened(connection)
      },
      readBuffer: () => receiver.readBuffer(),
      received: (count) => this.#received(receiver, count),
      drained: () => {},
      closed: (error) => this.#closed(error),
    }
    this.#context.network.connect(master, CONNECT_TIMEOUT_MS, events)
  }

  #opened(connection: Connection): void {
    this.#connection = connection
    this.#lastReadMonotonic = this.#context.clock.monotonic()
    this.#context.logger.info({ master: this.#masterText, offset: this.#log.writtenOffset }, 'following master')
    this.#report(this.#log.writtenOffset)
  }

  #received(receiver: TransferReceiver, count: number): void {
    this.#lastReadMonotonic = this.#context.clock.monotonic()
    this.lastReadTimestamp = this.#context.clock.now()
    this.#receivedBytes += count
    try {
      receiver.received(count)
    } catch (error) {
      this.#connection?.destroy(error as Error)
    }
    // The report goes out at the end of the turn, when the store has written what arrived.
    this.#context.turn.touch()
  }

  #closed(error: Error | undefined): void {
    this.#connection = undefined
    this.#reportedOffset = -1
    if (this.state === 'shutdown') return
    this.state = 'ready'
    const problem = error?.message ?? 'closed by the master'
    // The same reason again and again is one line, not one per attempt.
    if (problem !== this.lastProblem) this.#context.logger.warn({ master: this.#masterText, problem }, 'lost master')
    this.lastProblem = problem
    this.#retry = this.#context.clock.after(RECONNECT_DELAY_MS, () => this.#connect())
  }

  #reportProgress(): void {
    if (this.#connection && this.#log.writtenOffset > this.#reportedOffset) this.#report(this.#log.writtenOffset)
  }

  #report(offset: number): void {
    const bytes = Buffer.allocUnsafe(REPORT_BYTES)
    setInt64(viewOf(bytes), 0, offset)
    this.#connection?.write(bytes)
    this.#reportedOffset = offset
    this.#lastWriteMonotonic = this.#context.clock.monotonic()
    this.lastWriteTimestamp = this.#context.clock.now()
  }

  #keepHouse(): void {
    this.transferredBytesPerSecond = this.#receivedBytes - this.#receivedBytesBefore
    this.#receivedBytesBefore = this.#receivedBytes
    if (!this.#connection) return
    const now = this.#context.clock.monotonic()
    if (now - this.#lastReadMonotonic > this.#options.haHousekeepingInterval) {
      this.#connection.destroy(new Error(`master silent for ${this.#options.haHousekeepingInterval} ms`))
    } else if (now - this.#lastWriteMonotonic >= this.#options.haSendHeartbeatInterval) {
      this.#report(this.#log.writtenOffset)
    }
  }
}
