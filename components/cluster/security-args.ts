import type { ClientCertificates, TlsMode } from './cluster-enums.ts'

/** An authority of the cluster and a certificate for each node. */
export interface TlsArgs {
  /** Whether ports take plain connections, too. Default: enforcing. */
  mode?: TlsMode
  /** Whether nodes and tools speak TLS; false is the first step of a cluster that runs without. Default: true. */
  betweenNodes?: boolean
  /** Whether who connects shows a certificate. Default: optional. */
  clientCertificates?: ClientCertificates
  /** One more makes a new authority and new certificates, without a restart. announceNext has to come first. Default: 1. */
  generation?: number
  /** Makes the authority of the next generation, which is trusted from then on. Default: false. */
  announceNext?: boolean
  /** Whether the authority of the generation before is trusted, too. Default: true. */
  trustPrevious?: boolean
  /** How long certificates of nodes are valid. Default: 365. */
  validDays?: number
}

/** Credentials for an administrator and for the servers. */
export interface AccessControlArgs {
  /** Whether brokers check who asks; false is the first step of a cluster that runs without. Default: true. */
  enforce?: boolean
  /** Which keys the administrator and the servers have; "pulumi up" cannot change it. Default: 1. */
  generation?: number
}

/** What is made for a cluster, once, and kept secret. */
export interface SecurityArgs {
  /** Certificates. Default: none, no TLS. */
  tls?: TlsArgs
  /** Users and what they may do. Default: none, anybody may do anything. */
  accessControl?: AccessControlArgs
}

/** A private key and its certificate, in PEM format. */
export interface ClientCertificate {
  /** A secret. */
  key: string
  cert: string
}

/** Who may do everything in a cluster with access control. */
export interface AdminCredentials {
  accessKey: string
  /** A secret. */
  secretKey: string
}
