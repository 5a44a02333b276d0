import * as net from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Address, Connection, ConnectionEvents, Listener, Network } from './network.ts'
import type { Tls } from './tls/tls.ts'

/** How long a peer may take to close its side of a connection that was ended. */
const endTimeoutMsDefault = 5000

export interface RealNetworkOptions {
  readonly endTimeoutMs?: number
  /** Left out: all connections are plain. */
  readonly tls?: Tls
}

/**
 * TCP sockets of the machine, with TLS where that is configured.
 *
 * Reads go straight into the buffer that the owner offers (`onread`), which takes a third of the CPU and none of the
 * garbage of Node's 64 KiB-per-read default (docs/decisions/0003-reads-into-own-buffers.md). Node offers `onread` for outgoing sockets
 * only, so an accepted socket is rebuilt around its handle; `accept` fails loudly if a Node version takes that away.
 */
export class RealNetwork implements Network {
  readonly plain: Network
  readonly #endTimeoutMs: number
  readonly #tls: Tls | undefined

  constructor({ endTimeoutMs = endTimeoutMsDefault, tls }: RealNetworkOptions = {}) {
    this.#endTimeoutMs = endTimeoutMs
    this.#tls = tls
    this.plain = tls === undefined ? this : new RealNetwork({ endTimeoutMs })
  }

  listen(address: Address, accept: (connection: Connection) => ConnectionEvents): Promise<Listener> {
    const acceptor = this.#tls?.acceptor({
      plain: (socket, first) => serve(socket, accept, first),
      secure: (socket) => serveSecure(socket, accept),
    })
    return new Promise((resolve, reject) => {
      const server = net.createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, (socket) => {
        if (acceptor === undefined) serve(socket, accept)
        else acceptor.accept(socket)
      })
      server.once('error', (error: NodeJS.ErrnoException) => reject(describeListenError(error, address)))
      server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
        server.removeAllListeners('error')
        server.on('error', () => server.close())
        const bound = server.address() as net.AddressInfo
        resolve({ address: { host: bound.address, port: bound.port }, close: () => server.close() })
      })
    })
  }

  connect(
    address: Address,
    timeoutMs: number,
    events: ConnectionEvents & { opened(connection: Connection): void },
  ): void {
    const tls = this.#tls?.isClient ? this.#tls : undefined
    const socket = tls?.connect(address) ?? new net.Socket({ onread: onread(events) } as net.SocketConstructorOpts)
    const connection = new SocketConnection(socket, events, this.#endTimeoutMs)
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection to ${address.host}:${address.port} within ${timeoutMs} ms`))
    }, timeoutMs)
    socket.once('close', () => clearTimeout(timer))
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    const opened = (): void => {
      clearTimeout(timer)
      connection.opened()
      events.opened(connection)
    }
    if (tls === undefined) socket.connect(address.port, address.host, opened)
    else {
      socket.on('data', (bytes: Buffer) => connection.deliver(bytes))
      socket.once('secureConnect', opened)
    }
  }
}

interface WithHandle {
  _handle: { reading: boolean; readStop(): void } | null
}

/** `first`: what has been read already. */
function serve(
  accepted: net.Socket,
  accept: (connection: Connection) => ConnectionEvents,
  first: Buffer | undefined = undefined,
): void {
  const handle = (accepted as unknown as WithHandle)._handle
  // The peer may have gone between accept and this call.
  if (!handle) {
    accepted.destroy()
    return
  }
  if (handle.reading) {
    handle.reading = false
    handle.readStop()
  }
  ;(accepted as unknown as WithHandle)._handle = null
  // The events object is only known once `accept` saw the connection, and the connection needs the socket: a holder ties them.
  const holder: { events?: ConnectionEvents } = {}
  const socket = new net.Socket({
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: () => (holder.events ? holder.events.readBuffer() : Buffer.allocUnsafeSlow(1)),
      callback: (count: number) => {
        holder.events?.received(count)
        return true
      },
    },
  } as unknown as net.SocketConstructorOpts)
  const connection = new SocketConnection(socket, undefined)
  connection.opened()
  holder.events = accept(connection)
  connection.events = holder.events
  // `accept` may have refused the connection.
  const live = (socket as unknown as { _handle: { useUserBuffer(buffer: Uint8Array): void } | null })._handle
  if (!live) return
  if (first !== undefined) connection.deliver(first)
  // What came first may have been wrong.
  if (connection.events === undefined) return
  // The first buffer was taken before `accept` could offer one.
  live.useUserBuffer(holder.events.readBuffer())
  socket.read(0)
}

/** Node decrypts into buffers of its own. */
function serveSecure(socket: TLSSocket, accept: (connection: Connection) => ConnectionEvents): void {
  const connection = new SocketConnection(socket, undefined)
  connection.opened()
  connection.events = accept(connection)
  socket.on('data', (bytes: Buffer) => connection.deliver(bytes))
}

function onread(events: ConnectionEvents): { buffer: () => Uint8Array; callback: (count: number) => boolean } {
  return {
    buffer: () => events.readBuffer(),
    callback: (count) => {
      events.received(count)
      return true
    },
  }
}

class SocketConnection implements Connection {
  local: Address = { host: '', port: 0 }
  remote: Address = { host: '', port: 0 }
  events: ConnectionEvents | undefined
  readonly #socket: net.Socket
  readonly #endTimeoutMs: number
  #error: Error | undefined

  constructor(socket: net.Socket, events: ConnectionEvents | undefined, endTimeoutMs = endTimeoutMsDefault) {
    this.#socket = socket
    this.#endTimeoutMs = endTimeoutMs
    this.events = events
    socket.on('drain', () => this.events?.drained())
    // A peer that stops sending is gone for us: RocketMQ never half-closes.
    socket.on('end', () => socket.destroy())
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('close', () => {
      const told = this.events
      this.events = undefined
      told?.closed(this.#error)
    })
  }

  /** Hands over bytes that were not read into the owner's buffer. */
  deliver(bytes: Buffer): void {
    let at = 0
    // The owner may close the connection because of what it gets.
    while (at < bytes.length && this.events !== undefined && !this.#socket.destroyed) {
      const buffer = this.events.readBuffer()
      const count = Math.min(buffer.length, bytes.length - at)
      buffer.set(bytes.subarray(at, at + count))
      at += count
      this.events.received(count)
    }
  }

  opened(): void {
    const socket = this.#socket
    this.local = { host: plain(socket.localAddress), port: socket.localPort ?? 0 }
    this.remote = { host: plain(socket.remoteAddress), port: socket.remotePort ?? 0 }
  }

  write(bytes: Uint8Array, released?: () => void): boolean {
    return this.#socket.write(bytes, released)
  }

  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    const socket = this.#socket
    socket.end()
    // A peer that hangs never closes its side, and would keep this process from ending.
    const timer = setTimeout(() => socket.destroy(), this.#endTimeoutMs)
    socket.once('close', () => clearTimeout(timer))
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error)
  }
}

/** An IPv4 address mapped into IPv6 is shown, and stored in messages, as IPv4. */
function plain(address: string | undefined): string {
  if (!address) return ''
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

function describeListenError(error: NodeJS.ErrnoException, address: Address): Error {
  const where = `${address.host}:${address.port}`
  const why =
    error.code === 'EADDRINUSE'
      ? `port ${address.port} of ${address.host} is in use by another process; stop it or choose another port`
      : error.code === 'EADDRNOTAVAIL'
        ? `${address.host} is not an address of this machine`
        : error.code === 'EACCES'
          ? `no permission to listen on ${where}; ports below 1024 need privileges`
          : `cannot listen on ${where}: ${error.message}`
  return Object.assign(new Error(why, { cause: error }), { code: error.code })
}
