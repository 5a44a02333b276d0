/** When a send is acknowledged: by the master alone, or when a slave has the message too. */
export const Replication = {
  /** The master alone: fast, the last moments may be lost with its machine. */
  Async: 'async',
  /** One slave as well: losing the master loses nothing that was acknowledged. */
  Sync: 'sync',
} as const
export type Replication = (typeof Replication)[keyof typeof Replication]

/** When a broker takes a message as stored. */
export const Flush = {
  /** Handed to the operating system: survives a crash of the process. */
  Async: 'async',
  /** On the disk: survives a power cut. */
  Sync: 'sync',
} as const
export type Flush = (typeof Flush)[keyof typeof Flush]

/** Whether two replicas of a broker group may share a host. */
export const AntiAffinity = {
  /** Only when there are too few hosts. */
  Preferred: 'preferred',
  /** Never: too few hosts are an error. */
  Required: 'required',
} as const
export type AntiAffinity = (typeof AntiAffinity)[keyof typeof AntiAffinity]

/** What clients may do with a topic. */
export const Permission = {
  /** Read and write. */
  ReadWrite: 'rw',
  /** Read only. */
  Read: 'r',
  /** Write only. */
  Write: 'w',
} as const
export type Permission = (typeof Permission)[keyof typeof Permission]

/** Who runs a node. */
export const Engine = {
  /** This project's engine. */
  Gantry: 'gantry',
  /** The official Apache RocketMQ, with the same config. */
  Apache: 'apache',
} as const
export type Engine = (typeof Engine)[keyof typeof Engine]

/** Where controllers run. */
export const ControllerMode = {
  /** Each in the process of a NameServer. */
  Embedded: 'embedded',
  /** Nodes of their own. */
  Standalone: 'standalone',
} as const
export type ControllerMode = (typeof ControllerMode)[keyof typeof ControllerMode]

/** What creating a topic or consumer group does with one of that name that is in the cluster already. */
export const Existing = {
  /** Changes it to the settings of the program. */
  TakeOver: 'takeOver',
  /** Demands that it is there with these very settings, and changes nothing: as Pulumi imports other resources. */
  Import: 'import',
  /** Fails. */
  Refuse: 'refuse',
} as const
export type Existing = (typeof Existing)[keyof typeof Existing]

/** Whether ports with TLS take plain connections, too. */
export const TlsMode = {
  /** They do. */
  Permissive: 'permissive',
  /** Nothing but TLS. */
  Enforcing: 'enforcing',
} as const
export type TlsMode = (typeof TlsMode)[keyof typeof TlsMode]

/** Whether who connects to a node with TLS shows a certificate. */
export const ClientCertificates = {
  /** Nobody is asked for one. */
  None: 'none',
  /** Who shows one has to have it from the cluster's authority; nodes do. */
  Optional: 'optional',
  /** Nobody is served without one. */
  Require: 'require',
} as const
export type ClientCertificates = (typeof ClientCertificates)[keyof typeof ClientCertificates]
