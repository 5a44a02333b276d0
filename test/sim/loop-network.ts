import type { Address, Connection, ConnectionEvents, Listener, Network } from '../../runtime/io/network.ts'

interface Parcel {
  readonly to: LoopConnection
  /** Undefined: the end of the stream. */
  readonly bytes: Uint8Array | undefined
}

/** Connections within one process. Nothing arrives before {@link deliver} is called; what is sent then arrives in order. */
export class LoopNetwork implements Network {
  readonly #accepting = new Map<number, (connection: Connection) => ConnectionEvents>()
  readonly #parcels: Parcel[] = []
  #nextPort = 40_000

  listen(address: Address, accept: (connection: Connection) => ConnectionEvents): Promise<Listener> {
    const port = address.port === 0 ? this.#nextPort++ : address.port
    if (this.#accepting.has(port)) return Promise.reject(new Error(`port ${port} is in use`))
    this.#accepting.set(port, accept)
    return Promise.resolve({ address: { host: address.host, port }, close: () => this.#accepting.delete(port) })
  }

  connect(
    address: Address,
    _timeoutMs: number,
    events: ConnectionEvents & { opened(connection: Connection): void },
  ): void {
    const accept = this.#accepting.get(address.port)
    if (accept === undefined) {
      queueMicrotask(() => events.closed(new Error(`nobody listens on ${address.host}:${address.port}`)))
      return
    }
    const own = { host: '127.0.0.1', port: this.#nextPort++ }
    const near = new LoopConnection(own, address, this.#parcels)
    const far = new LoopConnection(address, own, this.#parcels)
    near.peer = far
    far.peer = near
    far.events = accept(far)
    near.events = events
    queueMicrotask(() => events.opened(near))
  }

  /** Delivers what was sent so far; returns whether there was anything. */
  deliver(): boolean {
    const parcels = this.#parcels.splice(0)
    for (const { to, bytes } of parcels) to.arrive(bytes)
    return parcels.length > 0
  }
}

class LoopConnection implements Connection {
  readonly local: Address
  readonly remote: Address
  readonly waitingBytes = 0
  peer: LoopConnection | undefined
  events: ConnectionEvents | undefined
  readonly #parcels: Parcel[]

  constructor(local: Address, remote: Address, parcels: Parcel[]) {
    this.local = local
    this.remote = remote
    this.#parcels = parcels
  }

  write(bytes: Uint8Array, released?: () => void): boolean {
    if (this.peer) this.#parcels.push({ to: this.peer, bytes: Buffer.from(bytes) })
    released?.()
    return true
  }

  arrive(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) {
      this.#close(undefined)
      return
    }
    for (let at = 0; at < bytes.length && this.events; ) {
      const buffer = this.events.readBuffer()
      const count = Math.min(buffer.length, bytes.length - at)
      buffer.set(bytes.subarray(at, at + count))
      this.events.received(count)
      at += count
    }
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    this.destroy()
  }

  destroy(error?: Error): void {
    const { peer } = this
    if (peer) this.#parcels.push({ to: peer, bytes: undefined })
    this.#close(error)
  }

  #close(error: Error | undefined): void {
    const { events } = this
    this.events = undefined
    this.peer = undefined
    events?.closed(error)
  }
}
