import type { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import type { TlsServerOptions } from './tls-options.ts'

/** First byte of a TLS record that carries a handshake (RFC 8446, 5.1); of a frame it would be a length of 352 MiB. */
const HANDSHAKE = 0x16
/** How long a client may take until it has said something, and until the handshake is over. */
const SETTLED_WITHIN_MS = 10_000
/** Connections of which it is not known yet what they speak. One more is closed. */
const UNSETTLED_MAX = 1024

const NOTHING = Buffer.alloc(0)

type AcceptorOptions = Pick<TlsServerOptions, 'mode' | 'clientAuth' | 'trustCertPath' | 'alpnProtocols'>

export interface AcceptedSockets {
  /** Speaks without TLS; `first` is what has been read of it, and no more. */
  plain(socket: Socket, first: Buffer): void
  secure(socket: TLSSocket): void
}

/** Finds out which accepted connections speak TLS, and does the handshake with those that do. */
export class TlsAcceptor {
  readonly #conf: AcceptorOptions
  readonly #sockets: AcceptedSockets
  /** Never listens: connections are handed to it. */
  readonly #server: Server
  #unsettled = 0

  constructor(conf: AcceptorOptions, context: SecureContextOptions, sockets: AcceptedSockets) {
    this.#conf = conf
    this.#sockets = sockets
    this.#server = createServer({
      ...context,
      handshakeTimeout: SETTLED_WITHIN_MS,
      ...(conf.alpnProtocols === undefined ? {} : { ALPNProtocols: [...conf.alpnProtocols] }),
      requestCert: conf.clientAuth !== 'none',
      // With "optional" a client may show none; one that it does show has to be good.
      rejectUnauthorized: conf.clientAuth === 'require' && conf.trustCertPath !== undefined,
    })
    this.#server.on('secureConnection', (socket) => this.#secured(socket))
    this.#server.on('tlsClientError', (_, socket) => {
      this.#unsettled--
      socket.destroy()
    })
  }

  /** Connections that are open keep what they have agreed on. */
  setContext(context: SecureContextOptions): void {
    this.#server.setSecureContext(context)
  }

  /** Takes a socket that has been accepted and not read from. */
  accept(socket: Socket): void {
    if (this.#unsettled >= UNSETTLED_MAX) {
      socket.destroy()
      return
    }
    this.#unsettled++
    const gone = (): void => {
      this.#unsettled--
    }
    socket.once('close', gone)
    socket.on('error', ignored)
    socket.setTimeout(SETTLED_WITHIN_MS, () => this.#begin(socket, NOTHING, gone))
    socket.once('data', (first: Buffer) => this.#begin(socket, first, gone))
    socket.resume()
  }

  #begin(socket: Socket, first: Buffer, gone: () => void): void {
    socket.pause()
    socket.setTimeout(0)
    socket.removeAllListeners('timeout')
    socket.removeAllListeners('data')
    socket.off('close', gone)
    if (first[0] === HANDSHAKE) {
      socket.unshift(first)
      // The count goes down when the handshake is over, one way or the other.
      this.#server.emit('connection', socket)
      return
    }
    this.#unsettled--
    if (this.#conf.mode === 'enforcing') {
      socket.destroy()
      return
    }
    socket.off('error', ignored)
    this.#sockets.plain(socket, first)
  }

  #secured(socket: TLSSocket): void {
    this.#unsettled--
    const { clientAuth, trustCertPath } = this.#conf
    const shown = clientAuth === 'none' ? undefined : socket.getPeerX509Certificate()
    const isMissing = clientAuth === 'require' && shown === undefined
    const isBad = shown !== undefined && trustCertPath !== undefined && !socket.authorized
    if (isMissing || isBad) socket.destroy()
    else this.#sockets.secure(socket)
  }
}

/** A connection that fails before it is known what it speaks is closed; nobody waits for it. */
function ignored(): void {}
