import type { Timer } from '../../io/clock.ts'
import type { Address, Connection, ConnectionEvents } from '../../io/network.ts'
import type { NetContext } from '../../net/net-context.ts'
import { parseAddress } from '../../net/remoting-client.ts'
import { ByteRate } from './byte-rate.ts'
import { type FrameReader, FrameStream } from './frame-stream.ts'
import { HOUSEKEEPING_PERIOD_MS, type LinkOptions, RECONNECT_DELAY_MS } from './link-options.ts'

const CONNECT_TIMEOUT_MS = 3_000
/** A connection that lasted so long was a sound one: what ended it is new. */
const SOUND_AFTER_MS = 5_000

/** A master that has begun a term has said so by then. */
const WORD_WITHIN_MS = 2_000

/** What a slave does on one connection to its master. */
export interface SlaveSession extends FrameReader {
  /** The connection stands. */
  opened(): void
  /** Nothing was sent for haSendHeartbeatInterval: say that we live. */
  sayAlive(): void
}

/** A slave's connection to its master. Reconnects for ever; what the log lacks is sent again. */
export class MasterConnection {
  readonly rate = new ByteRate()
  readonly #context: NetContext
  readonly #options: LinkOptions
  readonly #makeSession: () => SlaveSession
  #master: Address | undefined
  #masterText = ''
  #connection: Connection | undefined
  #session: SlaveSession | undefined
  #timer: Timer | undefined
  #retry: Timer | undefined
  #state: 'idle' | 'connecting' | 'open' | 'stopped' = 'idle'
  /** Clock.now() of the last bytes from the master and of the last ones sent to it, as official tools show them. */
  lastReadTimestamp = 0
  lastWriteTimestamp = 0
  #lastReadMonotonic = 0
  #lastWriteMonotonic = 0
  #openedMonotonic = 0
  /** The connection is given up if nothing has come by then. */
  #wordDueMonotonic = Number.POSITIVE_INFINITY
  /** Why the last connection ended; shown in the log. */
  #lastProblem: string | undefined
  readonly #firstRetryMs: number
  #retryMs: number

  /** `firstRetryMs`: pause before the first of several attempts in vain; it doubles up to RECONNECT_DELAY_MS. */
  constructor(
    context: NetContext,
    options: LinkOptions,
    makeSession: () => SlaveSession,
    firstRetryMs: number = RECONNECT_DELAY_MS,
  ) {
    this.#context = context
    this.#options = options
    this.#makeSession = makeSession
    this.#firstRetryMs = firstRetryMs
    this.#retryMs = firstRetryMs
  }

  get masterText(): string {
    return this.#masterText
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether there is a connection or an attempt at one. */
  get isConnecting(): boolean {
    return this.#state === 'connecting' || this.#state === 'open'
  }

  get isStopped(): boolean {
    return this.#state === 'stopped'
  }

  start(): void {
    this.#timer = this.#context.clock.every(HOUSEKEEPING_PERIOD_MS, () => this.#keepHouse())
    this.#connect()
  }

  stop(): void {
    this.#state = 'stopped'
    this.#timer?.cancel()
    this.#retry?.cancel()
    this.#connection?.destroy()
  }

  /** Follows the master at this HA address; '' when there is none. */
  setMaster(haAddress: string): void {
    if (haAddress === this.#masterText) return
    this.#context.logger.info({ from: this.#masterText, to: haAddress }, 'master replication address')
    this.#masterText = haAddress
    this.#master = haAddress === '' ? undefined : parseAddress(haAddress)
    this.#retryMs = this.#firstRetryMs
    if (this.#connection) this.#connection.destroy(new Error('the master changed'))
    else this.#connect()
  }

  /**
   * A new term of the same master was told: whoever began it sends something at once. If nothing comes the connection is to
   * a process that is gone; a machine that lost its power closes nothing, and would be waited for for haHousekeepingInterval.
   */
  expectWord(): void {
    // One that is only being made leads to whoever is there now.
    if (this.#state !== 'open') return
    this.#wordDueMonotonic = this.#context.clock.monotonic() + WORD_WITHIN_MS
  }

  /** Gives the connection up; another attempt follows. */
  disconnect(error: Error): void {
    this.#connection?.destroy(error)
  }

  send(bytes: Uint8Array): void {
    this.#connection?.write(bytes)
    this.#lastWriteMonotonic = this.#context.clock.monotonic()
    this.lastWriteTimestamp = this.#context.clock.now()
  }

  #connect(): void {
    this.#retry?.cancel()
    this.#retry = undefined
    if (!this.#master || !this.#timer || this.#state !== 'idle') return
    this.#state = 'connecting'
    const master = this.#master
    const session = this.#makeSession()
    const stream = new FrameStream(session)
    const events: ConnectionEvents & { opened(connection: Connection): void } = {
      opened: (connection) => {
        // Told of another master while this one was called: its bytes are not to be followed.
        if (master !== this.#master) connection.destroy(new Error('the master changed'))
        else this.#opened(connection, session)
      },
      readBuffer: () => stream.readBuffer(),
      received: (count) => this.#received(stream, count),
      drained: () => {},
      closed: (error) => this.#closed(error, master),
    }
    this.#session = session
    const { network } = this.#context
    const plain = network.plain ?? network
    plain.connect(master, CONNECT_TIMEOUT_MS, events)
  }

  #opened(connection: Connection, session: SlaveSession): void {
    if (this.#state === 'stopped') {
      connection.destroy()
      return
    }
    this.#connection = connection
    this.#state = 'open'
    this.#openedMonotonic = this.#context.clock.monotonic()
    this.#lastReadMonotonic = this.#openedMonotonic
    session.opened()
  }

  #received(stream: FrameStream, count: number): void {
    this.#lastReadMonotonic = this.#context.clock.monotonic()
    this.#wordDueMonotonic = Number.POSITIVE_INFINITY
    this.lastReadTimestamp = this.#context.clock.now()
    this.rate.add(count)
    try {
      stream.received(count)
    } catch (error) {
      this.#connection?.destroy(error as Error)
    }
    // Reports go out at the end of the turn, when the store has written what arrived.
    this.#context.turn.touch()
  }

  #closed(error: Error | undefined, master: Address): void {
    const wasSound = this.#state === 'open' && this.#context.clock.monotonic() - this.#openedMonotonic >= SOUND_AFTER_MS
    this.#connection = undefined
    this.#session = undefined
    this.#wordDueMonotonic = Number.POSITIVE_INFINITY
    if (this.#state === 'stopped') return
    this.#state = 'idle'
    const problem = error?.message ?? 'closed by the master'
    // The same reason again and again is one line, not one per attempt.
    if (problem !== this.#lastProblem) this.#context.logger.warn({ master: this.#masterText, problem }, 'lost master')
    this.#lastProblem = problem
    if (master !== this.#master) {
      this.#connect()
      return
    }
    if (wasSound) this.#retryMs = this.#firstRetryMs
    this.#retry = this.#context.clock.after(this.#retryMs, () => this.#connect())
    this.#retryMs = Math.min(2 * this.#retryMs, RECONNECT_DELAY_MS)
  }

  #keepHouse(): void {
    this.rate.tick()
    if (!this.#connection) return
    const now = this.#context.clock.monotonic()
    if (now - this.#lastReadMonotonic > this.#options.haHousekeepingInterval) {
      this.#connection.destroy(new Error(`master silent for ${this.#options.haHousekeepingInterval} ms`))
    } else if (now > this.#wordDueMonotonic) {
      this.#connection.destroy(new Error(`master silent for ${WORD_WITHIN_MS} ms after it began a term`))
    } else if (now - this.#lastWriteMonotonic >= this.#options.haSendHeartbeatInterval) {
      this.#session?.sayAlive()
    }
  }
}
