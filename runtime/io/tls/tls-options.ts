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
}

export interface TlsClientOptions {
  /** Shown to servers that ask for it. */
  readonly own: TlsKeyFiles | undefined
  /** Certificates that vouch for those of servers; undefined: any certificate is taken. */
  readonly trustCertPath: string | undefined
}

export interface TlsOptions {
  readonly server: TlsServerOptions | undefined
  readonly client: TlsClientOptions | undefined
}
