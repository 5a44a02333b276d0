export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * What the owner of a connection gets told. Methods are called from the event loop, never from within a call to the
 * connection itself.
 */
export interface ConnectionEvents {
  /**
   * Where the next bytes are to be put. Called before each read; the array must have at least one byte and stay valid
   * until `received`. Lets a frame decoder receive straight into its frame, without a buffer per read.
   */
  readBuffer(): Uint8Array
  /** `count` bytes have been put at the start of the last `readBuffer()`. */
  received(count: number): void
  /** All that was written has been handed to the operating system (after `write` returned false). */
  drained(): void
  /** The connection is gone, once; `error` when it failed. Nothing is called after it. */
  closed(error: Error | undefined): void
}

export interface Connection {
  readonly local: Address
  readonly remote: Address
  /**
   * Sends bytes, which must not be changed until `released` runs (or the connection closes, which also runs it).
   * Returns false when more than the high-water mark is waiting: stop until `drained`.
   */
  write(bytes: Uint8Array, released?: () => void): boolean
  /** Bytes accepted by `write` that the operating system has not taken yet. */
  readonly waitingBytes: number
  /** Stops and restarts calls of `received`: back-pressure on the peer. */
  pause(): void
  resume(): void
  /** Sends what is waiting, then closes. */
  end(): void
  /** Closes at once. */
  destroy(error?: Error): void
}

export interface Listener {
  readonly address: Address
  /** Stops accepting; open connections stay. */
  close(): void
}

export interface Network {
  /** The same without TLS, for protocols that have none; left out: this one has none. */
  readonly plain?: Network
  /** Accepts connections. `events` is asked for each new one. Rejects e.g. with EADDRINUSE, naming host and port. */
  listen(address: Address, accept: (connection: Connection) => ConnectionEvents): Promise<Listener>
  /** Opens a connection: `opened` first, or `closed` with the error (also after `timeoutMs`). */
  connect(
    address: Address,
    timeoutMs: number,
    events: ConnectionEvents & { opened(connection: Connection): void },
  ): void
}
