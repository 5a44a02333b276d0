import type { SecureContextOptions } from 'node:tls'
import * as nodeTls from 'node:tls'
import type { Address } from '../network.ts'
import { type PemFiles, readPemFiles, watchPemFiles } from './pem-files.ts'
import { type AcceptedSockets, TlsAcceptor } from './tls-acceptor.ts'
import type { TlsClientOptions, TlsOptions, TlsServerOptions } from './tls-options.ts'

/** How this process speaks TLS: keys and certificates in force, read again when their files change. */
export class Tls {
  readonly #server: TlsServerOptions | undefined
  readonly #client: TlsClientOptions | undefined
  #serverContext: SecureContextOptions = {}
  #clientContext: SecureContextOptions = {}
  readonly #acceptors: TlsAcceptor[] = []
  readonly #watches: (() => void)[] = []

  /**
   * @param onProblem told when files have changed and cannot be used; those read before stay in force
   * @throws Error when a file cannot be read or used
   */
  constructor({ server, client }: TlsOptions, onProblem: (error: Error) => void) {
    this.#server = server
    this.#client = client
    if (server?.inMemory !== undefined) this.#serverContext = { ...server.inMemory, minVersion: 'TLSv1.2' }
    else if (server !== undefined) {
      this.#keep({ key: server, trustCertPath: server.trustCertPath }, onProblem, (context) => {
        this.#serverContext = context
        for (const acceptor of this.#acceptors) acceptor.setContext(context)
      })
    }
    if (client?.inMemory !== undefined) {
      const { key, cert, trusted } = client.inMemory
      this.#clientContext = { key, cert, ca: trusted, minVersion: 'TLSv1.2' }
    } else if (client !== undefined) {
      this.#keep({ key: client.own, trustCertPath: client.trustCertPath }, onProblem, (context) => {
        this.#clientContext = context
      })
    }
  }

  /** What a port does with the connections it accepts; undefined when it takes no TLS. */
  acceptor(sockets: AcceptedSockets): TlsAcceptor | undefined {
    if (this.#server === undefined) return undefined
    const acceptor = new TlsAcceptor(this.#server, this.#serverContext, sockets)
    this.#acceptors.push(acceptor)
    return acceptor
  }

  /** Whether connections of this process to others speak TLS. */
  get isClient(): boolean {
    return this.#client !== undefined
  }

  /**
   * Opens a connection; `secureConnect` says that it can be used. As with Apache RocketMQ a certificate is verified against
   * those that are trusted, not against the host's name: brokers are known by addresses.
   */
  connect({ host, port }: Address): nodeTls.TLSSocket {
    return nodeTls.connect({
      ...this.#clientContext,
      host,
      port,
      rejectUnauthorized: this.#client?.trustCertPath !== undefined || this.#client?.inMemory !== undefined,
      checkServerIdentity: () => undefined,
    })
  }

  /** Stops looking at the files. */
  close(): void {
    for (const end of this.#watches.splice(0)) end()
  }

  #keep(files: PemFiles, onProblem: (error: Error) => void, use: (context: SecureContextOptions) => void): void {
    use(readPemFiles(files))
    this.#watches.push(watchPemFiles(files, use, onProblem))
  }
}
