/** What a port takes: no TLS, TLS beside plain connections, nothing but TLS. */
export type TlsMode = 'disabled' | 'permissive' | 'enforcing'
/** Whether a client has to show a certificate. */
export type ClientAuth = 'none' | 'optional' | 'require'

export interface TlsKeyFiles {
  /** Private key in PEM format. */
  readonly keyPath: string
  readonly keyPassword: string | undefined
  /** Its certificate, and those in between, in PEM format. */
  readonly certPath: string
}

export interface TlsServerOptions extends TlsKeyFiles {
  readonly mode: 'permissive' | 'enforcing'
  readonly clientAuth: ClientAuth
  /** Certificates that vouch for those of clients; undefined: any certificate is taken. */
  readonly trustCertPath: string | undefined
  /** What is spoken over TLS, for clients that ask for it (ALPN). */
  readonly alpnProtocols?: readonly string[]
  /** Shown in place of what is in the files: a key and its certificate in PEM format. */
  readonly inMemory?: { readonly key: string; readonly cert: string }
}

export interface TlsClientOptions {
  /** Shown to servers that ask for it. */
  readonly own: TlsKeyFiles | undefined
  /** Certificates that vouch for those of servers; undefined: any certificate is taken. */
  readonly trustCertPath: string | undefined
  /** In place of all files: what is shown, and the certificates that vouch for those of servers, in PEM format. */
  readonly inMemory?: { readonly key: string; readonly cert: string; readonly trusted: string }
}

export interface TlsOptions {
  readonly server: TlsServerOptions | undefined
  readonly client: TlsClientOptions | undefined
}
